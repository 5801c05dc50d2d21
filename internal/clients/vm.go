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
	Cluster   string
	Host      string
	Datastore string
	Folder    string
}

// VMSpec is everything a VM is made from.
type VMSpec struct {
	Identity

	// Image is a template's name or inventory path, or a volume's "name" or "pool/name".
	Image string
	// Linked asks for an overlay of the image and not a copy.
	Linked bool
	// CPU is the number of virtual CPUs, at least 1.
	CPU int32
	// MemoryMiB is the guest's memory.
	MemoryMiB int64
	// Networks are the interfaces; none keeps those of the image.
	Networks []Network
	// Disks are data disks beside the image's.
	Disks []Disk
	// UserData for cloud-init; empty for none.
	UserData string
	// Placement of the VM.
	Placement Placement
}

// A Network is one interface of a VM.
type Network struct {
	Name       string
	Network    string
	MACAddress string
}

// A Disk is one data disk of a VM.
type Disk struct {
	Name    string
	SizeGiB int64
	// Thick takes the whole size at once; otherwise the disk grows as the guest writes.
	Thick bool
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

// VM is what a hypervisor says of a VM. Only State, Failure and Message are meaningful while the state is VMAbsent or VMCreating.
type VM struct {
	State VMState
	// Owner is the mark the VM carries; empty when it carries none.
	Owner string
	// Failure is why the last task on the VM failed, nil when it did not. It is of a class of errors.go.
	Failure error

	// ID is the hypervisor's own handle, for people.
	ID         string
	Name       string
	PowerState PowerState
	CPU        int32
	MemoryMiB  int64
	Placement  Placement
	// IPAddresses of the guest, the first one being the one to show, in stable order.
	IPAddresses []string
	Networks    []NetworkObservation
	Disks       []DiskObservation
}

// A NetworkObservation is one interface of a VM as its hypervisor reports it.
type NetworkObservation struct {
	Network     string
	MACAddress  string
	IPAddresses []string
}

// A DiskObservation is one disk of a VM as its hypervisor reports it.
type DiskObservation struct {
	// Name of the data disk; empty for a disk of the image.
	Name string
	// SizeGiB, rounded up.
	SizeGiB   int64
	Datastore string
}
