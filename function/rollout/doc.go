// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout decides which VMs of a set to make, to change in place and to delete now.
//
// It is a pure planner. Plain values come in: a Spec, the VMs that exist, those included that are being deleted, the Limits that
// come from outside, what is remembered, and the time. A Plan goes out, with what to remember for the next one. There is no API
// server, no I/O and no clock in between. The same input, in whatever order VMs are listed, gives the same Plan.
//
// Where to look:
//
//	plan.go      the order in which a Plan comes about, and which VM is what
//	strategy.go  which revision is wanted in which slot: the strategies, partition, pause
//	slots.go     which slots there are: scaling, adoption
//	health.go    what a VM counts as: time to be ready, healing, meltdown, late sight
//	rolling.go   budgets, deletions, creations
//	inplace.go   changes in place, and snapshots before them
//	progress.go  the progress deadline, and giving an update up
//	memory.go    what is remembered, and which revision is the target
//	notes.go     what a Plan waits for, in words
//
// # What is wanted
//
// A set of N replicas has N slots, and wants in each slot one VM of the revision that is wanted there and that is available. A
// slot can have two VMs while one replaces the other. Whatever else exists is retired: VMs of another revision (outdated), and
// VMs in other slots (surplus). An outdated VM that can become what is wanted is changed in place, if the strategy says so and
// its slot has nothing better. A slot wants the target; one in the partition wants the last revision that was fully available;
// one of a set that is paused, or replaces on deletion only, wants what it has.
//
// # The rule
//
// Whoever carries out a Plan may do any part of it, in any order, and stop half-way; it deletes before it creates, and what it
// deletes takes its time to go. So both budgets come from what is observed, and a Plan counts on none of its own steps:
//
//   - Creations. At most N+S VMs exist at any time, those counted that are still being deleted. Room that a deletion of the
//     same Plan will make is not used yet.
//   - Deletions and changes. At least N-U VMs stay available. A VM that the same Plan creates, or that is not available yet,
//     does not count; one that is changed in place is not available from the moment that it is asked to change. Both are paid
//     from one budget, changes first. What is known to be unavailable costs nothing: it takes nothing away, and makes room.
//   - Surplus. An available VM in a slot that is not wanted stays until N others are available, so that scaling down never
//     takes a set below what was asked for. Only when a wanted VM is missing and there is no surge to make it with, N-U are
//     enough.
//   - A VM that fills a slot as it is wanted is never retired unless it is sick, no VM is made in a slot that has one, and no
//     VM is changed but to what is wanted. That makes every step progress: no sequence of steps, whatever part of each Plan is
//     carried out, comes back to where it was.
//
// # The theorem
//
// For every subset X of a Plan's steps
//
//	available after X >= min(available before, N-U)    and    existing after X <= max(existing before, N+S)
//
// and a set whose VMs become available, whose deletions end and whose limits leave a step reaches what is wanted. Limits that
// leave none are reported (Plan.Blocked). There is no deadlock breaker and no tolerance: neither is needed, since a Plan names its
// victims. Recreate is the exception that is asked for: its U is N.
//
// The tests check this in every world of small sets, not only in those that can be reached, for each strategy and limit; in every
// situation that an adversary can lead to, who does any part of any Plan and shows its effects late; and in long random histories
// of larger sets with everything at once. Planners that are wrong in one way each must fail these checks. The files in testdata
// tell what happens, for people.
//
// # Unknown VMs
//
// A VM of which nothing is known at the moment, because its hypervisor cannot be reached, is not counted as available, and is
// not given up as unavailable either: it is taken out of service only while the VMs that are known to be available satisfy the
// bound without it. The same goes for a VM that is available, but not for long enough, and for one that was asked to go or to
// change and does not show it: what is seen may be late (Memory.Asked). So a lost connection, or a clock that jumps, never makes
// a fleet look broken.
//
// # Slots
//
// Slots are stable: a slot that loses its VM gets a new one, and scaling down retires the highest slots, unless VMs are named
// or the policy says otherwise. Then a gap stays (Memory.Skipped), which scaling up fills. That choice is made once, when
// replicas are lowered. So an unavailable VM in a wanted slot is not a victim of scaling down; its slot would only be filled
// again.
//
// A set that keeps identities, or that has no surge, makes a VM only in a slot of which nothing is left, so that addresses and
// disks can be handed on.
//
// # Healing
//
// Healing is asked for. A sick VM, one that has failed for good, is lost with its host, or is unavailable for too long, is deleted
// and made anew, paused or not. When more are sick than is allowed, the cause is probably not in them: then nothing is deleted
// or changed (Plan.Meltdown), except what is outdated, unavailable and of a revision that never worked, so that a bad template can be taken
// back.
//
// # Giving up
//
// An update that makes no progress until its deadline, pauses not counted, is given up if that is asked for: the pass that finds
// out does nothing else, and from the next one on the target is the last revision that was fully available. That happens to a
// revision once; asked for again, it is meant. Target tells the target before a Plan is made, since what a VM's Change is depends
// on it.
package rollout
