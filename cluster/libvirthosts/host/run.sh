#!/bin/bash
# Copyright 2026 The provider-virtrigaud Authors.
# SPDX-License-Identifier: Apache-2.0
#
# The first process of a host, in namespaces of its own: gives libvirtd its own directories, starts it, and starts it again
# whenever it ends. When this process is killed, the kernel ends everything of the host: the host has lost power.
#
# Environment: HOST (its name), HOST_DIR (what it keeps), HOST_RUN (what it loses with power).
set -eu

mount --make-rprivate /
mount -t proc proc /proc
mount --bind "$HOST_RUN" /run/libvirt
mount --bind "$HOST_DIR/lib" /var/lib/libvirt
mount --bind "$HOST_DIR/etc" /etc/libvirt
mount --bind "$HOST_DIR/log" /var/log/libvirt
mount --bind "$HOST_DIR/cache" /var/cache/libvirt
# Names the host to itself: otherwise libvirtd waits for a name server that this network does not have.
mount --bind "$HOST_DIR/hosts" /etc/hosts
# Guests are emulated on every machine. A /dev/kvm that is there but of no use, as in many containers and nested guests,
# makes libvirt prefer it, probe it again and again, and fail. What stands in for it cannot be written even by root, or
# libvirt would take it for usable.
if [ -e /dev/kvm ]; then
  mount --bind "$HOST_DIR/no-kvm" /dev/kvm
  mount -o remount,bind,ro /dev/kvm
fi

echo "$HOST" >/proc/sys/kernel/hostname
ip link set lo up
echo 1 >/proc/sys/net/ipv4/ip_forward

listen=
[ ! -e /etc/libvirt/tls/cert.pem ] || listen=--listen
[ ! -e "$HOST_DIR/ssh/sshd_config" ] || /usr/sbin/sshd -f "$HOST_DIR/ssh/sshd_config" -E "$HOST_DIR/log/sshd.log"

# As the first process this shell collects whatever ends in the host. `wait -n` returns for each of them.
trap : CHLD
while :; do
  /usr/sbin/libvirtd --pid-file /run/libvirt/libvirtd.pid $listen </dev/null &
  daemon=$!
  while kill -0 "$daemon" 2>/dev/null; do wait -n 2>/dev/null || sleep 0.1; done
  echo "libvirtd of $HOST has ended, starting it again"
  sleep 1
done
