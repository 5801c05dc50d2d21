// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"libvirt.org/go/libvirtxml"
)

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
