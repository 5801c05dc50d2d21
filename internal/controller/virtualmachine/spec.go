// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// spec gathers what the VM is made from. Errors have a class: NotFound names a missing class, Secret or key of it,
// Unsupported what the endpoint cannot do.
func (e *external) spec(ctx context.Context, vm *v1beta1.VirtualMachine) (clients.VMSpec, error) {
	id, err := identityOf(vm)
	if err != nil {
		return clients.VMSpec{}, err
	}
	class, err := e.class(ctx, vm)
	if err != nil {
		return clients.VMSpec{}, err
	}
	data, err := e.userData(ctx, vm)
	if err != nil {
		return clients.VMSpec{}, err
	}
	caps, err := e.hypervisor.Capabilities(ctx)
	if err != nil {
		return clients.VMSpec{}, fmt.Errorf("cannot get capabilities: %w", err)
	}
	s := buildSpec(id, vm.Spec.ForProvider, class, data)
	return s, supported(s, caps)
}

// class returns the size that the VM's class gives it; none when it names no class.
func (e *external) class(ctx context.Context, vm *v1beta1.VirtualMachine) (v1beta1.VMClassSpec, error) {
	ref := vm.Spec.ForProvider.ClassRef
	if ref == nil {
		return v1beta1.VMClassSpec{}, nil
	}
	key := types.NamespacedName{Namespace: vm.GetNamespace(), Name: ref.Name}
	c := &v1beta1.VMClass{}
	if err := e.kube.Get(ctx, key, c); err != nil {
		return v1beta1.VMClassSpec{}, missing(err, "Class", "VMClass "+key.String())
	}
	return c.Spec, nil
}

// userData returns the VM's user data; empty when it has none.
func (e *external) userData(ctx context.Context, vm *v1beta1.VirtualMachine) (string, error) {
	u := vm.Spec.ForProvider.UserData
	switch {
	case u == nil:
		return "", nil
	case u.CloudInit.Inline != nil:
		return *u.CloudInit.Inline, nil
	case u.CloudInit.SecretRef == nil:
		return "", nil
	}
	ref := u.CloudInit.SecretRef
	key := types.NamespacedName{Namespace: vm.GetNamespace(), Name: ref.Name}
	s := &corev1.Secret{}
	if err := e.kube.Get(ctx, key, s); err != nil {
		return "", missing(err, "Secret", "Secret "+key.String())
	}
	data, ok := s.Data[ref.Key]
	if !ok {
		return "", clients.NewError(clients.NotFound, "SecretKey", fmt.Errorf("key %q does not exist in Secret %s", ref.Key, key))
	}
	return string(data), nil
}

// buildSpec returns what a VM is made from. What the VM says of its size wins over its class.
func buildSpec(id clients.Identity, p v1beta1.VirtualMachineParameters, class v1beta1.VMClassSpec, userData string) clients.VMSpec {
	s := clients.VMSpec{
		Identity:  id,
		Image:     imageOf(p.ImageRef),
		Linked:    p.Linked,
		CPU:       class.CPU,
		MemoryMiB: class.MemoryMiB,
		GuestData: clients.GuestData{UserData: userData},
		Placement: placementOf(p.Placement),
	}
	if r := p.Resources; r != nil {
		s.CPU = valueOr(r.CPU, s.CPU)
		s.MemoryMiB = valueOr(r.MemoryMiB, s.MemoryMiB)
	}
	for _, n := range p.Networks {
		s.Networks = append(s.Networks, clients.Network{Name: n.Name, Network: n.Network, MACAddress: valueOr(n.MACAddress, "")})
	}
	for _, d := range p.Disks {
		s.Disks = append(s.Disks, clients.Disk{Name: d.Name, SizeGiB: d.SizeGiB, Thick: d.Type == v1beta1.DiskThick})
	}
	return s
}

func imageOf(r *v1beta1.ImageReference) clients.Image {
	switch {
	case r == nil:
		return clients.Image{}
	case r.ContentLibrary != nil:
		return clients.Image{Library: r.ContentLibrary.Library, Item: r.ContentLibrary.Item}
	default:
		return clients.Image{Name: r.Name}
	}
}

// supported returns an error that says what the endpoint cannot do of what the VM needs.
func supported(s clients.VMSpec, c clients.Capabilities) error {
	if s.Linked && !c.LinkedClones {
		return clients.NewError(clients.Unsupported, "", errors.New("the endpoint does not support linked clones: leave out forProvider.linked"))
	}
	for _, d := range s.Disks {
		t := v1beta1.DiskThin
		if d.Thick {
			t = v1beta1.DiskThick
		}
		if !slices.Contains(c.DiskTypes, string(t)) {
			return clients.NewError(clients.Unsupported, "", fmt.Errorf("the endpoint does not support type %q of disk %q: it supports %q", t, d.Name, c.DiskTypes))
		}
	}
	return nil
}

func placementOf(p *v1beta1.VMPlacement) clients.Placement {
	if p == nil {
		return clients.Placement{}
	}
	return clients.Placement{
		Cluster:   valueOr(p.Cluster, ""),
		Host:      valueOr(p.Host, ""),
		Datastore: valueOr(p.Datastore, ""),
		Folder:    valueOr(p.Folder, ""),
	}
}

// missing classifies an error of reading a Kubernetes object: what is not there gets a sentence that names it.
func missing(err error, subject, name string) error {
	if kerrors.IsNotFound(err) {
		return clients.NewError(clients.NotFound, subject, fmt.Errorf("%s does not exist", name))
	}
	return fmt.Errorf("cannot get %s: %w", name, err)
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
