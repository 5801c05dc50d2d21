// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"crypto/sha256"
	"fmt"

	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	agentChannel = "org.qemu.guest_agent.0"
	// maxSerial is how much of a disk's serial number virtio has room for.
	maxSerial = 20
)

// A blueprint is a VM that was decided on: what to make of what, and where.
type blueprint struct {
	clients.VMSpec

	pool  pool
	image imageVolume
	// networks of the interfaces, with MAC addresses.
	networks []networkInterface
	guests   guestSupport
	// seed says that the guest's data is handed over on a disk of its own.
	seed bool
}

// An imageVolume is the base volume of a VM.
type imageVolume struct {
	pool string
	volume
}

// path of one of the VM's own volumes.
func (b *blueprint) path(name string) string { return b.pool.dir + "/" + name }

// macAddress returns an address that stays the same however often a VM is made again.
func macAddress(uuid string, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", uuid, index))
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", sum[0], sum[1], sum[2]) // the prefix that libvirt uses itself
}

// domainXML describes the VM to libvirt.
func (b *blueprint) domainXML(incomplete bool) (string, error) {
	mark, err := ownerMark{UID: b.Owner, Namespace: b.Namespace, Name: b.Name, Incomplete: incomplete}.element()
	if err != nil {
		return "", err
	}
	zero := uint(0)
	x := &libvirtxml.Domain{
		Type:          b.guests.domainType,
		Name:          b.Name,
		UUID:          b.UUID,
		Metadata:      &libvirtxml.DomainMetadata{XML: mark},
		Memory:        &libvirtxml.DomainMemory{Value: uint(b.MemoryMiB), Unit: "MiB"},        //nolint:gosec // Positive by contract.
		CurrentMemory: &libvirtxml.DomainCurrentMemory{Value: uint(b.MemoryMiB), Unit: "MiB"}, //nolint:gosec // As above.
		VCPU:          &libvirtxml.DomainVCPU{Value: uint(b.CPU)},                             //nolint:gosec // As above.
		OS: &libvirtxml.DomainOS{
			Type:        &libvirtxml.DomainOSType{Arch: b.guests.arch, Machine: b.guests.machine, Type: "hvm"},
			BootDevices: []libvirtxml.DomainBootDevice{{Dev: "hd"}},
		},
		CPU: b.guests.cpu(),
		Devices: &libvirtxml.DomainDeviceList{
			Disks: b.disks(),
			Serials: []libvirtxml.DomainSerial{{
				Source: &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}},
				Target: &libvirtxml.DomainSerialTarget{Port: &zero},
			}},
			Consoles: []libvirtxml.DomainConsole{{
				Source: &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}},
				Target: &libvirtxml.DomainConsoleTarget{Type: "serial", Port: &zero},
			}},
			Channels: []libvirtxml.DomainChannel{{
				Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{Mode: "bind"}},
				Target: &libvirtxml.DomainChannelTarget{VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: agentChannel}},
			}},
			MemBalloon: &libvirtxml.DomainMemBalloon{Model: "virtio"},
			RNGs: []libvirtxml.DomainRNG{{
				Model:   "virtio",
				Backend: &libvirtxml.DomainRNGBackend{Random: &libvirtxml.DomainRNGBackendRandom{Device: "/dev/urandom"}},
			}},
		},
	}
	if b.guests.machine == machineQ35 {
		x.Features = &libvirtxml.DomainFeatureList{ACPI: &libvirtxml.DomainFeature{}, APIC: &libvirtxml.DomainFeatureAPIC{}}
	}
	for _, n := range b.networks {
		x.Devices.Interfaces = append(x.Devices.Interfaces, libvirtxml.DomainInterface{
			MAC:    &libvirtxml.DomainInterfaceMAC{Address: n.mac},
			Source: &libvirtxml.DomainInterfaceSource{Network: &libvirtxml.DomainInterfaceSourceNetwork{Network: n.network}},
			Model:  &libvirtxml.DomainInterfaceModel{Type: networkType},
		})
	}
	return x.Marshal()
}

// disks returns the VM's disks in the order in which the guest finds them: the image's, the data disks, the seed.
func (b *blueprint) disks() []libvirtxml.DomainDisk {
	var out []libvirtxml.DomainDisk
	add := func(name, format string) *libvirtxml.DomainDisk {
		out = append(out, libvirtxml.DomainDisk{
			Device: "disk",
			Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: format},
			Source: &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: b.path(name)}},
			Target: &libvirtxml.DomainDiskTarget{Dev: fmt.Sprintf("vd%c", 'a'+len(out)), Bus: "virtio"},
		})
		return &out[len(out)-1]
	}
	add(rootVolume(b.UUID), "qcow2").Driver.Discard = "unmap"
	for _, d := range b.Disks {
		data := add(dataVolume(b.UUID, d), "qcow2")
		data.Driver.Discard = "unmap"
		if len(d.Name) <= maxSerial {
			data.Serial = d.Name // the guest finds it as /dev/disk/by-id/virtio-NAME
		}
	}
	if b.seed {
		// NOTE: a disk and not a CD-ROM: the cloud kernels of some distributions have no driver for SATA.
		add(seedVolume(b.UUID), "raw").ReadOnly = &libvirtxml.DomainDiskReadOnly{}
	}
	return out
}
