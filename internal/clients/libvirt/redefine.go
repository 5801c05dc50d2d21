// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// redefine changes what is kept of a domain for its next start, in one step.
func (h *host) redefine(ctx context.Context, a *alteration) error {
	err := work(ctx, h, "DomainDefineXML", func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(a.id.UUID)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		// What is secret is left out otherwise, and would be lost.
		x, _, err := definition(d, libvirt.DOMAIN_XML_INACTIVE|libvirt.DOMAIN_XML_SECURE)
		if err != nil {
			return err
		}
		if err := a.apply(x); err != nil {
			return err
		}
		raw, err := x.Marshal()
		if err != nil {
			return err
		}
		defined, err := conn.DomainDefineXML(raw)
		if err != nil {
			return err
		}
		return defined.Free()
	})
	if err != nil {
		return fmt.Errorf("cannot redefine domain: %w", err)
	}
	return nil
}

// apply changes a domain's description. Applied twice it is the same as once.
func (a *alteration) apply(x *libvirtxml.Domain) error {
	mark := markOf(x.Metadata)
	if mark.UID != a.id.Owner {
		return errorf(clients.Conflict, "VM", "the domain's owner has changed")
	}
	if err := a.resize(x, &mark); err != nil {
		return err
	}
	if x.Devices == nil {
		x.Devices = &libvirtxml.DomainDeviceList{}
	}
	a.applyDisks(x.Devices, &mark)
	a.applyNetworks(x.Devices, &mark)
	if a.SetGuestData {
		mark.GuestData = a.GuestData.Hash(a.Networks)
	}
	return setMark(x, mark)
}

// resize gives the VM its CPUs, its memory and the headroom for more of both.
func (a *alteration) resize(x *libvirtxml.Domain, mark *ownerMark) error {
	if a.CPU == 0 && a.MemoryMiB == 0 && a.HotAdd == nil {
		return nil
	}
	now := parseEquipment(x)
	if a.HotAdd != nil {
		mark.HotAdd = hotAddRecord(a.HotAdd)
	}
	s := clients.VMSpec{CPU: a.CPU, MemoryMiB: a.MemoryMiB, HotAdd: a.HotAdd}
	if s.CPU == 0 {
		s.CPU = now.cpu
	}
	if s.MemoryMiB == 0 {
		s.MemoryMiB = now.memoryMiB
	}
	if s.HotAdd == nil {
		s.HotAdd = keptHeadroom(now, *mark, s)
	}
	if x.CPU != nil && x.CPU.Numa != nil && len(x.CPU.Numa.Cell) > 1 {
		return errorf(clients.Unsupported, "", "the size of a VM with several NUMA nodes is not changed")
	}
	mark.CPU, mark.MemoryMiB = s.CPU, s.MemoryMiB
	setCPUs(x, s)
	setMemory(x, s)
	return nil
}

// keptHeadroom returns the headroom of a VM that is to have another size and the same settings: what it has where that is
// still more than the size, otherwise the usual.
func keptHeadroom(now equipment, mark ownerMark, s clients.VMSpec) *clients.HotAdd {
	out := &clients.HotAdd{}
	most := max(now.maxMemoryMiB, now.plugMemoryMiB)
	if mark.HotAdd == "" {
		out.CPU, out.Memory = now.maxCPU > now.cpu, most > now.memoryMiB
	} else {
		out.CPU, out.Memory = strings.Contains(mark.HotAdd, hotAddCPU), strings.Contains(mark.HotAdd, hotAddMemory)
	}
	if s.CPU <= now.maxCPU {
		out.MaxCPU = now.maxCPU
	}
	if s.MemoryMiB <= most {
		out.MaxMemoryMiB = most
	}
	return out
}

func setCPUs(x *libvirtxml.Domain, s clients.VMSpec) {
	most := uint(maxCPUs(s)) //nolint:gosec // Positive by contract.
	if x.VCPU == nil {
		x.VCPU = &libvirtxml.DomainVCPU{}
	}
	x.VCPU.Value, x.VCPU.Current = most, 0
	if uint(s.CPU) < most { //nolint:gosec // As above.
		x.VCPU.Current = uint(s.CPU) //nolint:gosec // As above.
	}
	x.VCPUs = nil // which of them are online follows from their number
	if x.CPU == nil || x.CPU.Topology == nil {
		return
	}
	t := x.CPU.Topology
	perSocket := uint(max(1, t.Cores) * max(1, t.Threads) * max(1, t.Dies) * max(1, t.Clusters))
	if most%perSocket == 0 {
		t.Sockets = int(most / perSocket)
	} else {
		x.CPU.Topology = nil // libvirt makes each CPU a socket
	}
}

// setMemory gives the VM its memory in one piece: what was plugged in while it ran is part of it from its next start.
func setMemory(x *libvirtxml.Domain, s clients.VMSpec) {
	size, most := uint(s.MemoryMiB), maxMemoryMiB(s) //nolint:gosec // Positive by contract.
	x.Memory = &libvirtxml.DomainMemory{Value: size, Unit: "MiB"}
	x.CurrentMemory = &libvirtxml.DomainCurrentMemory{Value: size, Unit: "MiB"}
	x.MaximumMemory = nil
	if x.Devices != nil {
		x.Devices.Memorydevs = slices.DeleteFunc(x.Devices.Memorydevs, func(m libvirtxml.DomainMemorydev) bool { return m.Model == "dimm" })
	}
	if most > s.MemoryMiB {
		x.MaximumMemory = &libvirtxml.DomainMaxMemory{Value: uint(most), Unit: "MiB", Slots: memorySlots} //nolint:gosec // Positive.
		if x.CPU == nil {
			x.CPU = &libvirtxml.DomainCPU{}
		}
		if x.CPU.Numa == nil {
			node := uint(0)
			x.CPU.Numa = &libvirtxml.DomainNuma{Cell: []libvirtxml.DomainCell{{ID: &node}}}
		}
	}
	if x.CPU != nil && x.CPU.Numa != nil && len(x.CPU.Numa.Cell) == 1 {
		cell := &x.CPU.Numa.Cell[0]
		cell.Memory, cell.Unit, cell.CPUs = size, "MiB", fmt.Sprintf("0-%d", x.VCPU.Value-1)
	}
}

