// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1beta1 holds the kinds of API group infra.virtrigaud.io.
//
// VirtualMachine is a managed resource, reconciled by the provider. VMClass, ProviderConfig, ClusterProviderConfig and
// ProviderConfigUsage support it. VMSet and VMPlacementPolicy are claims: their Go types are the source of the
// CompositeResourceDefinitions in package/configuration, and the composition function reads them.
//
// +kubebuilder:object:generate=true
// +groupName=infra.virtrigaud.io
// +versionName=v1beta1
package v1beta1
