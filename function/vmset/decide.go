// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"github.com/crossplane-contrib/provider-virtrigaud/function/rollout"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// A creation is a VM to make.
type creation struct {
	name  string
	slot  int
	place placement.Place
}

// A decision is what to do with a set in one pass.
type decision struct {
	// plan of the rollout. When the set is blocked its steps are not carried out.
	plan rollout.Plan
	// creations are the planned ones that have a place, unplaced are the others.
	creations []creation
	unplaced  []placement.Unplaced
	// deleted VMs by name.
	deleted map[string]bool
	blocked *blockage
}

// decide what to do with a set.
func decide(s set, machines []machine, around surroundings, blocked *blockage) decision {
	vms := make([]rollout.VM, 0, len(machines))
	for _, m := range machines {
		vms = append(vms, m.VM)
	}
	d := decision{plan: rollout.Next(rollout.Input{Spec: s.rollout, VMs: vms}), deleted: map[string]bool{}, blocked: blocked}
	if blocked != nil {
		return d
	}
	for _, del := range d.plan.Deletes {
		d.deleted[del.Name] = true
	}
	d.place(s, machines, around)
	return d
}

// place the planned creations.
func (d *decision) place(s set, machines []machine, around surroundings) {
	if len(d.plan.Creates) == 0 {
		return
	}
	slots := map[string]int{}
	request := placement.Request{MemoryMiB: around.memoryMiB, DiskGiB: s.diskGiB, Pin: s.pin}
	for _, c := range d.plan.Creates {
		name := machineName(s.name, c.Slot, c.Revision)
		slots[name] = c.Slot
		request.Names = append(request.Names, name)
	}
	result := placement.Plan(around.inventory, around.rules, members(s, machines, around), request)
	for _, a := range result.Assignments {
		d.creations = append(d.creations, creation{name: a.Name, slot: slots[a.Name], place: a.Place})
	}
	d.unplaced = result.Unplaced
}

// surgeBlocked says whether a rollout cannot go on by itself: nothing may be deleted before something is made, what is to be made
// has no place, and nothing that is leaving will free one.
func (d *decision) surgeBlocked(s set) bool {
	c := d.plan.Counts
	return s.rollout.MaxUnavailable == 0 && c.Live > c.Updated && c.Available >= s.rollout.Replicas && c.Terminating == 0 &&
		len(d.unplaced) > 0 && len(d.creations) == 0 && len(d.plan.Deletes) == 0
}

// members are the VMs of a set as the placement planner sees them. Those that are not wanted any more are leaving, whether this
// pass deletes them or a later one. What a VM of another revision takes is taken to be what a new one does.
func members(s set, machines []machine, around surroundings) []placement.Member {
	out := make([]placement.Member, 0, len(machines))
	for _, m := range machines {
		member := placement.Member{
			Name:    m.Name,
			Place:   m.place(),
			Leaving: m.Terminating || m.Revision != s.rollout.Revision || m.Slot >= s.rollout.Replicas,
		}
		if !m.Terminating && !m.seen() {
			member.ReserveMemoryMiB, member.ReserveDiskGiB = around.memoryMiB, s.diskGiB
		}
		out = append(out, member)
	}
	return out
}
