// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
)

// Next plans the next steps of a set from what is observed of it.
func Next(in Input) Plan {
	p := newPlanner(in)
	if !p.plan.RollsBack {
		p.updateInPlace()
		p.create()
		p.retire()
	}
	p.finish()
	return p.plan
}

// A planner sorts the VMs of a set by what becomes of them, and collects a Plan.
type planner struct {
	spec   Spec
	limits Limits
	now    int64
	memory Memory
	plan   Plan

	// target revision of the set, and frozen when nothing is updated.
	target string
	frozen bool

	// members are all VMs.
	members []member
	// asked steps by VM that may not be visible yet.
	asked map[string]Asked

	// slots that are wanted, in order, and the position of each in this list. What follows is by that position.
	slots    []int
	position map[int]int
	// wanted revision, empty where any is good enough, and the one to make a VM of where one is missing.
	wanted, made []string
	// have is the VM that fills the slot, candidate the one that will when it is changed in place.
	have, candidate []*member
	// occupied slots have a live VM, held ones have one that is being deleted or will be, blocked ones cannot be filled before
	// it is gone.
	occupied, held, blocked []bool

	// candidates are outdated VMs that can be changed in place, outdated are the others of them. Surplus VMs are beyond the
	// wanted number, and sick ones do not come back. Spare ones are a second one in a slot while updates are paused.
	candidates, outdated, surplus, sick, spares []*member

	// available VMs that stay, disruptions that are left, and steps that are, as far as it is planned.
	available, disruptions, steps int
	deadline                      int64
}

// A member is a VM as a planner sees it.
type member struct {
	VM

	// settling VMs do their work, and not for long enough yet. Stale ones may be other than they look.
	settling, stale bool
	// unhealthy VMs do not come back, and why is the reason.
	unhealthy bool
	why       string
	// duplicate VMs are in a slot that another one fills.
	duplicate bool
	// deleted and updated VMs are so in this plan.
	deleted, updated bool
	// kept is why an outdated VM stays.
	kept string
}

func newPlanner(in Input) *planner {
	p := &planner{
		spec:   in.Spec,
		limits: in.Limits,
		now:    in.Now,
		memory: in.Memory,
		target: Target(in.Spec, in.Memory),
	}
	p.plan.Target = p.target
	p.see(in.VMs)
	p.chooseSlots()
	p.adopt()
	p.observeProgress()
	p.wantRevisions()
	p.gateMeltdown()
	p.sort()
	p.measureProgress()
	p.budget()
	return p
}

// see the VMs as they count.
func (p *planner) see(vms []VM) {
	if len(p.memory.Asked) > 0 {
		p.asked = make(map[string]Asked, len(p.memory.Asked))
	}
	for _, a := range p.memory.Asked {
		p.asked[a.Name] = a
	}
	p.members = make([]member, 0, len(vms))
	for i := range vms {
		p.members = append(p.members, p.member(vms[i]))
	}
	p.bySlot()
}

// is says whether a VM is of a revision, or cannot be told from one.
func (p *planner) is(m *member, revision string) bool {
	return m.Revision == revision || revision == p.target && m.Change == None
}

// sort the VMs into the lists of a planner, and count them.
func (p *planner) sort() {
	n := len(p.slots)
	p.have, p.candidate = make([]*member, n), make([]*member, n)
	p.occupied, p.held, p.blocked = make([]bool, n), make([]bool, n), make([]bool, n)

	// First the VMs that fill their slots, then the others.
	for i := range p.members {
		p.fill(&p.members[i])
	}
	for i := range p.members {
		if m := &p.members[i]; !m.Terminating {
			p.count(m)
			p.sortOut(m)
		}
	}
	p.rankOutdated()
	slices.Reverse(p.surplus)
}

// fill a slot with a VM, if it is one that is wanted there.
func (p *planner) fill(m *member) {
	if m.Terminating {
		p.plan.Counts.Terminating++
	}
	i, wanted := p.position[m.Slot]
	if !wanted {
		return
	}
	if m.Terminating || m.unhealthy && !p.plan.Meltdown {
		p.hold(i, m)
		return
	}
	p.occupied[i] = true
	if p.fits(i, m) > p.fits(i, p.have[i]) {
		p.have[i] = m
	}
}

// fits says how well a VM fits a slot: 0 is not at all. A protected one fits if no other does, since it cannot go.
func (p *planner) fits(i int, m *member) int {
	switch {
	case m == nil:
		return 0
	case p.wanted[i] == "" && !p.is(m, p.target):
		return 2*int(m.Availability) + 2
	case p.wanted[i] == "":
		return 2*int(m.Availability) + 3
	case p.is(m, p.wanted[i]):
		return 2
	case m.Protected:
		return 1
	default:
		return 0
	}
}

// hold a slot by a VM that is on its way out. A new one of the same name is made when that is gone, and at once when that may
// take for ever.
func (p *planner) hold(i int, m *member) {
	p.held[i] = true
	if !m.Lost && m.birth() == p.made[i] {
		p.blocked[i] = true
	}
}

