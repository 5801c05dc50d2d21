// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// What the largest VM has.
const (
	maxCPU       = 64
	maxMemoryMiB = 1 << 20
	// rootGiB is the size of the images' disk, memoryStepMiB the increment of memory of a running VM.
	rootGiB       = 10
	memoryStepMiB = 128
)

// made returns the VM that is made from a specification: off, and complete.
func made(s clients.VMSpec) *clients.VM {
	vm := &clients.VM{
		State: clients.VMPresent, Owner: s.Owner, ID: "vm-" + s.Name, Name: s.Name, PowerState: clients.PoweredOff,
		CPU: s.CPU, MemoryMiB: s.MemoryMiB, Firmware: cmp.Or(s.Firmware, clients.BIOS), SecureBoot: s.SecureBoot, Placement: s.Placement,
		Disks:         []clients.DiskObservation{{Name: clients.RootDisk, SizeGiB: rootGiB}},
		GuestDataHash: s.GuestData.Hash(s.Networks), Tags: slices.Clone(s.Tags), Attributes: maps.Clone(s.Attributes),
	}
	if s.HotAdd != nil {
		vm.HotAdd = *s.HotAdd
	}
	for _, d := range s.Disks {
		if d.Name == clients.RootDisk {
			vm.Disks[0].SizeGiB = max(rootGiB, d.SizeGiB)
			continue
		}
		vm.Disks = append(vm.Disks, madeDisk(d))
	}
	for _, n := range s.Networks {
		vm.Networks = append(vm.Networks, madeNetwork(n))
	}
	return vm
}

func madeDisk(d clients.Disk) clients.DiskObservation {
	return clients.DiskObservation{
		Name: d.Name, SizeGiB: d.SizeGiB, Datastore: d.Datastore, Path: d.Name + ".disk", Controller: cmp.Or(d.Controller, "scsi"), Format: d.Format, Thick: d.Thick,
	}
}

func madeNetwork(n clients.Network) clients.NetworkObservation {
	return clients.NetworkObservation{
		Name: n.Name, Network: n.Network, Bridge: n.Bridge, Model: cmp.Or(n.Model, "VMXNET3"), MACAddress: cmp.Or(n.MACAddress, "02:00:00:00:00:01"),
	}
}

// boot gives a VM whose power changes its boot ID.
func (vm *VM) boot(next *clients.VM) {
	next.BootID = ""
	if next.PowerState == clients.PoweredOn {
		if vm.PowerState != clients.PoweredOn || vm.BootID == "" {
			vm.boots++
		}
		next.BootID = fmt.Sprintf("boot-%d", vm.boots)
	}
}

// plug says what of a VM can be changed in its power state, as a vCenter would.
func plug(vm *clients.VM) {
	p := clients.HotPlug{Disks: true, Networks: true}
	switch vm.PowerState {
	case clients.PoweredOn:
		p.MinCPU, p.MaxCPU, p.CPUWhy = vm.CPU, vm.CPU, "the VM was made without CPU hot-add"
		p.MinMemoryMiB, p.MaxMemoryMiB, p.MemoryWhy = vm.MemoryMiB, vm.MemoryMiB, "the VM was made without memory hot-add"
		if vm.HotAdd.CPU {
			p.MaxCPU, p.CPUWhy = maxCPU, "a running VM has no CPUs taken away"
		}
		if vm.HotAdd.Memory {
			p.MaxMemoryMiB, p.MemoryStepMiB, p.MemoryWhy = maxMemoryMiB, memoryStepMiB, "a running VM has no memory taken away"
		}
	case clients.Suspended:
		p = clients.HotPlug{}
	default:
		p = clients.HotPlug{MinCPU: 1, MaxCPU: maxCPU, MinMemoryMiB: 4, MaxMemoryMiB: maxMemoryMiB, HotAdd: true, Disks: true, Networks: true}
		p.CPUWhy, p.MemoryWhy = fmt.Sprintf("a VM has at most %d CPUs", maxCPU), fmt.Sprintf("a VM has at most %d MiB", maxMemoryMiB)
	}
	vm.Plug = p
	for i := range vm.Disks {
		vm.Disks[i].Growable = vm.PowerState != clients.Suspended && vm.Disks[i].GrowWhy == ""
	}
}

