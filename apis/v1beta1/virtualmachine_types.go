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

// An ImageReference names what a VM is made from.
type ImageReference struct {
	// Name of the image on the hypervisor. vSphere: a template's name, or its inventory path when the name is not unique
	// ("/Datacenter/vm/Templates/ubuntu-22-04"). libvirt: a volume's name, or "pool/volume".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// VMResources is the size of a VM. A value here wins over the class.
type VMResources struct {
	// CPU is the number of virtual CPUs.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=768
	CPU *int32 `json:"cpu,omitempty"`

	// MemoryMiB is the guest's memory in MiB.
	// +optional
	// +kubebuilder:validation:Minimum=4
	// +kubebuilder:validation:Maximum=25165824
	MemoryMiB *int64 `json:"memoryMiB,omitempty"`
}

// A VMNetwork is one network interface of a VM.
type VMNetwork struct {
	// Name of the interface within this VM, such as "primary".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// Network to connect to. vSphere: the name or inventory path of a standard or distributed port group.
	// libvirt: the name of a virtual network of the host.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Network string `json:"network"`

	// MACAddress of the interface, as six lower-case hexadecimal pairs. The hypervisor chooses one when it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=17
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9a-f]{2}:){5}[0-9a-f]{2}$')",message="must be six lower-case hexadecimal pairs with colons between them, such as 52:54:00:12:34:56"
	MACAddress *string `json:"macAddress,omitempty"`
}

// DiskType says how a disk's space is taken from its datastore.
// +kubebuilder:validation:Enum=thin;thick
type DiskType string

// Disk types.
const (
	// DiskThin takes space as the guest writes.
	DiskThin DiskType = "thin"
	// DiskThick takes the whole size when the disk is made.
	DiskThick DiskType = "thick"
)

// A VMDisk is a data disk that is made with the VM and deleted with it. The image's own disks are not listed.
type VMDisk struct {
	// Name of the disk within this VM, such as "data".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must consist of lower-case letters, digits and dashes, and begin and end with a letter or digit"
	Name string `json:"name"`

	// SizeGiB is the size of the disk in GiB.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=63488
	SizeGiB int64 `json:"sizeGiB"`

	// Type says how space is taken from the datastore.
	// +optional
	// +kubebuilder:default=thin
	Type DiskType `json:"type,omitempty"`
}

// CloudInit is user data for cloud-init or a compatible program in the guest.
// +kubebuilder:validation:XValidation:rule="has(self.inline) != has(self.secretRef)",message="set exactly one of inline and secretRef"
type CloudInit struct {
	// Inline user data, such as a #cloud-config document. Use secretRef for anything confidential.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Inline *string `json:"inline,omitempty"`

	// SecretRef names the Secret of this namespace, and the key in it, that holds the user data.
	// +optional
	SecretRef *xpv2.LocalSecretKeySelector `json:"secretRef,omitempty"`
}

// UserData is handed to the guest at its first boot.
type UserData struct {
	// CloudInit user data: guestinfo properties on vSphere, a NoCloud seed on libvirt.
	CloudInit CloudInit `json:"cloudInit"`
}

// VMPlacement says where a VM is made. What is left out is chosen by the hypervisor's provider.
type VMPlacement struct {
	// Cluster to run in. libvirt: the cluster name that the ProviderConfig gives its hosts.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Cluster *string `json:"cluster,omitempty"`

	// Host to run on. libvirt: the host name that the ProviderConfig gives.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Host *string `json:"host,omitempty"`

	// Datastore for the VM's disks. libvirt: a storage pool of the host.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Datastore *string `json:"datastore,omitempty"`

	// Folder of the inventory, below the datacenter's VM folder, such as "/Production/WebServers". vSphere only; it must exist.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[^/]+)+$')",message="must be a path that begins with a slash and does not end with one, such as /Production/WebServers"
	Folder *string `json:"folder,omitempty"`
}

// VirtualMachineParameters is what a user asks of a VM.
// +kubebuilder:validation:XValidation:rule="has(self.classRef) || (has(self.resources) && has(self.resources.cpu) && has(self.resources.memoryMiB))",message="set classRef, or both resources.cpu and resources.memoryMiB, so that the VM has a size"
type VirtualMachineParameters struct {
	// ClassRef names the VMClass of this namespace that sizes the VM.
	// +optional
	ClassRef *LocalReference `json:"classRef,omitempty"`

	// Resources size the VM. What is set here wins over the class.
	// +optional
	Resources *VMResources `json:"resources,omitempty"`

	// ImageRef names the template or base volume that the VM is made from.
	ImageRef ImageReference `json:"imageRef"`

	// Linked makes the VM's disk an overlay of the image, which then must outlive the VM: fast and small. Otherwise the
	// image is copied. Needs the capability supportsLinkedClones.
	// +optional
	Linked bool `json:"linked,omitempty"`

	// Networks are the VM's network interfaces. When there are none the VM has those of the template on vSphere, and one
	// on the network "default" on libvirt.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Networks []VMNetwork `json:"networks,omitempty"`

	// Disks are data disks in addition to those of the image.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Disks []VMDisk `json:"disks,omitempty"`

	// UserData is handed to the guest at its first boot.
	// +optional
	UserData *UserData `json:"userData,omitempty"`

	// Placement says where the VM is made. A VMSet fills it in for its VMs.
	// +optional
	Placement *VMPlacement `json:"placement,omitempty"`
}

