// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// look is what one reconcile finds out about a VM that is there, and what it makes of it.
type look struct {
	vm   clients.VM
	plan reconfigure.Plan
	step step
	// changing and failed are what memory will say of changes of hardware.
	changing bool
	failed   string
	// unplanned says why it is not known what the VM should be.
	unplanned error
	// status is what Observe made of the resource's status.
	status *v1beta1.VirtualMachineStatus
}

// observePresent says whether a VM that is there, ours and not being worked on is as it should be, and finds the next step
// if it is not.
func (e *external) observePresent(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalObservation, error) {
	l := &e.look
	l.plan, l.unplanned = e.makePlan(ctx, vm)
	if !policies(vm).ShouldUpdate() {
		e.tries.settled(vm)
		e.tell(vm)
		return exists(true), l.unplanned
	}
	if e.concludeChange(vm) {
		// What the hypervisor refused is planned for later.
		l.plan, l.unplanned = e.makePlan(ctx, vm)
	}
	e.keepFailure(vm)
	l.step = next(e.situation(vm))
	vm.Status.AtProvider.PowerOperation, vm.Status.AtProvider.RestartToken = l.step.op, l.step.served
	e.tell(vm)

	switch {
	case l.step.do == doNothing && l.unplanned != nil:
		return managed.ExternalObservation{}, l.unplanned
	case l.step.do == doNothing:
		e.tries.settled(vm)
		return exists(true), nil
	case l.step.do == doWait:
		return exists(true), nil
	}
	if err := e.tooEarly(vm); err != nil {
		return managed.ExternalObservation{}, err
	}
	return exists(l.step.do == doChange && e.tries.pause(vm, doChange) > 0), nil
}

// situation returns what the VM's next step depends on.
func (e *external) situation(vm *v1beta1.VirtualMachine) situation {
	p := vm.Spec.ForProvider
	m := e.memory
	m.failed = e.look.failed
	m.asked = e.tries.askedAt(vm)
	return situation{
		vm: e.look.vm, plan: e.look.plan, want: desiredPower(vm), policy: cyclePolicy(vm), token: p.RestartToken,
		timeout: shutdownTimeout(vm), now: e.tries.now(), memory: m,
	}
}

// makePlan plans what of the VM is to change. What would be changed has to be something that the endpoint can do.
func (e *external) makePlan(ctx context.Context, vm *v1beta1.VirtualMachine) (reconfigure.Plan, error) {
	s, err := e.spec(ctx, vm)
	if err != nil {
		return reconfigure.Plan{}, err
	}
	f := e.tries.facts(vm)
	if cyclePolicy(vm) == v1beta1.CycleNever {
		f.Hold = "powerCyclePolicy is Never"
	}
	p := reconfigure.Make(s, e.look.vm, f)
	if len(p.Doing) == 0 || !policies(vm).ShouldUpdate() {
		return p, nil
	}
	caps, err := e.hypervisor.Capabilities(ctx)
	if err != nil {
		return reconfigure.Plan{}, fmt.Errorf("cannot get capabilities: %w", err)
	}
	if err := supported(s, caps); err != nil {
		return reconfigure.Plan{}, fmt.Errorf("cannot change VM: %w", err)
	}
	return p, nil
}

// concludeChange finds out how the change of hardware ended that was started last. It says whether the plan is to be made
// again, because something was refused.
func (e *external) concludeChange(vm *v1beta1.VirtualMachine) (again bool) {
	l := &e.look
	l.changing = e.memory.changing
	l.failed = e.memory.failed
	if !l.changing || l.unplanned != nil {
		return false
	}
	failure := l.vm.Failure
	switch {
	case len(l.plan.Doing) == 0:
		l.changing = false
		e.completed(vm)
		return false
	case failure != nil && l.vm.FailedTask == clients.TaskReconfigure:
		l.changing = false
		return e.changeFailed(vm, failure)
	default:
		return false
	}
}

// changeFailed takes in that what was planned could not be done. It says whether the plan is to be made again.
//
// What a running VM does not take while it runs waits for it to be off. What a VM does not take while it is off must not keep
// it off: it is left, told, and the VM is started. Everything else is tried again later.
func (e *external) changeFailed(vm *v1beta1.VirtualMachine, err error) (again bool) {
	l := &e.look
	off := l.vm.PowerState == clients.PoweredOff
	if clients.ClassOf(err) == clients.Invalid || off && desiredPower(vm) == v1beta1.PowerOn && !passes(err) {
		e.tries.refuseItems(vm, l.plan.Doing, err)
		return true
	}
	e.fail(vm, because(l.plan.Doing, err))
	return false
}

