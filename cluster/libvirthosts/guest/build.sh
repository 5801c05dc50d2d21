#!/bin/bash
# Copyright 2026 The provider-virtrigaud Authors.
# SPDX-License-Identifier: Apache-2.0
#
# build.sh OUT.qcow2: makes a small guest image that boots, from Debian packages alone.
#
# The guest is busybox as init, a Debian cloud kernel and the QEMU guest agent. It boots by BIOS and by UEFI, understands a
# subset of cloud-init's NoCloud data source, takes its address by DHCP and powers off on ACPI's request. It needs about
# 200 MiB of memory and is ready in some seconds even where every instruction is emulated.
#
# The packages are downloaded and unpacked, never installed, and nothing is mounted: no root is needed.
#
# Disk:  MBR | p1 FAT16, syslinux (BIOS) and systemd-boot (UEFI), one kernel and one initramfs for both | p2 ext4, root
set -euo pipefail

out=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

readonly boot_mib=24 root_mib=32
readonly kernel_args="console=ttyS0 quiet panic=-1 root=/dev/vda2 mitigations=off tsc=reliable no_timer_check nokaslr random.trust_cpu=1"
# Modules that must be there before the root file system is, and those that can wait for it.
readonly early_modules="virtio_pci virtio_blk"
readonly late_modules="virtio_net virtio_console virtio-rng virtio_balloon button evdev sr_mod virtio_scsi sd_mod ata_piix isofs"
# What qemu-ga is linked against.
readonly libraries="libc.so.6 libm.so.6 libglib-2.0.so.0 libgmodule-2.0.so.0 libnuma.so.1 libudev.so.1 liburing.so.2 libpcre2-8.so.0"
readonly library_packages="libc6 libglib2.0-0 libnuma1 libudev1 liburing2 libpcre2-8-0"

# kernel_package prints the package that the meta package of the cloud kernel stands for today.
kernel_package() {
  apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image/ {print $2; exit}'
}

# download_packages leaves the unpacked kernel in $work/kernel and everything else in $work/user.
download_packages() {
  local kernel package
  kernel=$(kernel_package)
  if [ -z "$kernel" ]; then # apt has never been told what there is
    apt-get update -qq
    kernel=$(kernel_package)
  fi
  [ -n "$kernel" ] || { echo "apt knows no package linux-image-cloud-amd64" >&2; return 1; }

  mkdir "$work/debs" "$work/kernel" "$work/user"
  echo "downloading $kernel and the guest's user land"
  # shellcheck disable=SC2086 # a list of packages
  (cd "$work/debs" && apt-get download -qq "$kernel" busybox-static qemu-guest-agent systemd-boot-efi $library_packages 2>"$work/apt.log") ||
    { cat "$work/apt.log" >&2; return 1; }
  for package in "$work"/debs/*.deb; do
    case $package in
      */linux-image-*) dpkg -x "$package" "$work/kernel" ;;
      *) dpkg -x "$package" "$work/user" ;;
    esac
  done
}

# add_module DIR NAME copies a kernel module to DIR after the modules that it depends on, numbered in loading order.
declare -A added
order=100
add_module() {
  local dir=$1 name=$2 file dependency
  [ -z "${added[$name]:-}" ] || return 0
  added[$name]=1
  file=$(find "$modules" \( -name "$name.ko" -o -name "${name//_/-}.ko" -o -name "${name//-/_}.ko" \) -print -quit)
  [ -n "$file" ] || return 0 # built into the kernel
  for dependency in $(strings -a "$file" | sed -n 's/^depends=//p' | tr ',' ' '); do
    add_module "$dir" "$dependency"
  done
  cp "$file" "$dir/$order-$name.ko"
  order=$((order + 1))
}

# user_file NAME prints where the file of that name was unpacked to.
user_file() { find "$work/user" -name "$1" -print -quit; }

