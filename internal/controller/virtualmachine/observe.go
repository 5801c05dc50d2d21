// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
)

// Observe says whether the VM exists and is as it should be. Work under way counts as existing and up to date, so that
// nothing is started twice and the finalizer stays. The conditions it sets are written also when it fails.
func (e *external) Observe(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalObservation, error) {
	id, err := identityOf(vm)
	if err != nil {
		mark(vm, notReady(ReasonInvalidExternalName, err.Error()))
		return managed.ExternalObservation{}, err
	}
	o, err := e.observe(ctx, id, createTask(vm))
	if err != nil {
		mark(vm, unknown(err))
		return managed.ExternalObservation{}, err
	}
	switch o.State {
	case clients.VMAbsent:
		return e.observeAbsent(ctx, vm, o)
	case clients.VMCreating:
		e.tries.allowed(vm)
		vm.Status.AtProvider = v1beta1.VirtualMachineObservation{}
		mark(vm, readyOf(o))
		return exists(true), nil
	default:
		return e.observeThere(ctx, vm, id, o)
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
func (e *external) observeAbsent(ctx context.Context, vm *v1beta1.VirtualMachine, o clients.VM) (managed.ExternalObservation, error) {
	vm.Status.AtProvider = v1beta1.VirtualMachineObservation{}
	if meta.WasDeleted(vm) {
		e.tries.settled(vm)
		return managed.ExternalObservation{}, nil
	}
	if !policies(vm).ShouldCreate() {
		mark(vm, notReady(ReasonAbsent, "there is no such VM, and managementPolicies do not allow to create it"))
		return managed.ExternalObservation{ResourceUpToDate: true}, nil
	}
	if o.Failure != nil {
		if err := e.observeFailure(vm, fmt.Errorf("cannot create VM: %w", o.Failure), ReasonCreateFailed); err != nil {
			return managed.ExternalObservation{}, err
		}
	}
	if _, err := e.spec(ctx, vm); err != nil {
		mark(vm, condition.NotReady(err, ReasonCreateFailed))
		return managed.ExternalObservation{}, err
	}
	return managed.ExternalObservation{}, nil
}

// observeThere says whether a VM that the hypervisor has is as it should be.
func (e *external) observeThere(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity, o clients.VM) (managed.ExternalObservation, error) {
	if o.Owner != id.Owner && !looksOnly(vm) {
		err := notOwned(id, o.Owner)
		mark(vm, notReady(ReasonNotOwned, err.Error()))
		return managed.ExternalObservation{}, err
	}
	if err := e.forgetTask(ctx, vm); err != nil {
		return managed.ExternalObservation{}, err
	}
	e.tries.allowed(vm)
	vm.Status.AtProvider = observationOf(id, o)
	mark(vm, readyOf(o))
	switch {
	case meta.WasDeleted(vm):
		mark(vm, xpv2.Deleting())
	case o.PowerState == clients.PoweredOn:
		e.tries.settled(vm)
	case o.State == clients.VMPresent && o.Failure != nil && policies(vm).ShouldUpdate():
		if err := e.observeFailure(vm, fmt.Errorf("cannot power on VM: %w", o.Failure), ReasonPowerOnFailed); err != nil {
			return managed.ExternalObservation{}, err
		}
	}
	return exists(o.State != clients.VMPresent || o.PowerState == clients.PoweredOn), nil
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

// forgetTask removes the reference to the work that made the VM, which is there now.
//
// NOTE: the status that is written next needs the version that the patch made.
func (e *external) forgetTask(ctx context.Context, vm *v1beta1.VirtualMachine) error {
	if _, ok := vm.GetAnnotations()[AnnotationCreateTask]; !ok {
		return nil
	}
	c := &v1beta1.VirtualMachine{}
	c.SetNamespace(vm.GetNamespace())
	c.SetName(vm.GetName())
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"`+AnnotationCreateTask+`":null}}}`))
	if err := e.kube.Patch(ctx, c, patch); err != nil {
		return fmt.Errorf("cannot remove annotation %s: %w", AnnotationCreateTask, err)
	}
	meta.RemoveAnnotations(vm, AnnotationCreateTask)
	vm.SetResourceVersion(c.GetResourceVersion())
	return nil
}

func exists(upToDate bool) managed.ExternalObservation {
	return managed.ExternalObservation{ResourceExists: true, ResourceUpToDate: upToDate}
}
