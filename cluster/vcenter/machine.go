// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A machine answers calls to VMs in vcsim's place.
type machine struct{ shim }

// cloning is the name of the task that clones a VM.
const cloning = "cloneVm"

// vm returns a VM, or the fault that there is none.
func (w *world) vm(ref types.ManagedObjectReference) (*simulator.VirtualMachine, *soap.Fault) {
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return nil, simulator.Fault("", &types.ManagedObjectNotFound{Obj: ref})
	}
	return vm, nil
}

// CloneVMTask starts to clone a VM or template.
func (m *machine) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.CloneVM_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, cloning, m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.clone(ctx, vm, req)
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: ref}}
}

// PowerOnVMTask starts to power a VM on.
func (m *machine) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.PowerOnVM_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, "powerOn", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.outcome(vm.PowerOnVMTask(ctx, req))
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: ref}}
}

// PowerOffVMTask starts to power a VM off.
func (m *machine) PowerOffVMTask(ctx *simulator.Context, req *types.PowerOffVM_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.PowerOffVM_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, "powerOff", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.outcome(vm.PowerOffVMTask(ctx, req))
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: ref}}
}

// DestroyTask starts to destroy a VM.
func (m *machine) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.Destroy_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, "destroy", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.outcome(vm.DestroyTask(ctx, req))
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}}
}
