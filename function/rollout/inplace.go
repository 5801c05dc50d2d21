// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
)

// inPlace says whether a VM can become what is wanted in a slot without a new one. Changes are known towards the target only.
func (p *planner) inPlace(i int, m *member) bool {
	return p.spec.Strategy == InPlaceIfPossible && p.wanted[i] == p.target && m.Change == InPlace && !m.Protected
}

// updateInPlace plans the changes in place: first what is known to be unavailable, which is free, then the rest within the
// budget. VMs whose snapshot is ready go first, and a VM that waits for its snapshot has its part of the budget already, so that
// there are never more snapshots than changes that can follow.
func (p *planner) updateInPlace() {
	if p.plan.Meltdown {
		return
	}
	slices.SortStableFunc(p.candidates, func(a, b *member) int {
		return cmp.Or(
			cmp.Compare(p.unprepared(a), p.unprepared(b)),
			p.compareSlots(a.Slot, b.Slot),
		)
	})
	for _, m := range p.candidates {
		if m.Availability == Unavailable {
			p.update(m, ReasonUpdateUnavailable)
		}
	}
	for _, m := range p.candidates {
		if m.Availability != Unavailable && p.spare(p.minAvailable(), m) {
			p.update(m, ReasonUpdate)
		}
	}
	slices.SortFunc(p.plan.Updates, func(a, b Update) int { return compareNames(a.Name, b.Name) })
}

// update a VM in place, or prepare it.
func (p *planner) update(m *member, reason string) {
	if p.unprepared(m) > 0 {
		m.kept = KeptSnapshot
		p.spend(m)
		p.snapshot(m)
		return
	}
	if !p.step(m) {
		return
	}
	p.spend(m)
	m.updated = true
	p.plan.Updates = append(p.plan.Updates, Update{Name: m.Name, Slot: m.Slot, Revision: p.target, Reason: because(reason, m.Differs)})
}

// unprepared is how far a VM is from being ready to be changed: 0 is ready.
func (p *planner) unprepared(m *member) int {
	if p.spec.Snapshots == NoSnapshots {
		return 0
	}
	for _, s := range m.Snapshots {
		switch {
		case s.For != p.target:
		case s.Ready:
			return 0
		case s.Failed:
			return 3
		default:
			return 1
		}
	}
	return 2
}

// snapshot a VM before it is changed to the target, unless that is under way.
func (p *planner) snapshot(m *member) {
	if !slices.ContainsFunc(m.Snapshots, func(s Snapshot) bool { return s.For == p.target }) {
		p.plan.Snapshots = append(p.plan.Snapshots, Snapshot{VM: m.Name, For: p.target})
	}
}

// planSnapshots lists those that exist as well, until they are not needed any more.
func (p *planner) planSnapshots() {
	if p.spec.Snapshots == RemoveSnapshots && p.plan.Complete {
		p.plan.Snapshots = nil
		return
	}
	for i := range p.members {
		m := &p.members[i]
		if m.Terminating || m.deleted {
			continue
		}
		for _, s := range m.Snapshots {
			p.plan.Snapshots = append(p.plan.Snapshots, Snapshot{VM: m.Name, For: s.For})
		}
	}
	slices.SortFunc(p.plan.Snapshots, func(a, b Snapshot) int {
		return cmp.Or(compareNames(a.VM, b.VM), compareNames(a.For, b.For))
	})
}
