// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// Reasons of a VM's Ready condition, beside those of the runtime and the error classes of the hypervisor port.
const (
	// ReasonPoweredOff: the VM is there but does not run.
	ReasonPoweredOff xpv2.ConditionReason = "PoweredOff"
	// ReasonSuspended: the VM's memory is on disk and it does not run.
	ReasonSuspended xpv2.ConditionReason = "Suspended"
	// ReasonNotAnswering: the VM runs, and its readiness probe does not hold.
	ReasonNotAnswering xpv2.ConditionReason = "ReadinessProbeFailed"
	// ReasonAbsent: there is no such VM, and the management policies do not allow to make it.
	ReasonAbsent xpv2.ConditionReason = "Absent"
	// ReasonNotOwned: a VM of that UUID exists that this resource did not make.
	ReasonNotOwned xpv2.ConditionReason = "NotOwned"
	// ReasonImporting: a VM that a user named is being marked as this resource's.
	ReasonImporting xpv2.ConditionReason = "Importing"
	// ReasonObserveFailed: the hypervisor did not say how the VM is, for a reason of no known class.
	ReasonObserveFailed xpv2.ConditionReason = "ObserveFailed"
	// ReasonCreateFailed: the VM could not be made, for a reason of no known class.
	ReasonCreateFailed xpv2.ConditionReason = "CreateFailed"
	// ReasonPowerOnFailed: the VM could not be powered on, for a reason of no known class.
	ReasonPowerOnFailed xpv2.ConditionReason = "PowerOnFailed"
)

// Reasons of a VM's other conditions.
const (
	// ReasonCreating, ReasonNotStarted, ReasonCreated: the VM is being made, is not there, is there.
	ReasonCreating   xpv2.ConditionReason = "Creating"
	ReasonNotStarted xpv2.ConditionReason = "NotStarted"
	ReasonCreated    xpv2.ConditionReason = "Created"
	// ReasonChanging: hardware is being changed.
	ReasonChanging xpv2.ConditionReason = "Changing"
	// ReasonReconfigureFailed: hardware could not be changed. It is tried again when the VM is off anew, or something else is asked.
	ReasonReconfigureFailed xpv2.ConditionReason = "ReconfigureFailed"
	// ReasonNone: there is nothing to tell.
	ReasonNone xpv2.ConditionReason = "None"
	// ReasonPowerCycle: the VM is powered off and on again for its changes.
	ReasonPowerCycle xpv2.ConditionReason = "PowerCycle"
	// ReasonWaitingForPowerOff: the changes are made when the VM is off for another reason.
	ReasonWaitingForPowerOff xpv2.ConditionReason = "WaitingForPowerOff"
	// ReasonPolicyNever: the changes are not made before powerCyclePolicy is another one.
	ReasonPolicyNever xpv2.ConditionReason = "PolicyNever"
	// ReasonDiffers: the VM differs from what is asked, and is left so.
	ReasonDiffers xpv2.ConditionReason = "Differs"
	// ReasonEmulated, ReasonAccelerated: an emulator runs the guest, or the host's processor.
	ReasonEmulated    xpv2.ConditionReason = "Emulated"
	ReasonAccelerated xpv2.ConditionReason = "Accelerated"
)

// failurePrefix begins the part of the Reconfiguring condition's message that tells of a failure.
const failurePrefix = "Cannot change "

// readyByPower returns the Ready condition of a VM by its power state alone. A VM that does not run is not ready, also when
// it is not asked to: whoever counts VMs in service must not count it.
func readyByPower(p clients.PowerState) xpv2.Condition {
	switch p {
	case clients.PoweredOn:
		return xpv2.Available()
	case clients.Suspended:
		return notReady(ReasonSuspended, "The VM is suspended")
	default:
		return notReady(ReasonPoweredOff, "The VM is powered off")
	}
}

// reconfiguringOf returns the Reconfiguring condition. It is also the memory of changes: see memory.
func reconfiguringOf(l look) xpv2.Condition {
	switch {
	case l.changing && l.failed != "":
		return is(v1beta1.ConditionReconfiguring, ReasonChanging, "Changing "+reconfigure.Describe(l.plan.Doing)+". "+l.failed)
	case l.changing:
		return is(v1beta1.ConditionReconfiguring, ReasonChanging, "Changing "+reconfigure.Describe(l.plan.Doing))
	case l.failed != "":
		return isNot(v1beta1.ConditionReconfiguring, ReasonReconfigureFailed, l.failed)
	default:
		return isNot(v1beta1.ConditionReconfiguring, ReasonNone, "")
	}
}

// failureIn returns what a Reconfiguring condition tells of a failure; empty when it tells of none.
func failureIn(c xpv2.Condition) string {
	if i := strings.Index(c.Message, failurePrefix); i >= 0 {
		return c.Message[i:]
	}
	return ""
}

// pendingOf returns the condition that says what waits for the VM to be off, and why.
func pendingOf(l look, policy v1beta1.PowerCyclePolicy) xpv2.Condition {
	items := l.plan.Deferred
	if len(items) == 0 {
		return isNot(v1beta1.ConditionReconfigurePendingPowerCycle, ReasonNone, "")
	}
	r := ReasonWaitingForPowerOff
	switch {
	case policy == v1beta1.CycleNever:
		r = ReasonPolicyNever
	case l.vm.PowerState == clients.Suspended:
		r = ReasonSuspended
	case len(l.step.cycle) > 0:
		r = ReasonPowerCycle
	case l.failed != "" && len(cycling(items)) > 0:
		r = ReasonReconfigureFailed
	}
	return is(v1beta1.ConditionReconfigurePendingPowerCycle, r, "Waiting for the VM to be off: "+reconfigure.Describe(items))
}

// acceleratedOf returns the Accelerated condition, and false when there is nothing to tell.
func acceleratedOf(vm *v1beta1.VirtualMachine, emulated bool) (xpv2.Condition, bool) {
	if emulated {
		return isNot(v1beta1.ConditionAccelerated, ReasonEmulated, "An emulator runs the guest, because the host's processor cannot: it is slow"), true
	}
	told := vm.GetCondition(v1beta1.ConditionAccelerated).Status != corev1.ConditionUnknown
	return is(v1beta1.ConditionAccelerated, ReasonAccelerated, ""), told
}

// unknown returns the Ready condition of a VM that the hypervisor could not be asked about.
func unknown(err error) xpv2.Condition {
	c := condition.NotReady(err, ReasonObserveFailed)
	c.Status = corev1.ConditionUnknown
	return c
}

// notOwned returns why a VM is left alone.
func notOwned(id clients.Identity, owner string) error {
	whose := "has no owner mark"
	if owner != "" {
		whose = fmt.Sprintf("belongs to the resource with UID %s", owner)
	}
	return fmt.Errorf("the VM with UUID %s exists but %s: it is not touched; to only look at it, set managementPolicies to [\"Observe\"]", id.UUID, whose)
}

func notReady(r xpv2.ConditionReason, message string) xpv2.Condition {
	return isNot(xpv2.TypeReady, r, condition.Sentence(message))
}

// is returns a condition that is True.
func is(t xpv2.ConditionType, r xpv2.ConditionReason, message string) xpv2.Condition {
	return xpv2.Condition{Type: t, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Now(), Reason: r, Message: message}
}

// isNot returns a condition that is False.
func isNot(t xpv2.ConditionType, r xpv2.ConditionReason, message string) xpv2.Condition {
	c := is(t, r, message)
	c.Status = corev1.ConditionFalse
	return c
}
