// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

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
	// +kubebuilder:validation:MultipleOf=4
	MemoryMiB *int64 `json:"memoryMiB,omitempty"`
}

// FirmwareType names what starts a VM's operating system.
// +kubebuilder:validation:Enum=bios;uefi
type FirmwareType string

// Firmware types.
const (
	FirmwareBIOS FirmwareType = "bios"
	FirmwareUEFI FirmwareType = "uefi"
)

// Firmware is what starts a VM's operating system. It is decided when the VM is made: an installed system starts with the
// firmware it was installed for, and with no other.
// +kubebuilder:validation:XValidation:rule="!has(self.secureBoot) || !self.secureBoot || (has(self.type) && self.type == 'uefi')",fieldPath=".secureBoot",message="secureBoot needs type uefi"
type Firmware struct {
	// Type of the firmware. When it is left out: that of the image on vSphere, bios on libvirt.
	// +optional
	Type FirmwareType `json:"type,omitempty"`

	// SecureBoot starts only systems that are signed by a known key.
	// +optional
	SecureBoot bool `json:"secureBoot,omitempty"`

	// TPM gives the VM an emulated trusted platform module. Needs the capability supportsTPM.
	// +optional
	TPM bool `json:"tpm,omitempty"`
}

// HotAdd says how much a VM can grow while it runs. On vSphere enabled sets the VM's hot-add flags and the maxima are ignored:
// the limits are the vCenter's. On libvirt the maxima are the headroom that the VM is started with.
//
// A change of these settings never stops a VM: it is applied when the VM is next powered off.
type HotAdd struct {
	// CPU lets CPUs be added to the running VM.
	// +optional
	CPU bool `json:"cpu,omitempty"`

	// Memory lets memory be added to the running VM.
	// +optional
	Memory bool `json:"memory,omitempty"`

	// MaxCPU is how many CPUs the running VM can have. libvirt only; twice its CPUs when it is left out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=768
	MaxCPU *int32 `json:"maxCPU,omitempty"`

	// MaxMemoryMiB is how much memory the running VM can have, in MiB. libvirt only; twice its memory when it is left out.
	// +optional
	// +kubebuilder:validation:Minimum=4
	// +kubebuilder:validation:Maximum=25165824
	MaxMemoryMiB *int64 `json:"maxMemoryMiB,omitempty"`
}

// LibvirtHardware is what only libvirt knows of.
type LibvirtHardware struct {
	// Machine type, such as "q35" or "pc". q35 when it is left out and the host has it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Machine string `json:"machine,omitempty"`

	// CPUModel is "host-model", "host-passthrough", "maximum", or the name of a model such as "EPYC". When it is left out:
	// host-model with KVM, the emulator's own with QEMU.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	CPUModel string `json:"cpuModel,omitempty"`

	// VNC gives the VM a graphical console that listens on the host's loopback interface.
	// +optional
	VNC bool `json:"vnc,omitempty"`

	// Autostart starts the VM when its host starts.
	// +optional
	Autostart bool `json:"autostart,omitempty"`
}

// VMHardware is what a VM is besides its size. A block here wins over the same block of the class.
type VMHardware struct {
	// Firmware that starts the operating system. It cannot be changed on an existing VM.
	// +optional
	Firmware *Firmware `json:"firmware,omitempty"`

	// HotAdd says how much the VM can grow while it runs.
	// +optional
	HotAdd *HotAdd `json:"hotAdd,omitempty"`

	// Libvirt is what only libvirt knows of. It is decided when the VM is made; ignored on vSphere.
	// +optional
	Libvirt *LibvirtHardware `json:"libvirt,omitempty"`
}

// NetworkModel names a model of network interface. Which of them an endpoint has is in its capabilities.
// +kubebuilder:validation:Enum=VMXNET3;E1000;E1000E;VIRTIO;RTL8139
type NetworkModel string

