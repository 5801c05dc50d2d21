// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// secondPool gives a host another storage pool for the length of a test, and returns its directory.
func secondPool(t *testing.T, h libvirthosts.Host, name string) string {
	t.Helper()
	dir := t.TempDir()
	virsh(t, h, "pool-create-as", name, "dir", "--target", dir)
	t.Cleanup(func() { destroyPool(h, name) })
	return dir
}

// describedBy returns what libvirt keeps of a domain for its next start.
func describedBy(t *testing.T, h libvirthosts.Host, name string) libvirtxml.Domain {
	t.Helper()
	x := libvirtxml.Domain{}
	if err := x.Unmarshal(virsh(t, h, "dumpxml", "--inactive", name)); err != nil {
		t.Fatal(err)
	}
	return x
}

// firmwareFiles returns what hosts keep of the firmware and the TPMs of their guests.
func firmwareFiles(t *testing.T, h libvirthosts.Host) []string {
	t.Helper()
	lib := filepath.Join(filepath.Dir(h.PoolDir), "lib")
	var out []string
	for _, pattern := range []string{"qemu/nvram/*", "swtpm/*"} {
		found, err := filepath.Glob(filepath.Join(lib, pattern))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	return out
}

// TestHardware makes a VM of everything that a VM can have, and looks at it from inside.
func TestHardware(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	fast := secondPool(t, h, "fast")
	c := open(t, fleetConfig(f), hooks{})

	spec := newVM("big", "kvm-01")
	spec.CPU, spec.MemoryMiB = 1, 320
	spec.Firmware, spec.TPM = clients.UEFI, true
	spec.HotAdd = &clients.HotAdd{CPU: true, Memory: true, MaxCPU: 3}
	spec.Libvirt = clients.LibvirtHardware{CPUModel: "maximum", VNC: true, Autostart: true}
	spec.Disks = []clients.Disk{
		{Name: clients.RootDisk, SizeGiB: 2},
		{Name: "data", SizeGiB: 2, Thick: true, Datastore: "fast"},
		{Name: "log", SizeGiB: 1, Format: formatRaw},
		{Name: "slow", SizeGiB: 3, Controller: busSCSI},
		{Name: "sata", SizeGiB: 1, Controller: busSATA, Format: formatRaw, Thick: true},
	}
	spec.Networks = []clients.Network{
		{Name: "primary", Network: "default", Address: "192.168.122.240/24", Gateway: "192.168.122.1", DNS: []string{"192.168.122.1"}},
		{Name: "second", Bridge: "virbr0", Model: modelE1000E, MACAddress: "52:54:00:aa:bb:01"},
	}
	spec.GuestData = clients.GuestData{
		Hostname: "big-guest", Domain: "example.org", TimeZone: "Europe/Berlin", UserData: "#!/bin/sh\necho made for $(hostname) >/root/first-boot\n",
	}
	create(t, c, spec)

	x := describedBy(t, h, "big")
	if diff := cmp.Diff(libvirtxml.DomainVCPU{Placement: "static", Current: 1, Value: 3}, *x.VCPU); diff != "" {
		t.Errorf("CPUs can be added: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(libvirtxml.DomainMaxMemory{Unit: "KiB", Value: 640 * 1024, Slots: memorySlots}, *x.MaximumMemory); diff != "" {
		t.Errorf("memory can be doubled: -want, +got:\n%s", diff)
	}
	aliases := map[string]string{}
	for _, d := range x.Devices.Disks {
		path, _ := sourcePath(d.Source)
		aliases[d.Alias.Name] = strings.Join([]string{d.Target.Bus, d.Driver.Type, strings.TrimPrefix(path, filepath.Dir(h.PoolDir)+"/images/")}, " ")
	}
	for _, i := range x.Devices.Interfaces {
		aliases[i.Alias.Name] = i.Model.Type
	}
	wantAliases := map[string]string{
		"ua-disk-root":   "virtio qcow2 " + rootVolume(spec.UUID),
		"ua-disk-data":   "virtio qcow2 " + filepath.Join(fast, dataVolume(spec.UUID, spec.Disks[1])),
		"ua-disk-log":    "virtio raw " + dataVolume(spec.UUID, spec.Disks[2]),
		"ua-disk-slow":   "scsi qcow2 " + dataVolume(spec.UUID, spec.Disks[3]),
		"ua-disk-sata":   "sata raw " + dataVolume(spec.UUID, spec.Disks[4]),
		"ua-seed":        "virtio raw " + seedVolume(spec.UUID),
		"ua-net-primary": "virtio", "ua-net-second": "e1000e",
	}
	if diff := cmp.Diff(wantAliases, aliases); diff != "" {
		t.Errorf("devices are known by their aliases: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(spec.GuestData.Hash(spec.Networks), markOf(x.Metadata).GuestData); diff != "" {
		t.Errorf("what the guest was given is recorded: -want, +got:\n%s", diff)
	}
	if got := virsh(t, h, "dominfo", "big"); !strings.Contains(got, "enable") {
		t.Errorf("the VM starts with its host, but is:\n%s", got)
	}
	if info, err := os.Stat(filepath.Join(fast, dataVolume(spec.UUID, spec.Disks[1]))); err != nil || info.Size() < 2*gib {
		t.Errorf("a thick disk takes its space at once: %v, %v", info, err)
	}

	powerOn(t, c, spec.Identity)
	eventually(t, "its agent answers", func() bool { return strings.Contains(virsh(t, h, "dumpxml", "big"), "state='connected'") })
	inGuest := map[string]struct{ command, want string }{
		"it booted by UEFI":      {"ls -d /sys/firmware/efi", "/sys/firmware/efi"},
		"its name":               {"hostname", "big-guest"},
		"its user data":          {"cat /root/first-boot", "made for big-guest"},
		"its static address":     {"ip -4 -o addr show eth0 | awk '{print $4}'", "192.168.122.240/24"},
		"its gateway":            {"ip route | awk '/^default/ {print $3}'", "192.168.122.1"},
		"its interfaces":         {"ls -d /sys/class/net/eth* | wc -l", "1"}, // the guest's kernel has no driver for the other
		"the other interface":    {"grep -l 0x8086 /sys/bus/pci/devices/*/vendor | while read f; do cat $(dirname $f)/device; done | grep -c 0x10d3", "1"},
		"its CPUs":               {"nproc", "1"},
		"its root disk":          {"cat /sys/block/vda/size", "4194304"},
		"the disk of name data":  {"grep -l '^data$' /sys/block/*/serial | xargs dirname | xargs -I{} cat {}/size", "4194304"},
		"the disk of name log":   {"grep -l '^log$' /sys/block/*/serial | xargs dirname | xargs -I{} cat {}/size", "2097152"},
		"the disk on SCSI":       {"cat /sys/block/sda/size", "6291456"},
		"it knows of its TPM":    {"ls -d /sys/bus/acpi/devices/MSFT0101:00", "/sys/bus/acpi/devices/MSFT0101:00"},
		"its time zone and name": {"mount -o ro -t iso9660 $(grep -l 1 /sys/block/vd*/ro | cut -d/ -f4 | sed s,^,/dev/,) /mnt && cat /mnt/vendor-data; umount /mnt", "#cloud-config\nhostname: \"big-guest\"\nfqdn: \"big-guest.example.org\"\ntimezone: \"Europe/Berlin\""},
	}
	for name, tc := range inGuest {
		if diff := cmp.Diff(tc.want, guestExec(t, h, "big", tc.command)); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", name, diff)
		}
	}
	if got := virsh(t, h, "vncdisplay", "big"); !strings.HasPrefix(got, loopback+":") {
		t.Errorf("the graphical console listens on %q", got)
	}
	for range sparePorts {
		virsh(t, h, "attach-interface", "big", "network", "default", "--model", "virtio", "--live") // fails the test without a port
	}
	if len(firmwareFiles(t, h)) < 2 {
		t.Errorf("the firmware's variables and the TPM's state are on the host, but there is only %v", firmwareFiles(t, h))
	}
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
	assertNothing(t, "files of the firmware", firmwareFiles(t, h))
	assertNothing(t, "volumes of the second pool", filesIn(t, fast))
}

func assertNothing(t *testing.T, what string, left []string) {
	t.Helper()
	if len(left) > 0 {
		t.Errorf("%s are left: %v", what, left)
	}
}

// TestSecureBoot starts a VM whose firmware starts nothing that is not signed, as the image is not.
func TestSecureBoot(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[1]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("secure", "kvm-02")
	spec.Firmware, spec.SecureBoot, spec.Linked = clients.UEFI, true, true
	create(t, c, spec)
	powerOn(t, c, spec.Identity)
	if xml := virsh(t, h, "dumpxml", "secure"); !strings.Contains(xml, "secure='yes'") {
		t.Errorf("the firmware checks signatures, but the VM is:\n%s", xml)
	}
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
	assertNothing(t, "files of the firmware", firmwareFiles(t, h))
}
