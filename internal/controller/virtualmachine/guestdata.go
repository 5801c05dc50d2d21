// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// guestData gathers what the VM's guest is told at its first boot, out of the spec and the Secrets it names.
func (e *external) guestData(ctx context.Context, vm *v1beta1.VirtualMachine) (clients.GuestData, error) {
	p := vm.Spec.ForProvider
	g := clients.GuestData{}
	r := secretReader{external: e, namespace: vm.GetNamespace()}
	if u := p.UserData; u != nil {
		g.UserData = valueOr(u.CloudInit.Inline, "")
		if ref := u.CloudInit.SecretRef; ref != nil {
			g.UserData = r.read(ctx, ref)
		}
	}
	if c := p.Customization; c != nil {
		g.Hostname, g.Domain, g.TimeZone = valueOr(c.Hostname, ""), valueOr(c.Domain, ""), valueOr(c.TimeZone, "")
		g.Prep = prepOf(c.Type)
		g.Sysprep = r.sysprep(ctx, c.Sysprep)
	}
	return g, r.err
}

func prepOf(t v1beta1.CustomizationType) clients.Prep {
	switch t {
	case v1beta1.CustomizeByLinuxPrep:
		return clients.PrepLinux
	case v1beta1.CustomizeBySysprep:
		return clients.PrepWindows
	default:
		return clients.PrepCloudInit
	}
}

// secretReader reads keys of Secrets of one namespace. After the first error it reads no more.
type secretReader struct {
	*external
	namespace string
	err       error
}

// read returns the value of a key; empty when no key is named.
func (r *secretReader) read(ctx context.Context, ref *xpv2.LocalSecretKeySelector) string {
	if r.err != nil || ref == nil {
		return ""
	}
	key := types.NamespacedName{Namespace: r.namespace, Name: ref.Name}
	s := &corev1.Secret{}
	if err := r.kube.Get(ctx, key, s); err != nil {
		r.err = missing(err, "Secret", "Secret "+key.String())
		return ""
	}
	data, ok := s.Data[ref.Key]
	if !ok {
		r.err = clients.NewError(clients.NotFound, "SecretKey", fmt.Errorf("key %q does not exist in Secret %s", ref.Key, key))
	}
	return string(data)
}

func (r *secretReader) sysprep(ctx context.Context, s *v1beta1.Sysprep) *clients.Sysprep {
	if s == nil {
		return nil
	}
	out := &clients.Sysprep{
		FullName:      s.FullName,
		Organization:  s.Organization,
		ProductKey:    r.read(ctx, s.ProductKeySecretRef),
		AdminPassword: r.read(ctx, s.AdminPasswordSecretRef),
		TimeZone:      valueOr(s.TimeZone, 0),
		Workgroup:     valueOr(s.Workgroup, ""),
		RunOnce:       s.RunOnce,
	}
	if j := s.JoinDomain; j != nil {
		out.Domain, out.Username, out.UserPassword = j.Domain, j.Username, r.read(ctx, &j.PasswordSecretRef)
	}
	return out
}

// secretsOf returns the names of the Secrets that the VM's guest data is read from.
func secretsOf(vm *v1beta1.VirtualMachine) []string {
	var refs []*xpv2.LocalSecretKeySelector
	if u := vm.Spec.ForProvider.UserData; u != nil {
		refs = append(refs, u.CloudInit.SecretRef)
	}
	if c := vm.Spec.ForProvider.Customization; c != nil && c.Sysprep != nil {
		refs = append(refs, c.Sysprep.ProductKeySecretRef, c.Sysprep.AdminPasswordSecretRef)
		if j := c.Sysprep.JoinDomain; j != nil {
			refs = append(refs, &j.PasswordSecretRef)
		}
	}
	var names []string
	for _, ref := range refs {
		if ref != nil {
			names = append(names, ref.Name)
		}
	}
	return names
}
