// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// CreateSnapshotExTask starts to take a snapshot.
func (m *machine) CreateSnapshotExTask(ctx *simulator.Context, req *types.CreateSnapshotEx_Task) soap.HasFault {
	ref, fault := m.createSnapshot(ctx, req)
	if fault != nil {
		return &methods.CreateSnapshotEx_TaskBody{Fault_: fault}
	}
	return &methods.CreateSnapshotEx_TaskBody{Res: &types.CreateSnapshotEx_TaskResponse{Returnval: ref}}
}

// CreateSnapshotTask starts to take a snapshot.
func (m *machine) CreateSnapshotTask(ctx *simulator.Context, req *types.CreateSnapshot_Task) soap.HasFault {
	ex := &types.CreateSnapshotEx_Task{This: req.This, Name: req.Name, Description: req.Description, Memory: req.Memory}
	if req.Quiesce {
		ex.QuiesceSpec = &types.VirtualMachineGuestQuiesceSpec{}
	}
	ref, fault := m.createSnapshot(ctx, ex)
	if fault != nil {
		return &methods.CreateSnapshot_TaskBody{Fault_: fault}
	}
	return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: ref}}
}

func (m *machine) createSnapshot(ctx *simulator.Context, req *types.CreateSnapshotEx_Task) (types.ManagedObjectReference, *soap.Fault) {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return types.ManagedObjectReference{}, fault
	}
	return m.world.start(ctx, vm, "createSnapshot", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.createSnapshot(vm, req)
	}), nil
}

// RevertToCurrentSnapshotTask starts to bring a VM back to its current snapshot.
func (m *machine) RevertToCurrentSnapshotTask(ctx *simulator.Context, req *types.RevertToCurrentSnapshot_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.RevertToCurrentSnapshot_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, "revertToCurrentSnapshot", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.revertToCurrent(vm, isTrue(req.SuppressPowerOn))
	})
	return &methods.RevertToCurrentSnapshot_TaskBody{Res: &types.RevertToCurrentSnapshot_TaskResponse{Returnval: ref}}
}

// RemoveAllSnapshotsTask starts to remove a VM's snapshots.
func (m *machine) RemoveAllSnapshotsTask(ctx *simulator.Context, req *types.RemoveAllSnapshots_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.RemoveAllSnapshots_TaskBody{Fault_: fault}
	}
	rule := m.world.rule
	ref := m.world.start(ctx, vm, "removeAllSnapshots", rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.removeAllSnapshots(vm, removal{unmerged: isFalse(req.Consolidate) || rule.unmerged()})
	})
	return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: ref}}
}

// ConsolidateVMDisksTask starts to merge a VM's redundant delta disks.
func (m *machine) ConsolidateVMDisksTask(ctx *simulator.Context, req *types.ConsolidateVMDisks_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.ConsolidateVMDisks_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, "consolidateDisks", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.consolidate(vm)
	})
	return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: ref}}
}

// snapshots answers calls to snapshots in vcsim's place.
type snapshots struct{ shim }

// vm returns the VM of a snapshot, or the fault that there is no such snapshot.
func (s *snapshots) vm(ref types.ManagedObjectReference) (*simulator.VirtualMachine, *soap.Fault) {
	snap, fault := s.world.snapshot(ref)
	if fault != nil {
		return nil, simulator.Fault("", fault)
	}
	return s.world.vm(snap.Vm)
}

// RemoveSnapshotTask starts to remove a snapshot.
func (s *snapshots) RemoveSnapshotTask(ctx *simulator.Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	vm, fault := s.vm(req.This)
	if fault != nil {
		return &methods.RemoveSnapshot_TaskBody{Fault_: fault}
	}
	rule := s.world.rule
	ref := s.world.start(ctx, vm, "removeSnapshot", rule, func() (types.AnyType, types.BaseMethodFault) {
		return s.world.removeSnapshot(vm, req.This, removal{children: req.RemoveChildren, unmerged: isFalse(req.Consolidate) || rule.unmerged()})
	})
	return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: ref}}
}

// RevertToSnapshotTask starts to bring a VM back to a snapshot.
func (s *snapshots) RevertToSnapshotTask(ctx *simulator.Context, req *types.RevertToSnapshot_Task) soap.HasFault {
	vm, fault := s.vm(req.This)
	if fault != nil {
		return &methods.RevertToSnapshot_TaskBody{Fault_: fault}
	}
	ref := s.world.start(ctx, vm, "revertToSnapshot", s.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return s.world.revert(vm, req.This, isTrue(req.SuppressPowerOn))
	})
	return &methods.RevertToSnapshot_TaskBody{Res: &types.RevertToSnapshot_TaskResponse{Returnval: ref}}
}

// RenameSnapshot changes a snapshot's name or description.
func (s *snapshots) RenameSnapshot(_ *simulator.Context, req *types.RenameSnapshot) soap.HasFault {
	vm, fault := s.vm(req.This)
	if fault != nil {
		return &methods.RenameSnapshotBody{Fault_: fault}
	}
	s.world.renameSnapshot(vm, req)
	return &methods.RenameSnapshotBody{Res: &types.RenameSnapshotResponse{}}
}

func isTrue(b *bool) bool  { return b != nil && *b }
func isFalse(b *bool) bool { return b != nil && !*b }
