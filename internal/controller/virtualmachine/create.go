// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
)

// Create starts to make the VM. It may be called again after an unknown outcome: a VM that exists or is being made is left
// as it is. Of what it changes of the managed resource the runtime keeps only the annotations.
func (e *external) Create(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.ExternalCreation, error) {
	if err := e.create(ctx, vm); err != nil {
		e.tries.refuse(vm, condition.NotReady(err, ReasonCreateFailed))
		return managed.ExternalCreation{}, err
	}
	e.tries.started(vm, doCreate)
	return managed.ExternalCreation{}, nil
}

func (e *external) create(ctx context.Context, vm *v1beta1.VirtualMachine) error {
	s, err := e.supportedSpec(ctx, vm)
	if err != nil {
		return err
	}
	task, err := e.hypervisor.CreateVM(ctx, s)
	if err != nil {
		return fmt.Errorf("cannot create VM: %w", err)
	}
	// The reference to an earlier task goes too: its failure has been dealt with.
	meta.RemoveAnnotations(vm, AnnotationCreateTask)
	if task != "" {
		meta.AddAnnotations(vm, map[string]string{AnnotationCreateTask: string(task)})
	}
	return nil
}
