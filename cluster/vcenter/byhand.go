// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Migrate moves a VM to another host, as DRS does without anybody's call.
func (s *Server) Migrate(vm, host types.ManagedObjectReference) error {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.finish()
	v, ok := w.reg.Get(vm).(*simulator.VirtualMachine)
	if !ok {
		return fmt.Errorf("cannot find VM %q", vm.Value)
	}
	h, ok := w.reg.Get(host).(*simulator.HostSystem)
	if !ok {
		return fmt.Errorf("cannot find host %q", host.Value)
	}
	w.moveTo(v, h)
	return nil
}

// SetInstanceUUID gives a VM an instance UUID although another VM may have it, which a vCenter does not let anybody do. Copies of
// VMs that come from another vCenter have such for a while.
func (s *Server) SetInstanceUUID(vm types.ManagedObjectReference, id string) error {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.finish()
	v, ok := w.reg.Get(vm).(*simulator.VirtualMachine)
	if !ok {
		return fmt.Errorf("cannot find VM %q", vm.Value)
	}
	w.reg.Update(w.ctx, v, []types.PropertyChange{
		{Name: "config.instanceUuid", Val: id},
		{Name: "summary.config.instanceUuid", Val: id},
	})
	w.remember(vm)
	return nil
}
