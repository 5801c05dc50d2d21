// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// chains are the files that a VM's disks consist of, in its current state and in those of its snapshots.
type chains struct {
	// backings of each file, one for each state that it is part of.
	backings map[diskFile][]*flatBacking
	// heads are the files that one of the states ends with. They must stay what they are.
	heads map[diskFile]bool
	// children of each file, by name.
	children map[diskFile]map[diskFile]bool
}

// chainsOf returns the chains of a VM whose devices are given. They end where files of another VM begin.
func (w *world) chainsOf(vm *simulator.VirtualMachine, devices []types.BaseVirtualDevice) chains {
	c := chains{backings: map[diskFile][]*flatBacking{}, heads: map[diskFile]bool{}, children: map[diskFile]map[diskFile]bool{}}
	states := [][]types.BaseVirtualDevice{devices}
	for _, n := range nodes(snapshotInfo(vm).RootSnapshotList) {
		if snap, fault := w.snapshot(n.Snapshot); fault == nil {
			states = append(states, snap.Config.Hardware.Device)
		}
	}
	for _, devices := range states {
		for _, d := range devices {
			if _, b, ok := flatDisk(d); ok {
				c.heads[fileOf(b)] = true
				w.follow(c, b)
			}
		}
	}
	return c
}

// follow adds a chain from its head down.
func (w *world) follow(c chains, b *flatBacking) {
	for {
		f := fileOf(b)
		c.backings[f] = append(c.backings[f], b)
		if b.Parent == nil || w.record(f).foreign {
			return
		}
		parent := fileOf(b.Parent)
		if c.children[parent] == nil {
			c.children[parent] = map[diskFile]bool{}
		}
		c.children[parent][f] = true
		b = b.Parent
	}
}

// redundant returns a file that no state ends with and that has one child, and that child: the two can become one.
func (c chains) redundant() (parent, child diskFile, ok bool) {
	var all []diskFile
	for f := range c.children {
		if !c.heads[f] && len(c.children[f]) == 1 {
			all = append(all, f)
		}
	}
	if len(all) == 0 {
		return parent, child, false
	}
	parent = slices.MinFunc(all, func(a, b diskFile) int { return strings.Compare(a.name, b.name) })
	for child = range c.children[parent] {
		break
	}
	return parent, child, true
}

// files returns the names of all files in a VM's chains.
func (w *world) files(vm *simulator.VirtualMachine) []diskFile {
	c := w.chainsOf(vm, vm.Config.Hardware.Device)
	all := make([]diskFile, 0, len(c.backings))
	for f := range c.backings {
		all = append(all, f)
	}
	return all
}

// sweep deletes a VM's delta disks that were in its chains before and are not any more.
func (w *world) sweep(vm *simulator.VirtualMachine, before []diskFile) {
	now := w.chainsOf(vm, vm.Config.Hardware.Device)
	for _, f := range before {
		if len(now.backings[f]) == 0 && w.record(f).owner == vm.Self {
			w.discard(f)
		}
	}
}

// consolidate merges a VM's redundant delta disks into the disks below them, and stops at one that is in use. "Whether any disk
// of the virtual machine requires consolidation. This can happen for example when a snapshot is deleted but its associated disk
// is not committed back to the base disk" (vSphere API, VirtualMachineRuntimeInfo.consolidationNeeded).
func (w *world) consolidate(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
	devices, fault := copyOfDevices(vm.Config.Hardware.Device)
	if fault != nil {
		return nil, fault
	}
	merged := false
	for {
		c := w.chainsOf(vm, devices)
		parent, child, ok := c.redundant()
		if !ok {
			break
		}
		if fault = w.lockedBy(vm, parent, child); fault != nil {
			break
		}
		w.merge(c, parent, child)
		merged = true
	}
	if merged {
		w.setDevices(vm, devices)
	}
	w.noteConsolidation(vm)
	return nil, fault
}

// lockedBy returns the fault that a running linked clone reads a file that would have to change, nil if none does.
func (w *world) lockedBy(vm *simulator.VirtualMachine, files ...diskFile) types.BaseMethodFault {
	for ref := range w.linked {
		other, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
		if !ok || other == vm || other.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
			continue
		}
		for _, d := range other.Config.Hardware.Device {
			_, b, ok := flatDisk(d)
			if !ok {
				continue
			}
			for b = b.Parent; b != nil; b = b.Parent {
				if f := fileOf(b); slices.Contains(files, f) {
					return locked(f, other.Name)
				}
			}
		}
	}
	return nil
}

// merge writes a delta disk into the disk below it and deletes it. Disks of other VMs that build on either are broken by it.
func (w *world) merge(c chains, parent, child diskFile) {
	from, to := w.record(child), w.record(parent)
	if from.written {
		to.content, to.written = from.content, true
	}
	to.version++
	for grandchild := range c.children[child] {
		w.record(grandchild).parent = to.version
	}
	for _, b := range c.backings[child] {
		*b = *b.Parent
	}
	w.discard(child)
}

// noteConsolidation says on a VM whether its disks should be consolidated.
func (w *world) noteConsolidation(vm *simulator.VirtualMachine) {
	_, _, needed := w.chainsOf(vm, object.VirtualDeviceList(vm.Config.Hardware.Device)).redundant()
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "runtime.consolidationNeeded", Val: needed},
		{Name: "summary.runtime.consolidationNeeded", Val: needed},
	})
}