// PowerState of a VM, as its hypervisor reports it.
type PowerState string

// Power states.
const (
	PoweredOn  PowerState = "On"
	PoweredOff PowerState = "Off"
	Suspended  PowerState = "Suspended"
)

// A VMNetworkObservation is one network interface as its hypervisor reports it.
type VMNetworkObservation struct {
	// Network the interface is connected to.
	Network string `json:"network,omitempty"`
	// MACAddress of the interface.
	MACAddress string `json:"macAddress,omitempty"`
	// IPAddresses the guest has on the interface.
	// +listType=atomic
	IPAddresses []string `json:"ipAddresses,omitempty"`
}

// A VMDiskObservation is one disk as its hypervisor reports it.
type VMDiskObservation struct {
	// Name of the data disk; empty for a disk of the image.
	Name string `json:"name,omitempty"`
	// SizeGiB is the disk's size in GiB, rounded up.
	SizeGiB int64 `json:"sizeGiB"`
	// Datastore that holds the disk.
	Datastore string `json:"datastore,omitempty"`
}

// VirtualMachineObservation is what the hypervisor says of a VM.
type VirtualMachineObservation struct {
	// UUID by which the hypervisor knows the VM: instance UUID on vSphere, domain UUID on libvirt.
	UUID string `json:"uuid,omitempty"`
	// ID is the hypervisor's own handle: a managed object reference on vSphere, "host/domain" on libvirt.
	ID string `json:"id,omitempty"`
	// PowerState of the VM.
	PowerState PowerState `json:"powerState,omitempty"`
	// CPU is the number of virtual CPUs the VM has.
	CPU int32 `json:"cpu,omitempty"`
	// MemoryMiB is the memory the VM has, in MiB.
	MemoryMiB int64 `json:"memoryMiB,omitempty"`
	// Cluster, Host, Datastore and Folder are where the VM is now.
	Cluster   string `json:"cluster,omitempty"`
	Host      string `json:"host,omitempty"`
	Datastore string `json:"datastore,omitempty"`
	Folder    string `json:"folder,omitempty"`
	// IPAddresses of the guest, as far as the hypervisor knows them.
	// +listType=atomic
	IPAddresses []string `json:"ipAddresses,omitempty"`
	// Networks are the VM's interfaces.
	// +listType=atomic
	Networks []VMNetworkObservation `json:"networks,omitempty"`
	// Disks are the VM's disks.
	// +listType=atomic
	Disks []VMDiskObservation `json:"disks,omitempty"`
}

// VirtualMachineSpec is the desired state of a VM. A VMSet's template has the same spec.
// +kubebuilder:validation:XValidation:rule="!has(self.providerConfigRef) || self.providerConfigRef.kind in ['ProviderConfig', 'ClusterProviderConfig']",fieldPath=".providerConfigRef.kind",message="providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig"
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
// +kubebuilder:printcolumn:name="POWER",type="string",JSONPath=".status.atProvider.powerState"
// +kubebuilder:printcolumn:name="CPU",type="integer",JSONPath=".status.atProvider.cpu"
// +kubebuilder:printcolumn:name="MEMORY",type="integer",JSONPath=".status.atProvider.memoryMiB",description="MiB"
// +kubebuilder:printcolumn:name="IP",type="string",JSONPath=".status.atProvider.ipAddresses[0]"
// +kubebuilder:printcolumn:name="HOST",type="string",JSONPath=".status.atProvider.host"
// +kubebuilder:printcolumn:name="DATASTORE",type="string",JSONPath=".status.atProvider.datastore",priority=1
// +kubebuilder:printcolumn:name="EXTERNAL-NAME",type="string",JSONPath=".metadata.annotations.crossplane\\.io/external-name",priority=1
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:validation:XValidation:rule="self.spec.forProvider.imageRef == oldSelf.spec.forProvider.imageRef",fieldPath=".spec.forProvider.imageRef",message="imageRef cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.forProvider.linked) && self.spec.forProvider.linked) == (has(oldSelf.spec.forProvider.linked) && oldSelf.spec.forProvider.linked)",fieldPath=".spec.forProvider.linked",message="linked cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.classRef) == has(oldSelf.spec.forProvider.classRef) && (!has(self.spec.forProvider.classRef) || self.spec.forProvider.classRef == oldSelf.spec.forProvider.classRef)",fieldPath=".spec.forProvider.classRef",message="classRef cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.resources) == has(oldSelf.spec.forProvider.resources) && (!has(self.spec.forProvider.resources) || self.spec.forProvider.resources == oldSelf.spec.forProvider.resources)",fieldPath=".spec.forProvider.resources",message="resources cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.networks) == has(oldSelf.spec.forProvider.networks) && (!has(self.spec.forProvider.networks) || self.spec.forProvider.networks == oldSelf.spec.forProvider.networks)",fieldPath=".spec.forProvider.networks",message="networks cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.disks) == has(oldSelf.spec.forProvider.disks) && (!has(self.spec.forProvider.disks) || self.spec.forProvider.disks == oldSelf.spec.forProvider.disks)",fieldPath=".spec.forProvider.disks",message="disks cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
// +kubebuilder:validation:XValidation:rule="has(self.spec.forProvider.userData) == has(oldSelf.spec.forProvider.userData) && (!has(self.spec.forProvider.userData) || self.spec.forProvider.userData == oldSelf.spec.forProvider.userData)",fieldPath=".spec.forProvider.userData",message="userData cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
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