func (a *alteration) applyDisks(devices *libvirtxml.DomainDeviceList, mark *ownerMark) {
	gone := func(path string) bool {
		return slices.ContainsFunc(a.detach, func(k disk) bool { return k.path == path })
	}
	devices.Disks = slices.DeleteFunc(devices.Disks, func(d libvirtxml.DomainDisk) bool {
		path, ok := sourcePath(d.Source)
		return ok && gone(path)
	})
	mark.Disks = slices.DeleteFunc(mark.Disks, func(r diskRecord) bool { return gone(r.Path) })
	mark.Thick = slices.DeleteFunc(mark.Thick, func(name string) bool { return slices.Contains(a.DetachDisks, name) })
	for _, name := range a.DetachDisks {
		if !slices.Contains(mark.Detached, name) {
			mark.Detached = append(mark.Detached, name)
		}
	}
	mark.Detached = slices.DeleteFunc(mark.Detached, func(name string) bool {
		return slices.ContainsFunc(a.add, func(n newDisk) bool { return n.Name == name })
	})
	has := func(path string) bool {
		return slices.ContainsFunc(devices.Disks, func(d libvirtxml.DomainDisk) bool {
			have, ok := sourcePath(d.Source)
			return ok && have == path
		})
	}
	for _, n := range a.add {
		if !has(n.path) {
			devices.Disks = append(devices.Disks, diskOf(n.Disk, n.path, n.target))
		}
		if n.Controller == busSCSI && !hasSCSI(devices) {
			devices.Controllers = append(devices.Controllers, scsiController())
		}
		if n.Thick && !slices.Contains(mark.Thick, n.Name) {
			mark.Thick = append(mark.Thick, n.Name)
		}
	}
	if a.seed != nil && !has(a.seed.path) {
		devices.Disks = append(devices.Disks, seedDisk(a.seed.path, a.seed.target))
	}
}

func hasSCSI(devices *libvirtxml.DomainDeviceList) bool {
	return slices.ContainsFunc(devices.Controllers, func(c libvirtxml.DomainController) bool { return c.Type == "scsi" })
}

func scsiController() libvirtxml.DomainController {
	zero := uint(0)
	return libvirtxml.DomainController{Type: "scsi", Index: &zero, Model: "virtio-scsi"}
}

func (a *alteration) applyNetworks(devices *libvirtxml.DomainDeviceList, mark *ownerMark) {
	devices.Interfaces = slices.DeleteFunc(devices.Interfaces, func(i libvirtxml.DomainInterface) bool {
		return slices.Contains(a.remove, macOf(i))
	})
	mark.Networks = slices.DeleteFunc(mark.Networks, func(r networkRecord) bool { return slices.Contains(a.remove, r.MAC) })
	for _, n := range a.reconnect {
		i := slices.IndexFunc(devices.Interfaces, func(i libvirtxml.DomainInterface) bool { return macOf(i) == n.MACAddress })
		if i < 0 {
			devices.Interfaces = append(devices.Interfaces, interfaceOf(n))
			continue
		}
		devices.Interfaces[i].Source = interfaceOf(n).Source
	}
	for _, n := range a.connect {
		if !slices.ContainsFunc(devices.Interfaces, func(i libvirtxml.DomainInterface) bool { return macOf(i) == n.MACAddress }) {
			devices.Interfaces = append(devices.Interfaces, interfaceOf(n))
		}
	}
}

func macOf(i libvirtxml.DomainInterface) string { return parseInterface(i).mac }

// setMark puts a mark into a domain's description, in place of the one it has. What others keep beside it stays.
func setMark(x *libvirtxml.Domain, m ownerMark) error {
	element, err := m.element()
	if err != nil {
		return err
	}
	var others strings.Builder
	if x.Metadata != nil {
		for _, raw := range topElements(x.Metadata.XML) {
			if ns := namespaceOf(raw); ns != ownerNamespace && ns != bootNamespace {
				others.WriteString(raw)
			}
		}
	}
	x.Metadata = &libvirtxml.DomainMetadata{XML: others.String() + element}
	return nil
}

// topElements returns the elements of a piece of XML as they are written.
func topElements(raw string) []string {
	var out []string
	d := xml.NewDecoder(strings.NewReader(raw))
	depth, begin := 0, int64(0)
	for {
		at := d.InputOffset()
		token, err := d.RawToken()
		if err != nil {
			return out
		}
		switch token.(type) {
		case xml.StartElement:
			if depth == 0 {
				begin = at
			}
			depth++
		case xml.EndElement:
			depth--
			if depth == 0 {
				out = append(out, raw[begin:d.InputOffset()])
			}
		}
	}
}

func namespaceOf(element string) string {
	var e struct{ XMLName xml.Name }
	if err := xml.Unmarshal([]byte(element), &e); err != nil {
		return ""
	}
	return e.XMLName.Space
}
