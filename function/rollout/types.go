// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

// Availability says whether a VM does its work.
type Availability int

// Availabilities of a VM. The zero value is the careful one.
const (
	// Unknown: nothing is known of the VM at the moment.
	Unknown Availability = iota
	// Unavailable: the VM is known not to do its work, or not yet.
	Unavailable
	// Available: the VM does its work.
	Available
)

// A Change is what it takes to make a VM as another revision wants it.
type Change int

// Changes of a VM. The zero value is the careful one.
const (
	// Replace: only a new VM can be as the revision wants it.
	Replace Change = iota
	// InPlace: the VM itself can become so, and is not available meanwhile.
	InPlace
	// None: the VM is so already, though its revision has another name.
	None
)

// NoSlot is the slot of a VM that has none yet, because it was adopted.
const NoSlot = -1

// A VM that the set has, in whatever state.
type VM struct {
	// Name of the VM, unique in the set.
	Name string
	// Slot that the VM fills, 0 or more, or NoSlot.
	Slot int
	// Revision of the template that the VM is asked to be of: the one that its spec is made from.
	Revision string
	// Birth is the revision in the VM's name and Copy the number in it. A VM that was changed in place keeps its name. Empty
	// when it is the Revision.
	Birth string
	Copy  int
	// Availability of the VM, and since when it has it, in seconds of the Unix epoch.
	Availability Availability
	Since        int64
	// Updating VMs have been asked for a change in place that is not known to be done. They are not available, whatever else
	// they say.
	Updating bool
	// Failed VMs will never be available. Lost ones were on a host that is known to be lost for good.
	Failed, Lost bool
	// Terminating VMs are being deleted: they still hold resources and their name, and are never available.
	Terminating bool
	// Protected VMs are neither deleted nor changed, except by name.
	Protected bool
	// Created orders revisions and VMs by age, as seconds of any epoch. Zero is oldest.
	Created int64
	// Change that makes the VM one of the Target, and the fields that differ from it. Both mean nothing when it is one.
	Change  Change
	Differs []string
	// Snapshots that were taken of the VM before updates.
	Snapshots []Snapshot
}

// A Snapshot of a VM that is taken before the VM is changed in place.
type Snapshot struct {
	// VM by name.
	VM string
	// For is the revision that the VM is changed to afterwards.
	For string
	// Ready snapshots can be reverted to, Failed ones never will be. Both are observed, and false in a Plan.
	Ready, Failed bool
}

// Strategy of a set's updates.
type Strategy int

// Strategies of updates.
const (
	// RollingUpdate replaces VMs step by step within the budgets.
	RollingUpdate Strategy = iota
	// InPlaceIfPossible changes VMs in place within the budgets, and replaces those that cannot be.
	InPlaceIfPossible
	// OnDelete replaces no VM. What someone deletes comes back as one of the target.
	OnDelete
	// Recreate deletes all VMs of other revisions before it makes any of the target, whatever the budgets are.
	Recreate
)

// Order in which slots are updated.
type Order int

// Orders of updates.
const (
	LowestFirst Order = iota
	HighestFirst
)

// ScaleDownPolicy chooses the slots that go when replicas are lowered.
type ScaleDownPolicy int

// Policies of scaling down. All but the first leave gaps in the slots, which scaling up fills.
const (
	HighestSlotFirst ScaleDownPolicy = iota
	UnavailableFirst
	NewestFirst
	OldestFirst
)

// SnapshotPolicy says what becomes of snapshots that are taken before VMs are changed in place.
type SnapshotPolicy int

// Policies of snapshots before updates.
const (
	// NoSnapshots are taken.
	NoSnapshots SnapshotPolicy = iota
	// RemoveSnapshots when the set is complete.
	RemoveSnapshots
	// KeepSnapshots as long as their VMs live.
	KeepSnapshots
)

// SelfHealing replaces VMs that do not come back by themselves.
type SelfHealing struct {
	// UnhealthyAfter is for how many seconds a VM may be unavailable before it is sick.
	UnhealthyAfter int64
	// MaxUnhealthy is how many VMs may be sick. When more are, the cause is probably not in the VMs, and none is deleted.
	MaxUnhealthy int
}

// Spec is what is wanted of a set.
type Spec struct {
	// Replicas is the wanted number of VMs, N, and Start the first of their slots.
	Replicas, Start int
	// Revision is that of the template.
	Revision string
	// RollbackTo is a revision of the history that is wanted in its place, or empty.
	RollbackTo string

	// Strategy of updates.
	Strategy Strategy
	// MaxUnavailable and MaxSurge are the budgets in VMs, U and S, as Resolve gives them. They are not both 0.
	MaxUnavailable, MaxSurge int
	// Partition is how many VMs are not updated, and stay as the last revision was that was fully available.
	Partition int
	// Order of updates.
	Order Order
	// Paused sets update nothing. They still scale and heal.
	Paused bool
	// MinReadySeconds is for how long a VM must do its work before it is counted as available.
	MinReadySeconds int64
	// ProgressDeadlineSeconds is for how long an update may make no progress, pauses not counted. 0 is without end.
	ProgressDeadlineSeconds int64
	// AutoRollback returns to the last revision that was fully available when the deadline has passed.
	AutoRollback bool
	// Snapshots before VMs are changed in place.
	Snapshots SnapshotPolicy
	// KeepIdentity makes a VM only when nothing is left of the one that filled its slot, whose addresses or disks it takes over.
	KeepIdentity bool

	// ScaleDown chooses the slots that go when Replicas is lowered, ScaleDownNames the VMs that go before those.
	ScaleDown      ScaleDownPolicy
	ScaleDownNames []string
	// SelfHealing of the set, nil for none.
	SelfHealing *SelfHealing

	// MaxCreates is how many VMs one Plan creates at most. MaxInFlight is how many VMs may be in the making, in change or being
	// deleted at any time. Zero or less is no limit.
	MaxCreates, MaxInFlight int
	// HistoryLimit is how many revisions are remembered beside those that are in use.
	HistoryLimit int
}

// Limits come from outside of the set. Nil is no limit.
type Limits struct {
	// Disruptions is how many available VMs may be taken out of service now, of a budget that is shared with other sets.
	Disruptions *int
	// Addresses is how many VMs can have one, those counted that have.
	Addresses *int
	// Places is how many more VMs can be placed.
	Places *int
}

// Input is everything that a Plan depends on.
type Input struct {
	Spec   Spec
	VMs    []VM
	Memory Memory
	Limits Limits
	// Now in seconds of the Unix epoch.
	Now int64
}