# make_root fills $root, the guest's root file system.
make_root() {
  local applet library name
  mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,mnt,root,etc/acpi/PWRF,lib/modules,lib/x86_64-linux-gnu,lib64,usr/bin,usr/sbin,var/lib/cloud,var/log}
  cp "$work/user/bin/busybox" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [ -e "$root/bin/$applet" ] || ln -s busybox "$root/bin/$applet"
  done
  ln -s ../bin/busybox "$root/sbin/init"
  cp "$work/user/usr/sbin/qemu-ga" "$root/usr/sbin/"
  for library in $libraries; do cp -L "$(user_file "$library")" "$root/lib/x86_64-linux-gnu/$library"; done
  cp -L "$(user_file ld-linux-x86-64.so.2)" "$root/lib64/ld-linux-x86-64.so.2"
  for name in $late_modules; do add_module "$root/lib/modules" "$name"; done

  cp "$here/inittab" "$root/etc/inittab"
  for name in start stop agent nocloud dhcp; do install -m 0755 "$here/$name" "$root/etc/$name"; done
  install -m 0755 "$here/poweroff" "$root/etc/acpi/PWRF/00000080"
  install -m 0755 "$here/shutdown" "$root/sbin/shutdown" # what the agent's guest-shutdown runs
  echo 'root::0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
}

# make_initramfs writes $work/initrd.img, which loads the disk's driver and enters the root file system.
make_initramfs() {
  local dir=$work/initramfs name
  mkdir -p "$dir"/{bin,dev,proc,sys,modules,root}
  cp "$work/user/bin/busybox" "$dir/bin/"
  for name in $early_modules; do add_module "$dir/modules" "$name"; done
  install -m 0755 "$here/initramfs-init" "$dir/init"
  (cd "$dir" && find . | cpio -o -H newc 2>/dev/null) | gzip -9 >"$work/initrd.img"
}

# make_boot writes $work/boot.img, the FAT partition.
make_boot() {
  local image=$work/boot.img kernel
  kernel=$(echo "$work"/kernel/boot/vmlinuz-*)
  truncate -s ${boot_mib}M "$image"
  mkfs.vfat -F 16 -n BOOT "$image" >/dev/null
  printf 'DEFAULT l\nPROMPT 0\nTIMEOUT 0\nLABEL l\n KERNEL /vmlinuz\n INITRD /initrd.img\n APPEND %s\n' "$kernel_args" >"$work/syslinux.cfg"
  printf 'timeout 0\ndefault l.conf\n' >"$work/loader.conf"
  printf 'title tiny\nlinux /vmlinuz\ninitrd /initrd.img\noptions %s\n' "$kernel_args" >"$work/l.conf"
  mmd -i "$image" ::EFI ::EFI/BOOT ::loader ::loader/entries
  mcopy -i "$image" "$kernel" ::vmlinuz
  mcopy -i "$image" "$work/initrd.img" ::initrd.img
  mcopy -i "$image" "$work/syslinux.cfg" ::syslinux.cfg
  mcopy -i "$image" "$work/user/usr/lib/systemd/boot/efi/systemd-bootx64.efi" ::EFI/BOOT/BOOTX64.EFI
  mcopy -i "$image" "$work/loader.conf" ::loader/loader.conf
  mcopy -i "$image" "$work/l.conf" ::loader/entries/l.conf
}

# make_disk puts the parts together and writes $out.
make_disk() {
  local disk=$work/disk.raw ext4=$work/root.img
  truncate -s $((1 + boot_mib + root_mib + 1))M "$disk"
  printf 'label: dos\nstart=2048,size=%d,type=ef,bootable\nstart=%d,type=83\n' $((boot_mib * 2048)) $((2048 + boot_mib * 2048)) | sfdisk -q "$disk"
  dd if=/usr/lib/syslinux/mbr/mbr.bin of="$disk" bs=440 count=1 conv=notrunc status=none
  dd if="$work/boot.img" of="$disk" bs=1M seek=1 conv=notrunc status=none
  syslinux --offset $((1024 * 1024)) --install "$disk"
  truncate -s ${root_mib}M "$ext4"
  mke2fs -q -t ext4 -L root -O ^has_journal -d "$root" "$ext4"
  dd if="$ext4" of="$disk" bs=1M seek=$((1 + boot_mib)) conv=notrunc status=none
  qemu-img convert -c -O qcow2 "$disk" "$out"
}

root=$work/root
download_packages
modules=$(echo "$work"/kernel/lib/modules/*)/kernel
echo "making the guest's file systems"
make_initramfs # first: it needs the modules that others share
make_root
make_boot
make_disk
