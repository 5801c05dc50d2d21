// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

// Identity is how a VM is known. It is decided before the hypervisor is first called and never changes.
type Identity struct {
	// UUID of the VM on the hypervisor: instance UUID on vSphere, domain UUID on libvirt. Lower case, with dashes.
	UUID string
	// Owner is the mark the VM carries: the UID of the managed resource.
	Owner string
	// Name shown on the hypervisor.
	Name string
	// Namespace of the managed resource, recorded beside the mark for people.
	Namespace string
	// Host is the host that the VM's placement names; empty where it names none.
	Host string
	// LastHost is the host that the VM was last seen on; empty when it was never seen. Of a fleet of independent hosts, Host
	// and LastHost have to answer for the VM to be known to be absent; all hosts where neither is known.
	LastHost string
}

// Placement is where a VM is made; empty fields are the endpoint's choice.
type Placement struct {
	// Datacenter is needed only where an endpoint has several and nothing else says which.
	Datacenter string
	Cluster    string
	Host       string
	Datastore  string
	// DatastoreCluster, instead of Datastore, lets the endpoint recommend one of its datastores.
	DatastoreCluster string
	// Folder is made when it does not exist.
	Folder       string
	ResourcePool string
}

// An Image is what a VM is made from: by name, or an item of a content library.
type Image struct {
	// Name is a template's or VM's name or inventory path, or a volume's "name" or "pool/name".
	Name string
	// Library and Item name an item of a content library.
	Library, Item string
}

// String names the image for people.
func (i Image) String() string {
	if i.Library != "" {
		return i.Library + "/" + i.Item
	}
	return i.Name
}

// Firmware names what starts a VM's operating system.
type Firmware string

// Firmwares. The empty one is the image's, or the endpoint's usual one.
const (
	BIOS Firmware = "bios"
	UEFI Firmware = "uefi"
)

// HotAdd says how much a VM shall be able to grow while it runs.
type HotAdd struct {
	CPU, Memory bool
	// MaxCPU and MaxMemoryMiB are the headroom that the VM is started with, where the hypervisor needs to know; 0 for the usual.
	MaxCPU       int32
	MaxMemoryMiB int64
}

// VMSpec is everything a VM is made from and kept to.
type VMSpec struct {
	Identity

	// Image the VM is made from.
	Image Image
	// Linked asks for an overlay of the image and not a copy.
	Linked bool
	// CPU is the number of virtual CPUs, at least 1.
	CPU int32
	// MemoryMiB is the guest's memory.
	MemoryMiB int64
	// Firmware, SecureBoot and TPM are decided when the VM is made.
	Firmware        Firmware
	SecureBoot, TPM bool
	// HotAdd headroom; nil leaves it to the image or the endpoint.
	HotAdd *HotAdd
	// Networks are the interfaces; none keeps those of the image.
	Networks []Network
	// Disks are data disks beside the image's. One of the name RootDisk means the image's first and has a size only.
	Disks []Disk
	// GuestData for the guest's first boot.
	GuestData GuestData
	// Placement of the VM.
	Placement Placement
	// Tags and Attributes of the VM; what it has besides is left alone.
	Tags       []Tag
	Attributes map[string]string
	// Libvirt is what only libvirt knows of.
	Libvirt LibvirtHardware
}

// LibvirtHardware is what only libvirt knows of. Empty fields are the endpoint's choice.
type LibvirtHardware struct {
	Machine, CPUModel string
	VNC, Autostart    bool
}

// A Tag of a VM, by the names of its category and itself.
type Tag struct {
	Category, Name string
}

// A Network is one interface of a VM.
type Network struct {
	// Name of the interface within the VM.
	Name string
	// Network or Bridge, one of them, is what it is connected to.
	Network, Bridge string
	// Model such as "VMXNET3"; empty for the endpoint's usual one.
	Model string
	// MACAddress; empty for one that the endpoint chooses.
	MACAddress string
	// Address that the guest gives the interface, with its prefix length; empty for DHCP.
	Address string
	Gateway string
	DNS     []string
}

// RootDisk is the name of the image's first disk in a VM's list of disks, and in what is observed of it.
const RootDisk = "root"

// SeedDisk is what the disk with the guest's data is called among those that a VM has left. No disk of a user has a dot.
const SeedDisk = "seed.iso"

// A Disk is one data disk of a VM.
type Disk struct {
	Name    string
	SizeGiB int64
	// Thick takes the whole size at once; otherwise the disk grows as the guest writes.
	Thick bool
	// Datastore, Controller and Format are the endpoint's choice when they are empty.
	Datastore, Controller, Format string
	// OfflineOnly says that the disk may grow only while the VM is off.
	OfflineOnly bool
}

// VMState says how far a VM's life has come.
type VMState string

