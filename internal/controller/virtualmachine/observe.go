// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
)

// Observe says whether the VM exists and is as it should be, and finds the next step if it is not. Work under way counts as
// existing and up to date, so that nothing is started twice and the finalizer stays. The conditions it sets are written also
// when it fails.
func (e *external) Observe(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalObservation, error) {
	if !isUUID(meta.GetExternalName(vm)) {
		if meta.WasDeleted(vm) {
			// Nothing was ever done with a VM that was not found.
			return managed.ExternalObservation{}, nil
		}
		if err := e.resolve(ctx, vm); err != nil {
			e.tellUnknown(vm, err)
			return managed.ExternalObservation{}, err
		}
	}
	id, err := identityOf(vm)
	if err != nil {
		return managed.ExternalObservation{}, err
	}
	o, err := e.observe(ctx, id, createTask(vm))
	if err != nil {
		e.tellUnknown(vm, err)
		return managed.ExternalObservation{}, err
	}
	e.look = look{vm: o}
	e.memory = remembered(vm)
	switch o.State {
	case clients.VMAbsent:
		return e.observeAbsent(ctx, vm)
	case clients.VMCreating:
		e.tries.allowed(vm)
		vm.Status.AtProvider = v1beta1.VirtualMachineObservation{Phase: v1beta1.PhaseProvisioning, RestartToken: vm.Spec.ForProvider.RestartToken}
		if meta.WasDeleted(vm) {
			vm.Status.AtProvider.Phase = v1beta1.PhaseDeleting
		}
		mark(vm, xpv2.Creating(), is(v1beta1.ConditionProvisioning, ReasonCreating, ""))
		return exists(true), nil
	default:
		eo, err := e.observeThere(ctx, vm, id)
		e.look.status = vm.Status.DeepCopy()
		return eo, err
	}
}

func (e *external) observe(ctx context.Context, id clients.Identity, task clients.TaskRef) (clients.VM, error) {
	if e.unusable != nil {
		return clients.VM{}, e.unusable
	}
	o, err := e.hypervisor.ObserveVM(ctx, id, task)
	if err != nil {
		return clients.VM{}, fmt.Errorf("cannot observe VM: %w", err)
	}
	return o, nil
}

// observeAbsent says what becomes of a VM that the hypervisor does not have. What would keep it from being made and is
// known here is reported here, because a failing Create writes the object twice with each try.
func (e *external) observeAbsent(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalObservation, error) {
	vm.Status.AtProvider = v1beta1.VirtualMachineObservation{Phase: v1beta1.PhasePending}
	e.tries.gone(vm)
	e.prober.Forget(vm.GetUID())
	if meta.WasDeleted(vm) {
		if doomed, _ := leftovers(vm, e.look.vm.Leftovers); len(doomed) > 0 {
			vm.Status.AtProvider.Phase = v1beta1.PhaseDeleting
			mark(vm, xpv2.Deleting())
			return exists(true), nil
		}
		e.tries.settled(vm)
		return managed.ExternalObservation{}, nil
	}
	mark(vm, isNot(v1beta1.ConditionProvisioning, ReasonNotStarted, ""))
	if !policies(vm).ShouldCreate() {
		mark(vm, notReady(ReasonAbsent, "there is no such VM, and managementPolicies do not allow to create it"))
		return managed.ExternalObservation{ResourceUpToDate: true}, nil
	}
	if err := e.creatable(ctx, vm); err != nil {
		vm.Status.AtProvider.Phase = v1beta1.PhaseFailed
		return managed.ExternalObservation{}, err
	}
	return managed.ExternalObservation{}, nil
}

// creatable returns why the VM cannot be made, or not yet again, as far as is known without trying.
func (e *external) creatable(ctx context.Context, vm *v1beta1.VirtualMachine) error {
	if f := e.look.vm.Failure; f != nil {
		if err := e.observeFailure(vm, fmt.Errorf("cannot create VM: %w", f), ReasonCreateFailed); err != nil {
			return err
		}
	}
	s, err := e.supportedSpec(ctx, vm)
	if err == nil {
		if err = e.hypervisor.CheckVM(ctx, s); err != nil {
			err = fmt.Errorf("cannot create VM: %w", err)
		}
	}
	if err != nil {
		mark(vm, condition.NotReady(err, ReasonCreateFailed))
	}
	return err
}

// observeThere says whether a VM that the hypervisor has is as it should be.
func (e *external) observeThere(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) (managed.ExternalObservation, error) {
	o := e.look.vm
	standing := standingOf(vm, id, o.Owner)
	if standing == foreign || standing == adoptable && meta.WasDeleted(vm) {
		err := notOwned(id, o.Owner)
		mark(vm, notReady(ReasonNotOwned, err.Error()))
		return managed.ExternalObservation{}, err
	}
	if createTask(vm) != "" {
		if err := e.annotate(ctx, vm, AnnotationCreateTask, ""); err != nil {
			return managed.ExternalObservation{}, err
		}
	}
	e.tries.allowed(vm)
	e.tries.seen(vm, o.PowerState)
	vm.Status.AtProvider = observationOf(id, o, vm.Status.AtProvider)
	if standing == adoptable {
		e.look.step = step{do: doAdopt}
		vm.Status.AtProvider.Phase = phaseOf(e.look, desiredPower(vm))
		mark(vm, notReady(ReasonImporting, "the VM is being marked as this resource's"))
		return exists(o.State != clients.VMPresent), nil
	}
	e.tellImported(vm)
	e.tellPower(vm)
	switch {
	case meta.WasDeleted(vm):
		e.prober.Forget(vm.GetUID())
		vm.Status.AtProvider.Phase = v1beta1.PhaseDeleting
		mark(vm, xpv2.Deleting())
		return exists(true), nil
	case o.State != clients.VMPresent:
		e.tellBusy(vm)
		return exists(true), nil
	default:
		return e.observePresent(ctx, vm)
	}
}

// observeFailure reports that work on the VM failed. It returns err while it is too early to start it again.
func (e *external) observeFailure(vm *v1beta1.VirtualMachine, err error, fallback xpv2.ConditionReason) error {
	c := condition.NotReady(err, fallback)
	mark(vm, c)
	wait, news := e.tries.failed(vm)
	if news {
		e.record.Event(vm, event.Warning(event.Reason(c.Reason), err))
	}
	if wait > 0 {
		return err
	}
	return nil
}

func exists(upToDate bool) managed.ExternalObservation {
	return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: upToDate}
}
