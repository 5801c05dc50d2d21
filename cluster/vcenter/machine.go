// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// unlocked opts out of vcsim's lock per object: the world's lock is held by each call already.
type unlocked struct{}

func (unlocked) Lock()   {}
func (unlocked) Unlock() {}

// handle is vcsim's hook before each call. It sends the calls that we answer to objects of ours, by changing whom the call
// is for: a handler that the hook returns would not be used for calls with a session.
func (w *world) handle(ctx *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if w.faults(m) {
		return nil, w.rule.Fault
	}
	if ctx.Session == nil {
		return nil, nil
	}
	switch m.This.Type {
	case "VirtualMachine":
		w.touch(m.This)
		if m.Name == "CloneVM_Task" || (w.rule.held() && answersHeld(m.Name)) {
			m.This = w.machine(ctx)
		}
	case "PropertyCollector":
		if ref, ok := w.collector(ctx, m); ok {
			m.This = ref
		}
	}
	return nil, nil
}

// faults says whether the rule of the call under way refuses it. Waiting for updates has no rule: it does not hold the lock.
func (w *world) faults(m *simulator.Method) bool {
	return m.Name != "WaitForUpdatesEx" && w.rule != nil && w.rule.Fault != nil
}

// A machine answers calls to VMs in vcsim's place.
type machine struct {
	unlocked

	Self  types.ManagedObjectReference
	world *world
}

// Reference returns what vcsim knows the machine by.
func (m *machine) Reference() types.ManagedObjectReference { return m.Self }

// machine returns the reference of the session's machine.
func (w *world) machine(ctx *simulator.Context) types.ManagedObjectReference {
	ref := types.ManagedObjectReference{Type: "VirtualMachine", Value: "machine"}
	if ctx.Session.Registry.Get(ref) == nil {
		ctx.Session.Registry.Put(&machine{Self: ref, world: w})
	}
	return ref
}

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
	ref := m.world.start(ctx, vm, "cloneVm", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.clone(ctx, vm, req)
	})
	return &methods.CloneVM_TaskBody{Res: &types.CloneVM_TaskResponse{Returnval: ref}}
}

// PowerOnVMTask starts to power a VM on, under a rule.
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

// PowerOffVMTask starts to power a VM off, under a rule.
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

// DestroyTask starts to destroy a VM, under a rule.
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

// answersHeld says whether machine answers calls of a method that are under a rule.
func answersHeld(method string) bool {
	return method == "PowerOnVM_Task" || method == "PowerOffVM_Task" || method == "Destroy_Task"
}

// asFault returns the fault that a call was refused with.
func asFault(f *soap.Fault) types.BaseMethodFault {
	if fault, ok := f.VimFault().(types.BaseMethodFault); ok {
		return fault
	}
	return &types.RuntimeFault{}
}
