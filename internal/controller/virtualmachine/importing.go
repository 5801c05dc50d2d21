// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A standing says what may be done with a VM.
type standing int

const (
	// foreign: it is somebody else's, and is not touched.
	foreign standing = iota
	// ours: it carries our mark.
	ours
	// looked: it may be looked at and nothing else.
	looked
	// adoptable: it carries no mark, and a user named it and lets it be changed.
	adoptable
)

// standingOf returns what may be done with a VM that carries a mark, or none. A VM that was found by the UUID which follows
// from the resource's own UID was not named by a user.
func standingOf(vm *v1beta1.VirtualMachine, id clients.Identity, owner string) standing {
	named := owner == "" && id.UUID != ExternalName(vm.GetUID())
	switch p := policies(vm); {
	case owner == id.Owner:
		return ours
	case looksOnly(vm), named && !p.ShouldUpdate() && !p.ShouldDelete():
		return looked
	case named && p.ShouldUpdate():
		return adoptable
	default:
		return foreign
	}
}

// isUUID says whether an external name is a UUID, and not what a user calls a VM.
func isUUID(name string) bool {
	_, err := uuid.Parse(name)
	return err == nil
}

// resolve finds the VM that a user names by anything but its UUID, and puts the UUID in the name's place.
func (e *external) resolve(ctx context.Context, vm *v1beta1.VirtualMachine) error {
	if e.unusable != nil {
		return e.unusable
	}
	name := meta.GetExternalName(vm)
	found, err := e.hypervisor.FindVM(ctx, name)
	if err != nil {
		return fmt.Errorf("cannot find the VM %q that annotation %s names: %w", name, meta.AnnotationKeyExternalName, err)
	}
	return e.annotate(ctx, vm, meta.AnnotationKeyExternalName, found)
}

// adopt starts to put our mark on a VM that a user named.
func (e *external) adopt(ctx context.Context, vm *v1beta1.VirtualMachine) error {
	s, err := e.spec(ctx, vm)
	if err != nil {
		return err
	}
	if err := e.hypervisor.AdoptVM(ctx, s); err != nil {
		return fmt.Errorf("cannot import VM: %w", err)
	}
	return nil
}

// tellImported reports that a VM which was to be adopted carries our mark.
func (e *external) tellImported(vm *v1beta1.VirtualMachine) {
	if e.memory.importing {
		e.record.Event(vm, event.Normal(eventImported, "The VM is now managed by this resource"))
	}
}

// annotate writes one annotation of the VM, and removes it with an empty value.
//
// NOTE: the status that is written next needs the version that the patch made.
func (e *external) annotate(ctx context.Context, vm *v1beta1.VirtualMachine, key, value string) error {
	var v any
	if value != "" {
		v = value
	}
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: v}}})
	if err != nil {
		return fmt.Errorf("cannot encode annotation %s: %w", key, err)
	}
	c := &v1beta1.VirtualMachine{}
	c.SetNamespace(vm.GetNamespace())
	c.SetName(vm.GetName())
	if err := e.kube.Patch(ctx, c, client.RawPatch(types.MergePatchType, raw)); err != nil {
		return fmt.Errorf("cannot write annotation %s: %w", key, err)
	}
	if value == "" {
		meta.RemoveAnnotations(vm, key)
	} else {
		meta.AddAnnotations(vm, map[string]string{key: value})
	}
	vm.SetResourceVersion(c.GetResourceVersion())
	return nil
}
