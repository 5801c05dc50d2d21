// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VMClassSpec is a size that VMs share.
type VMClassSpec struct {
	// CPU is the number of virtual CPUs.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=768
	CPU int32 `json:"cpu"`

	// MemoryMiB is the guest's memory in MiB.
	// +kubebuilder:validation:Minimum=4
	// +kubebuilder:validation:Maximum=25165824
	MemoryMiB int64 `json:"memoryMiB"`
}

// A VMClass is a reusable size of VMs. It has no counterpart on a hypervisor.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,shortName=vmclass,categories={crossplane,virtrigaud}
// +kubebuilder:printcolumn:name="CPU",type="integer",JSONPath=".spec.cpu"
// +kubebuilder:printcolumn:name="MEMORY",type="integer",JSONPath=".spec.memoryMiB",description="MiB"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:validation:XValidation:rule="self.spec == oldSelf.spec",fieldPath=".spec",message="a VMClass cannot be changed, because running VMs were sized by it: make a new class and name it in classRef"
type VMClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec VMClassSpec `json:"spec"`
}

// VMClassList is a list of VMClasses.
// +kubebuilder:object:root=true
type VMClassList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VMClass `json:"items"`
}
