// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Delete starts the next step of removing the VM. The runtime calls it until Observe says that there is no VM. That the
// hypervisor is still at work on the VM is no failure.
func (e *external) Delete(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalDelete, error) {
	id, err := identityOf(vm)
	if err != nil {
		return managed.ExternalDelete{}, err
	}
	if err := e.hypervisor.DeleteVM(ctx, id, clients.DeleteOptions{Task: createTask(vm)}); err != nil && clients.ClassOf(err) != clients.Busy {
		return managed.ExternalDelete{}, fmt.Errorf("cannot delete VM: %w", err)
	}
	return managed.ExternalDelete{}, nil
}
