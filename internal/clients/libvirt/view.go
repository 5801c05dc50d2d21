// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// mostCPUs is how many a guest can have without an interrupt controller that few systems know.
	mostCPUs = 255
	// mostMemoryMiB is for hosts that do not say how much they have.
	mostMemoryMiB = 16 << 20

	// moduleMiB is the size of which memory is plugged a multiple: Linux uses no less.
	moduleMiB = 128

	whySuspended = "the VM is suspended"
	// NOTE: taking a CPU away crashes QEMU 7.2 when memory is plugged in later, and is often ignored by the guest.
	whyFewerCPUs = "a CPU cannot be taken from a running guest"
	// NOTE: the balloon takes memory whether or not the guest can spare it; one that cannot ends some of its processes, or all.
	whyLessMemory = "memory is not taken from a running guest, which may need what it has"
	whyNoPool     = "the disk is in no storage pool of the host"
	whyReadOnly   = "the disk cannot be written"
)

// view returns a domain as the port describes it.
func (h *host) view(d domain) clients.VM {
	h.mu.RLock()
	defer h.mu.RUnlock()
	vm := clients.VM{
		State:         clients.VMPresent,
		Owner:         d.mark.UID,
		ID:            h.Name + "/" + d.name,
		Name:          d.name,
		PowerState:    d.power,
		CPU:           d.observedCPU(),
		MemoryMiB:     d.observedMemory(),
		Firmware:      d.firmware,
		SecureBoot:    d.secureBoot,
		HotAdd:        d.hotAdd(),
		Placement:     clients.Placement{Cluster: h.Cluster, Host: h.Name},
		Plug:          d.plug(h.cache.memoryMiB),
		GuestDataHash: d.mark.GuestData,
		Emulated:      d.emulated,
	}
	known := h.cache.addresses[d.uuid]
	if d.run == 0 || known.run != d.run {
		known = addresses{}
	}
	if d.run != 0 {
		vm.BootID, vm.GuestTools, vm.Hostname = d.boot, d.agent, known.hostname
	}
	for _, i := range d.interfaces {
		n := d.viewNetwork(i)
		n.IPAddresses = slices.Clone(known.byMAC[i.mac])
		vm.Networks = append(vm.Networks, n)
		vm.IPAddresses = append(vm.IPAddresses, n.IPAddresses...)
	}
	for _, disk := range d.disks {
		if disk.removable || d.isSeed(disk) {
			continue
		}
		o := h.viewDisk(d, disk)
		vm.Disks = append(vm.Disks, o)
		if vm.Placement.Datastore == "" {
			vm.Placement.Datastore = o.Datastore
		}
	}
	return vm
}

// observedCPU returns the CPUs that the guest has. When these are as we gave them, but somebody changed what it will have at
// its next start, it is that: so the difference is found, and changing the VM mends both.
func (d domain) observedCPU() int32 {
	if d.persistent && d.cpu == d.mark.CPU {
		return d.next.cpu
	}
	return d.cpu
}

// observedMemory is like observedCPU. A guest that starts has all its memory until it knows of its balloon, and keeps it
// when it never does; that is no difference from what it was given.
func (d domain) observedMemory() int64 {
	given := d.mark.MemoryMiB
	if given == 0 {
		given = d.next.memoryMiB
	}
	now := d.memoryMiB
	if now > given && d.run != 0 && !d.deflated {
		now = given
	}
	if d.persistent && now == d.mark.MemoryMiB {
		return d.next.memoryMiB
	}
	return now
}

// hotAdd returns the headroom that the VM has.
func (d domain) hotAdd() clients.HotAdd {
	out := clients.HotAdd{MaxCPU: d.next.maxCPU, MaxMemoryMiB: max(d.next.maxMemoryMiB, d.next.plugMemoryMiB)}
	if d.mark.HotAdd == "" {
		out.CPU, out.Memory = d.next.maxCPU > d.next.cpu, out.MaxMemoryMiB > d.next.memoryMiB
		return out
	}
	out.CPU, out.Memory = strings.Contains(d.mark.HotAdd, hotAddCPU), strings.Contains(d.mark.HotAdd, hotAddMemory)
	return out
}

