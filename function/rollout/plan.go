// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
)

// Next plans the next steps of a set from what is observed of it.
func Next(spec Spec, vms []VM) Plan {
	p := newPlanner(spec, vms)
	p.retire()
	p.create()
	p.finish()
	return p.plan
}

// A planner sorts the VMs of a set by what becomes of them, and collects a Plan.
type planner struct {
	spec Spec
	plan Plan

	// wanted VMs by slot; nil where a slot has none.
	wanted []*VM
	// leaving is the name of the VM of the current revision that still holds a slot's name while it is being deleted.
	leaving map[int]string
	// occupied slots have a live VM of any revision.
	occupied map[int]bool

	outdated, surplus []VM
	// duplicates are VMs of the current revision in a slot that another one fills.
	duplicates map[string]bool
	// missing is how many wanted VMs do not exist.
	missing int
	// available VMs that stay, as far as it is planned.
	available int
	deleted   map[string]bool
}

func newPlanner(spec Spec, vms []VM) *planner {
	p := &planner{
		spec:       spec,
		wanted:     make([]*VM, max(spec.Replicas, 0)),
		leaving:    map[int]string{},
		occupied:   map[int]bool{},
		duplicates: map[string]bool{},
		deleted:    map[string]bool{},
	}
	vms = slices.Clone(vms)
	// Of two VMs that fill the same slot, the better one comes first and stays.
	slices.SortFunc(vms, func(a, b VM) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(b.Availability, a.Availability), cmp.Compare(a.Name, b.Name))
	})
	for i := range vms {
		p.sort(&vms[i])
	}
	for _, vm := range p.wanted {
		if vm == nil {
			p.missing++
		}
	}
	p.available = p.plan.Counts.Available
	p.rankOutdated()
	slices.Reverse(p.surplus)
	return p
}

// sort a VM into the lists of a planner, and count it.
func (p *planner) sort(vm *VM) {
	c := &p.plan.Counts
	current := vm.Revision == p.spec.Revision
	if vm.Terminating {
		c.Terminating++
		if current {
			p.leaving[vm.Slot] = vm.Name
		}
		return
	}
	c.Live++
	p.occupied[vm.Slot] = true
	switch vm.Availability {
	case Available:
		c.Available++
	case Unknown:
		c.Unknown++
	case Unavailable:
	}

	if !current {
		p.outdated = append(p.outdated, *vm)
		return
	}
	c.Updated++
	if vm.Slot >= len(p.wanted) {
		p.surplus = append(p.surplus, *vm)
		return
	}
	if p.wanted[vm.Slot] != nil {
		p.duplicates[vm.Name] = true
		p.surplus = append(p.surplus, *vm)
		return
	}
	p.wanted[vm.Slot] = vm
	if vm.Availability == Available {
		c.Serving++
	}
}

// rankOutdated orders outdated VMs by who goes first: those of the oldest revision, then those in slots that are not wanted any
// more, then those whose replacement is available, then those whose replacement exists, then the lowest slot.
func (p *planner) rankOutdated() {
	born := map[string]int64{}
	for _, vm := range p.outdated {
		if b, ok := born[vm.Revision]; !ok || vm.Created < b {
			born[vm.Revision] = vm.Created
		}
	}
	slices.SortFunc(p.outdated, func(a, b VM) int {
		return cmp.Or(
			cmp.Compare(born[a.Revision], born[b.Revision]),
			cmp.Compare(a.Revision, b.Revision),
			cmp.Compare(p.need(a.Slot), p.need(b.Slot)),
			cmp.Compare(a.Slot, b.Slot),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

// need of a slot for its outdated VM: the less, the earlier it can go.
func (p *planner) need(slot int) int {
	switch {
	case slot >= len(p.wanted):
		return 0
	case p.wanted[slot] == nil:
		return 3
	case p.wanted[slot].Availability != Available:
		return 2
	default:
		return 1
	}
}

// retire plans the deletions: first what is known to be unavailable, which is free, then the rest within the budget, outdated
// VMs before surplus ones.
func (p *planner) retire() {
	for _, vm := range p.outdated {
		p.retireUnavailable(vm, ReasonOutdatedUnavailable)
	}
	for _, vm := range p.surplus {
		p.retireUnavailable(vm, p.reason(vm, ReasonSurplusUnavailable))
	}
	for _, vm := range p.outdated {
		p.retireWithin(p.minAvailable(), vm, ReasonOutdated)
	}
	for _, vm := range p.surplus {
		p.retireWithin(p.minWithoutSurplus(), vm, p.reason(vm, ReasonSurplus))
	}
}

func (p *planner) retireUnavailable(vm VM, reason string) {
	if vm.Availability == Unavailable {
		p.delete(vm, reason)
	}
}

// retireWithin plans the deletion of a VM if at least so many VMs stay available without it.
func (p *planner) retireWithin(atLeast int, vm VM, reason string) {
	switch {
	case vm.Availability == Available && p.available > atLeast:
		p.available--
		p.delete(vm, reason)
	case vm.Availability == Unknown && p.available >= atLeast:
		p.delete(vm, reason)
	}
}

func (p *planner) delete(vm VM, reason string) {
	p.deleted[vm.Name] = true
	p.plan.Deletes = append(p.plan.Deletes, Deletion{Name: vm.Name, Reason: reason})
}

func (p *planner) reason(vm VM, otherwise string) string {
	if p.duplicates[vm.Name] {
		return ReasonDuplicate
	}
	return otherwise
}

// minAvailable is how many VMs must stay available while outdated ones are replaced.
func (p *planner) minAvailable() int {
	return max(0, p.spec.Replicas-p.spec.MaxUnavailable)
}

// minWithoutSurplus is how many VMs must stay available when surplus ones go: all, unless one of them can only be made in place
// of a surplus one.
func (p *planner) minWithoutSurplus() int {
	if p.missing > 0 && p.spec.MaxSurge == 0 {
		return p.minAvailable()
	}
	return p.spec.Replicas
}

// create plans the creations: empty slots first, then slots whose VM is to be replaced.
func (p *planner) create() {
	var empty, replaced []int
	for slot, vm := range p.wanted {
		switch {
		case vm != nil || p.leaving[slot] != "":
		case p.occupied[slot]:
			replaced = append(replaced, slot)
		default:
			empty = append(empty, slot)
		}
	}
	slots := slices.Concat(empty, replaced)
	slots = slots[:min(len(slots), p.room(), p.batch())]
	slices.Sort(slots)
	if len(slots) > 0 {
		p.plan.Creates = slots
	}
}

// room for VMs that do not exist yet.
func (p *planner) room() int {
	c := p.plan.Counts
	return max(0, p.spec.Replicas+p.spec.MaxSurge-c.Live-c.Terminating)
}

// batch is how many VMs this Plan may create.
func (p *planner) batch() int {
	if p.spec.MaxCreates <= 0 {
		return len(p.wanted)
	}
	return p.spec.MaxCreates
}

// finish lists what stays and says what the plan waits for.
func (p *planner) finish() {
	for _, vm := range p.wanted {
		if vm != nil {
			p.plan.Keeps = append(p.plan.Keeps, vm.Name)
		}
	}
	for _, vm := range slices.Concat(p.outdated, p.surplus) {
		if !p.deleted[vm.Name] {
			p.plan.Keeps = append(p.plan.Keeps, vm.Name)
		}
	}
	slices.Sort(p.plan.Keeps)

	c := p.plan.Counts
	p.plan.Complete = c.Serving == len(p.wanted) && c.Live == c.Serving && c.Terminating == 0
	p.plan.Notes = p.notes()
}
