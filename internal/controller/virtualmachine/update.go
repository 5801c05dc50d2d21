// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// Update takes the step that Observe found. What has to be remembered of it is written first. That the hypervisor is still at
// work on the VM is no failure: the step is found again.
//
// NOTE: when the runtime adds its finalizer, it loses what Observe wrote to the status.
func (e *external) Update(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalUpdate, error) {
	id, err := identityOf(vm)
	if err != nil {
		return managed.ExternalUpdate{}, err
	}
	if s := e.look.status; s != nil {
		vm.Status = *s
	}
	return managed.ExternalUpdate{}, ignoreBusy(e.take(ctx, vm, id))
}

func (e *external) take(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) error {
	switch e.look.step.do {
	case doAdopt:
		return e.adopt(ctx, vm)
	case doChange:
		return e.change(ctx, vm, id)
	case doShutdown:
		return e.shutDown(ctx, vm, id)
	case doPowerOn:
		return e.powerOn(ctx, vm, id)
	case doPowerOff:
		return e.powerOff(ctx, vm, id)
	case doSuspend:
		return e.power(ctx, vm, id, clients.ActionSuspend)
	default:
		return nil
	}
}

// change starts to change the VM's hardware. That it is being changed is written before, so that its end is not missed; but
// not when it failed before, because then it would be written with each try.
func (e *external) change(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) error {
	l := &e.look
	first := !e.memory.changing && !slices.ContainsFunc(l.plan.Doing, e.memory.hasFailed)
	if first {
		l.changing = true
		e.tell(vm)
	}
	if err := e.remember(ctx, vm); err != nil {
		return err
	}
	if err := e.hypervisor.ReconfigureVM(ctx, id, l.plan.Now); err != nil {
		return e.changeRefused(ctx, vm, fmt.Errorf("cannot change VM: %w", err))
	}
	l.changing = true
	e.tries.started(vm, doChange)
	if first {
		e.record.Event(vm, event.Normal(eventReconfigureStarted, "Started to change "+reconfigure.Describe(l.plan.Doing)))
	}
	e.tellDetached(vm)
	e.tell(vm)
	return nil
}

// changeRefused takes in that the hypervisor did not even start to change the VM.
func (e *external) changeRefused(ctx context.Context, vm *v1beta1.VirtualMachine, err error) error {
	if passes(err) {
		return err
	}
	l := &e.look
	l.changing = false
	again := e.changeFailed(vm, err)
	if again {
		plan, planErr := e.makePlan(ctx, vm)
		if planErr != nil {
			return planErr
		}
		l.plan = plan
		e.keepFailure(vm)
	}
	e.tell(vm)
	if again {
		// Something else is done about it at the next look, which is soon.
		return nil
	}
	return err
}

// shutDown asks the guest to shut down. Where it cannot be asked the deadline still holds: it may be starting.
func (e *external) shutDown(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) error {
	st := e.look.step
	if st.op.Reason == forReconfigure && (e.memory.op == nil || e.memory.op.Reason != forReconfigure) {
		e.tellCycle(vm)
	}
	if err := e.remember(ctx, vm); err != nil {
		return err
	}
	return e.askGuest(ctx, vm, id, *st.op)
}

// askGuest asks the guest to shut down, for an operation that was written.
func (e *external) askGuest(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity, op v1beta1.PowerOperation) error {
	err := e.hypervisor.PowerVM(ctx, id, clients.ActionShutdown)
	switch {
	case clients.ClassOf(err) == clients.Unsupported:
		if e.tries.unasked(vm, op.RequestedAt.Time) {
			e.record.Event(vm, event.Warning(eventShutdownRefused, fmt.Errorf("the guest cannot be asked to shut down: %w", err)))
		}
		return nil
	case err != nil:
		return fmt.Errorf("cannot ask guest to shut down: %w", err)
	}
	e.tries.ask(vm, op.RequestedAt.Time)
	e.record.Event(vm, event.Normal(eventShutdownRequested, fmt.Sprintf("Asked the guest to shut down (%s); the VM is switched off if it has not within %s",
		op.Reason, shutdownTimeout(vm))))
	return nil
}

func (e *external) powerOn(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) error {
	err := e.power(ctx, vm, id, clients.ActionPowerOn)
	if err != nil && clients.ClassOf(err) != clients.Busy {
		mark(vm, condition.NotReady(err, ReasonPowerOnFailed))
	}
	return err
}

// powerOff switches the VM off at once, and says why when it was not simply asked for.
func (e *external) powerOff(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity) error {
	st := e.look.step
	if err := e.power(ctx, vm, id, clients.ActionPowerOff); err != nil {
		return err
	}
	switch {
	case st.timedOut:
		e.tellTimedOut(vm)
	case len(st.cycle) > 0:
		e.tellCycle(vm)
	}
	return nil
}

// power starts to change the VM's power.
func (e *external) power(ctx context.Context, vm *v1beta1.VirtualMachine, id clients.Identity, a clients.PowerAction) error {
	if err := e.remember(ctx, vm); err != nil {
		return err
	}
	if err := e.hypervisor.PowerVM(ctx, id, a); err != nil {
		_, doing := work(e.look.step.do)
		return fmt.Errorf("cannot %s: %w", doing, err)
	}
	e.tries.started(vm, e.look.step.do)
	return nil
}

func (e *external) tellCycle(vm *v1beta1.VirtualMachine) {
	e.record.Event(vm, event.Warning(eventPowerCycle, errors.New("the VM is powered off and on again to change "+reconfigure.Describe(e.look.step.cycle))))
}

func (e *external) tellTimedOut(vm *v1beta1.VirtualMachine) {
	e.record.Event(vm, event.Warning(eventShutdownTimedOut, fmt.Errorf("the guest did not shut down within %s: the VM is switched off", shutdownTimeout(vm))))
}

// tellDetached says where the files of the disks are that leave the VM.
func (e *external) tellDetached(vm *v1beta1.VirtualMachine) {
	for _, d := range e.look.vm.Disks {
		if d.Name != "" && slices.Contains(e.look.plan.Now.DetachDisks, d.Name) {
			e.record.Event(vm, event.Normal(eventDiskDetached, fmt.Sprintf("Disk %s is being detached; its file is kept: %s", d.Name, d.Path)))
		}
	}
}
