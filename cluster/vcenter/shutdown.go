// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ShutdownGuest asks a guest to shut down. It "returns immediately and does not wait for the guest operating system to complete
// the operation" (vSphere API).
func (m *machine) ShutdownGuest(ctx *simulator.Context, req *types.ShutdownGuest) soap.HasFault {
	return &methods.ShutdownGuestBody{
		Res: &types.ShutdownGuestResponse{},
		Fault_: m.world.ask(req.This, func(vm *simulator.VirtualMachine) {
			m.world.powerOff(ctx, vm)
		}),
	}
}

// StandbyGuest asks a guest to prepare for a suspend.
func (m *machine) StandbyGuest(ctx *simulator.Context, req *types.StandbyGuest) soap.HasFault {
	return &methods.StandbyGuestBody{
		Res: &types.StandbyGuestResponse{},
		Fault_: m.world.ask(req.This, func(vm *simulator.VirtualMachine) {
			m.world.suspend(ctx, vm)
		}),
	}
}

// RebootGuest asks a guest to restart. The VM stays on.
func (m *machine) RebootGuest(_ *simulator.Context, req *types.RebootGuest) soap.HasFault {
	return &methods.RebootGuestBody{
		Res: &types.RebootGuestResponse{},
		Fault_: m.world.ask(req.This, func(vm *simulator.VirtualMachine) {
			m.world.boot(vm.Self)
		}),
	}
}

// ask asks a VM's guest for something that it does when its time has come and the VM is still on. It returns why the guest cannot
// be asked: "InvalidPowerState if the virtual machine is not powered on", "ToolsUnavailable if VMware Tools is not running"
// (vSphere API, ShutdownGuest, StandbyGuest, RebootGuest).
func (w *world) ask(ref types.ManagedObjectReference, do func(*simulator.VirtualMachine)) *soap.Fault {
	vm, fault := w.vm(ref)
	if fault != nil {
		return fault
	}
	if fault := requirePower(vm, on); fault != nil {
		return simulator.Fault("", fault)
	}
	g := w.guest(ref)
	if w.booted[ref] <= 0 || g.Tools != ToolsRunning {
		return simulator.Fault("", &types.ToolsUnavailable{})
	}
	if g.IgnoresShutdown {
		return nil
	}
	boot := w.booted[ref]
	w.later(g.ShutdownTime, func() {
		if w.booted[ref] == boot && w.reg.Get(ref) != nil {
			do(vm)
		}
	})
	return nil
}
