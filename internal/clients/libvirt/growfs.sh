# Copyright 2026 The provider-virtrigaud Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Run in a guest by its agent: growfs NAME grows what is in the disk of that name, "root" for the one with the root file system,
# by its serial number otherwise. The last partition is grown where growpart is there, and each mounted file system on the disk
# where it is ext2-4, XFS or Btrfs and its tool is there. What cannot grow stays as it is.
name=$1
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# disk_of PARTITION prints the disk that a block device is on, by their names in /sys.
disk_of() {
  at=$(readlink -f "/sys/class/block/$1") || return 1
  if [ -e "$at/partition" ]; then basename "$(dirname "$at")"; else basename "$at"; fi
}

wanted=
if [ "$name" = root ]; then
  root=$(awk '$2 == "/" && $1 ~ "^/dev/" {print $1}' /proc/mounts | tail -n 1)
  [ -n "$root" ] && wanted=$(disk_of "$(basename "$(readlink -f "$root")")")
else
  for serial in /sys/block/*/serial /sys/block/*/device/serial; do
    [ "$(cat "$serial" 2>/dev/null)" = "$name" ] && wanted=$(echo "$serial" | cut -d/ -f4)
  done
fi
[ -n "$wanted" ] || exit 0

last=
for partition in /sys/block/"$wanted"/"$wanted"*/partition; do
  [ -e "$partition" ] || continue
  n=$(cat "$partition")
  [ "$n" -gt "${last:-0}" ] && last=$n
done
[ -n "$last" ] && command -v growpart >/dev/null && growpart "/dev/$wanted" "$last"

while read -r device mount kind _; do
  case $device in /dev/*) ;; *) continue ;; esac
  [ "$(disk_of "$(basename "$(readlink -f "$device")")")" = "$wanted" ] || continue
  case $kind in
    ext2 | ext3 | ext4) command -v resize2fs >/dev/null && resize2fs "$device" ;;
    xfs) command -v xfs_growfs >/dev/null && xfs_growfs "$mount" ;;
    btrfs) command -v btrfs >/dev/null && btrfs filesystem resize max "$mount" ;;
  esac
done </proc/mounts
exit 0
