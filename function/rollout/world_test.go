// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strings"
)

// The model: a small set in full detail. Each slot has a cell for its VM of the old revision and one for that of the new, and a
// cell is in one of these conditions.
const (
	absent = iota
	available
	unavailable
	unknown
	terminating

	conditions = int(iota)
)

const (
	oldRevision = "old"
	newRevision = "new"
)

// A world is the condition of each cell: first those of the old revision by slot, then those of the new one.
type world []byte

// worlds of so many slots there are.
func worlds(slots int) int {
	n := 1
	for range 2 * slots {
		n *= conditions
	}
	return n
}

// decode the i-th world into w.
func (w world) decode(i int) {
	for c := range w {
		w[c] = byte(i % conditions)
		i /= conditions
	}
}

func (w world) encode() int {
	i := 0
	for c := len(w) - 1; c >= 0; c-- {
		i = i*conditions + int(w[c])
	}
	return i
}

func (w world) slots() int { return len(w) / 2 }

// cell of a slot's VM of the new revision.
func (w world) cell(slot int) int { return w.slots() + slot }

// names of the cells' VMs.
func names(slots int) []string {
	out := make([]string, 0, 2*slots)
	for _, r := range []string{oldRevision, newRevision} {
		for s := range slots {
			out = append(out, fmt.Sprintf("vm-%d-%s", s, r))
		}
	}
	return out
}

// observe the world as the planner sees it, into a slice that is reused.
func (w world) observe(names []string, into []VM) []VM {
	into = into[:0]
	for c, condition := range w {
		vm := VM{Name: names[c], Slot: c % w.slots(), Revision: oldRevision}
		if c >= w.slots() {
			vm.Revision = newRevision
		}
		switch condition {
		case absent:
			continue
		case available:
			vm.Availability = Available
		case unavailable:
			vm.Availability = Unavailable
		case unknown:
			vm.Availability = Unknown
		case terminating:
			vm.Terminating = true
		}
		into = append(into, vm)
	}
	return into
}

// count the cells in a condition.
func (w world) count(condition byte) int {
	n := 0
	for _, c := range w {
		if c == condition {
			n++
		}
	}
	return n
}

// existing VMs, those counted that are being deleted.
func (w world) existing() int { return len(w) - w.count(absent) }

// swapRevisions is a change of the template to what it was before: the new revision is the old one, and the other way round.
func (w world) swapRevisions() {
	n := w.slots()
	for s := range n {
		w[s], w[n+s] = w[n+s], w[s]
	}
}

func (w world) String() string {
	letters := []string{".", "A", "u", "?", "T"}
	var b strings.Builder
	for c, condition := range w {
		if c == w.slots() {
			b.WriteString(" ")
		}
		b.WriteString(letters[condition])
	}
	return "old " + strings.Replace(b.String(), " ", ", new ", 1)
}

// A planFn is Next, or something that pretends to be.
type planFn func(Spec, []VM) Plan

// A step is one deletion or creation of a plan, as it changes a world.
type step struct {
	cell int
	to   byte
}

// steps of a plan.
func steps(w world, names []string, p Plan) []step {
	out := make([]step, 0, len(p.Deletes)+len(p.Creates))
	for _, d := range p.Deletes {
		for c, name := range names {
			if name == d.Name {
				out = append(out, step{cell: c, to: terminating})
			}
		}
	}
	for _, s := range p.Creates {
		out = append(out, step{cell: w.cell(s), to: unavailable})
	}
	return out
}
