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

// task starts a task on a VM, or returns the fault that there is no such VM.
func (m *machine) task(ctx *simulator.Context, on types.ManagedObjectReference, name string, do func(*simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault)) (types.ManagedObjectReference, *soap.Fault) {
	vm, fault := m.world.vm(on)
	if fault != nil {
		return types.ManagedObjectReference{}, fault
	}
	return m.world.start(ctx, vm, name, m.world.rule, func() (types.AnyType, types.BaseMethodFault) { return do(vm) }), nil
}

// CloneVMTask starts to clone a VM or template.
func (m *machine) CloneVMTask(ctx *simulator.Context, req *types.CloneVM_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.CloneVM_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, cloning, m.world.rule, m.world.clone(ctx, vm, req)...)
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: ref}}
}

// DestroyTask starts to destroy a VM.
func (m *machine) DestroyTask(ctx *simulator.Context, req *types.Destroy_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "destroy", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		return nil, m.world.destroy(ctx, vm, req)
	})
	return &methods.Destroy_TaskBody{Res: &types.Destroy_TaskResponse{Returnval: ref}, Fault_: fault}
}

// destroy removes a VM and its disks, of which the space is free again: "InvalidPowerState if the virtual machine is running"
// (vSphere API, VirtualMachine.Destroy_Task).
func (w *world) destroy(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.Destroy_Task) types.BaseMethodFault {
	disks := disksOf(vm.Config.Hardware.Device)
	restore := w.spare(vm)
	_, fault := w.outcome(vm.DestroyTask(ctx, req))
	restore()
	if fault != nil {
		return fault
	}
	w.thinDisks(disks, nil)
	delete(w.guests, vm.Self)
	delete(w.booted, vm.Self)
	return nil
}
