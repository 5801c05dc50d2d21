// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"fmt"

	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A Ref names a config object.
type Ref struct {
	// Kind is ProviderConfig or ClusterProviderConfig.
	Kind string
	// Namespace of a ProviderConfig; empty for a ClusterProviderConfig.
	Namespace string
	// Name of the config.
	Name string
}

// String returns the reference as people write it, such as "ProviderConfig team-a/lab".
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Namespace + "/" + r.Name
}

// RefOf returns the reference to the config that a VM names.
func RefOf(vm *v1beta1.VirtualMachine) Ref {
	pc := vm.GetProviderConfigReference()
	if pc == nil {
		return Ref{}
	}
	r := Ref{Kind: pc.Kind, Name: pc.Name}
	if r.Kind == v1beta1.ProviderConfigKind {
		r.Namespace = vm.GetNamespace()
	}
	return r
}

// config is what both kinds of config have in common.
type config struct {
	uid      types.UID
	endpoint v1beta1.Endpoint
	// secret that holds the credentials; empty for an endpoint without.
	secret types.NamespacedName
}

// Type returns which hypervisor a config is about; empty when the config cannot be read.
func (p *Pool) Type(ctx context.Context, ref Ref) v1beta1.ProviderType {
	c, err := loadConfig(ctx, p.kube, ref)
	if err != nil {
		return ""
	}
	return c.endpoint.Type
}

// loadConfig reads the config object that ref names.
func loadConfig(ctx context.Context, kube client.Reader, ref Ref) (config, error) {
	key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	switch ref.Kind {
	case v1beta1.ProviderConfigKind:
		pc := &v1beta1.ProviderConfig{}
		if err := kube.Get(ctx, key, pc); err != nil {
			return config{}, notFound(err, ref.Kind, ref.String())
		}
		c := config{uid: pc.GetUID(), endpoint: pc.Spec.Endpoint}
		if s := pc.Spec.CredentialsSecretRef; s != nil {
			// NOTE: the Secret is of the config's own namespace and there is no way to name another: whoever may write a
			// ProviderConfig here must not be able to read Secrets there.
			c.secret = types.NamespacedName{Namespace: pc.GetNamespace(), Name: s.Name}
		}
		return c, nil
	case v1beta1.ClusterProviderConfigKind:
		pc := &v1beta1.ClusterProviderConfig{}
		if err := kube.Get(ctx, key, pc); err != nil {
			return config{}, notFound(err, ref.Kind, ref.String())
		}
		c := config{uid: pc.GetUID(), endpoint: pc.Spec.Endpoint}
		if s := pc.Spec.CredentialsSecretRef; s != nil {
			c.secret = types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
		}
		return c, nil
	default:
		return config{}, clients.NewError(clients.Invalid, "ProviderConfig",
			fmt.Errorf("providerConfigRef.kind is %q, but must be %s or %s", ref.Kind, v1beta1.ProviderConfigKind, v1beta1.ClusterProviderConfigKind))
	}
}

// notFound classifies an error of reading a Kubernetes object: what is not there gets a sentence that names it.
func notFound(err error, subject, name string) error {
	if kerrors.IsNotFound(err) {
		return clients.NewError(clients.NotFound, subject, fmt.Errorf("%s does not exist", name))
	}
	return fmt.Errorf("cannot get %s: %w", name, err)
}