// A VMNetwork is one network interface of a VM.
// +kubebuilder:validation:XValidation:rule="has(self.network) != has(self.bridge)",message="set exactly one of network and bridge"
// +kubebuilder:validation:XValidation:rule="has(self.ipAddress) || !has(self.gateway)",fieldPath=".gateway",message="gateway needs ipAddress: without a static address the guest asks DHCP for both"
type VMNetwork struct {
	// Name of the interface within this VM, such as "primary".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must consist of lower-case letters, digits and dashes, and begin and end with a letter or digit"
	Name string `json:"name"`

	// Network to connect to. vSphere: the name or inventory path of a standard or distributed port group, or of an opaque
	// network. libvirt: the name of a virtual network of the host.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Network string `json:"network,omitempty"`

	// Bridge of the host to connect to. libvirt only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Bridge string `json:"bridge,omitempty"`

	// Model of the interface. VMXNET3 on vSphere and VIRTIO on libvirt when it is left out.
	// +optional
	Model NetworkModel `json:"model,omitempty"`

	// MACAddress of the interface, as six lower-case hexadecimal pairs. The hypervisor chooses one when it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=17
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9a-f]{2}:){5}[0-9a-f]{2}$')",message="must be six lower-case hexadecimal pairs with colons between them, such as 52:54:00:12:34:56"
	MACAddress *string `json:"macAddress,omitempty"`

	// IPAddress that the guest gives the interface at its first boot, such as "192.168.1.100/24". Without a prefix length /24
	// is meant, and /64 for IPv6. DHCP when it is left out.
	// +optional
	// +kubebuilder:validation:MaxLength=49
	// +kubebuilder:validation:XValidation:rule="isIP(self) || isCIDR(self)",message="must be an IP address, with or without a prefix length, such as 192.168.1.100/24"
	IPAddress *string `json:"ipAddress,omitempty"`

	// Gateway of the interface.
	// +optional
	// +kubebuilder:validation:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="isIP(self)",message="must be an IP address, such as 192.168.1.1"
	Gateway *string `json:"gateway,omitempty"`

	// DNS servers of the interface.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:items:XValidation:rule="isIP(self)",message="must be an IP address, such as 8.8.8.8"
	DNS []string `json:"dns,omitempty"`
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

// ExpandPolicy says when a disk may grow.
// +kubebuilder:validation:Enum=Online;Offline
type ExpandPolicy string

// Policies of expansion.
const (
	// ExpandOnline lets a disk grow while the VM runs, and with a power cycle where that cannot be.
	ExpandOnline ExpandPolicy = "Online"
	// ExpandOffline lets a disk grow only while the VM is off.
	ExpandOffline ExpandPolicy = "Offline"
)

// DiskController names what a disk is attached to. Which of them an endpoint has is in its capabilities.
// +kubebuilder:validation:Enum=scsi;sata;nvme;virtio
type DiskController string

// DiskFormat names how a disk is kept in a file. libvirt only.
// +kubebuilder:validation:Enum=qcow2;raw
type DiskFormat string

// RootDisk is the name by which a VM's list of disks means the image's first disk.
const RootDisk = "root"

// A VMDisk is a data disk that is made with the VM and deleted with it, unless it is retained. The image's own disks are not
// listed, except that the name "root" means the first of them, to make it larger.
//
// A disk that leaves the list is detached from the VM and its file is kept; an event says where it is.
// +kubebuilder:validation:XValidation:rule="self.name != 'root' || (!has(self.datastore) && !has(self.controller) && !has(self.format) && (!has(self.retain) || !self.retain))",message="the disk named root is the image's own: only sizeGiB and expandPolicy can be set on it"
type VMDisk struct {
	// Name of the disk within this VM, such as "data".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must consist of lower-case letters, digits and dashes, and begin and end with a letter or digit"
	Name string `json:"name"`

	// SizeGiB is the size of the disk in GiB. It can grow, and never shrink.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=63488
	SizeGiB int64 `json:"sizeGiB"`

	// Type says how space is taken from the datastore. It is decided when the disk is made.
	// +optional
	// +kubebuilder:default=thin
	Type DiskType `json:"type,omitempty"`

	// Datastore for the disk, or storage pool; the VM's when it is left out. It is decided when the disk is made.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Datastore *string `json:"datastore,omitempty"`

	// Controller the disk is attached to. scsi on vSphere and virtio on libvirt when it is left out. It is decided when the
	// disk is made.
	// +optional
	Controller *DiskController `json:"controller,omitempty"`

	// Format of the disk's file; qcow2 when it is left out. libvirt only. It is decided when the disk is made.
	// +optional
	Format *DiskFormat `json:"format,omitempty"`

	// ExpandPolicy says when the disk may grow. Online is tried first unless it says Offline.
	// +optional
	// +kubebuilder:default=Online
	ExpandPolicy ExpandPolicy `json:"expandPolicy,omitempty"`

	// Retain keeps the disk's file when the VM is deleted.
	// +optional
	Retain bool `json:"retain,omitempty"`
}
