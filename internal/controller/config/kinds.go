// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// A kind is what the two kinds of config differ in.
type kind struct {
	name    string
	new     func() resource.ProviderConfig
	newList func() client.ObjectList
	// status of a config of this kind.
	status func(client.Object) *v1beta1.ProviderConfigStatus
	// endpoint of a config of this kind.
	endpoint func(client.Object) v1beta1.Endpoint
	// secret that a config of this kind names; empty when it names none.
	secret func(client.Object) types.NamespacedName
}

// ref returns the reference to a config of this kind.
func (k kind) ref(key types.NamespacedName) endpoint.Ref {
	return endpoint.Ref{Kind: k.name, Namespace: key.Namespace, Name: key.Name}
}

// kinds returns both kinds of config.
//
//nolint:forcetypeassert // Each function is only called with objects that new has made, or that were listed into newList.
func kinds() []kind {
	return []kind{
		{
			name:     v1beta1.ProviderConfigKind,
			new:      func() resource.ProviderConfig { return &v1beta1.ProviderConfig{} },
			newList:  func() client.ObjectList { return &v1beta1.ProviderConfigList{} },
			status:   func(o client.Object) *v1beta1.ProviderConfigStatus { return &o.(*v1beta1.ProviderConfig).Status },
			endpoint: func(o client.Object) v1beta1.Endpoint { return o.(*v1beta1.ProviderConfig).Spec.Endpoint },
			secret: func(o client.Object) types.NamespacedName {
				if s := o.(*v1beta1.ProviderConfig).Spec.CredentialsSecretRef; s != nil {
					return types.NamespacedName{Namespace: o.GetNamespace(), Name: s.Name}
				}
				return types.NamespacedName{}
			},
		},
		{
			name:     v1beta1.ClusterProviderConfigKind,
			new:      func() resource.ProviderConfig { return &v1beta1.ClusterProviderConfig{} },
			newList:  func() client.ObjectList { return &v1beta1.ClusterProviderConfigList{} },
			status:   func(o client.Object) *v1beta1.ProviderConfigStatus { return &o.(*v1beta1.ClusterProviderConfig).Status },
			endpoint: func(o client.Object) v1beta1.Endpoint { return o.(*v1beta1.ClusterProviderConfig).Spec.Endpoint },
			secret: func(o client.Object) types.NamespacedName {
				if s := o.(*v1beta1.ClusterProviderConfig).Spec.CredentialsSecretRef; s != nil {
					return types.NamespacedName{Namespace: s.Namespace, Name: s.Name}
				}
				return types.NamespacedName{}
			},
		},
	}
}