// passes says whether an error is of a kind that passes by itself and says nothing about what was asked.
func passes(err error) bool {
	switch clients.ClassOf(err) {
	case clients.Busy, clients.Unreachable, clients.Unauthorized, clients.Untrusted:
		return true
	default:
		return false
	}
}

// because returns the items with why they could not be changed.
func because(items []reconfigure.Item, err error) []reconfigure.Item {
	out := make([]reconfigure.Item, len(items))
	for i, it := range items {
		it.Why = err.Error()
		out[i] = it
	}
	return out
}

// keepFailure decides whether the last failure of a change still counts: as long as what failed is still asked for, and until
// the VM is off anew. What cannot be changed although the VM is off has failed too.
func (e *external) keepFailure(vm *v1beta1.VirtualMachine) {
	l := &e.look
	if l.unplanned != nil {
		return
	}
	if l.vm.PowerState == clients.PoweredOff {
		if left := cycling(l.plan.Refused); len(left) > 0 {
			e.fail(vm, left)
			return
		}
	}
	for _, it := range l.plan.Items() {
		if (memory{failed: l.failed}).hasFailed(it) {
			return
		}
	}
	l.failed = ""
}

// cycling returns the items that a VM would be stopped for.
func cycling(items []reconfigure.Item) []reconfigure.Item {
	var out []reconfigure.Item
	for _, it := range items {
		if it.Cycle {
			out = append(out, it)
		}
	}
	return out
}

// fail remembers and reports that something could not be changed.
func (e *external) fail(vm *v1beta1.VirtualMachine, items []reconfigure.Item) {
	message := failurePrefix + reconfigure.Describe(items)
	e.look.failed = message
	if message == e.memory.failed {
		return
	}
	e.record.Event(vm, event.Warning(eventReconfigureFailed, errors.New(message)))
	e.count(outcomeFailure)
}

// completed reports that a change of hardware is seen to be done.
func (e *external) completed(vm *v1beta1.VirtualMachine) {
	now := e.tries.timestamp()
	vm.Status.AtProvider.LastReconfigureTime = &now
	e.tries.settled(vm)
	e.record.Event(vm, event.Normal(eventReconfigureCompleted, "The VM has the hardware that was asked for as far as it can have it now"))
	e.count(outcomeSuccess)
}

// tooEarly reports that the step failed when it was last tried, and returns why while it is too early to try it again.
func (e *external) tooEarly(vm *v1beta1.VirtualMachine) error {
	l := &e.look
	kind, doing := work(l.step.do)
	if l.vm.Failure == nil || l.vm.FailedTask != kind && (l.vm.FailedTask != "" || l.step.do == doChange) {
		return nil
	}
	err := fmt.Errorf("cannot %s: %w", doing, l.vm.Failure)
	switch l.step.do {
	case doPowerOn:
		return e.observeFailure(vm, err, ReasonPowerOnFailed)
	case doChange:
		// It was reported when it was concluded.
		if wait, _ := e.tries.failed(vm); wait > 0 {
			return err
		}
		return nil
	default:
		wait, news := e.tries.failed(vm)
		if news {
			e.record.Event(vm, event.Warning(eventPowerFailed, err))
		}
		if wait > 0 {
			return err
		}
		return nil
	}
}

// work returns the kind of task that an action starts, and what it does, for people.
func work(a action) (kind clients.TaskKind, doing string) {
	switch a {
	case doChange:
		return clients.TaskReconfigure, "change VM"
	case doPowerOn:
		return clients.TaskPowerOn, "power on VM"
	case doSuspend:
		return clients.TaskSuspend, "suspend VM"
	case doShutdown:
		return clients.TaskPowerOff, "shut down VM"
	default:
		return clients.TaskPowerOff, "power off VM"
	}
}

// desiredPower returns the power state that is asked for.
func desiredPower(vm *v1beta1.VirtualMachine) v1beta1.DesiredPowerState {
	if p := vm.Spec.ForProvider.PowerState; p != "" {
		return p
	}
	return v1beta1.PowerOn
}

// cyclePolicy returns what may be done to the running VM for the sake of a change.
func cyclePolicy(vm *v1beta1.VirtualMachine) v1beta1.PowerCyclePolicy {
	if p := vm.Spec.ForProvider.PowerCyclePolicy; p != "" {
		return p
	}
	return v1beta1.CycleGraceful
}

// count counts a change of hardware that ended.
func (e *external) count(outcome string) {
	e.metrics.Reconfigured(string(e.hypervisorType()), outcome)
}
