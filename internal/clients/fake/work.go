// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package fake

import (
	"context"
	"errors"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// AdoptVM implements clients.Hypervisor.
func (h *Hypervisor) AdoptVM(_ context.Context, spec clients.VMSpec) error {
	return h.begin(AdoptVM, clients.TaskReconfigure, spec.Identity, func(vm *VM, next *clients.VM) error {
		if vm.Owner != "" && vm.Owner != spec.Owner {
			return clients.NewError(clients.Conflict, "VM", errors.New("the VM is somebody else's"))
		}
		adopt(next, spec)
		return nil
	})
}

// ReconfigureVM implements clients.Hypervisor.
func (h *Hypervisor) ReconfigureVM(_ context.Context, id clients.Identity, c clients.Change) error {
	return h.begin(Reconfigure, clients.TaskReconfigure, id, func(vm *VM, next *clients.VM) error {
		for _, refuse := range h.refusals {
			if err := refuse(c); err != nil {
				return err
			}
		}
		if err := allowed(vm.VM, c); err != nil {
			return clients.NewError(clients.Invalid, "", err)
		}
		h.changes = append(h.changes, c)
		vm.Retained = append(vm.Retained, c.DetachDisks...)
		apply(next, c)
		return nil
	})
}

// PowerVM implements clients.Hypervisor.
func (h *Hypervisor) PowerVM(_ context.Context, id clients.Identity, a clients.PowerAction) error {
	if a == clients.ActionShutdown {
		return h.shutDown(id)
	}
	m, task, state := powerMethod(a)
	return h.begin(m, task, id, func(vm *VM, next *clients.VM) error {
		if a == clients.ActionSuspend && vm.PowerState != clients.PoweredOn {
			return clients.NewError(clients.Invalid, "", errors.New("only a VM that runs can be suspended"))
		}
		next.PowerState = state
		vm.boot(next)
		return nil
	})
}

// powerMethod returns the method by which a power action is recorded, the kind of its task, and what becomes of the VM.
func powerMethod(a clients.PowerAction) (Method, clients.TaskKind, clients.PowerState) {
	switch a {
	case clients.ActionPowerOn:
		return PowerOnVM, clients.TaskPowerOn, clients.PoweredOn
	case clients.ActionSuspend:
		return SuspendVM, clients.TaskSuspend, clients.Suspended
	default:
		return PowerOffVM, clients.TaskPowerOff, clients.PoweredOff
	}
}

// shutDown asks the guest. It is no task: the VM is not busy while its guest shuts down, or does not.
func (h *Hypervisor) shutDown(id clients.Identity) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, ShutdownVM)
	if err := h.err(ShutdownVM); err != nil {
		return err
	}
	vm, err := h.owned(id)
	switch {
	case err != nil:
		return err
	case vm.PowerState != clients.PoweredOn:
		return nil
	case vm.Guest == GuestMissing:
		return clients.NewError(clients.Unsupported, "", errors.New("no guest tools run"))
	case vm.Guest == GuestObeys:
		next := clone(vm.VM)
		next.PowerState = clients.PoweredOff
		vm.boot(&next)
		vm.next = &next
	}
	return h.reply(ShutdownVM)
}

// begin records a call and starts work that makes of the VM what change does. A VM that is being worked on is Busy.
func (h *Hypervisor) begin(m Method, task clients.TaskKind, id clients.Identity, change func(vm *VM, next *clients.VM) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, m)
	if err := h.err(m); err != nil {
		return err
	}
	vm, err := h.owned(id)
	if err != nil && m != AdoptVM {
		return err
	}
	if vm == nil {
		return noSuchVM()
	}
	if vm.State != clients.VMPresent {
		return clients.NewError(clients.Busy, "VM", errors.New("the VM is being worked on"))
	}
	next := clone(vm.VM)
	if err := change(vm, &next); err != nil {
		return err
	}
	delete(h.failures, id.UUID)
	vm.State, vm.task, vm.next = clients.VMBusy, task, &next
	return h.reply(m)
}

// owned returns the VM, and an error if it is not there or carries no mark of ours.
func (h *Hypervisor) owned(id clients.Identity) (*VM, error) {
	vm, ok := h.vms[id.UUID]
	switch {
	case !ok:
		return nil, noSuchVM()
	case vm.Owner != id.Owner && vm.State != clients.VMCreating:
		return vm, clients.NewError(clients.Conflict, "VM", errors.New("the VM is somebody else's"))
	default:
		return vm, nil
	}
}

func noSuchVM() error { return clients.NewError(clients.NotFound, "VM", errors.New("no such VM")) }
