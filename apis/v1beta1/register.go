// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group and Version of every kind in this package.
const (
	Group   = "infra.virtrigaud.io"
	Version = "v1beta1"
)

// GroupVersion returns the group and version of every kind in this package.
func GroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: Version}
}

// Kinds of this package, as written in a manifest.
const (
	VirtualMachineKind        = "VirtualMachine"
	VMClassKind               = "VMClass"
	ProviderConfigKind        = "ProviderConfig"
	ClusterProviderConfigKind = "ClusterProviderConfig"
	ProviderConfigUsageKind   = "ProviderConfigUsage"
	VMSetKind                 = "VMSet"
	VMPlacementPolicyKind     = "VMPlacementPolicy"
)

// GVK returns the full name of a kind of this package.
func GVK(kind string) schema.GroupVersionKind {
	return GroupVersion().WithKind(kind)
}

// AddToScheme adds the kinds that the provider reconciles or reads, and the claims, to a scheme.
func AddToScheme(s *runtime.Scheme) error {
	gv := GroupVersion()
	s.AddKnownTypes(gv,
		&VirtualMachine{}, &VirtualMachineList{},
		&VMClass{}, &VMClassList{},
		&ProviderConfig{}, &ProviderConfigList{},
		&ClusterProviderConfig{}, &ClusterProviderConfigList{},
		&ProviderConfigUsage{}, &ProviderConfigUsageList{},
		&VMSet{}, &VMSetList{},
		&VMPlacementPolicy{}, &VMPlacementPolicyList{},
	)
	metav1.AddToGroupVersion(s, gv)
	return nil
}
