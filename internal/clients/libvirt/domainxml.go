// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// ownerNamespace is the XML namespace of the mark that our domains carry in their metadata.
	ownerNamespace = "https://infra.virtrigaud.io/owner/v1"
	agentChannel   = "org.qemu.guest_agent.0"
	// maxSerial is how much of a disk's serial number virtio has room for.
	maxSerial = 20
)

// An ownerMark says whose a domain is.
type ownerMark struct {
	UID       string `xml:"uid,attr"`
	Namespace string `xml:"namespace,attr"`
	Name      string `xml:"name,attr"`
	// Incomplete while the domain's volumes are being made: it must not be started.
	Incomplete bool `xml:"incomplete,attr"`
}

// markOf finds the mark in a domain's metadata. The zero mark is that of somebody else's domain.
func markOf(m *libvirtxml.DomainMetadata) ownerMark {
	if m == nil {
		return ownerMark{}
	}
	var metadata struct {
		Owner ownerMark `xml:"https://infra.virtrigaud.io/owner/v1 owner"`
	}
	if err := xml.Unmarshal([]byte("<metadata>"+m.XML+"</metadata>"), &metadata); err != nil {
		return ownerMark{}
	}
	return metadata.Owner
}

// element returns the mark as metadata.
func (m ownerMark) element() (string, error) {
	attr := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	start := xml.StartElement{Name: xml.Name{Local: "virtrigaud:owner"}, Attr: []xml.Attr{
		attr("xmlns:virtrigaud", ownerNamespace),
		attr("uid", m.UID), attr("namespace", m.Namespace), attr("name", m.Name),
	}}
	if m.Incomplete {
		start.Attr = append(start.Attr, attr("incomplete", "true"))
	}
	out := &strings.Builder{}
	e := xml.NewEncoder(out)
	if err := e.EncodeToken(start); err != nil {
		return "", err
	}
	if err := e.EncodeToken(start.End()); err != nil {
		return "", err
	}
	if err := e.Flush(); err != nil {
		return "", err
	}
	return out.String(), nil
}

// parseDomain reads from a domain's description what the cache keeps, except its state.
func parseDomain(x *libvirtxml.Domain) domain {
	d := domain{uuid: x.UUID, name: x.Name, mark: markOf(x.Metadata)}
	if x.ID != nil && *x.ID > 0 {
		d.run = uint(*x.ID)
	}
	if x.VCPU != nil {
		d.cpu = int32(x.VCPU.Value) //nolint:gosec // libvirt has an upper bound of some thousands.
		if x.VCPU.Current > 0 {
			d.cpu = int32(x.VCPU.Current) //nolint:gosec // As above.
		}
	}
	if x.Memory != nil {
		d.maxMemoryMiB = mib(x.Memory.Value, x.Memory.Unit)
		d.memoryMiB = d.maxMemoryMiB
	}
	if x.CurrentMemory != nil {
		d.memoryMiB = mib(x.CurrentMemory.Value, x.CurrentMemory.Unit)
	}
	if x.Devices == nil {
		return d
	}
	for _, i := range x.Devices.Interfaces {
		d.interfaces = append(d.interfaces, parseInterface(i))
	}
	for i := range x.Devices.Disks {
		if parsed, ok := parseDisk(&x.Devices.Disks[i]); ok {
			d.disks = append(d.disks, parsed)
		}
	}
	for _, c := range x.Devices.Channels {
		if c.Target != nil && c.Target.VirtIO != nil && c.Target.VirtIO.Name == agentChannel {
			d.agent = c.Target.VirtIO.State == "connected"
		}
	}
	return d
}

func parseInterface(i libvirtxml.DomainInterface) networkInterface {
	var out networkInterface
	if i.MAC != nil {
		out.mac = i.MAC.Address
	}
	switch {
	case i.Source == nil:
	case i.Source.Network != nil:
		out.network = i.Source.Network.Network
	case i.Source.Bridge != nil:
		out.network = i.Source.Bridge.Bridge
	}
	return out
}

// parseDisk returns what the cache keeps of a disk; ok is false for one without a file.
func parseDisk(d *libvirtxml.DomainDisk) (out disk, ok bool) {
	out.path, ok = sourcePath(d.Source)
	for b := d.BackingStore; b != nil; b = b.BackingStore {
		if path, has := sourcePath(b.Source); has {
			out.backing = append(out.backing, path)
		}
	}
	return out, ok
}

func sourcePath(s *libvirtxml.DomainDiskSource) (string, bool) {
	switch {
	case s == nil:
		return "", false
	case s.File != nil:
		return s.File.File, s.File.File != ""
	case s.Block != nil:
		return s.Block.Dev, s.Block.Dev != ""
	default:
		return "", false
	}
}

// mib converts from the units in which libvirt answers.
func mib(value uint, unit string) int64 {
	v := int64(value) //nolint:gosec // No machine has that much memory.
	switch unit {
	case "b", "bytes":
		return v >> 20
	case "MiB":
		return v
	case "GiB":
		return v << 10
	default: // KiB, which is what libvirt always uses
		return v >> 10
	}
}

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
		data := add(dataVolume(b.UUID, d.Name), "qcow2")
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
