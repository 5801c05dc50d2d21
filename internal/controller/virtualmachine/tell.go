// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// Reasons of events.
const (
	eventReconfigureStarted   event.Reason = "ReconfigureStarted"
	eventReconfigureCompleted event.Reason = "ReconfigureCompleted"
	eventReconfigureFailed    event.Reason = "ReconfigureFailed"
	eventPowerCycle           event.Reason = "ReconfigurePowerCycle"
	eventShutdownRequested    event.Reason = "ShutdownRequested"
	eventShutdownRefused      event.Reason = "ShutdownRefused"
	eventShutdownTimedOut     event.Reason = "ShutdownTimedOut"
	eventPowerFailed          event.Reason = "PowerOperationFailed"
	eventPoweredOn            event.Reason = "PoweredOn"
	eventPoweredOff           event.Reason = "PoweredOff"
	eventSuspended            event.Reason = "Suspended"
	eventDiskDetached         event.Reason = "DiskDetached"
	eventImported             event.Reason = "Imported"
)

// tell sets the phase and all conditions of a VM that is there and not being worked on.
func (e *external) tell(vm *v1beta1.VirtualMachine) {
	l := e.look
	e.tellBusy(vm)
	if l.unplanned != nil {
		return
	}
	mark(vm, reconfiguringOf(l), driftedOf(vm, l))
	if policies(vm).ShouldUpdate() {
		mark(vm, pendingOf(l, cyclePolicy(vm)))
	}
}

// tellBusy sets the phase and those conditions of a VM that hold while it is worked on too.
func (e *external) tellBusy(vm *v1beta1.VirtualMachine) {
	l := e.look
	if l.vm.State == clients.VMBusy {
		l.changing = e.memory.changing
	}
	vm.Status.AtProvider.Phase = phaseOf(l, desiredPower(vm))
	mark(vm, e.readyOf(vm), isNot(v1beta1.ConditionProvisioning, ReasonCreated, ""))
	if c, ok := acceleratedOf(vm, l.vm.Emulated); ok {
		mark(vm, c)
	}
}

// tellUnknown says that nothing is known of the VM. What was known stays.
func (e *external) tellUnknown(vm *v1beta1.VirtualMachine, err error) {
	vm.Status.AtProvider.Phase = v1beta1.PhaseUnknown
	mark(vm, unknown(err))
}

// tellPower reports in an event that the VM's power state is another than when it was last looked at, whoever changed it.
func (e *external) tellPower(vm *v1beta1.VirtualMachine) {
	now := v1beta1.PowerState(e.look.vm.PowerState)
	if e.memory.power == "" || now == e.memory.power {
		return
	}
	switch now {
	case v1beta1.PoweredOn:
		e.record.Event(vm, event.Normal(eventPoweredOn, "The VM is powered on"))
	case v1beta1.PoweredOff:
		e.record.Event(vm, event.Normal(eventPoweredOff, "The VM is powered off"))
		// What failed while it ran, or when it was off before, can be tried again.
		e.memory.failed = ""
	case v1beta1.Suspended:
		// A libvirt domain is paused for a moment while it is started.
		if e.look.vm.State == clients.VMPresent || desiredPower(vm) == v1beta1.PowerSuspended {
			e.record.Event(vm, event.Normal(eventSuspended, "The VM is suspended"))
		}
	}
}

// readyOf returns the Ready condition of a VM that is there.
func (e *external) readyOf(vm *v1beta1.VirtualMachine) xpv2.Condition {
	o := e.look.vm
	p := vm.Spec.ForProvider.ReadinessProbe
	switch {
	case o.State == clients.VMDeleting:
		return xpv2.Deleting()
	case o.PowerState != clients.PoweredOn || p == nil:
		e.prober.Forget(vm.GetUID())
		return readyByPower(o.PowerState)
	}
	missing, known := e.missing(vm, *p)
	before := vm.GetCondition(xpv2.TypeReady)
	switch {
	case len(missing) == 0:
		return xpv2.Available()
	case !known && before.Status == corev1.ConditionTrue:
		// The provider started anew and has not asked yet. That says nothing about the guest.
		return xpv2.Available()
	default:
		return notReady(ReasonNotAnswering, "The VM runs and is not ready: "+strings.Join(missing, "; "))
	}
}

// missing returns what keeps a running VM from being ready, and whether that is known already.
func (e *external) missing(vm *v1beta1.VirtualMachine, p v1beta1.ReadinessProbe) (what []string, known bool) {
	o := e.look.vm
	if p.GuestTools && !o.GuestTools {
		what = append(what, "no guest tools run")
	}
	address := ""
	if len(o.IPAddresses) > 0 {
		address = o.IPAddresses[0]
	}
	if p.IPAddress && address == "" {
		what = append(what, "no IP address is known")
	}
	known = len(what) > 0 || address == ""
	r := e.prober.Watch(vm.GetUID(), client.ObjectKeyFromObject(vm), p, address)
	if !r.Ready && (address != "" || !p.IPAddress) {
		what = append(what, r.Why)
	}
	return what, known || r.Known
}

// phaseOf says in one word what becomes of a VM.
func phaseOf(l look, want v1beta1.DesiredPowerState) v1beta1.VMPhase {
	switch {
	case l.vm.State == clients.VMDeleting:
		return v1beta1.PhaseDeleting
	case l.changing, len(l.step.cycle) > 0:
		return v1beta1.PhaseReconfiguring
	}
	starts := l.step.do == doPowerOn || l.vm.State == clients.VMBusy && want == v1beta1.PowerOn
	switch l.vm.PowerState {
	case clients.PoweredOn:
		if l.step.do == doPowerOff || l.step.do == doSuspend || l.step.op != nil || l.vm.State == clients.VMBusy && want != v1beta1.PowerOn {
			return v1beta1.PhaseStopping
		}
		return v1beta1.PhaseRunning
	case clients.Suspended:
		if starts {
			return v1beta1.PhaseStarting
		}
		return v1beta1.PhaseSuspended
	default:
		if starts {
			return v1beta1.PhaseStarting
		}
		return v1beta1.PhaseStopped
	}
}

// driftedOf returns the condition that says in what the VM differs from what is asked without anything being done about it.
func driftedOf(vm *v1beta1.VirtualMachine, l look) xpv2.Condition {
	items := l.plan.Refused
	if !policies(vm).ShouldUpdate() {
		items = append(l.plan.Items(), misplacedPower(vm, l.vm)...)
	}
	items = append(moved(placementOf(vm.Spec.ForProvider.Placement), l.vm.Placement), items...)
	if len(items) == 0 {
		return isNot(v1beta1.ConditionDrifted, ReasonNone, "")
	}
	return is(v1beta1.ConditionDrifted, ReasonDiffers, condition.Sentence("The VM differs from what is asked: "+reconfigure.Describe(items)))
}