// birth is the revision in a VM's name.
func (m *member) birth() string { return cmp.Or(m.Birth, m.Revision) }

func (p *planner) count(m *member) {
	c := &p.plan.Counts
	c.Live++
	switch m.Availability {
	case Available:
		c.Available++
	case Unknown:
		switch {
		case m.settling:
			c.Settling++
		case m.stale:
			c.Stale++
		default:
			c.Unknown++
		}
	case Unavailable:
	}
	if p.is(m, p.target) {
		c.Updated++
	}
}

// sortOut a live VM: into the list of those that it leaves the set with, or becomes another in.
func (p *planner) sortOut(m *member) {
	i, wanted := p.position[m.Slot]
	current := wanted && (p.wanted[i] == "" || p.is(m, p.wanted[i]))
	switch {
	case m.unhealthy && !p.plan.Meltdown:
		p.sick = append(p.sick, m)
	case wanted && p.have[i] == m:
		if m.Availability == Available && p.fits(i, m) > 1 {
			p.plan.Counts.Serving++
		}
	case wanted && p.frozen:
		m.kept = KeptPaused
		p.spares = append(p.spares, m)
	case current:
		m.duplicate = true
		p.surplus = append(p.surplus, m)
	case wanted && p.have[i] == nil && p.candidate[i] == nil && p.inPlace(i, m):
		p.candidate[i] = m
		p.candidates = append(p.candidates, m)
	case wanted, p.updates() && !p.is(m, p.target):
		p.outdated = append(p.outdated, m)
	default:
		p.surplus = append(p.surplus, m)
	}
}

// rankOutdated orders outdated VMs by who goes first: those of the oldest revision, then those in slots that are not wanted any
// more, then those whose replacement is available, then those whose replacement exists, then by slot.
func (p *planner) rankOutdated() {
	if len(p.outdated) < 2 {
		return
	}
	born := map[string]int64{}
	for _, m := range p.outdated {
		if b, ok := born[m.Revision]; !ok || m.Created < b {
			born[m.Revision] = m.Created
		}
	}
	slices.SortFunc(p.outdated, func(a, b *member) int {
		return cmp.Or(
			cmp.Compare(born[a.Revision], born[b.Revision]),
			cmp.Compare(a.Revision, b.Revision),
			cmp.Compare(p.need(a.Slot), p.need(b.Slot)),
			p.compareSlots(a.Slot, b.Slot),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

// compareSlots by the order of updates.
func (p *planner) compareSlots(a, b int) int {
	if p.spec.Order == HighestFirst {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

func compareNames(a, b string) int { return cmp.Compare(a, b) }

// need of a slot for its outdated VM: the less, the earlier it can go.
func (p *planner) need(slot int) int {
	i, wanted := p.position[slot]
	switch {
	case !wanted:
		return 0
	case p.have[i] == nil:
		return 3
	case p.have[i].Availability != Available:
		return 2
	default:
		return 1
	}
}

// finish lists what stays and says what the plan waits for.
func (p *planner) finish() {
	p.plan.Keeps = make([]Keep, 0, p.plan.Counts.Live)
	for i := range p.members {
		if m := &p.members[i]; !m.Terminating && !m.deleted && !m.updated {
			p.plan.Keeps = append(p.plan.Keeps, p.keep(m))
		}
	}
	slices.SortFunc(p.plan.Keeps, func(a, b Keep) int { return compareNames(a.Name, b.Name) })

	p.plan.Complete = p.complete()
	p.plan.Blocked = p.stuck()
	p.planSnapshots()
	p.plan.Notes = p.notes()
	p.remember()
	p.plan.Deadline = p.deadline
}

// complete says whether the set is as it is wanted.
func (p *planner) complete() bool {
	c := p.plan.Counts
	if c.Serving != len(p.slots) || c.Live != c.Serving || c.Terminating > 0 || p.plan.RollsBack {
		return false
	}
	for i, m := range p.have {
		if p.wanted[i] == "" && p.made[i] == p.target && !p.is(m, p.target) || p.frozen && !p.is(m, p.target) {
			return false
		}
	}
	return true
}

func (p *planner) keep(m *member) Keep {
	k := Keep{Name: m.Name, Slot: m.Slot, Revision: m.Revision}
	i, wanted := p.position[m.Slot]
	fills := wanted && p.have[i] == m
	if fills && (p.wanted[i] == p.target || p.wanted[i] == "") && m.Change == None && p.known(p.target) {
		k.Revision = p.target
	}
	switch {
	case fills && p.is(m, p.target):
	case fills && p.frozen:
		k.Reason = because(KeptPaused, m.Differs)
	case fills && p.wanted[i] == "":
		k.Reason = because(KeptOnDelete, m.Differs)
	case fills:
	case m.Protected:
		k.Reason = KeptProtected
	case p.plan.Meltdown:
		k.Reason = KeptMeltdown
	case m.kept != "":
		k.Reason = because(m.kept, m.Differs)
	case wanted || !p.is(m, p.target):
		k.Reason = because(KeptBudget, m.Differs)
	default:
		k.Reason = KeptSurplus
	}
	return k
}
