// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PlacementTargets are places by name. A list that is empty does not restrict.
type PlacementTargets struct {
	// Clusters by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=253
	Clusters []string `json:"clusters,omitempty"`

	// Datastores by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MaxLength=253
	Datastores []string `json:"datastores,omitempty"`

	// Hosts by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=1024
	// +kubebuilder:validation:items:MaxLength=253
	Hosts []string `json:"hosts,omitempty"`

	// Folders of the inventory, by path below the datacenter's VM folder. vSphere only. VMs are put in the first that exists.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	Folders []string `json:"folders,omitempty"`

	// Zones by name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=253
	Zones []string `json:"zones,omitempty"`
}

// AntiAffinity says which places the VMs of a set should not share. Each rule is true, false or an object
// {enabled: bool, scope: preferred|strict, maxVMsPerHost|maxVMsPerCluster|maxVMsPerDatastore: number}. True is
// {enabled: true, scope: preferred}: VMs are spread as evenly as can be. Scope strict never puts more than the maximum,
// one when it is left out, on one place, and rather leaves a VM out.
type AntiAffinity struct {
	// HostAntiAffinity spreads VMs over hosts.
	// +optional
	HostAntiAffinity *apiextensionsv1.JSON `json:"hostAntiAffinity,omitempty"`

	// ClusterAntiAffinity spreads VMs over clusters.
	// +optional
	ClusterAntiAffinity *apiextensionsv1.JSON `json:"clusterAntiAffinity,omitempty"`

	// DatastoreAntiAffinity spreads VMs over datastores.
	// +optional
	DatastoreAntiAffinity *apiextensionsv1.JSON `json:"datastoreAntiAffinity,omitempty"`
}

// VMPlacementPolicySpec says where VMs may be, should be, and should not be together.
type VMPlacementPolicySpec struct {
	// Hard rules: a VM that cannot satisfy them is not made.
	// +optional
	Hard PlacementTargets `json:"hard,omitempty"`

	// Soft rules: followed where it can be, never in the way of placing a VM.
	// +optional
	Soft PlacementTargets `json:"soft,omitempty"`

	// AntiAffinity rules between the VMs of one set.
	// +optional
	AntiAffinity AntiAffinity `json:"antiAffinity,omitempty"`
}

// PolicyEndpoint says what of one hypervisor endpoint satisfies a policy's hard rules.
type PolicyEndpoint struct {
	// Kind of the config: ProviderConfig or ClusterProviderConfig.
	Kind string `json:"kind"`
	// Name of the config.
	Name string `json:"name"`
	// Hosts that qualify.
	// +listType=atomic
	Hosts []string `json:"hosts,omitempty"`
	// Datastores that qualify and that a qualifying host can use.
	// +listType=atomic
	Datastores []string `json:"datastores,omitempty"`
	// Missing are names in the hard rules that the endpoint does not have, such as "host esxi-09".
	// +listType=atomic
	Missing []string `json:"missing,omitempty"`
}

// PolicyUser is a set that a policy places.
type PolicyUser struct {
	// Kind of the user: VMSet.
	Kind string `json:"kind"`
	// Name of the user.
	Name string `json:"name"`
	// VMs is how many VMs the user has.
	VMs int32 `json:"vms"`
}

// VMPlacementPolicyStatus says what a policy comes to.
type VMPlacementPolicyStatus struct {
	// Endpoints that have at least one host that qualifies, and what of them does.
	// +optional
	// +listType=atomic
	Endpoints []PolicyEndpoint `json:"endpoints,omitempty"`

	// UsedBy lists the sets that name the policy.
	// +optional
	// +listType=atomic
	UsedBy []PolicyUser `json:"usedBy,omitempty"`

	// QualifyingHosts is how many hosts qualify, over all endpoints.
	// +optional
	QualifyingHosts int32 `json:"qualifyingHosts"`

	// QualifyingDatastores is how many datastores qualify, over all endpoints.
	// +optional
	QualifyingDatastores int32 `json:"qualifyingDatastores"`

	// Users is how many sets name the policy.
	// +optional
	Users int32 `json:"users"`
}

// A VMPlacementPolicy says where the VMs of the sets that name it may be.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=vmpp,categories={crossplane,composite,virtrigaud}
// +kubebuilder:printcolumn:name="HOSTS",type="integer",JSONPath=".status.qualifyingHosts"
// +kubebuilder:printcolumn:name="DATASTORES",type="integer",JSONPath=".status.qualifyingDatastores"
// +kubebuilder:printcolumn:name="USERS",type="integer",JSONPath=".status.users"
type VMPlacementPolicy struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   VMPlacementPolicySpec   `json:"spec"`
	Status VMPlacementPolicyStatus `json:"status,omitempty"`
}

// VMPlacementPolicyList is a list of VMPlacementPolicies.
// +kubebuilder:object:root=true
type VMPlacementPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VMPlacementPolicy `json:"items"`
}
