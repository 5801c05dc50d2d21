// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// Power states, by shorter names.
const (
	off       = types.VirtualMachinePowerStatePoweredOff
	on        = types.VirtualMachinePowerStatePoweredOn
	suspended = types.VirtualMachinePowerStateSuspended
)

// PowerOnVMTask starts to power a VM on, or to resume it.
func (m *machine) PowerOnVMTask(ctx *simulator.Context, req *types.PowerOnVM_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "powerOn", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		return nil, m.world.powerOn(ctx, vm)
	})
	return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: ref}, Fault_: fault}
}

// PowerOffVMTask starts to power a VM off.
func (m *machine) PowerOffVMTask(ctx *simulator.Context, req *types.PowerOffVM_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "powerOff", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		return nil, m.world.powerOff(ctx, vm)
	})
	return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: ref}, Fault_: fault}
}

// SuspendVMTask starts to suspend a VM.
func (m *machine) SuspendVMTask(ctx *simulator.Context, req *types.SuspendVM_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "suspend", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		return nil, m.world.suspend(ctx, vm)
	})
	return &methods.SuspendVM_TaskBody{Res: &types.SuspendVM_TaskResponse{Returnval: ref}, Fault_: fault}
}

// ResetVMTask starts to power a VM off and on again.
func (m *machine) ResetVMTask(ctx *simulator.Context, req *types.ResetVM_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "reset", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		if fault := requirePower(vm, on); fault != nil {
			return nil, fault
		}
		if fault := m.world.powerOff(ctx, vm); fault != nil {
			return nil, fault
		}
		return nil, m.world.powerOn(ctx, vm)
	})
	return &methods.ResetVM_TaskBody{Res: &types.ResetVM_TaskResponse{Returnval: ref}, Fault_: fault}
}

// requirePower returns the fault that a VM is not in a power state.
func requirePower(vm *simulator.VirtualMachine, want types.VirtualMachinePowerState) types.BaseMethodFault {
	if vm.Runtime.PowerState == want {
		return nil
	}
	return &types.InvalidPowerState{RequestedState: want, ExistingState: vm.Runtime.PowerState}
}

// powerOn powers a VM on: "NotSupported if the virtual machine is marked as a template" (vSphere API, PowerOnVM_Task).
func (w *world) powerOn(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	if vm.Config.Template {
		return &types.NotSupported{}
	}
	if vm.Runtime.PowerState != on {
		if fault := w.brokenDisk(vm); fault != nil {
			return fault
		}
		if fault := w.placeForPowerOn(vm); fault != nil {
			return fault
		}
		if fault := w.admit(vm); fault != nil {
			return fault
		}
	}
	resumed := vm.Runtime.PowerState == suspended
	if _, fault := w.outcome(vm.PowerOnVMTask(ctx, &types.PowerOnVM_Task{This: vm.Self})); fault != nil {
		return fault
	}
	if !resumed {
		w.plugMemory(vm)
	}
	return nil
}

func (w *world) powerOff(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	_, fault := w.outcome(vm.PowerOffVMTask(ctx, &types.PowerOffVM_Task{This: vm.Self}))
	return fault
}

func (w *world) suspend(ctx *simulator.Context, vm *simulator.VirtualMachine) types.BaseMethodFault {
	if fault := requirePower(vm, on); fault != nil {
		return fault
	}
	_, fault := w.outcome(vm.SuspendVMTask(ctx, &types.SuspendVM_Task{This: vm.Self}))
	return fault
}

// admit says whether a VM may be powered on where it is: not in maintenance mode, and "InsufficientResourcesFault if this
// operation would violate a resource usage policy" (vSphere API, PowerOnVM_Task). Memory counts only where Options ask for it.
func (w *world) admit(vm *simulator.VirtualMachine) types.BaseMethodFault {
	if w.inMaintenance(*vm.Runtime.Host) {
		return &types.InvalidState{}
	}
	if !w.admission {
		return nil
	}
	host, ok := w.reg.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok {
		return &types.InvalidState{}
	}
	free := host.Hardware.MemorySize
	for _, ref := range host.Vm {
		if other, ok := w.reg.Get(ref).(*simulator.VirtualMachine); ok && other.Runtime.PowerState == on {
			free -= int64(other.Config.Hardware.MemoryMB) << 20
		}
	}
	if wanted := int64(vm.Config.Hardware.MemoryMB) << 20; wanted > free {
		return &types.InsufficientMemoryResourcesFault{Unreserved: free, Requested: wanted}
	}
	return nil
}

// A datacenter answers calls to datacenters in vcsim's place.
type datacenter struct{ shim }

// PowerOnMultiVMTask starts to power VMs on, each by a task of its own.
func (d *datacenter) PowerOnMultiVMTask(ctx *simulator.Context, req *types.PowerOnMultiVM_Task) soap.HasFault {
	body := &methods.PowerOnMultiVM_TaskBody{Res: &types.PowerOnMultiVM_TaskResponse{}}
	w, rule := d.world, d.world.rule
	dc := w.reg.Get(req.This)
	if dc == nil {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	body.Res.Returnval = w.start(ctx, dc, "powerOnMultiVM", nil, func() (types.AnyType, types.BaseMethodFault) {
		var res types.ClusterPowerOnVmResult
		for _, ref := range req.Vm {
			vm, fault := w.vm(ref)
			if fault != nil {
				res.NotAttempted = append(res.NotAttempted, types.ClusterNotAttemptedVmInfo{
					Vm: ref, Fault: types.LocalizedMethodFault{Fault: asFault(fault)},
				})
				continue
			}
			task := w.start(ctx, vm, "powerOn", rule, func() (types.AnyType, types.BaseMethodFault) { return nil, w.powerOn(ctx, vm) })
			res.Attempted = append(res.Attempted, types.ClusterAttemptedVmInfo{Vm: ref, Task: &task})
		}
		return res, nil
	})
	return body
}
