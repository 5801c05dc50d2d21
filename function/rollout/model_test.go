// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"
)

// A size is how many replicas are modelled, with how many slots beyond them.
type size struct {
	replicas, beyond int
	// sorted leaves out worlds that differ by the order of the wanted slots only.
	sorted bool
	// budget is the largest of each kind.
	budget int
}

// checkEveryWorld checks one plan of each world that there can be, whether it can be reached or not, and returns the first
// violation.
func (m mode) checkEveryWorld(z size, next planFn) (checked int, violation error) {
	m = m.complete()
	names := names(z.replicas + z.beyond)
	sorted := 0
	if z.sorted {
		sorted = z.replicas
	}
	for _, in := range m.inputs(z.replicas, z.budget) {
		violation = everyWorld(z.replicas+z.beyond, sorted, m.conditions, func(w world) error {
			in.VMs = w.observe(names, m.inPlace, in.VMs)
			checked++
			if err := m.check(in, w, names, next(in)); err != nil {
				return fmt.Errorf("%s N=%d U=%d S=%d, %s: %w", m.name, z.replicas, in.Spec.MaxUnavailable, in.Spec.MaxSurge, w, err)
			}
			return nil
		})
		if violation != nil {
			break
		}
	}
	return checked, violation
}

func (m mode) check(in Input, w world, names []string, p Plan) error {
	if err := checkBounds(in, w, names, p); err != nil {
		return err
	}
	if err := m.checkSteps(in, w, names, p); err != nil {
		return err
	}
	if err := m.checkEnd(in, w, p); err != nil {
		return err
	}
	for _, keeps := range m.promises {
		if err := keeps(in, w, names, p); err != nil {
			return err
		}
	}
	return nil
}

// bounds of a set: how many VMs must be available, and how many may exist.
func bounds(in Input) (least, most int) {
	s := in.Spec
	least, most = s.Replicas-s.MaxUnavailable, s.Replicas+s.MaxSurge
	if s.Strategy == Recreate {
		least = 0
	}
	return least, most
}

// touched VMs are those that a plan deletes or changes, by condition.
func touched(w world, names []string, p Plan) map[condition]int {
	out := map[condition]int{}
	for _, s := range steps(w, names, Plan{Deletes: p.Deletes, Updates: p.Updates}) {
		out[w[s.cell].condition()]++
	}
	return out
}

// checkBounds checks availability and surge for every subset of a plan's steps (I1, I2, I3, I27). The subsets need not be listed:
// a deletion or change can only lower availability and never adds a VM, a creation is the other way round, so the worst subsets
// are all deletions and changes without a creation, and all creations without a deletion.
//
// An unknown VM may be available or not. The worst case is that exactly those that the plan takes out of service are.
func checkBounds(in Input, w world, names []string, p Plan) error {
	least, most := bounds(in)
	out := touched(w, names, p)
	before, after := w.count(available)+out[unknown], w.count(available)-out[available]
	if after < min(before, least) {
		return fmt.Errorf("takes %d available VMs to %d, and %d must stay: %v %v", before, after, least, p.Deletes, p.Updates)
	}
	if existing := w.existing(); existing+len(p.Creates) > max(existing, most) {
		return fmt.Errorf("takes %d VMs to %d, and %d may exist: %v", existing, existing+len(p.Creates), most, p.Creates)
	}
	return nil
}

// checkSteps checks that each step goes forward. A slot that has a VM as it is wanted never loses the last of them, and one that
// has is given no other; each VM is changed to what is wanted, or deleted, and neither twice. So as long as nothing is lost, no
// sequence of steps is endless, whatever part of each plan is carried out and whatever else happens.
func (m mode) checkSteps(in Input, w world, names []string, p Plan) error {
	meltdown := p.Meltdown
	good := func(slot int, c cell) bool {
		wanted := m.wanted(slot, in.Spec.Replicas)
		return slot < in.Spec.Replicas && c.live() && (wanted == "" || c.revision() == wanted) &&
			(meltdown || !c.is(sick) || in.Spec.SelfHealing == nil)
	}
	fits := make([]int, w.slots())
	for i, c := range w {
		if good(slotOf(i), c) {
			fits[slotOf(i)]++
		}
	}
	left := slices.Clone(fits)
	gone := map[int]bool{}
	for _, s := range steps(w, names, Plan{Deletes: p.Deletes, Updates: p.Updates}) {
		slot := slotOf(s.cell)
		switch {
		case !w[s.cell].live() || gone[s.cell]:
			return fmt.Errorf("takes %s out of service, which is", names[s.cell])
		case s.to.live() && (good(slot, w[s.cell]) || fits[slot] > 0 || !good(slot, s.to)):
			return fmt.Errorf("changes %s in a slot where %d VMs are as they are wanted", names[s.cell], fits[slot])
		case s.to.live():
			fits[slot]++
			left[slot]++
		case good(slot, w[s.cell]):
			left[slot]--
		}
		gone[s.cell] = true
	}
	for slot, n := range fits {
		if n > 0 && left[slot] == 0 {
			return fmt.Errorf("leaves slot %d without a VM: %v", slot, p.Deletes)
		}
	}
	for _, c := range p.Creates {
		if c.Slot >= in.Spec.Replicas || fits[c.Slot] > 0 || c.Revision != m.made(c.Slot, in.Spec.Replicas) {
			return fmt.Errorf("creates %v, which is not wanted or exists", c)
		}
	}
	return nil
}

