// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

// A Change is what of a VM is to become different, all at once. Fields that are zero stay as they are. Values are what the VM
// shall have and not differences, so that the same Change twice is the same as once.
type Change struct {
	// CPU and MemoryMiB that the VM shall have.
	CPU       int32
	MemoryMiB int64
	// HotAdd headroom that the VM shall have.
	HotAdd *HotAdd
	// GrowDisks by name, RootDisk included, to SizeGiB.
	GrowDisks []Disk
	// AddDisks are new.
	AddDisks []Disk
	// DetachDisks by name. Their files are kept.
	DetachDisks []string
	// AddNetworks are new interfaces, UpdateNetworks are connected elsewhere, RemoveNetworks go, by name.
	AddNetworks, UpdateNetworks []Network
	RemoveNetworks              []string
	// GuestData and, for the addresses in it, all Networks, replace what the guest is given. Applied only with SetGuestData.
	SetGuestData bool
	GuestData    GuestData
	Networks     []Network
	// Tags and Attributes that the VM shall have, with SetTags and SetAttributes; those that others gave it stay.
	SetTags       bool
	Tags          []Tag
	SetAttributes bool
	Attributes    map[string]string
}

// A PowerAction changes the power of a VM.
type PowerAction string

// Power actions.
const (
	// ActionPowerOn powers on or resumes.
	ActionPowerOn PowerAction = "PowerOn"
	// ActionPowerOff switches off at once.
	ActionPowerOff PowerAction = "PowerOff"
	// ActionShutdown asks the guest to shut down. Whether it does shows in later observations.
	ActionShutdown PowerAction = "Shutdown"
	// ActionSuspend writes the memory to disk.
	ActionSuspend PowerAction = "Suspend"
)

// DeleteOptions say what a deletion spares and what it ends first.
type DeleteOptions struct {
	// Task is the one that CreateVM returned, or empty.
	Task TaskRef
	// Retain are data disks by name whose files are kept.
	Retain []string
}
