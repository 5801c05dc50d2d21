// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// ErrUnavailable says that libvirt hosts cannot run on this machine as it is. Its message says why, and what would help.
var ErrUnavailable = errors.New("libvirt hosts cannot run here")

// A requirement is a program and the Debian package that brings it.
type requirement struct {
	program string
	pkg     string
}

// Programs that a host needs.
func hostRequirements() []requirement {
	return []requirement{
		{"/usr/sbin/libvirtd", "libvirt-daemon-system"},
		{"virsh", "libvirt-clients"},
		{"qemu-system-x86_64", "qemu-system-x86"},
		{"qemu-img", "qemu-utils"},
		{"/usr/share/OVMF/OVMF_CODE_4M.fd", "ovmf"},
		{"swtpm", "swtpm"},
		{"swtpm_setup", "swtpm-tools"},
		{"/usr/sbin/dnsmasq", "dnsmasq-base"},
		{"/usr/sbin/iptables", "iptables"},
		{"ip", "iproute2"},
		{"mount", "mount"},
	}
}

// Programs that a host needs that is reached by SSH.
func sshRequirements() []requirement {
	return []requirement{{"/usr/sbin/sshd", "openssh-server"}, {"virt-ssh-helper", "libvirt-daemon"}}
}

// Programs that making the guest image needs.
func imageRequirements() []requirement {
	return []requirement{
		{"apt-get", "apt"},
		{"dpkg", "dpkg"},
		{"cpio", "cpio"},
		{"strings", "binutils"},
		{"mkfs.vfat", "dosfstools"},
		{"mke2fs", "e2fsprogs"},
		{"sfdisk", "fdisk"},
		{"mcopy", "mtools"},
		{"syslinux", "syslinux"},
		{"/usr/lib/syslinux/mbr/mbr.bin", "syslinux-common"},
		{"qemu-img", "qemu-utils"},
	}
}

// Packages returns the Debian packages that Start needs, sorted.
func Packages() []string {
	return packages(slices.Concat(hostRequirements(), sshRequirements(), imageRequirements()))
}

// missing returns the requirements that are not met.
func missing(all []requirement) []requirement {
	return slices.DeleteFunc(slices.Clone(all), func(r requirement) bool {
		if strings.HasPrefix(r.program, "/") {
			_, err := os.Stat(r.program)
			return err == nil
		}
		_, err := exec.LookPath(r.program)
		return err == nil
	})
}

func packages(rs []requirement) []string {
	names := make([]string, 0, len(rs))
	for _, r := range rs {
		names = append(names, r.pkg)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// checkRequirements returns ErrUnavailable when one of the requirements is not met.
func checkRequirements(rs []requirement) error {
	absent := missing(rs)
	if len(absent) == 0 {
		return nil
	}
	programs := make([]string, 0, len(absent))
	for _, r := range absent {
		programs = append(programs, r.program)
	}
	return fmt.Errorf("%w: %s not found; run: apt-get install --no-install-recommends %s",
		ErrUnavailable, strings.Join(programs, ", "), strings.Join(packages(absent), " "))
}
