// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package rollout decides which VMs of a set to create and which to delete now.
//
// It is a pure planner. Plain values come in (a Spec and the VMs that exist), a Plan goes out; there is no API server, no I/O,
// no clock and no memory in between. The same set of VMs, in whatever order it is listed, gives the same Plan.
//
// # What is wanted
//
// A set of N replicas has the slots 0 to N-1, and wants in each slot one VM of the current revision that is available. A VM is
// known by its slot and revision: two VMs of different revisions share a slot while one replaces the other. Whatever else
// exists is retired: VMs of another revision (outdated), and VMs in slots from N on (surplus).
//
// # The rule
//
// Whoever carries out a Plan may do any part of it, in any order, and stop half-way; it deletes before it creates, and what it
// deletes takes its time to go. So both budgets come from what is observed, and a Plan counts on none of its own steps:
//
//   - Creations. At most N+S VMs exist at any time, those counted that are still being deleted. Room that a deletion of the
//     same Plan will make is not used yet.
//   - Deletions. At least N-U VMs stay available. A VM that the same Plan creates, or that is not available yet, does not count.
//     A retired VM that is known to be unavailable is deleted at once: it takes nothing away, and makes room.
//   - Surplus. An available VM in a slot from N on stays until N others are available, so that scaling down never takes a set
//     below what was asked for. Only when a wanted VM is missing and there is no surge to make it with, N-U are enough.
//   - A VM that the current revision wants is never deleted, and no VM but those is ever created. That makes every step
//     progress: no sequence of steps, whatever part of each Plan is carried out, comes back to where it was.
//
// For every subset X of a Plan's steps it follows that
//
//	available after X >= min(available before, N-U)    and    existing after X <= max(existing before, N+S)
//
// and that a set whose VMs become available, and whose deletions end, reaches what is wanted. The tests of this package check
// both in every state of small sets, not only in those that can be reached.
//
// # Unknown VMs
//
// A VM of which nothing is known at the moment, because its hypervisor cannot be reached, is not counted as available, and is
// not given up as unavailable either: it is retired only while the VMs that are known to be available satisfy the bound
// without it.
//
// # Slots
//
// Slots are stable: a slot that loses its VM gets a new one, and scaling down retires the highest slots. So an unavailable VM in
// a wanted slot is not a victim of scaling down; its slot would only be filled again.
package rollout