// plug says what of the domain can be changed now, on a host with so much memory.
func (d domain) plug(hostMiB int64) clients.HotPlug {
	cpu, memory := d.observedCPU(), d.observedMemory()
	switch d.power {
	case clients.Suspended:
		return clients.HotPlug{MinCPU: cpu, MaxCPU: cpu, CPUWhy: whySuspended, MinMemoryMiB: memory, MaxMemoryMiB: memory, MemoryWhy: whySuspended}
	case clients.PoweredOff:
		if hostMiB == 0 {
			hostMiB = mostMemoryMiB
		}
		return clients.HotPlug{
			MinCPU: 1, MaxCPU: mostCPUs, CPUWhy: fmt.Sprintf("a guest has at most %d CPUs", mostCPUs),
			MinMemoryMiB: 1, MaxMemoryMiB: max(hostMiB, memory), MemoryWhy: "the host has not so much memory",
			HotAdd: true, Disks: true, Networks: true,
		}
	case clients.PoweredOn:
	}
	out := clients.HotPlug{
		MinCPU: d.cpu, MaxCPU: max(d.cpu, d.maxCPU),
		MinMemoryMiB: min(memory, d.memoryMiB), MaxMemoryMiB: max(memory, d.reachableMemory()),
		Disks: d.freePorts != 0, Networks: d.freePorts != 0,
	}
	out.CPUWhy = fmt.Sprintf("%s, and this one has at most %d CPUs until it is off", whyFewerCPUs, out.MaxCPU)
	out.MemoryWhy = fmt.Sprintf("%s, and this one has at most %d MiB until it is off", whyLessMemory, out.MaxMemoryMiB)
	return out
}

// reachableMemory is how much a running guest can be given: by its balloon, and by modules while there is a slot for one.
func (d domain) reachableMemory() int64 {
	if d.freeSlots <= 0 || d.plugMemoryMiB == 0 {
		return d.maxMemoryMiB
	}
	return d.maxMemoryMiB + (d.plugMemoryMiB-d.maxMemoryMiB)/moduleMiB*moduleMiB
}

// networkName returns the name that an interface has for us, empty for one of somebody else.
func (d domain) networkName(i networkInterface) string {
	for _, r := range d.mark.Networks {
		if r.MAC == i.mac {
			return r.Name
		}
	}
	if d.mark.UID == "" {
		return ""
	}
	name, ok := strings.CutPrefix(i.alias, netAliasPrefix)
	if !ok {
		return ""
	}
	return name
}

// viewNetwork returns an interface as the port describes it. One that is ours, and will not be there at the next start, has no
// name, so that it is found to be missing; one that will be connected elsewhere says so.
func (d domain) viewNetwork(i networkInterface) clients.NetworkObservation {
	out := clients.NetworkObservation{
		Name: d.networkName(i), Network: i.network, Bridge: i.bridge, Model: strings.ToUpper(i.model), MACAddress: i.mac,
	}
	if out.Name == "" || !d.persistent {
		return out
	}
	at := slices.IndexFunc(d.next.interfaces, func(n networkInterface) bool { return n.mac == i.mac })
	if at < 0 {
		out.Name = ""
		return out
	}
	if next := d.next.interfaces[at]; next.network != i.network || next.bridge != i.bridge {
		out.Network = fmt.Sprintf("%s now and %s at the next start", i.connection(), next.connection())
		out.Bridge = ""
	}
	return out
}

func (i networkInterface) connection() string {
	if i.bridge != "" {
		return "bridge " + i.bridge
	}
	return i.network
}

// diskName returns the name that a disk has for us, empty for one of somebody else.
func (d domain) diskName(k disk) string {
	for _, r := range d.mark.Disks {
		if r.Path == k.path {
			return r.Name
		}
	}
	if d.mark.UID == "" {
		return ""
	}
	if name, ok := strings.CutPrefix(k.alias, diskAliasPrefix); ok {
		return name
	}
	switch kind, name := diskKindOf(d.uuid, k.path); kind {
	case diskRoot:
		return clients.RootDisk
	case diskData:
		return name
	default:
		return ""
	}
}

// isSeed says whether a disk is that with the guest's data.
func (d domain) isSeed(k disk) bool {
	kind, _ := diskKindOf(d.uuid, k.path)
	return kind == diskSeed
}

// viewDisk returns a disk as the port describes it. It is called with h.mu held.
func (h *host) viewDisk(d domain, k disk) clients.DiskObservation {
	out := clients.DiskObservation{Name: d.diskName(k), Path: k.path, Controller: k.bus, Format: k.format, Datastore: h.cache.poolOf(k.path)}
	out.Thick = out.Name != "" && slices.Contains(d.mark.Thick, out.Name)
	if d.persistent && !slices.ContainsFunc(d.next.disks, func(n disk) bool { return n.path == k.path }) {
		out.Name = "" // it is found to be missing, and attached for the next start again
	}
	_, v, ok := h.cache.volumeAt(k.path)
	if ok {
		out.SizeGiB = gibRoundedUp(v.capacity)
	}
	switch {
	case !ok:
		out.GrowWhy = whyNoPool
	case k.readOnly:
		out.GrowWhy = whyReadOnly
	case d.power == clients.Suspended:
		out.GrowWhy = whySuspended
	default:
		out.Growable = true
	}
	return out
}
