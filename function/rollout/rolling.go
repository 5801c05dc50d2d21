// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"math"
	"slices"
	"sort"
)

// unlimited stands for a limit that there is not.
const unlimited = math.MaxInt

// budget what a plan may do, from what is observed.
func (p *planner) budget() {
	p.available = p.plan.Counts.Available
	p.disruptions = limit(p.limits.Disruptions)
	p.steps = unlimited
	if p.spec.MaxInFlight <= 0 {
		return
	}
	p.steps = p.spec.MaxInFlight
	for i := range p.members {
		if p.members[i].inFlight() {
			p.steps--
		}
	}
}

func limit(l *int) int {
	if l == nil {
		return unlimited
	}
	return max(*l, 0)
}

// inFlight VMs are being made, changed or deleted, as far as can be told from outside.
func (m *member) inFlight() bool { return m.Terminating || m.Availability == Unavailable || m.stale }

// step takes one of the steps that may be in flight, unless the VM is in flight already. There is none for a new one.
func (p *planner) step(m *member) bool {
	if m != nil && m.inFlight() {
		return true
	}
	if p.steps <= 0 {
		return false
	}
	p.steps--
	return true
}

// spare says whether at least so many VMs stay available without one.
func (p *planner) spare(atLeast int, m *member) bool {
	switch m.Availability {
	case Available:
		return p.available > atLeast && p.disruptions > 0
	case Unknown:
		return p.available >= atLeast && p.disruptions > 0
	default:
		return true
	}
}

// spend what taking a VM out of service costs.
func (p *planner) spend(m *member) {
	switch m.Availability {
	case Available:
		p.available--
		p.disruptions--
	case Unknown:
		p.disruptions--
	case Unavailable:
	}
}

// minAvailable is how many VMs must stay available while outdated ones are replaced.
func (p *planner) minAvailable() int {
	return max(0, p.spec.Replicas-p.maxUnavailable())
}

// minWithoutSurplus is how many VMs must stay available when surplus ones go: all, unless one of them can only be made in place
// of a surplus one.
func (p *planner) minWithoutSurplus() int {
	if p.missing() > 0 && (p.most() <= p.spec.Replicas || limit(p.limits.Places) == 0) {
		return p.minAvailable()
	}
	return p.spec.Replicas
}

// retire plans the deletions: first what is known to be unavailable, which is free, then the rest within the budget, outdated
// VMs before surplus ones.
func (p *planner) retire() {
	if p.plan.Meltdown {
		p.retireUnproven()
		return
	}
	for _, m := range p.sick {
		p.delete(m, m.why)
	}
	for _, m := range slices.Concat(p.outdated, p.surplus) {
		if m.Availability == Unavailable {
			p.delete(m, p.reason(m))
		}
	}
	p.retireWithin(p.minAvailable(), p.outdated)
	p.retireWithin(p.minWithoutSurplus(), p.surplus)
	if p.missing() > 0 && p.room() == 0 {
		p.retireWithin(p.minAvailable(), p.spares)
	}
}

// retireWithin plans the deletion of VMs of which at least so many others stay available without.
func (p *planner) retireWithin(atLeast int, members []*member) {
	for _, m := range members {
		if !m.deleted && p.spare(atLeast, m) && p.delete(m, p.reason(m)) {
			p.spend(m)
		}
	}
}

// retireUnproven plans the deletion of what never worked, while nothing else is deleted.
func (p *planner) retireUnproven() {
	for _, m := range p.outdated {
		if m.Availability == Unavailable && p.unproven(m) {
			p.delete(m, p.reason(m))
		}
	}
}

// delete a VM, unless it is protected or too much is in flight.
func (p *planner) delete(m *member, reason string) bool {
	if m.Protected && !slices.Contains(p.spec.ScaleDownNames, m.Name) || !p.step(m) {
		return false
	}
	m.deleted = true
	p.plan.Deletes = append(p.plan.Deletes, Deletion{Name: m.Name, Reason: reason})
	return true
}

