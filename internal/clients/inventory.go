// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

// Capabilities is what can be asked of an endpoint, by the names of ProviderConfig's status.
type Capabilities struct {
	ReconfigureOnline   bool
	DiskExpansionOnline bool
	Snapshots           bool
	MemorySnapshots     bool
	LinkedClones        bool
	ImageImport         bool
	GuestCustomization  bool
	ContentLibraries    bool
	Tags                bool
	SecureBoot          bool
	TPM                 bool
	// Firmware that VMs can have: "bios", "uefi".
	Firmware []string
	// DiskControllers that disks can be attached to: "scsi", "sata", "nvme", "virtio"; the first is the usual one.
	DiskControllers []string
	// DiskFormats that disks can have, where there is a choice: "qcow2", "raw".
	DiskFormats []string
	// Bridges says whether interfaces can be connected to bridges of the host.
	Bridges bool
	// MissingPrivileges are those that the account lacks, with what cannot be done without them.
	MissingPrivileges []string
	// DiskTypes are values of Disk's type: "thin", "thick".
	DiskTypes []string
	// NetworkTypes are models of interface that VMs get, such as "VMXNET3".
	NetworkTypes []string
}

// Inventory is what placement chooses from. All lists are sorted by name.
type Inventory struct {
	Clusters   []string
	Hosts      []Host
	Datastores []Datastore
	// Folders are paths below the datacenter's VM folder, such as "/Production/WebServers".
	Folders []string
}

// A Host of an endpoint.
type Host struct {
	Name               string
	Cluster            string
	Zone               string
	CPUs               int32
	MemoryMiB          int64
	AllocatedMemoryMiB int64
	VMs                int32
	// Unavailable says why nothing can be placed here: "maintenance", "disconnected"; empty when it can.
	Unavailable string
}

// A Datastore or storage pool of an endpoint. Pools of several libvirt hosts may share a name; each is an entry of its own.
type Datastore struct {
	Name        string
	Hosts       []string
	CapacityGiB int64
	FreeGiB     int64
	// Unavailable says why nothing can be placed here: "maintenance", "inactive"; empty when it can.
	Unavailable string
}