// States of a VM.
const (
	// VMAbsent: the hypervisor confirmed that there is no such VM and no work on it.
	VMAbsent VMState = "Absent"
	// VMCreating: the VM is being made.
	VMCreating VMState = "Creating"
	// VMPresent: the VM is there and complete.
	VMPresent VMState = "Present"
	// VMBusy: the VM is there and work on it is under way, such as powering on.
	VMBusy VMState = "Busy"
	// VMDeleting: the VM is being removed.
	VMDeleting VMState = "Deleting"
)

// PowerState of a VM.
type PowerState string

// Power states.
const (
	PoweredOn  PowerState = "On"
	PoweredOff PowerState = "Off"
	Suspended  PowerState = "Suspended"
)

// HotPlug says what of a VM can be changed in its present power state. Of a VM that is off it is all that can be changed at
// all. Zero values say that it cannot.
type HotPlug struct {
	// MinCPU and MaxCPU bound the number of CPUs that the VM can be brought to now. CPUWhy says why not others, for people.
	MinCPU, MaxCPU int32
	CPUWhy         string
	// MinMemoryMiB and MaxMemoryMiB bound the memory that the VM can be brought to now, in steps of MemoryStepMiB from what it
	// has (0 and 1 are any). MemoryWhy says why not other amounts, for people.
	MinMemoryMiB, MaxMemoryMiB int64
	MemoryStepMiB              int64
	MemoryWhy                  string
	// HotAdd settings can be changed.
	HotAdd bool
	// Disks and Networks can be added and removed, and networks connected elsewhere.
	Disks, Networks bool
}

// VM is what a hypervisor says of a VM. Only State, Failure, FailedTask and Leftovers are meaningful while the state is VMAbsent
// or VMCreating.
type VM struct {
	State VMState
	// Owner is the mark the VM carries; empty when it carries none.
	Owner string
	// Failure is why the last task on the VM failed, nil when it did not. It is of a class of errors.go. FailedTask says which
	// one it was.
	Failure    error
	FailedTask TaskKind

	// ID is the hypervisor's own handle, for people.
	ID         string
	Name       string
	PowerState PowerState
	// BootID changes each time the VM is powered on, and not when its guest restarts. Empty while it is off.
	BootID    string
	CPU       int32
	MemoryMiB int64
	Firmware  Firmware
	// SecureBoot says whether only signed systems start.
	SecureBoot bool
	// HotAdd headroom that the VM has.
	HotAdd    HotAdd
	Placement Placement
	// Plug says what can be changed now.
	Plug HotPlug
	// GuestTools says whether VMware Tools or the QEMU guest agent runs.
	GuestTools bool
	// Hostname that the guest says it has; empty when that is not known.
	Hostname string
	// IPAddresses of the guest, the first one being the one to show, in stable order.
	IPAddresses []string
	Networks    []NetworkObservation
	Disks       []DiskObservation
	// GuestDataHash is what GuestData.Hash returned for the data the VM was last given; empty when that is not known.
	GuestDataHash string
	// Tags and Attributes that the VM was given by us.
	Tags       []Tag
	Attributes map[string]string
	// Emulated says that no processor runs the guest but an emulator.
	Emulated bool
	// Leftovers are the disks, by name, that an absent VM has left: somebody removed the VM and not its files. CreateVM takes
	// them in again and DeleteVM removes them, except those that it is told to retain.
	Leftovers []string
}

// TaskKind says what a task does to its VM.
type TaskKind string

// Kinds of tasks.
const (
	TaskCreate      TaskKind = "Create"
	TaskReconfigure TaskKind = "Reconfigure"
	TaskPowerOn     TaskKind = "PowerOn"
	TaskPowerOff    TaskKind = "PowerOff"
	TaskSuspend     TaskKind = "Suspend"
	TaskDelete      TaskKind = "Delete"
)

// A NetworkObservation is one interface of a VM as its hypervisor reports it.
type NetworkObservation struct {
	// Name of the interface within the VM; empty for one that we did not make.
	Name string
	// Network or Bridge it is connected to, by name.
	Network, Bridge string
	Model           string
	MACAddress      string
	IPAddresses     []string
}

// A DiskObservation is one disk of a VM as its hypervisor reports it.
type DiskObservation struct {
	// Name of the data disk; RootDisk for the image's first disk, empty for another one that we did not make.
	Name string
	// SizeGiB, rounded up.
	SizeGiB   int64
	Datastore string
	// Path of the file, for people.
	Path string
	// Controller and Format, where they are known; Thick as it was made.
	Controller, Format string
	Thick              bool
	// Growable says that the disk can be made larger in the VM's present state; GrowWhy why not, for people.
	Growable bool
	GrowWhy  string
}
