// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"
)

// The model: a small set in full detail. Each slot has cells, each cell has a VM or none, and each VM is of the old revision or
// of the new one, in one of these conditions.
type condition byte

const (
	available condition = iota
	unavailable
	unknown
	sick
	terminating
)

const (
	oldRevision = "old"
	newRevision = "new"
)

// A cell of a world: absent, or 1 and more for the VMs that there can be.
type cell byte

const absent cell = 0

func vmOf(revision string, c condition) cell {
	if revision == newRevision {
		return 2 + 2*cell(c)
	}
	return 1 + 2*cell(c)
}

func (c cell) condition() condition { return condition((c - 1) / 2) }

func (c cell) revision() string {
	if c%2 == 0 {
		return newRevision
	}
	return oldRevision
}

func (c cell) is(cond condition) bool { return c != absent && c.condition() == cond }

// live VMs are not being deleted.
func (c cell) live() bool { return c != absent && c.condition() != terminating }

// cellsPerSlot is how many VMs can share a slot: an old one and a new one.
const cellsPerSlot = 2

// A world is the cells of a set's slots, those of the first slot first.
type world []cell

func newWorld(slots int) world { return make(world, cellsPerSlot*slots) }

func (w world) slots() int { return len(w) / cellsPerSlot }

func (w world) slot(s int) world { return w[cellsPerSlot*s : cellsPerSlot*(s+1)] }

func slotOf(cellAt int) int { return cellAt / cellsPerSlot }

// slotStates are what can be in one slot, if VMs can be in these conditions. The cells of a slot have no order.
func slotStates(conds []condition) []world {
	all := []cell{absent}
	for _, c := range conds {
		all = append(all, vmOf(oldRevision, c), vmOf(newRevision, c))
	}
	var out []world
	for i, a := range all {
		for _, b := range all[i:] {
			out = append(out, world{b, a})
		}
	}
	return out
}

// everyWorld of so many slots. The first ones, as many as are sorted, have no order either: of worlds that differ by it there is
// only one.
func everyWorld(slots, sorted int, conds []condition, yield func(world) error) error {
	states := slotStates(conds)
	w := newWorld(slots)
	var from func(slot, first int) error
	from = func(slot, first int) error {
		if slot == slots {
			return yield(w)
		}
		for i, state := range states[first:] {
			copy(w.slot(slot), state)
			next := 0
			if slot+1 < sorted {
				next = first + i
			}
			if err := from(slot+1, next); err != nil {
				return err
			}
		}
		return nil
	}
	return from(0, 0)
}

// names of the cells' VMs.
func names(slots int) []string {
	out := make([]string, 0, cellsPerSlot*slots)
	for s := range slots {
		for c := range cellsPerSlot {
			out = append(out, fmt.Sprintf("vm-%d%c", s, 'a'+c))
		}
	}
	return out
}

// sickSince is when sick VMs were available last. The others were a moment ago.
const (
	worldNow  = 1000
	sickAfter = 100
	sickSince = worldNow - sickAfter
)

// observe the world as the planner sees it, into a slice that is reused. A VM that is being changed says that it is available,
// as it does until its hypervisor is asked.
func (w world) observe(names []string, inPlace func(slot int) bool, into []VM) []VM {
	into = into[:0]
	for i, c := range w {
		if c == absent {
			continue
		}
		vm := VM{Name: names[i], Slot: slotOf(i), Revision: c.revision(), Copy: i % cellsPerSlot, Since: worldNow}
		if inPlace(vm.Slot) {
			vm.Change = InPlace
		}
		switch c.condition() {
		case available:
			vm.Availability = Available
		case unavailable:
			vm.Availability = Unavailable
			if vm.Change == InPlace && c.revision() == newRevision {
				vm.Availability, vm.Updating = Available, true
			}
		case unknown:
			vm.Availability = Unknown
		case sick:
			vm.Availability, vm.Since = Unavailable, sickSince
		case terminating:
			vm.Terminating = true
		}
		into = append(into, vm)
	}
	return into
}

// count the VMs in a condition.
func (w world) count(cond condition) int {
	n := 0
	for _, c := range w {
		if c.is(cond) {
			n++
		}
	}
	return n
}

// existing VMs, those counted that are being deleted.
func (w world) existing() int {
	n := 0
	for _, c := range w {
		if c != absent {
			n++
		}
	}
	return n
}

// inFlight VMs are being made, changed or deleted.
func (w world) inFlight() int { return w.count(unavailable) + w.count(sick) + w.count(terminating) }

// swapRevisions is a change of the template to what it was before: the new revision is the old one, and the other way round.
func (w world) swapRevisions() {
	for i, c := range w {
		switch {
		case c == absent:
		case c.revision() == oldRevision:
			w[i] = vmOf(newRevision, c.condition())
		default:
			w[i] = vmOf(oldRevision, c.condition())
		}
	}
}

func (w world) String() string {
	letters := map[condition]string{available: "", unavailable: "u", unknown: "?", sick: "s", terminating: "x"}
	var out []string
	for i, c := range w {
		if c != absent {
			out = append(out, fmt.Sprintf("%d-%s%s", slotOf(i), c.revision(), letters[c.condition()]))
		}
	}
	return strings.Join(out, " ")
}

// A planFn is Next, or something that pretends to be.
type planFn func(Input) Plan

// A step is one of a plan's, as it changes a world.
type step struct {
	cell int
	to   cell
}

// steps of a plan. VMs that are made and find no cell are left out: such worlds are too crowded for the model.
func steps(w world, names []string, p Plan) []step {
	var out []step
	at := func(name string) int { return slices.Index(names, name) }
	for _, d := range p.Deletes {
		i := at(d.Name)
		out = append(out, step{cell: i, to: vmOf(w[i].revision(), terminating)})
	}
	for _, u := range p.Updates {
		out = append(out, step{cell: at(u.Name), to: vmOf(u.Revision, unavailable)})
	}
	for _, c := range p.Creates {
		if i := slices.Index(w.slot(c.Slot), absent); i >= 0 {
			out = append(out, step{cell: c.Slot*cellsPerSlot + i, to: vmOf(c.Revision, unavailable)})
		}
	}
	return out
}
