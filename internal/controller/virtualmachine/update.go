// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
)

// Update starts to power the VM on. It is called for a VM that is there and off.
func (e *external) Update(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalUpdate, error) {
	id, err := identityOf(vm)
	if err != nil {
		return managed.ExternalUpdate{}, err
	}
	if err := e.hypervisor.PowerVM(ctx, id, clients.ActionPowerOn); err != nil {
		err = fmt.Errorf("cannot power on VM: %w", err)
		mark(vm, condition.NotReady(err, ReasonPowerOnFailed))
		return managed.ExternalUpdate{}, err
	}
	e.tries.started(vm)
	return managed.ExternalUpdate{}, nil
}
