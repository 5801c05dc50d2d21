// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"
	"slices"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Delete starts the next step of removing the VM. The runtime calls it until Observe says that there is no VM. That the
// hypervisor is still at work on the VM is no failure.
func (e *external) Delete(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalDelete, error) {
	id, err := identityOf(vm)
	if err != nil {
		return managed.ExternalDelete{}, err
	}
	wait, err := e.stopGuest(ctx, vm, id)
	if err != nil || wait {
		return managed.ExternalDelete{}, err
	}
	o := clients.DeleteOptions{Task: createTask(vm), Retain: retained(vm)}
	if e.look.vm.State == clients.VMAbsent {
		_, o.Retain = leftovers(vm, e.look.vm.Leftovers)
	}
	if err := e.hypervisor.DeleteVM(ctx, id, o); err != nil && clients.ClassOf(err) != clients.Busy {
		return managed.ExternalDelete{}, fmt.Errorf("cannot delete VM: %w", err)
	}
	return managed.ExternalDelete{}, nil
}

// leftovers tells which disks that an absent VM has left go with its object, and which are kept. Somebody else removed the VM, so
// only what the object asks for goes: not what is retained, and not what left the list of disks earlier and was kept for that.
// Of a VM that was imported nothing goes.
func leftovers(vm *v1beta1.VirtualMachine, disks []string) (doomed, kept []string) {
	own := meta.GetExternalName(vm) == ExternalName(vm.GetUID())
	asked := []string{clients.RootDisk, clients.SeedDisk}
	for _, d := range vm.Spec.ForProvider.Disks {
		if !d.Retain {
			asked = append(asked, d.Name)
		}
	}
	for _, d := range disks {
		if own && slices.Contains(asked, d) {
			doomed = append(doomed, d)
		} else {
			kept = append(kept, d)
		}
	}
	return doomed, kept
}

// stopGuest gives the guest of a VM that is to be deleted the time to shut down. It says whether to wait for it. A guest that
// was asked already, whatever for, has the time that it was given then. One that cannot be asked has none.
func (e *external) stopGuest(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) (wait bool, err error) {
	o := e.look.vm
	op := operationOn(e.memory.op, o)
	graceful := vm.Spec.ForProvider.DeletePolicy != v1beta1.DeleteHard
	if !graceful || o.State != clients.VMPresent || o.PowerState != clients.PoweredOn || op == nil && !o.GuestTools {
		return false, nil
	}
	now := e.tries.now()
	asked := &v1beta1.PowerOperation{Reason: forDelete, BootID: o.BootID, RequestedAt: e.tries.timestamp()}
	if op != nil {
		asked.RequestedAt = op.RequestedAt
	}
	vm.Status.AtProvider.PowerOperation = asked
	if err := e.remember(ctx, vm); err != nil {
		return false, err
	}
	if !now.Before(deadline(*asked, shutdownTimeout(vm))) {
		if e.tries.overdue(vm) {
			e.tellTimedOut(vm)
		}
		return false, nil
	}
	if e.tries.askedAt(vm).Equal(asked.RequestedAt.Time) {
		return true, nil
	}
	if err := e.askGuest(ctx, vm, id, *asked); err != nil {
		return clients.ClassOf(err) == clients.Busy, ignoreBusy(err)
	}
	return e.tries.askedAt(vm).Equal(asked.RequestedAt.Time), nil
}

func ignoreBusy(err error) error {
	if clients.ClassOf(err) == clients.Busy {
		return nil
	}
	return err
}
