// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// Reasons of graceful changes of power.
const (
	forReconfigure = "Reconfigure"
	forPowerOff    = "PowerOff"
	forRestart     = "Restart"
	forDelete      = "Delete"
)

// An action is what is asked of the hypervisor next.
type action string

// Actions.
const (
	// doNothing: the VM is as it should be, or as it has to be left.
	doNothing action = ""
	// doWait: something is under way and shows in a later observation.
	doWait     action = "Wait"
	doCreate   action = "Create"
	doAdopt    action = "Adopt"
	doChange   action = "Reconfigure"
	doPowerOn  action = "PowerOn"
	doPowerOff action = "PowerOff"
	doShutdown action = "Shutdown"
	doSuspend  action = "Suspend"
)

// situation is everything that the next step of a VM's life depends on. The VM is there, ours, and not being worked on.
type situation struct {
	vm   clients.VM
	plan reconfigure.Plan
	// want, policy, token and timeout are what the user asks.
	want    v1beta1.DesiredPowerState
	policy  v1beta1.PowerCyclePolicy
	token   string
	timeout time.Duration
	now     time.Time
	memory
}

// step is what is done next, and what is to be remembered before it is.
type step struct {
	do action
	// op is the graceful change of power that is under way after the step.
	op *v1beta1.PowerOperation
	// served is the restart token that counts as served.
	served string
	// timedOut says that the guest was asked and did not shut down.
	timedOut bool
	// cycle are the changes that the VM is stopped for.
	cycle []reconfigure.Item
}

// next returns the next step. See the table in doc.go.
func next(s situation) step {
	switch s.vm.PowerState {
	case clients.PoweredOn:
		return s.whileOn()
	case clients.Suspended:
		return s.whileSuspended()
	default:
		return s.whileOff()
	}
}

// whileOff: a graceful change of power is over, and who asked for a restart gets one by the next start. The VM is changed
// before it is started.
func (s situation) whileOff() step {
	st := step{served: s.token}
	switch {
	case len(s.plan.Doing) > 0:
		st.do = doChange
	case s.want == v1beta1.PowerOn:
		st.do = doPowerOn
	}
	return st
}

// whileSuspended: to be changed or shut down the VM has to run.
func (s situation) whileSuspended() step {
	st := step{served: s.served}
	switch s.want {
	case v1beta1.PowerOn, v1beta1.PowerOffGraceful:
		st.do = doPowerOn
	case v1beta1.PowerOff:
		st.do = doPowerOff
	default:
	}
	return st
}

func (s situation) whileOn() step {
	st := step{op: operationOn(s.op, s.vm), served: s.served}
	if s.op != nil && st.op == nil && s.op.Reason == forRestart {
		// It was off since it was asked.
		st.served = s.op.Token
	}
	switch s.want {
	case v1beta1.PowerOff:
		return step{do: doPowerOff, served: st.served}
	case v1beta1.PowerSuspended:
		return step{do: doSuspend, served: st.served}
	case v1beta1.PowerOffGraceful:
		return s.stop(st, forPowerOff)
	default:
	}
	st.cycle = s.cycles()
	switch restart := st.served != s.token && s.token != ""; {
	case len(s.plan.Doing) > 0 && (st.op == nil || len(st.cycle) == 0 && !restart):
		// What can be changed while the VM runs is, even if it is stopped afterwards.
		return step{do: doChange, served: st.served}
	case len(st.cycle) > 0 && s.policy == v1beta1.CycleForce:
		st.do, st.op = doPowerOff, nil
		return st
	case len(st.cycle) > 0:
		return s.stop(st, forReconfigure)
	case restart:
		return s.stop(st, forRestart)
	default:
		// An operation that nobody wants any more is given up. Should the guest shut down all the same, it is started again.
		return step{served: st.served}
	}
}

// stop asks the guest to shut down, waits, and switches the VM off at the deadline, which counts from the time when the guest
// was asked first, whatever for.
func (s situation) stop(st step, reason string) step {
	op := v1beta1.PowerOperation{Reason: reason, BootID: s.vm.BootID, RequestedAt: metav1.NewTime(s.now.Truncate(time.Second))}
	if st.op != nil {
		op.RequestedAt = st.op.RequestedAt
	}
	if reason == forRestart {
		op.Token = s.token
	}
	st.op = &op
	switch {
	case !s.now.Before(deadline(op, s.timeout)):
		st.do, st.timedOut = doPowerOff, true
	case s.asked.Equal(op.RequestedAt.Time):
		st.do = doWait
	default:
		st.do = doShutdown
	}
	return st
}

// cycles returns the changes that the running VM is to be stopped for. What was tried with the VM off and failed is not tried
// again for as long as it runs.
func (s situation) cycles() []reconfigure.Item {
	if s.policy != v1beta1.CycleGraceful && s.policy != v1beta1.CycleForce {
		return nil
	}
	var items []reconfigure.Item
	for _, it := range s.plan.Deferred {
		if it.Cycle && !s.hasFailed(it) {
			items = append(items, it)
		}
	}
	return items
}

// hasFailed says whether a change was tried and failed.
func (m memory) hasFailed(it reconfigure.Item) bool { return strings.Contains(m.failed, it.Key()+" (") }

// operationOn returns the operation if it is about the present run of the VM, nil otherwise.
func operationOn(op *v1beta1.PowerOperation, vm clients.VM) *v1beta1.PowerOperation {
	if op == nil || op.BootID != "" && vm.BootID != "" && op.BootID != vm.BootID {
		return nil
	}
	return op
}

// deadline returns when a guest that has not shut down is switched off.
func deadline(op v1beta1.PowerOperation, timeout time.Duration) time.Time {
	return op.RequestedAt.Add(timeout)
}

// shutdownTimeout returns how long the VM's guest may take to shut down.
func shutdownTimeout(vm *v1beta1.VirtualMachine) time.Duration {
	if n := vm.Spec.ForProvider.ShutdownTimeoutSeconds; n > 0 {
		return time.Duration(n) * time.Second
	}
	return defaultShutdownTimeout
}
