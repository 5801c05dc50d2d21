// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// TestProperties plans for random VMs. They are those of hypervisor that allows anything while a VM is off, and little while it
// runs.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, vm := drawSpec(t), drawVM(t)
		facts := Facts{OneByOne: rapid.Bool().Draw(t, "oneByOne")}

		// A change is within what is allowed, and what was done once needs not be done again.
		for range 12 {
			p := Make(spec, vm, facts)
			within(t, vm, p.Now)
			if len(p.Doing) == 0 {
				break
			}
			apply(&vm, p.Now)
		}
		if p := Make(spec, vm, facts); len(p.Doing) > 0 {
			t.Fatalf("after the change there is still one: %+v", p.Doing)
		}
		// Nothing is left to do once the VM was off, but what is never done.
		power(&vm, clients.PoweredOff)
		for range 12 {
			p := Make(spec, vm, facts)
			within(t, vm, p.Now)
			apply(&vm, p.Now)
		}
		p := Make(spec, vm, facts)
		if len(p.Doing) > 0 || len(p.Deferred) > 0 || len(cycling(p.Refused)) > 0 {
			t.Fatalf("after the VM was off there is still something to do: %s", Describe(p.Items()))
		}
		// And started again it is as it was asked to be.
		power(&vm, clients.PoweredOn)
		if p := Make(spec, vm, facts); len(p.Doing) > 0 || len(p.Deferred) > 0 {
			t.Fatalf("after the VM was started there is something to do again: %s", Describe(p.Items()))
		}
	})
}

func cycling(items []Item) []Item {
	return slices.DeleteFunc(slices.Clone(items), func(i Item) bool { return !i.Cycle })
}

// within fails when a change is outside of what a VM allows.
func within(t *rapid.T, vm clients.VM, c clients.Change) {
	p := vm.Plug
	switch {
	case c.CPU != 0 && (c.CPU < p.MinCPU || c.CPU > p.MaxCPU):
		t.Fatalf("%d CPUs are outside of %+v", c.CPU, p)
	case c.MemoryMiB != 0 && (c.MemoryMiB < p.MinMemoryMiB || c.MemoryMiB > p.MaxMemoryMiB || (c.MemoryMiB-vm.MemoryMiB)%max(1, p.MemoryStepMiB) != 0):
		t.Fatalf("%d MiB are outside of %+v", c.MemoryMiB, p)
	case c.HotAdd != nil && !p.HotAdd, len(c.AddDisks)+len(c.DetachDisks) > 0 && !p.Disks, len(c.AddNetworks)+len(c.RemoveNetworks)+len(c.UpdateNetworks) > 0 && !p.Networks:
		t.Fatalf("%+v is outside of %+v", c, p)
	}
	for _, d := range c.GrowDisks {
		o, ok := diskOf(vm, d.Name)
		if !ok || !o.Growable || d.SizeGiB <= o.SizeGiB || d.OfflineOnly && vm.PowerState != clients.PoweredOff {
			t.Fatalf("disk %+v is grown to %+v", o, d)
		}
	}
	for _, name := range append(slices.Clone(c.DetachDisks), c.RemoveNetworks...) {
		if name == "" || name == clients.RootDisk {
			t.Fatalf("something that is not ours is taken away: %+v", c)
		}
	}
}

