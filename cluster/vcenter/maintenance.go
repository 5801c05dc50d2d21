// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A host answers calls to hosts in vcsim's place.
type host struct{ shim }

// EnterMaintenanceModeTask starts to empty a host: "once the operation completes, no virtual machines can be powered on", and
// before that those on it have to be elsewhere (vSphere API). A cluster with DRS moves them to its other hosts.
func (h *host) EnterMaintenanceModeTask(ctx *simulator.Context, req *types.EnterMaintenanceMode_Task) soap.HasFault {
	w := h.world
	body := &methods.EnterMaintenanceMode_TaskBody{Res: &types.EnterMaintenanceMode_TaskResponse{}}
	from, ok := w.reg.Get(req.This).(*simulator.HostSystem)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	body.Res.Returnval = w.start(ctx, from, "enterMaintenanceMode", w.rule, func() (types.AnyType, types.BaseMethodFault) {
		if fault := w.evacuate(from, isTrue(req.EvacuatePoweredOffVms)); fault != nil {
			return nil, fault
		}
		return w.outcome(from.EnterMaintenanceModeTask(ctx, req))
	})
	return body
}

// evacuate moves the VMs that are on, or all, from a host to others of its cluster, in turn. DRS keeps its rules.
func (w *world) evacuate(from *simulator.HostSystem, all bool) types.BaseMethodFault {
	cl, ok := w.reg.Get(*from.Parent).(*simulator.ClusterComputeResource)
	if !ok {
		return nil
	}
	var open []*simulator.HostSystem
	for _, ref := range cl.Host {
		if h, ok := w.reg.Get(ref).(*simulator.HostSystem); ok && h != from && !h.Runtime.InMaintenanceMode {
			open = append(open, h)
		}
	}
	for i, ref := range slices.Clone(from.Vm) {
		vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
		if !ok || (vm.Runtime.PowerState != on && !all) {
			continue
		}
		n := i % max(len(open), 1)
		turn := slices.Concat(open[n:], open[:n])
		to := slices.IndexFunc(turn, func(h *simulator.HostSystem) bool { return w.violates(cl, vm, h.Self, automatic) == nil })
		if to < 0 {
			// The VM stays, and so the host never gets there.
			return &types.Timedout{}
		}
		w.moveTo(vm, turn[to])
	}
	return nil
}
