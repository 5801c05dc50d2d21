// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Labels and annotations that the function puts on the VMs of a set.
const (
	// LabelVMSet is the name of the VMSet that a VM belongs to.
	LabelVMSet = Group + "/vmset"
	// LabelVMSetUID is the UID of the VMSet that a VM belongs to, so that a set made anew does not take over an old set's VMs.
	LabelVMSetUID = Group + "/vmset-uid"
	// LabelSlot is the slot of the set that a VM fills: 0 to replicas-1.
	LabelSlot = Group + "/slot"
	// LabelRevision is the revision of the template that a VM was made from.
	LabelRevision = Group + "/revision"
)

// A VMSelector selects VMs by their labels.
type VMSelector struct {
	// MatchLabels that a VM must have, all of them.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	MatchLabels map[string]string `json:"matchLabels"`
}

// VMTemplateMeta is the metadata of a set's VMs.
type VMTemplateMeta struct {
	// Labels of the VMs.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Labels map[string]string `json:"labels,omitempty"`

	// Annotations of the VMs.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Annotations map[string]string `json:"annotations,omitempty"`
}

// VMTemplate describes the VMs of a set.
type VMTemplate struct {
	// Metadata of the VMs. A change is applied to the VMs as they are.
	// +optional
	Metadata VMTemplateMeta `json:"metadata,omitempty"`

	// Spec of the VMs: a VirtualMachine's spec. A change replaces the VMs.
	Spec VirtualMachineSpec `json:"spec"`
}

// UpdateStrategyType names a way to replace the VMs of a set.
// +kubebuilder:validation:Enum=RollingUpdate
type UpdateStrategyType string

// RollingUpdateStrategy replaces a set's VMs step by step, within two budgets.
const RollingUpdateStrategy UpdateStrategyType = "RollingUpdate"

// RollingUpdate is how much a set may deviate from its number of replicas while its VMs are replaced.
// +kubebuilder:validation:XValidation:rule="!((has(self.maxUnavailable) && (self.maxUnavailable == 0 || self.maxUnavailable == '0%')) && (has(self.maxSurge) && (self.maxSurge == 0 || self.maxSurge == '0%')))",message="maxUnavailable and maxSurge cannot both be 0: nothing could ever be replaced"
type RollingUpdate struct {
	// MaxUnavailable is how many VMs may be missing from the wanted number: a number, or a percentage of replicas that is
	// rounded down.
	// +optional
	// +kubebuilder:default="25%"
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? (self >= 0 && self <= 1000) : self.matches('^(100|[1-9]?[0-9])%$')",message="must be a number from 0 to 1000 or a percentage from 0% to 100%"
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// MaxSurge is how many VMs may exist beyond the wanted number: a number, or a percentage of replicas that is rounded up.
	// +optional
	// +kubebuilder:default="25%"
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == int ? (self >= 0 && self <= 1000) : self.matches('^(100|[1-9]?[0-9])%$')",message="must be a number from 0 to 1000 or a percentage from 0% to 100%"
	MaxSurge *intstr.IntOrString `json:"maxSurge,omitempty"`
}

// UpdateStrategy is how a set's VMs are replaced when its template's spec changes.
type UpdateStrategy struct {
	// Type of the strategy.
	// +optional
	// +kubebuilder:default=RollingUpdate
	Type UpdateStrategyType `json:"type,omitempty"`

	// RollingUpdate budgets.
	// +optional
	RollingUpdate *RollingUpdate `json:"rollingUpdate,omitempty"`
}

// VMSetSpec is a wanted number of interchangeable VMs.
// +kubebuilder:validation:XValidation:rule="has(self.selector) == has(oldSelf.selector) && (!has(self.selector) || self.selector == oldSelf.selector)",fieldPath=".selector",message="selector cannot be changed: make a new VMSet"
// +kubebuilder:validation:XValidation:rule="!has(self.selector) || (has(self.template.metadata) && has(self.template.metadata.labels) && self.selector.matchLabels.all(k, k in self.template.metadata.labels && self.template.metadata.labels[k] == self.selector.matchLabels[k]))",fieldPath=".selector.matchLabels",message="selector.matchLabels must be among template.metadata.labels"
type VMSetSpec struct {
	// Replicas is the wanted number of VMs. One when it is left out, which leaves it to an autoscaler or another owner.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000
	Replicas *int32 `json:"replicas,omitempty"`

	// Selector that the VMs' labels satisfy. It cannot be changed. The set knows its VMs by labels of its own; this one is for
	// people and programs that look for them.
	// +optional
	Selector *VMSelector `json:"selector,omitempty"`

	// Template of the VMs.
	Template VMTemplate `json:"template"`

	// PlacementRef names the VMPlacementPolicy of this namespace that says where the VMs may be.
	// +optional
	PlacementRef *LocalReference `json:"placementRef,omitempty"`

	// UpdateStrategy is how VMs are replaced when the template's spec changes.
	// +optional
	UpdateStrategy *UpdateStrategy `json:"updateStrategy,omitempty"`
}

// VMSetStatus says how far a set is.
type VMSetStatus struct {
	// Replicas is how many VMs exist, those being deleted not counted.
	// +optional
	Replicas int32 `json:"replicas"`
	// ReadyReplicas is how many VMs are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas"`
	// UpdatedReplicas is how many VMs are of the template's present revision.
	// +optional
	UpdatedReplicas int32 `json:"updatedReplicas"`
	// TerminatingReplicas is how many VMs are being deleted and still hold resources.
	// +optional
	TerminatingReplicas int32 `json:"terminatingReplicas"`
	// MaxUnavailable is the budget in VMs that the update strategy resolves to.
	// +optional
	MaxUnavailable int32 `json:"maxUnavailable"`
	// MaxSurge is the budget in VMs that the update strategy resolves to.
	// +optional
	MaxSurge int32 `json:"maxSurge"`
	// Revision of the template as it is now.
	// +optional
	Revision string `json:"revision,omitempty"`
	// Selector of the set's VMs, for autoscalers.
	// +optional
	Selector string `json:"selector,omitempty"`
}

// A VMSet is a wanted number of interchangeable VMs that are replaced step by step when their template changes.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:scope=Namespaced,shortName=vmset,categories={crossplane,composite,virtrigaud}
// +kubebuilder:printcolumn:name="DESIRED",type="integer",JSONPath=".spec.replicas"
// +kubebuilder:printcolumn:name="CURRENT",type="integer",JSONPath=".status.replicas"
// +kubebuilder:printcolumn:name="UPDATED",type="integer",JSONPath=".status.updatedReplicas"
// +kubebuilder:printcolumn:name="AVAILABLE",type="integer",JSONPath=".status.readyReplicas"
type VMSet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   VMSetSpec   `json:"spec"`
	Status VMSetStatus `json:"status,omitempty"`
}

// VMSetList is a list of VMSets.
// +kubebuilder:object:root=true
type VMSetList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VMSet `json:"items"`
}
