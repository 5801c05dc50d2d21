// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
)

// Reasons of a VM's Ready condition, beside those of the runtime and the error classes of the hypervisor port.
const (
	// ReasonPoweredOff: the VM is there but does not run.
	ReasonPoweredOff xpv2.ConditionReason = "PoweredOff"
	// ReasonSuspended: the VM's memory is on disk and it does not run.
	ReasonSuspended xpv2.ConditionReason = "Suspended"
	// ReasonAbsent: there is no such VM, and the management policies do not allow to make it.
	ReasonAbsent xpv2.ConditionReason = "Absent"
	// ReasonNotOwned: a VM of that UUID exists that this resource did not make.
	ReasonNotOwned xpv2.ConditionReason = "NotOwned"
	// ReasonInvalidExternalName: the external name is not a UUID.
	ReasonInvalidExternalName xpv2.ConditionReason = "InvalidExternalName"
	// ReasonObserveFailed: the hypervisor did not say how the VM is, for a reason of no known class.
	ReasonObserveFailed xpv2.ConditionReason = "ObserveFailed"
	// ReasonCreateFailed: the VM could not be made, for a reason of no known class.
	ReasonCreateFailed xpv2.ConditionReason = "CreateFailed"
	// ReasonPowerOnFailed: the VM could not be powered on, for a reason of no known class.
	ReasonPowerOnFailed xpv2.ConditionReason = "PowerOnFailed"
)

// readyOf returns the Ready condition of a VM that is there or is being made or removed.
func readyOf(vm clients.VM) xpv2.Condition {
	switch vm.State {
	case clients.VMCreating:
		return xpv2.Creating()
	case clients.VMDeleting:
		return xpv2.Deleting()
	default:
		return readyByPower(vm.PowerState)
	}
}

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
	return xpv2.Condition{
		Type:               xpv2.TypeReady,
		Status:             corev1.ConditionFalse,
		LastTransitionTime: metav1.Now(),
		Reason:             r,
		Message:            condition.Sentence(message),
	}
}
