// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// A config is an object of either kind, and what the controllers need of it. The pointers are into the object.
type config struct {
	object resource.ProviderConfig
	status *v1beta1.ProviderConfigStatus
	// endpointType returns the type of hypervisor.
	endpointType func() v1beta1.ProviderType
	// secret returns the Secret with the credentials; empty when there is none.
	secret func() types.NamespacedName
	// copied returns a deep copy of the object.
	copied func() client.Object
}

func namespaced(pc *v1beta1.ProviderConfig) config {
	return config{
		object:       pc,
		status:       &pc.Status,
		endpointType: func() v1beta1.ProviderType { return pc.Spec.Type },
		secret: func() types.NamespacedName {
			if s := pc.Spec.CredentialsSecretRef; s != nil {
				return types.NamespacedName{Namespace: pc.GetNamespace(), Name: s.Name}
			}
			return types.NamespacedName{}
		},
		copied: func() client.Object { return pc.DeepCopy() },
	}
}

func cluster(pc *v1beta1.ClusterProviderConfig) config {
	return config{
		object:       pc,
		status:       &pc.Status,
		endpointType: func() v1beta1.ProviderType { return pc.Spec.Type },
		secret: func() types.NamespacedName {
			if s := pc.Spec.CredentialsSecretRef; s != nil {
				return types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
			}
			return types.NamespacedName{}
		},
		copied: func() client.Object { return pc.DeepCopy() },
	}
}

// A kind is one of the two kinds of config.
type kind struct {
	name string
	new  func() config
	list func(context.Context, client.Reader) ([]config, error)
}

// ref returns the reference to a config of this kind.
func (k kind) ref(key types.NamespacedName) endpoint.Ref {
	return endpoint.Ref{Kind: k.name, Namespace: key.Namespace, Name: key.Name}
}

func namespacedKind() kind {
	return kind{
		name: v1beta1.ProviderConfigKind,
		new:  func() config { return namespaced(&v1beta1.ProviderConfig{}) },
		list: func(ctx context.Context, kube client.Reader) ([]config, error) {
			l := &v1beta1.ProviderConfigList{}
			err := kube.List(ctx, l)
			var out []config
			for i := range l.Items {
				out = append(out, namespaced(&l.Items[i]))
			}
			return out, err
		},
	}
}

func clusterKind() kind {
	return kind{
		name: v1beta1.ClusterProviderConfigKind,
		new:  func() config { return cluster(&v1beta1.ClusterProviderConfig{}) },
		list: func(ctx context.Context, kube client.Reader) ([]config, error) {
			l := &v1beta1.ClusterProviderConfigList{}
			err := kube.List(ctx, l)
			var out []config
			for i := range l.Items {
				out = append(out, cluster(&l.Items[i]))
			}
			return out, err
		},
	}
}

func kinds() []kind {
	return []kind{namespacedKind(), clusterKind()}
}
