// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// namespaceUUID is the UUID namespace in which VMs are named. It never changes: the VMs that exist were found by it.
const namespaceUUID = "5f0c9d5e-6d0c-5b52-9a37-3d6f8c1f7b11"

// AnnotationCreateTask holds the hypervisor's reference to the work that makes the VM, while it is under way. It is internal.
const AnnotationCreateTask = "infra.virtrigaud.io/create-task"

// ExternalName returns the UUID of the VM that belongs to the managed resource with this UID. It is known before the
// hypervisor is first called, and so there never is a second VM, whatever happens between two calls.
func ExternalName(uid types.UID) string {
	return uuid.NewSHA1(uuid.MustParse(namespaceUUID), []byte(uid)).String()
}

// identityOf returns how the hypervisor knows the VM.
func identityOf(vm *v1beta1.VirtualMachine) (clients.Identity, error) {
	name := meta.GetExternalName(vm)
	id, err := uuid.Parse(name)
	if err != nil {
		return clients.Identity{}, fmt.Errorf("annotation %s is %q, but must be the UUID of a VM", meta.AnnotationKeyExternalName, name)
	}
	return clients.Identity{
		UUID:      id.String(),
		Owner:     string(vm.GetUID()),
		Name:      vm.GetName(),
		Namespace: vm.GetNamespace(),
		Host:      placementOf(vm.Spec.ForProvider.Placement).Host,
		LastHost:  vm.Status.AtProvider.Host,
	}, nil
}

// createTask returns the reference to the work that makes the VM, if it is known.
func createTask(vm *v1beta1.VirtualMachine) clients.TaskRef {
	return clients.TaskRef(vm.GetAnnotations()[AnnotationCreateTask])
}

// initializer returns what gives a new VirtualMachine its external name. A name that is there, of a VM that a user wants to
// import, is kept.
func initializer(kube client.Client) managed.Initializer {
	return managed.InitializerFn(func(ctx context.Context, mg resource.Managed) error {
		if meta.GetExternalName(mg) != "" {
			return nil
		}
		meta.SetExternalName(mg, ExternalName(mg.GetUID()))
		if err := kube.Update(ctx, mg); err != nil {
			return fmt.Errorf("cannot set external name: %w", err)
		}
		return nil
	})
}
