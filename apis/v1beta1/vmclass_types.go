// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// VMClassSpec is a size and hardware that VMs share.
type VMClassSpec struct {
	// CPU is the number of virtual CPUs.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=768
	CPU int32 `json:"cpu"`

	// MemoryMiB is the guest's memory in MiB.
	// +kubebuilder:validation:Minimum=4
	// +kubebuilder:validation:Maximum=25165824
	// +kubebuilder:validation:MultipleOf=4
	MemoryMiB int64 `json:"memoryMiB"`

	// VMHardware of the VMs besides their size.
	VMHardware `json:",inline"`
}

// A VMClass is a reusable size of VMs. It has no counterpart on a hypervisor. When it changes, the VirtualMachines that name it
// are reconfigured, each by its own powerCyclePolicy.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,shortName=vmclass,categories={crossplane,virtrigaud}
// +kubebuilder:printcolumn:name="CPU",type="integer",JSONPath=".spec.cpu"
// +kubebuilder:printcolumn:name="MEMORY",type="integer",JSONPath=".spec.memoryMiB",description="MiB"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:validation:XValidation:rule="has(self.spec.firmware) == has(oldSelf.spec.firmware) && (!has(self.spec.firmware) || self.spec.firmware == oldSelf.spec.firmware)",fieldPath=".spec.firmware",message="firmware of a class cannot be changed, because an installed system does not start with another one: make a new class"
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