// apply makes of a VM what a change asks.
func apply(vm *clients.VM, c clients.Change) {
	vm.CPU, vm.MemoryMiB = cmp.Or(c.CPU, vm.CPU), cmp.Or(c.MemoryMiB, vm.MemoryMiB)
	if c.HotAdd != nil {
		vm.HotAdd = *c.HotAdd
	}
	for _, d := range c.GrowDisks {
		vm.Disks[slices.IndexFunc(vm.Disks, func(o clients.DiskObservation) bool { return o.Name == d.Name })].SizeGiB = d.SizeGiB
	}
	vm.Disks = slices.DeleteFunc(vm.Disks, func(d clients.DiskObservation) bool { return slices.Contains(c.DetachDisks, d.Name) })
	for _, d := range c.AddDisks {
		vm.Disks = append(vm.Disks, clients.DiskObservation{Name: d.Name, SizeGiB: d.SizeGiB, Growable: true, Thick: d.Thick})
	}
	vm.Networks = slices.DeleteFunc(vm.Networks, func(n clients.NetworkObservation) bool { return slices.Contains(c.RemoveNetworks, n.Name) })
	for _, n := range c.UpdateNetworks {
		vm.Networks[slices.IndexFunc(vm.Networks, func(o clients.NetworkObservation) bool { return o.Name == n.Name })].Network = n.Network
	}
	for _, n := range c.AddNetworks {
		vm.Networks = append(vm.Networks, clients.NetworkObservation{Name: n.Name, Network: n.Network})
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
	power(vm, vm.PowerState)
}

// power brings a VM to a power state, with what can then be changed.
func power(vm *clients.VM, p clients.PowerState) {
	vm.PowerState = p
	vm.Plug = clients.HotPlug{}
	switch p {
	case clients.PoweredOff:
		vm.Plug = clients.HotPlug{MinCPU: 1, MaxCPU: 99, MinMemoryMiB: 1, MaxMemoryMiB: 1 << 20, HotAdd: true, Disks: true, Networks: true}
	case clients.PoweredOn:
		vm.Plug = clients.HotPlug{MinCPU: vm.CPU, MaxCPU: vm.CPU + 2, MinMemoryMiB: vm.MemoryMiB, MaxMemoryMiB: vm.MemoryMiB + 512, MemoryStepMiB: 128, Disks: true, Networks: true}
	default:
	}
	for i := range vm.Disks {
		vm.Disks[i].Growable = p == clients.PoweredOff || p == clients.PoweredOn && i%2 == 0
	}
}

func drawSpec(t *rapid.T) clients.VMSpec {
	s := clients.VMSpec{
		CPU: rapid.Int32Range(0, 6).Draw(t, "cpu"), MemoryMiB: 4 * rapid.Int64Range(0, 300).Draw(t, "memory"),
		Firmware: rapid.SampledFrom([]clients.Firmware{"", clients.BIOS, clients.UEFI}).Draw(t, "firmware"),
	}
	if rapid.Bool().Draw(t, "hotAdd") {
		s.HotAdd = &clients.HotAdd{CPU: rapid.Bool().Draw(t, "hotCPU"), MaxCPU: rapid.Int32Range(0, 3).Draw(t, "maxCPU")}
	}
	for _, name := range drawNames(t, "disks", clients.RootDisk, "a", "b", "c") {
		s.Disks = append(s.Disks, clients.Disk{
			Name: name, SizeGiB: rapid.Int64Range(1, 5).Draw(t, "size"), Thick: rapid.Bool().Draw(t, "thick"), OfflineOnly: rapid.Bool().Draw(t, "offlineOnly"),
		})
	}
	for _, name := range drawNames(t, "networks", "x", "y", "z") {
		s.Networks = append(s.Networks, clients.Network{Name: name, Network: rapid.SampledFrom([]string{"one", "two"}).Draw(t, "network")})
	}
	s.GuestData.UserData = rapid.SampledFrom([]string{"", "data"}).Draw(t, "userData")
	for _, name := range drawNames(t, "tags", "k", "l") {
		s.Tags = append(s.Tags, clients.Tag{Category: "c", Name: name})
	}
	return s
}

func drawVM(t *rapid.T) clients.VM {
	vm := clients.VM{
		State: clients.VMPresent, CPU: rapid.Int32Range(0, 6).Draw(t, "hasCPU"), MemoryMiB: 4 * rapid.Int64Range(0, 300).Draw(t, "hasMemory"),
		Firmware:      rapid.SampledFrom([]clients.Firmware{"", clients.BIOS, clients.UEFI}).Draw(t, "hasFirmware"),
		GuestDataHash: rapid.SampledFrom([]string{"", "hash"}).Draw(t, "hash"),
	}
	for _, name := range drawNames(t, "hasDisks", clients.RootDisk, "a", "b", "") {
		vm.Disks = append(vm.Disks, clients.DiskObservation{Name: name, SizeGiB: rapid.Int64Range(0, 5).Draw(t, "hasSize")})
	}
	for i, name := range drawNames(t, "hasNetworks", "x", "y", "") {
		vm.Networks = append(vm.Networks, clients.NetworkObservation{Name: name, Network: fmt.Sprint("net-", i)})
	}
	power(&vm, rapid.SampledFrom([]clients.PowerState{clients.PoweredOn, clients.PoweredOff, clients.Suspended}).Draw(t, "power"))
	return vm
}

// drawNames draws some of several names, in order.
func drawNames(t *rapid.T, label string, names ...string) []string {
	var some []string
	for _, n := range names {
		if rapid.Bool().Draw(t, label) {
			some = append(some, n)
		}
	}
	return some
}
