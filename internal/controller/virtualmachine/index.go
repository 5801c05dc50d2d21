// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// Names of the indexes by which VirtualMachines are found in the cache.
const (
	indexExternalName = "externalName"
	indexEndpoint     = "endpoint"
	indexClass        = "class"
	indexSecret       = "secret"
)

// indexes returns what VirtualMachines are found by, by the name of the index.
func indexes() map[string]func(*v1beta1.VirtualMachine) []string {
	return map[string]func(*v1beta1.VirtualMachine) []string{
		indexExternalName: func(vm *v1beta1.VirtualMachine) []string { return []string{canonical(meta.GetExternalName(vm))} },
		indexEndpoint:     func(vm *v1beta1.VirtualMachine) []string { return []string{endpoint.RefOf(vm).String()} },
		indexClass: func(vm *v1beta1.VirtualMachine) []string {
			if ref := vm.Spec.ForProvider.ClassRef; ref != nil {
				return []string{ref.Name}
			}
			return nil
		},
		indexSecret: secretsOf,
	}
}

// canonical returns a UUID as hypervisors tell it, and any other name as it is.
func canonical(name string) string {
	if id, err := uuid.Parse(name); err == nil {
		return id.String()
	}
	return name
}

// indexer returns the function that controller-runtime calls for each object of the cache.
func indexer(values func(*v1beta1.VirtualMachine) []string) client.IndexerFunc {
	return func(o client.Object) []string {
		vm, ok := o.(*v1beta1.VirtualMachine)
		if !ok {
			return nil
		}
		return slices.DeleteFunc(values(vm), func(v string) bool { return v == "" })
	}
}

// addIndexes adds the indexes to the cache of VirtualMachines.
func addIndexes(ctx context.Context, fi client.FieldIndexer) error {
	for name, values := range indexes() {
		if err := fi.IndexField(ctx, &v1beta1.VirtualMachine{}, name, indexer(values)); err != nil {
			return fmt.Errorf("cannot index VirtualMachines by %s: %w", name, err)
		}
	}
	return nil
}
