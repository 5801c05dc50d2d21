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

// A VM that the set has, in whatever state.
type VM struct {
	// Name of the VM, unique in the set.
	Name string
	// Slot that the VM fills, 0 or more.
	Slot int
	// Revision of the template that the VM was made from.
	Revision string
	// Availability of the VM.
	Availability Availability
	// Terminating VMs are being deleted: they still hold resources and their name, and are never available.
	Terminating bool
	// Created orders revisions by age, as seconds of any epoch. Zero is oldest.
	Created int64
}

// Spec is what is wanted of a set.
type Spec struct {
	// Replicas is the wanted number of VMs, N.
	Replicas int
	// MaxUnavailable and MaxSurge are the budgets in VMs, U and S, as Resolve gives them. They are not both 0.
	MaxUnavailable, MaxSurge int
	// Revision is the current one.
	Revision string
	// MaxCreates is how many VMs one Plan creates at most. Zero or less is no limit.
	MaxCreates int
}

// A Deletion is one VM to delete, and why.
type Deletion struct {
	// Name of the VM.
	Name string
	// Reason for people, as a sentence without an end.
	Reason string
}

// Reasons of deletions.
const (
	ReasonOutdatedUnavailable = "outdated and not available"
	ReasonOutdated            = "outdated, and enough other VMs are available"
	ReasonSurplusUnavailable  = "beyond the wanted number of replicas and not available"
	ReasonSurplus             = "beyond the wanted number of replicas, and enough other VMs are available"
	ReasonDuplicate           = "another VM fills its slot"
)

// Counts of a set's VMs.
type Counts struct {
	// Live VMs exist and are not being deleted. Updated ones are live and of the current revision, Available ones are live
	// and available, Unknown ones are live and unknown.
	Live, Updated, Available, Unknown int
	// Serving VMs are available and wanted: of the current revision, in a slot below Replicas.
	Serving int
	// Terminating VMs are being deleted.
	Terminating int
}

// A Plan is what to do now. All lists are sorted: slots by number, VMs by name, except Deletes, which lists the most urgent first.
type Plan struct {
	// Creates are the slots to make a VM of the current revision in.
	Creates []int
	// Deletes are the VMs to delete.
	Deletes []Deletion
	// Keeps are the names of the live VMs that stay.
	Keeps []string
	// Notes say for people what the plan waits for. Empty when it waits for nothing.
	Notes []string
	// Counts of the VMs as they are now.
	Counts Counts
	// Complete says that the set is as it is wanted, that nothing else exists, and so that there is nothing to do.
	Complete bool
}
