// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// A LocalReference names an object of the same namespace.
type LocalReference struct {
	// Name of the object.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// ContentLibraryItem names an item of a vSphere content library.
type ContentLibraryItem struct {
	// Library that has the item.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Library string `json:"library"`

	// Item to make the VM from: an OVF or a VM template.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Item string `json:"item"`
}

// An ImageReference names what a VM is made from.
// +kubebuilder:validation:XValidation:rule="has(self.name) != has(self.contentLibrary)",message="set exactly one of name and contentLibrary"
type ImageReference struct {
	// Name of the image on the hypervisor. vSphere: a template's or VM's name, or its inventory path when the name is not
	// unique ("/Datacenter/vm/Templates/ubuntu-22-04"). libvirt: a volume's name, or "pool/volume".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// ContentLibrary names an item of a content library. vSphere only.
	// +optional
	ContentLibrary *ContentLibraryItem `json:"contentLibrary,omitempty"`
}

// VMPlacement says where a VM is made. What is left out is chosen by the hypervisor's provider.
// +kubebuilder:validation:XValidation:rule="!(has(self.datastore) && has(self.datastoreCluster))",message="set at most one of datastore and datastoreCluster"
type VMPlacement struct {
	// Datacenter of the vCenter; needed only when it has several and nothing else says which. vSphere only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Datacenter *string `json:"datacenter,omitempty"`

	// Cluster to run in. libvirt: the cluster name that the ProviderConfig gives its hosts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Cluster *string `json:"cluster,omitempty"`

	// Host to run on. libvirt: the host name that the ProviderConfig gives. On vSphere DRS may move the VM to another host of
	// the cluster later.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Host *string `json:"host,omitempty"`

	// Datastore for the VM's disks. libvirt: a storage pool of the host.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Datastore *string `json:"datastore,omitempty"`

	// DatastoreCluster of whose datastores the vCenter recommends one. vSphere only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	DatastoreCluster *string `json:"datastoreCluster,omitempty"`

	// Folder of the inventory, below the datacenter's VM folder, such as "/Production/WebServers". vSphere only. It is made
	// when it does not exist.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[^/]+)+$')",message="must be a path that begins with a slash and does not end with one, such as /Production/WebServers"
	Folder *string `json:"folder,omitempty"`

	// ResourcePool of the cluster, by name or by path below the cluster's own pool, such as "Production/Web". vSphere only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ResourcePool *string `json:"resourcePool,omitempty"`
}

// A VMTag is a tag of vSphere. Both the category and the tag must exist.
type VMTag struct {
	// Category of the tag.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Category string `json:"category"`

	// Name of the tag.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// DesiredPowerState is the power state that a VM is brought to.
// +kubebuilder:validation:Enum=On;Off;OffGraceful;Suspended
type DesiredPowerState string

// Desired power states.
const (
	// PowerOn: the VM runs.
	PowerOn DesiredPowerState = "On"
	// PowerOff: the VM is switched off at once.
	PowerOff DesiredPowerState = "Off"
	// PowerOffGraceful: the guest is asked to shut down, and the VM is switched off when it has not by the deadline.
	PowerOffGraceful DesiredPowerState = "OffGraceful"
	// PowerSuspended: the VM's memory is written to disk.
	PowerSuspended DesiredPowerState = "Suspended"
)

// PowerCyclePolicy says what happens to a running VM when a change of its hardware needs it to be off.
// +kubebuilder:validation:Enum=Never;OnNextPowerOff;Graceful;Force
type PowerCyclePolicy string

// Policies of power cycles.
const (
	// CycleNever leaves the VM as it is, and the change undone, until the VM is off and the policy is another one.
	CycleNever PowerCyclePolicy = "Never"
	// CycleOnNextPowerOff makes the change when the VM is off for another reason.
	CycleOnNextPowerOff PowerCyclePolicy = "OnNextPowerOff"
	// CycleGraceful asks the guest to shut down, switches the VM off at the deadline, makes the change and powers on.
	CycleGraceful PowerCyclePolicy = "Graceful"
	// CycleForce switches the VM off at once, makes the change and powers on.
	CycleForce PowerCyclePolicy = "Force"
)

// DeletePolicy says how a running VM is stopped before it is deleted.
// +kubebuilder:validation:Enum=Graceful;Hard
type DeletePolicy string

// Policies of deletion.
const (
	// DeleteGraceful asks the guest to shut down if its tools run, and switches the VM off at the deadline.
	DeleteGraceful DeletePolicy = "Graceful"
	// DeleteHard switches the VM off at once.
	DeleteHard DeletePolicy = "Hard"
)

// VirtualMachineParameters is what a user asks of a VM.
// +kubebuilder:validation:XValidation:rule="!has(self.customization) || !has(self.customization.type) || self.customization.type == 'CloudInit' || !has(self.userData)",fieldPath=".userData",message="userData is for cloud-init: leave it out when customization.type is LinuxPrep or Sysprep"
type VirtualMachineParameters struct {
	// ClassRef names the VMClass of this namespace that sizes the VM.
	// +optional
	ClassRef *LocalReference `json:"classRef,omitempty"`

	// Resources size the VM. What is set here wins over the class.
	// +optional
	Resources *VMResources `json:"resources,omitempty"`

	// Hardware of the VM besides its size. A block that is set here wins over the class.
	// +optional
	Hardware *VMHardware `json:"hardware,omitempty"`

	// ImageRef names the template or base volume that the VM is made from. Only a VM that is never made, because
	// managementPolicies leave Create out, needs none.
	// +optional
	ImageRef *ImageReference `json:"imageRef,omitempty"`

	// Linked makes the VM's disk an overlay of the image, which then must outlive the VM: fast and small. Otherwise the
	// image is copied. Needs the capability supportsLinkedClones, and on vSphere a snapshot of the image.
	// +optional
	Linked bool `json:"linked,omitempty"`

	// Networks are the VM's network interfaces. When there are none the VM has those of the template on vSphere, and one
	// on the network "default" on libvirt.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Networks []VMNetwork `json:"networks,omitempty"`

	// Disks are data disks in addition to those of the image. The name "root" means the image's first disk.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Disks []VMDisk `json:"disks,omitempty"`

	// UserData is handed to the guest.
	// +optional
	UserData *UserData `json:"userData,omitempty"`

	// Customization gives the guest a name of its own.
	// +optional
	Customization *Customization `json:"customization,omitempty"`

	// Placement says where the VM is made. A VMSet fills it in for its VMs.
	// +optional
	Placement *VMPlacement `json:"placement,omitempty"`

	// Tags that the VM has besides those that others give it. vSphere only.
	// +optional
	// +listType=map
	// +listMapKey=category
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Tags []VMTag `json:"tags,omitempty"`

	// CustomAttributes of the VM. An attribute that the vCenter does not define yet is defined for VMs. vSphere only.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	CustomAttributes map[string]string `json:"customAttributes,omitempty"`

	// PowerState that the VM is brought to, and back to when somebody else changes it.
	// +optional
	// +kubebuilder:default=On
	PowerState DesiredPowerState `json:"powerState,omitempty"`

	// RestartToken restarts a running VM each time it is set to another value, such as the time of the request: the guest is
	// asked to shut down, the VM is switched off at the deadline, and powered on again.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	RestartToken string `json:"restartToken,omitempty"`

	// ShutdownTimeoutSeconds is how long a guest may take to shut down, in seconds, before the VM is switched off.
	// +optional
	// +kubebuilder:default=120
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ShutdownTimeoutSeconds int32 `json:"shutdownTimeoutSeconds,omitempty"`

	// PowerCyclePolicy says what happens to the running VM when a change of its hardware needs it to be off.
	// +optional
	// +kubebuilder:default=Graceful
	PowerCyclePolicy PowerCyclePolicy `json:"powerCyclePolicy,omitempty"`

	// DeletePolicy says how the running VM is stopped before it is deleted.
	// +optional
	// +kubebuilder:default=Graceful
	DeletePolicy DeletePolicy `json:"deletePolicy,omitempty"`

	// ReadinessProbe says when the running VM is ready. Without one it is as soon as it runs.
	// +optional
	ReadinessProbe *ReadinessProbe `json:"readinessProbe,omitempty"`
}

// VirtualMachineSpec is the desired state of a VM. A VMSet's template has the same spec.
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",fieldPath=".providerConfigRef.kind",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
// +kubebuilder:validation:XValidation:rule="has(self.forProvider.imageRef) || (has(self.managementPolicies) && !self.managementPolicies.exists(p, p == '*' || p == 'Create'))",fieldPath=".forProvider.imageRef",message="set imageRef, so that the VM can be made, or leave Create out of managementPolicies"
// +kubebuilder:validation:XValidation:rule="has(self.forProvider.classRef) || (has(self.forProvider.resources) && has(self.forProvider.resources.cpu) && has(self.forProvider.resources.memoryMiB)) || (has(self.managementPolicies) && !self.managementPolicies.exists(p, p == '*' || p == 'Create'))",fieldPath=".forProvider",message="set classRef, or both resources.cpu and resources.memoryMiB, so that the VM has a size"
type VirtualMachineSpec struct {
	xpv2.ManagedResourceSpec `json:",inline"`

	// ForProvider is what is asked of the hypervisor.
	ForProvider VirtualMachineParameters `json:"forProvider"`
}

// VirtualMachineStatus is the observed state of a VM.
type VirtualMachineStatus struct {
	xpv2.ManagedResourceStatus `json:",inline"`

	// AtProvider is what the hypervisor says of the VM.
	// +optional
	AtProvider VirtualMachineObservation `json:"atProvider,omitempty"`
}

// A VirtualMachine is one virtual machine on one hypervisor.
//
// The rules about change are written here and not in the spec, because a VMSet's template has the same spec and may change.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=vm,categories={crossplane,managed,virtrigaud}
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="SYNCED",type="string",JSONPath=".status.conditions[?(@.type=='Synced')].status"
// +kubebuilder:printcolumn:name="PHASE",type="string",JSONPath=".status.atProvider.phase"
// +kubebuilder:printcolumn:name="POWER",type="string",JSONPath=".status.atProvider.powerState"
// +kubebuilder:printcolumn:name="CPU",type="integer",JSONPath=".status.atProvider.cpu"
// +kubebuilder:printcolumn:name="MEMORY",type="integer",JSONPath=".status.atProvider.memoryMiB",description="MiB"
// +kubebuilder:printcolumn:name="IP",type="string",JSONPath=".status.atProvider.ipAddresses[0]"
// +kubebuilder:printcolumn:name="HOST",type="string",JSONPath=".status.atProvider.host"
// +kubebuilder:printcolumn:name="DATASTORE",type="string",JSONPath=".status.atProvider.datastore",priority=1
// +kubebuilder:printcolumn:name="EXTERNAL-NAME",type="string",JSONPath=".metadata.annotations.crossplane\\.io/external-name",priority=1
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.forProvider.imageRef) || (has(self.spec.forProvider.imageRef) && self.spec.forProvider.imageRef == oldSelf.spec.forProvider.imageRef)",fieldPath=".spec.forProvider.imageRef",message="imageRef cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.forProvider.linked) && self.spec.forProvider.linked) == (has(oldSelf.spec.forProvider.linked) && oldSelf.spec.forProvider.linked)",fieldPath=".spec.forProvider.linked",message="linked cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.forProvider.disks) || !has(oldSelf.spec.forProvider.disks) || self.spec.forProvider.disks.all(d, !oldSelf.spec.forProvider.disks.exists(o, o.name == d.name && o.sizeGiB > d.sizeGiB))",fieldPath=".spec.forProvider.disks",message="sizeGiB of a disk cannot be made smaller: the guest's data would be cut off; add a smaller disk and move the data in the guest"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.customization) == has(oldSelf.spec.forProvider.customization) && (!has(self.spec.forProvider.customization) || self.spec.forProvider.customization == oldSelf.spec.forProvider.customization)",fieldPath=".spec.forProvider.customization",message="customization cannot be changed on an existing VM: a guest is customized at its first boot; make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.placement) == has(oldSelf.spec.forProvider.placement) && (!has(self.spec.forProvider.placement) || self.spec.forProvider.placement == oldSelf.spec.forProvider.placement)",fieldPath=".spec.forProvider.placement",message="placement cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="self.spec.providerConfigRef == oldSelf.spec.providerConfigRef",fieldPath=".spec.providerConfigRef",message="providerConfigRef cannot be changed on an existing VM: a VM does not move between hypervisor endpoints"
type VirtualMachine struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   VirtualMachineSpec   `json:"spec"`
	Status VirtualMachineStatus `json:"status,omitempty"`
}

// VirtualMachineList is a list of VirtualMachines.
// +kubebuilder:object:root=true
type VirtualMachineList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []VirtualMachine `json:"items"`
}
