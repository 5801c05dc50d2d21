// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// memory is what earlier reconciles have left of a VM. All of it but asked is in its status.
type memory struct {
	// op is the graceful change of power under way.
	op *v1beta1.PowerOperation
	// served is the last restart token that was served.
	served string
	// power is the state the VM was last seen in; empty when it never was.
	power v1beta1.PowerState
	// changing says that a change of hardware was started and not yet seen to have ended.
	changing bool
	// failed tells of the change that failed last; empty when none did, or when it can be tried again.
	failed string
	// importing says that the VM was to be adopted.
	importing bool

	// asked is the request time of the operation for which this process asked the guest to shut down.
	asked time.Time
}

// remembered returns what a VM's status says of earlier reconciles.
func remembered(vm *v1beta1.VirtualMachine) memory {
	at := vm.Status.AtProvider
	m := memory{
		op:        at.PowerOperation.DeepCopy(),
		served:    at.RestartToken,
		power:     at.PowerState,
		importing: vm.GetCondition(xpv2.TypeReady).Reason == ReasonImporting,
	}
	c := vm.GetCondition(v1beta1.ConditionReconfiguring)
	m.changing, m.failed = c.Status == corev1.ConditionTrue, failureIn(c)
	return m
}

// remember writes the VM's status if it says anything that the next reconcile must know even when this process ends now. It
// is called before the hypervisor is.
//
// NOTE: the status that the runtime writes in the end is the same, and so no more than one write comes of it.
func (e *external) remember(ctx context.Context, vm *v1beta1.VirtualMachine) error {
	now := remembered(vm)
	if apiequality.Semantic.DeepEqual(now.op, e.memory.op) && now.served == e.memory.served &&
		now.changing == e.memory.changing && now.failed == e.memory.failed {
		return nil
	}
	c := vm.DeepCopy()
	if err := e.kube.Status().Update(ctx, c); err != nil {
		return fmt.Errorf("cannot write status ahead: %w", err)
	}
	vm.SetResourceVersion(c.GetResourceVersion())
	e.memory.op, e.memory.served, e.memory.changing, e.memory.failed = now.op, now.served, now.changing, now.failed
	return nil
}