// reason to delete a VM that is outdated or surplus.
func (p *planner) reason(m *member) string {
	unavailable := m.Availability == Unavailable
	_, wanted := p.position[m.Slot]
	switch {
	case m.duplicate, wanted && p.frozen:
		return ReasonDuplicate
	case !wanted && (p.is(m, p.target) || !p.updates()):
		if unavailable {
			return ReasonSurplusUnavailable
		}
		return ReasonSurplus
	case p.spec.Strategy == Recreate:
		return because(ReasonRecreate, m.Differs)
	case unavailable:
		return because(ReasonOutdatedUnavailable, m.Differs)
	default:
		return because(ReasonOutdated, m.Differs)
	}
}

// create plans the creations: slots that nothing is in first, then those whose VM is on its way out, then those whose VM is to be
// replaced.
func (p *planner) create() {
	var vacant, left, replaced []int
	for i := range p.slots {
		switch {
		case !p.lacks(i) || p.blocked[i]:
		case !p.occupied[i] && !p.held[i]:
			vacant = append(vacant, i)
		case p.most() <= p.spec.Replicas || p.spec.KeepIdentity:
			// A VM is made when nothing is left of the one before.
		case p.occupied[i]:
			replaced = append(replaced, i)
		default:
			left = append(left, i)
		}
	}
	if len(vacant)+len(left)+len(replaced) == 0 {
		return
	}
	if p.spec.Order == HighestFirst {
		slices.Reverse(vacant)
		slices.Reverse(left)
		slices.Reverse(replaced)
	}
	room, mayMix := min(p.room(), p.batch(), limit(p.limits.Places)), map[string]bool{}
	for _, i := range slices.Concat(vacant, left, replaced) {
		revision := p.made[i]
		if _, looked := mayMix[revision]; !looked {
			mayMix[revision] = revision != "" && p.mayMix(revision)
		}
		if len(p.plan.Creates) < room && mayMix[revision] && p.step(nil) {
			p.plan.Creates = append(p.plan.Creates, p.creation(i))
		}
	}
	slices.SortFunc(p.plan.Creates, func(a, b Creation) int { return a.Slot - b.Slot })
}

// lacks says whether a slot has neither the VM that is wanted in it nor one that becomes so in place.
func (p *planner) lacks(i int) bool {
	c := p.candidate[i]
	return p.have[i] == nil && (c == nil || !c.updated && c.kept == "" && p.mustReplace())
}

// missing is how many wanted VMs do not exist.
func (p *planner) missing() int {
	n := 0
	for i := range p.slots {
		if p.lacks(i) {
			n++
		}
	}
	return n
}

func (p *planner) creation(i int) Creation {
	c := Creation{Slot: p.slots[i], Revision: p.made[i], Reason: ReasonMissing}
	if p.occupied[i] {
		c.Reason = ReasonSuccessor
	}
	taken := map[int]bool{}
	first := sort.Search(len(p.members), func(j int) bool { return p.members[j].Slot >= c.Slot })
	for j := first; j < len(p.members) && p.members[j].Slot == c.Slot; j++ {
		if m := &p.members[j]; m.birth() == c.Revision {
			taken[m.Copy] = true
		}
	}
	for taken[c.Copy] {
		c.Copy++
	}
	return c
}

// mustReplace says whether VMs that could be changed in place are replaced nevertheless: when none may be missed, and a new one
// may be made instead.
func (p *planner) mustReplace() bool {
	return p.maxUnavailable() == 0 ||
		limit(p.limits.Disruptions) == 0 && p.plan.Counts.Available > p.minAvailable()
}

// most is how many VMs may exist.
func (p *planner) most() int {
	return min(p.spec.Replicas+p.maxSurge(), limit(p.limits.Addresses))
}

// room for VMs that do not exist yet.
func (p *planner) room() int {
	c := p.plan.Counts
	return max(0, p.most()-c.Live-c.Terminating)
}

// batch is how many VMs this Plan may create.
func (p *planner) batch() int {
	if p.spec.MaxCreates <= 0 {
		return unlimited
	}
	return p.spec.MaxCreates
}