// checkEnd checks that a set without pending events has a step to do unless it is as it is wanted. So every sequence of steps ends,
// and ends well.
func (m mode) checkEnd(in Input, w world, p Plan) error {
	done := m.done(in, w)
	if want := done && m.updated(in, w); p.Complete != want {
		return fmt.Errorf("says complete: %t", p.Complete)
	}
	if done && p.Steps() > 0 {
		return fmt.Errorf("is as it is wanted, and is changed: %v %v %v", p.Creates, p.Updates, p.Deletes)
	}
	settled := w.count(unavailable)+w.count(unknown)+w.count(terminating)+w.count(sick) == 0
	if h := in.Spec.SelfHealing; h != nil && !p.Meltdown {
		settled = w.count(unavailable)+w.count(unknown)+w.count(terminating) == 0 // Sick VMs are replaced.
	}
	switch {
	case p.Blocked && (!settled || p.Steps() > 0):
		return fmt.Errorf("says that it is blocked while something is going on")
	case p.Steps() > 0 || done:
		return nil
	case len(p.Notes) == 0:
		return fmt.Errorf("waits, and does not say why")
	case !settled:
		return nil
	case !m.mayBlock:
		return fmt.Errorf("nothing is pending, and there is no step to do: %v", p.Notes)
	case !p.Blocked:
		return fmt.Errorf("has no step to do and does not say that it is blocked: %v", p.Notes)
	default:
		return m.checkBlocked(in, w)
	}
}

// done says whether there is nothing to do: each slot has one VM, available and good enough, and there is no other.
func (m mode) done(in Input, w world) bool {
	for s := range w.slots() {
		live := 0
		for _, c := range w.slot(s) {
			wanted := m.wanted(s, in.Spec.Replicas)
			switch {
			case c == absent:
			case !c.is(available), wanted != "" && c.revision() != wanted:
				return false
			default:
				live++
			}
		}
		beyond := s >= in.Spec.Replicas
		paused := in.Spec.Paused && live > 1 // Those that were about to change places stay.
		if beyond && live > 0 || !beyond && live != 1 && !paused {
			return false
		}
	}
	return true
}

// updated says whether the set is as the template wants it.
func (m mode) updated(in Input, w world) bool {
	for s := range in.Spec.Replicas {
		live := 0
		for _, c := range w.slot(s) {
			if c == absent {
				continue
			}
			if m.wanted(s, in.Spec.Replicas) == "" && c.revision() != newRevision || !c.is(available) {
				return false
			}
			live++
		}
		if live != 1 {
			return false
		}
	}
	return true
}

// checkBlocked checks that a blocked set has no step that would keep its promises and lead anywhere.
func (m mode) checkBlocked(in Input, w world) error {
	least, most := bounds(in)
	places, disruptions := limit(in.Limits.Places), limit(in.Limits.Disruptions)
	most = min(most, limit(in.Limits.Addresses))
	for s := range w.slots() {
		wanted, present := s < in.Spec.Replicas, 0
		for _, c := range w.slot(s) {
			if c != absent {
				present++
			}
		}
		old := slices.Contains(w.slot(s), vmOf(oldRevision, available)) || !wanted && present > 0
		if old && w.count(available) > max(least, 0) && (wanted || w.count(available) > in.Spec.Replicas) && disruptions > 0 {
			return fmt.Errorf("is blocked, and could do without a VM in slot %d", s)
		}
		vacant := present == 0 || !in.Spec.KeepIdentity && !slices.Contains(w.slot(s), vmOf(newRevision, available))
		if wanted && vacant && w.existing() < most && places > 0 && (present == 0 || most > in.Spec.Replicas) {
			return fmt.Errorf("is blocked, and could make a VM in slot %d", s)
		}
	}
	return nil
}

// TestMain lets garbage lie for longer: the tests plan millions of times, and keep nothing.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	os.Exit(m.Run())
}

var deep = flag.Bool("deep", false, "check every world of sets of up to five replicas, which takes long")

func TestEveryWorld(t *testing.T) {
	for _, m := range modes() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			total := 0
			for _, z := range sizes(m) {
				checked, err := m.checkEveryWorld(z, Next)
				if err != nil {
					t.Fatal(err)
				}
				total += checked
			}
			t.Logf("checked the plans of %d worlds", total)
		})
	}
}

// sizes that are modelled. All orders of the slots are for small sets; of larger ones those that differ by it are left out.
func sizes(m mode) []size {
	out := []size{{0, 1, false, 1}, {1, 1, false, 1}}
	if raceDetector {
		return out // A single goroutine plans: the race detector would find nothing, and takes minutes to do so.
	}
	if out = append(out, size{2, 0, false, 2}); testing.Short() {
		return out
	}
	if out = append(out, size{3, 0, true, 1}); !m.variant {
		out = append(out, size{2, 1, true, 1})
	}
	if *deep {
		out = append(out, size{2, 1, false, 2}, size{3, 0, false, 3}, size{4, 0, true, 4}, size{5, 0, true, 1})
	}
	return out
}