// allowed returns why a change cannot be made in the VM's power state.
func allowed(vm clients.VM, c clients.Change) error {
	p := vm.Plug
	switch {
	case c.CPU != 0 && (c.CPU < p.MinCPU || c.CPU > p.MaxCPU):
		return fmt.Errorf("cannot have %d CPUs: %s", c.CPU, p.CPUWhy)
	case c.MemoryMiB != 0 && (c.MemoryMiB < p.MinMemoryMiB || c.MemoryMiB > p.MaxMemoryMiB || (c.MemoryMiB-vm.MemoryMiB)%max(1, p.MemoryStepMiB) != 0):
		return fmt.Errorf("cannot have %d MiB: %s", c.MemoryMiB, p.MemoryWhy)
	case c.HotAdd != nil && !p.HotAdd:
		return fmt.Errorf("cannot change hot-add settings of a VM that is not off")
	case len(c.AddDisks)+len(c.DetachDisks) > 0 && !p.Disks, len(c.AddNetworks)+len(c.UpdateNetworks)+len(c.RemoveNetworks) > 0 && !p.Networks:
		return fmt.Errorf("cannot change devices of a VM that is suspended")
	}
	for _, d := range c.GrowDisks {
		i := slices.IndexFunc(vm.Disks, func(o clients.DiskObservation) bool { return o.Name == d.Name })
		if i < 0 || !vm.Disks[i].Growable || d.SizeGiB < vm.Disks[i].SizeGiB {
			return fmt.Errorf("cannot grow disk %q", d.Name)
		}
	}
	return nil
}

// apply makes of a VM what a change asks.
func apply(vm *clients.VM, c clients.Change) {
	vm.CPU, vm.MemoryMiB = cmp.Or(c.CPU, vm.CPU), cmp.Or(c.MemoryMiB, vm.MemoryMiB)
	if c.HotAdd != nil {
		vm.HotAdd = *c.HotAdd
	}
	for _, d := range c.GrowDisks {
		i := slices.IndexFunc(vm.Disks, func(o clients.DiskObservation) bool { return o.Name == d.Name })
		vm.Disks[i].SizeGiB = d.SizeGiB
	}
	vm.Disks = slices.DeleteFunc(vm.Disks, func(d clients.DiskObservation) bool { return slices.Contains(c.DetachDisks, d.Name) })
	for _, d := range c.AddDisks {
		vm.Disks = append(vm.Disks, madeDisk(d))
	}
	vm.Networks = slices.DeleteFunc(vm.Networks, func(n clients.NetworkObservation) bool { return slices.Contains(c.RemoveNetworks, n.Name) })
	for _, n := range c.UpdateNetworks {
		i := slices.IndexFunc(vm.Networks, func(o clients.NetworkObservation) bool { return o.Name == n.Name })
		vm.Networks[i].Network, vm.Networks[i].Bridge = n.Network, n.Bridge
	}
	for _, n := range c.AddNetworks {
		vm.Networks = append(vm.Networks, madeNetwork(n))
	}
	if c.SetGuestData {
		vm.GuestDataHash = c.GuestData.Hash(c.Networks)
	}
	if c.SetTags {
		vm.Tags = slices.Clone(c.Tags)
	}
	if c.SetAttributes {
		vm.Attributes = maps.Clone(c.Attributes)
	}
}

// adopt marks a VM and records which of its disks and interfaces are the specification's.
func adopt(vm *clients.VM, s clients.VMSpec) {
	vm.Owner = s.Owner
	var data []string
	for _, d := range s.Disks {
		if d.Name != clients.RootDisk {
			data = append(data, d.Name)
		}
	}
	for i := range vm.Disks {
		switch {
		case i == 0:
			vm.Disks[i].Name = clients.RootDisk
		case i <= len(data):
			vm.Disks[i].Name = data[i-1]
		}
	}
	for i := range min(len(vm.Networks), len(s.Networks)) {
		vm.Networks[i].Name = s.Networks[i].Name
	}
}

// clone returns a copy of a VM that shares no list with it.
func clone(vm clients.VM) clients.VM {
	vm.Disks, vm.Networks, vm.Tags = slices.Clone(vm.Disks), slices.Clone(vm.Networks), slices.Clone(vm.Tags)
	vm.IPAddresses, vm.Attributes = slices.Clone(vm.IPAddresses), maps.Clone(vm.Attributes)
	return vm
}
