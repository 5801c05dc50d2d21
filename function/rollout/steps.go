// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
)

// A Creation is one VM to make, and why.
type Creation struct {
	// Slot that it fills, and Revision that it is of.
	Slot     int
	Revision string
	// Copy tells it from another VM that still has the name of this slot and revision. Nearly always 0.
	Copy int
	// Reason for people, as a sentence without an end.
	Reason string
}

// An Update is one VM to ask for another revision in place, and why.
type Update struct {
	// Name of the VM, and the Slot that it has or is given.
	Name string
	Slot int
	// Revision that it becomes.
	Revision string
	// Reason for people, as a sentence without an end.
	Reason string
}

// A Deletion is one VM to delete, and why.
type Deletion struct {
	// Name of the VM.
	Name string
	// Reason for people, as a sentence without an end.
	Reason string
}

// A Keep is one VM that stays, and what it stays as.
type Keep struct {
	// Name of the VM, and the Slot that it has or is given.
	Name string
	Slot int
	// Revision that the VM is to be asked to be of: its own, or another one when nothing of the VM differs from that.
	Revision string
	// Reason for people, as a sentence without an end. Empty for VMs that are as they are wanted.
	Reason string
}

// Reasons of creations.
const (
	ReasonMissing   = "nothing fills its slot"
	ReasonSuccessor = "takes the place of an outdated VM"
)

// Reasons of updates.
const (
	ReasonUpdateUnavailable = "outdated and not available, can be changed in place"
	ReasonUpdate            = "outdated, can be changed in place, and enough other VMs are available"
)

// Reasons of deletions.
const (
	ReasonOutdatedUnavailable = "outdated and not available"
	ReasonOutdated            = "outdated, and enough other VMs are available"
	ReasonRecreate            = "outdated, and all such VMs go before others are made"
	ReasonSurplusUnavailable  = "beyond the wanted number of replicas and not available"
	ReasonSurplus             = "beyond the wanted number of replicas, and enough other VMs are available"
	ReasonDuplicate           = "another VM fills its slot"
	ReasonFailed              = "failed for good"
	ReasonLost                = "lost with its host"
	ReasonUnhealthy           = "not available for too long"
)

// Reasons of keeps.
const (
	KeptProtected = "outdated or surplus, and protected"
	KeptOnDelete  = "outdated, and replaced when deleted"
	KeptPaused    = "outdated, and updates are paused"
	KeptSnapshot  = "outdated, and changed when the snapshot of it is ready"
	KeptBudget    = "outdated, and waits for its turn"
	KeptSurplus   = "beyond the wanted number of replicas, and waits until others are available"
	KeptMeltdown  = "too many VMs are sick to delete any"
)

// Counts of a set's VMs.
type Counts struct {
	// Live VMs exist and are not being deleted. Updated ones are live and of the target, Available ones are live and
	// available, Unknown ones are live and unknown.
	Live, Updated, Available, Unknown int
	// Settling VMs are live and do their work, but not for long enough to be counted as available.
	Settling int
	// Stale VMs are live and were asked to change or to go, and look as if they had not been.
	Stale int
	// Serving VMs are available and wanted: each fills a slot with the revision that is wanted there.
	Serving int
	// Sick VMs are live and will not be available by themselves, as far as that counts for a meltdown.
	Sick int
	// Terminating VMs are being deleted.
	Terminating int
}

// A Plan is what to do now. All lists are sorted: slots by number, VMs by name, except Deletes, which lists the most urgent first.
type Plan struct {
	// Target is the revision that the set is to be of.
	Target string
	// Creates are the VMs to make.
	Creates []Creation
	// Updates are the VMs to change in place.
	Updates []Update
	// Deletes are the VMs to delete.
	Deletes []Deletion
	// Keeps are the live VMs that stay as they are.
	Keeps []Keep
	// Snapshots are all that shall exist, those included that do. Others are to be removed.
	Snapshots []Snapshot
	// Notes say for people what the plan waits for. Empty when it waits for nothing.
	Notes []string

	// Counts of the VMs as they are now.
	Counts Counts
	// Complete says that the set is as it is wanted, that nothing else exists, and so that there is nothing to do.
	Complete bool
	// Blocked says that promises leave no step, now and for as long as spec and limits stay as they are.
	Blocked bool
	// Meltdown says that more VMs are sick than SelfHealing allows, so that none is deleted.
	Meltdown bool
	// DeadlineExceeded says that the update has made no progress for too long.
	DeadlineExceeded bool
	// RollsBack says that the update has just been given up. The next plan returns to the last good revision.
	RollsBack bool
	// Deadline is when to plan again though nothing else has happened, in seconds of the Unix epoch. 0 is never.
	Deadline int64
	// Memory is what to give to the next plan.
	Memory Memory
}

// Steps is how many things a Plan does.
func (p Plan) Steps() int { return len(p.Creates) + len(p.Updates) + len(p.Deletes) }

// Words tell a Plan to people: what is done now, and what is waited for. Of each kind of step so many are told one by one,
// the others are counted.
func (p Plan) Words(most int) []string {
	var out []string
	tell := func(n int, verb string, word func(int) string) {
		for i := range min(n, most) {
			out = append(out, word(i))
		}
		if n > most {
			out = append(out, fmt.Sprintf("%s %d more", verb, n-most))
		}
	}
	tell(len(p.Deletes), "delete", func(i int) string { return fmt.Sprintf("delete %s: %s", p.Deletes[i].Name, p.Deletes[i].Reason) })
	tell(len(p.Updates), "change", func(i int) string {
		u := p.Updates[i]
		return fmt.Sprintf("change %s to %s: %s", u.Name, u.Revision, u.Reason)
	})
	tell(len(p.Creates), "create", func(i int) string {
		c := p.Creates[i]
		return fmt.Sprintf("create slot %d of %s: %s", c.Slot, c.Revision, c.Reason)
	})
	for _, n := range p.Notes {
		out = append(out, "wait: "+n)
	}
	return out
}

// because lists what makes a VM outdated.
func because(reason string, differs []string) string {
	if len(differs) == 0 {
		return reason
	}
	return reason + " (" + strings.Join(differs, ", ") + ")"
}
