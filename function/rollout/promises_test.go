// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
)

// inPlaceOnlyWherePossible: a VM that can be changed in place is not deleted, unless it fills no slot or none may be missed; one
// that cannot is not changed.
func inPlaceOnlyWherePossible(in Input, _ world, _ []string, p Plan) error {
	for _, u := range p.Updates {
		i := slices.IndexFunc(in.VMs, func(vm VM) bool { return vm.Name == u.Name })
		if in.VMs[i].Change != InPlace || in.VMs[i].Revision == newRevision {
			return fmt.Errorf("changes %s, which cannot be", u.Name)
		}
	}
	for _, c := range p.Creates {
		could := slices.ContainsFunc(in.VMs, func(vm VM) bool { return vm.Slot == c.Slot && vm.Change == InPlace && !vm.Terminating })
		if could && in.Spec.MaxUnavailable > 0 {
			return fmt.Errorf("creates slot %d, whose VM can be changed", c.Slot)
		}
	}
	return nil
}

// atMostInFlight is I25: what is planned and what is under way are within the limit.
func atMostInFlight(in Input, w world, names []string, p Plan) error {
	var after world
	after = append(after, w...)
	for _, s := range steps(w, names, p) {
		after[s.cell] = s.to
	}
	if got := after.inFlight(); got > max(w.inFlight(), in.Spec.MaxInFlight) {
		return fmt.Errorf("takes %d VMs in flight to %d", w.inFlight(), got)
	}
	return nil
}

// updatesNothing is I16: VMs leave only slots that are not wanted, or one of several in a slot. While updates are paused, those
// that were about to change places stay as well, unless there is no room for a VM that is missing.
func updatesNothing(in Input, w world, names []string, p Plan) error {
	if len(p.Updates) > 0 {
		return fmt.Errorf("changes %v", p.Updates)
	}
	for _, s := range steps(w, names, Plan{Deletes: p.Deletes}) {
		slot, mates := slotOf(s.cell), 0
		for _, c := range w.slot(slot) {
			if c.live() {
				mates++
			}
		}
		crowded := w.existing() >= in.Spec.Replicas+in.Spec.MaxSurge
		if slot < in.Spec.Replicas && (mates < 2 || in.Spec.Paused && !crowded) {
			return fmt.Errorf("deletes %s", names[s.cell])
		}
	}
	return nil
}

// neverMixes: no VM is made while one of another revision exists.
func neverMixes(_ Input, w world, _ []string, p Plan) error {
	for _, c := range p.Creates {
		for _, other := range w {
			if other != absent && other.revision() != c.Revision {
				return fmt.Errorf("creates %v beside %s", c, w)
			}
		}
	}
	return nil
}

// onlyInVacantSlots: a VM is made when nothing is left of the one before.
func onlyInVacantSlots(_ Input, w world, _ []string, p Plan) error {
	for _, c := range p.Creates {
		if w.slot(c.Slot).existing() > 0 {
			return fmt.Errorf("creates %v beside another", c)
		}
	}
	return nil
}

// healsOrMelts is I24: sick VMs go, unless there are too many of them, when nothing goes but what never worked.
func healsOrMelts(in Input, w world, names []string, p Plan) error {
	if want := w.count(sick) > in.Spec.SelfHealing.MaxUnhealthy; p.Meltdown != want {
		return fmt.Errorf("says meltdown: %t", p.Meltdown)
	}
	if p.Meltdown && len(p.Deletes)+len(p.Updates) > 0 {
		return fmt.Errorf("deletes or changes in a meltdown: %v %v", p.Deletes, p.Updates)
	}
	for i, c := range w {
		stays := slices.ContainsFunc(p.Keeps, func(k Keep) bool { return k.Name == names[i] })
		if !p.Meltdown && c.is(sick) && stays {
			return fmt.Errorf("%s is sick, and stays", names[i])
		}
	}
	return nil
}

// withinLimits: what comes from outside is not exceeded (I28 and placement).
func withinLimits(in Input, w world, names []string, p Plan) error {
	l := in.Limits
	if places := limit(l.Places); len(p.Creates) > places {
		return fmt.Errorf("creates %d VMs in %d places", len(p.Creates), places)
	}
	if existing := w.existing(); len(p.Creates) > 0 && existing+len(p.Creates) > limit(l.Addresses) {
		return fmt.Errorf("takes %d VMs to %d, and there are %d addresses", existing, existing+len(p.Creates), *l.Addresses)
	}
	out := touched(w, names, p)
	if n := out[available] + out[unknown]; n > limit(l.Disruptions) {
		return fmt.Errorf("takes %d VMs out of service of a budget of %d", n, *l.Disruptions)
	}
	return nil
}
