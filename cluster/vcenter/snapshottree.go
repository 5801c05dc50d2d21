// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A snapshotNode is one snapshot of a VM with those taken after it. Trees are never changed in place, because what was sent
// of one is compared with the next.
type snapshotNode = types.VirtualMachineSnapshotTree

// snapshotInfo returns a VM's snapshots, to change.
func snapshotInfo(vm *simulator.VirtualMachine) types.VirtualMachineSnapshotInfo {
	if vm.Snapshot == nil {
		return types.VirtualMachineSnapshotInfo{}
	}
	return *vm.Snapshot
}

// setSnapshots gives a VM its snapshots, and each of them its children.
func (w *world) setSnapshots(vm *simulator.VirtualMachine, info types.VirtualMachineSnapshotInfo) {
	var roots []types.ManagedObjectReference
	for _, n := range info.RootSnapshotList {
		roots = append(roots, n.Snapshot)
	}
	for _, n := range nodes(info.RootSnapshotList) {
		snap, fault := w.snapshot(n.Snapshot)
		if fault != nil {
			continue
		}
		var children []types.ManagedObjectReference
		for _, c := range n.ChildSnapshotList {
			children = append(children, c.Snapshot)
		}
		w.reg.Update(w.ctx, snap, []types.PropertyChange{{Name: "childSnapshot", Val: children}})
	}
	// A VM without snapshots has no such property.
	vm.Snapshot = nil
	if len(roots) > 0 {
		vm.Snapshot = &info
	}
	w.reg.Update(w.ctx, vm, []types.PropertyChange{{Name: "rootSnapshot", Val: roots}})
}

// nodes returns all snapshots of a forest, parents first.
func nodes(forest []snapshotNode) []snapshotNode {
	var all []snapshotNode
	for _, n := range forest {
		all = append(append(all, n), nodes(n.ChildSnapshotList)...)
	}
	return all
}

// pathTo returns the snapshots from a root of a forest to the one given, none if it is not there.
func pathTo(forest []snapshotNode, ref types.ManagedObjectReference) []snapshotNode {
	for _, n := range forest {
		if n.Snapshot == ref {
			return []snapshotNode{n}
		}
		if below := pathTo(n.ChildSnapshotList, ref); below != nil {
			return append([]snapshotNode{n}, below...)
		}
	}
	return nil
}

// replaceNode returns a forest in which a snapshot is replaced by others.
func replaceNode(forest []snapshotNode, ref types.ManagedObjectReference, by func(snapshotNode) []snapshotNode) []snapshotNode {
	var result []snapshotNode
	for _, n := range forest {
		if n.Snapshot == ref {
			result = append(result, by(n)...)
			continue
		}
		n.ChildSnapshotList = replaceNode(n.ChildSnapshotList, ref, by)
		result = append(result, n)
	}
	return result
}

// removal says how snapshots are removed.
type removal struct {
	// children of the snapshot go with it.
	children bool
	// unmerged leaves the disks as they are.
	unmerged bool
}

// removeSnapshot removes a snapshot from its VM's tree: its children move up to its parent, unless they go with it. "If set to
// true, the virtual disk associated with this snapshot will be merged with other disk if possible" (vSphere API,
// RemoveSnapshot_Task, consolidate).
//
// As with a vCenter the snapshot is gone even if its disks could not be merged.
func (w *world) removeSnapshot(vm *simulator.VirtualMachine, ref types.ManagedObjectReference, how removal) (types.AnyType, types.BaseMethodFault) {
	path := pathTo(snapshotInfo(vm).RootSnapshotList, ref)
	if len(path) == 0 {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	gone := path[len(path)-1:]
	if how.children {
		gone = nodes(gone)
	}
	info := snapshotInfo(vm)
	if info.CurrentSnapshot != nil && slices.ContainsFunc(gone, func(n snapshotNode) bool { return n.Snapshot == *info.CurrentSnapshot }) {
		info.CurrentSnapshot = nil
		if len(path) > 1 {
			info.CurrentSnapshot = &path[len(path)-2].Snapshot
		}
	}
	info.RootSnapshotList = replaceNode(info.RootSnapshotList, ref, func(n snapshotNode) []snapshotNode {
		if how.children {
			return nil
		}
		return n.ChildSnapshotList
	})
	return nil, w.forget(vm, gone, info, how)
}

// removeAllSnapshots removes all of a VM's snapshots, if it has any.
func (w *world) removeAllSnapshots(vm *simulator.VirtualMachine, how removal) (types.AnyType, types.BaseMethodFault) {
	gone := nodes(snapshotInfo(vm).RootSnapshotList)
	return nil, w.forget(vm, gone, types.VirtualMachineSnapshotInfo{}, how)
}

// forget removes snapshots, and what only they needed.
func (w *world) forget(vm *simulator.VirtualMachine, gone []snapshotNode, left types.VirtualMachineSnapshotInfo, how removal) types.BaseMethodFault {
	before := w.files(vm)
	for _, n := range gone {
		w.reg.Remove(w.ctx, n.Snapshot)
		delete(w.snapshotsOf[vm.Self], n.Snapshot)
	}
	w.setSnapshots(vm, left)
	w.sweep(vm, before)
	if how.unmerged {
		w.noteConsolidation(vm)
		return nil
	}
	_, fault := w.consolidate(vm)
	return fault
}
