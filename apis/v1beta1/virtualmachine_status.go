// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// Conditions of a VirtualMachine, beside Ready and Synced.
const (
	// ConditionProvisioning is True while the VM is being made.
	ConditionProvisioning xpv2.ConditionType = "Provisioning"
	// ConditionReconfiguring is True while the VM's hardware is being changed.
	ConditionReconfiguring xpv2.ConditionType = "Reconfiguring"
	// ConditionReconfigurePendingPowerCycle is True while changes wait for the VM to be off. The message names them.
	ConditionReconfigurePendingPowerCycle xpv2.ConditionType = "ReconfigurePendingPowerCycle"
	// ConditionDrifted is True while the VM differs from what is asked in something that is only reported and never changed:
	// where it is, or what cannot be changed on an existing VM. The message names it.
	ConditionDrifted xpv2.ConditionType = "Drifted"
	// ConditionAccelerated is False while the host's processor does not run the guest, but an emulator does. libvirt only.
	ConditionAccelerated xpv2.ConditionType = "Accelerated"
)

// VMPhase says in one word what becomes of a VM.
type VMPhase string

// Phases of a VirtualMachine.
const (
	// PhasePending: nothing was asked of the hypervisor yet, or nothing can be.
	PhasePending VMPhase = "Pending"
	// PhaseProvisioning: the VM is being made.
	PhaseProvisioning VMPhase = "Provisioning"
	// PhaseRunning: the VM is on.
	PhaseRunning VMPhase = "Running"
	// PhaseStarting: the VM is being powered on.
	PhaseStarting VMPhase = "Starting"
	// PhaseStopping: the VM is being shut down, powered off or suspended.
	PhaseStopping VMPhase = "Stopping"
	// PhaseStopped: the VM is off.
	PhaseStopped VMPhase = "Stopped"
	// PhaseSuspended: the VM's memory is on disk.
	PhaseSuspended VMPhase = "Suspended"
	// PhaseReconfiguring: the VM's hardware is being changed, the power cycle for it included.
	PhaseReconfiguring VMPhase = "Reconfiguring"
	// PhaseDeleting: the VM is being removed.
	PhaseDeleting VMPhase = "Deleting"
	// PhaseFailed: what was asked cannot be done. The conditions say why.
	PhaseFailed VMPhase = "Failed"
	// PhaseUnknown: the hypervisor cannot be asked.
	PhaseUnknown VMPhase = "Unknown"
)

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
	// Name of the interface within the VM; empty for one that is not in the spec.
	Name string `json:"name,omitempty"`
	// Network the interface is connected to.
	Network string `json:"network,omitempty"`
	// Model of the interface.
	Model string `json:"model,omitempty"`
	// MACAddress of the interface.
	MACAddress string `json:"macAddress,omitempty"`
	// IPAddresses the guest has on the interface.
	// +listType=atomic
	IPAddresses []string `json:"ipAddresses,omitempty"`
}

// A VMDiskObservation is one disk as its hypervisor reports it.
type VMDiskObservation struct {
	// Name of the disk within the VM; "root" for the image's first disk, empty for another one that is not in the spec.
	Name string `json:"name,omitempty"`
	// SizeGiB is the disk's size in GiB, rounded up.
	SizeGiB int64 `json:"sizeGiB"`
	// Datastore that holds the disk.
	Datastore string `json:"datastore,omitempty"`
	// Path of the disk's file: "[datastore] folder/file.vmdk" on vSphere, a path of the host on libvirt.
	Path string `json:"path,omitempty"`
}

// A PowerOperation is a graceful change of power that has been asked of the guest and has a deadline.
type PowerOperation struct {
	// Reason is why: Reconfigure, PowerOff, Restart or Delete.
	Reason string `json:"reason"`
	// Token of the restart, if it is one.
	Token string `json:"token,omitempty"`
	// BootID of the VM when it was asked; the operation of a restart is over once it runs with another one.
	BootID string `json:"bootID,omitempty"`
	// RequestedAt is when the guest was asked first. The deadline counts from here.
	RequestedAt metav1.Time `json:"requestedAt"`
}

// VirtualMachineObservation is what the hypervisor says of a VM.
type VirtualMachineObservation struct {
	// UUID by which the hypervisor knows the VM: instance UUID on vSphere, domain UUID on libvirt.
	UUID string `json:"uuid,omitempty"`
	// ID is the hypervisor's own handle: a managed object reference on vSphere, "host/domain" on libvirt.
	ID string `json:"id,omitempty"`
	// Phase says in one word what becomes of the VM.
	Phase VMPhase `json:"phase,omitempty"`
	// PowerState of the VM.
	PowerState PowerState `json:"powerState,omitempty"`
	// CPU is the number of virtual CPUs the VM has.
	CPU int32 `json:"cpu,omitempty"`
	// MemoryMiB is the memory the VM has, in MiB.
	MemoryMiB int64 `json:"memoryMiB,omitempty"`
	// Firmware of the VM.
	Firmware FirmwareType `json:"firmware,omitempty"`
	// Cluster, Host, Datastore and Folder are where the VM is now.
	Cluster   string `json:"cluster,omitempty"`
	Host      string `json:"host,omitempty"`
	Datastore string `json:"datastore,omitempty"`
	Folder    string `json:"folder,omitempty"`
	// Hostname that the guest says it has.
	Hostname string `json:"hostname,omitempty"`
	// GuestTools says whether VMware Tools or the QEMU guest agent runs.
	GuestTools bool `json:"guestTools,omitempty"`
	// IPAddresses of the guest, as far as the hypervisor knows them.
	// +listType=atomic
	IPAddresses []string `json:"ipAddresses,omitempty"`
	// Networks are the VM's interfaces.
	// +listType=atomic
	Networks []VMNetworkObservation `json:"networks,omitempty"`
	// Disks are the VM's disks.
	// +listType=atomic
	Disks []VMDiskObservation `json:"disks,omitempty"`
	// LastReconfigureTime is when a change of hardware was last seen to be complete.
	// +optional
	LastReconfigureTime *metav1.Time `json:"lastReconfigureTime,omitempty"`
	// RestartToken is the last one that was served.
	// +optional
	RestartToken string `json:"restartToken,omitempty"`
	// PowerOperation is the graceful change of power under way.
	// +optional
	PowerOperation *PowerOperation `json:"powerOperation,omitempty"`
}
