// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"slices"
)

// chooseSlots that are wanted: the first ones but for those that are left out since scaling down.
func (p *planner) chooseSlots() {
	n, before := max(p.spec.Replicas, 0), p.memory.Replicas
	skipped := slices.DeleteFunc(slices.Clone(p.memory.Skipped), func(s int) bool { return s < p.spec.Start })
	slices.Sort(skipped)
	if n > before {
		skipped = skipped[min(n-before, len(skipped)):]
	}
	if n < before {
		skipped = append(skipped, p.scaleDown(firstSlots(p.spec.Start, before, skipped), before-n)...)
		slices.Sort(skipped)
	}
	p.slots = firstSlots(p.spec.Start, n, skipped)
	p.position = make(map[int]int, n)
	for i, s := range p.slots {
		p.position[s] = i
	}
	// A gap beyond the last slot is none.
	p.memory.Skipped = slices.DeleteFunc(skipped, func(s int) bool { return n == 0 || s > p.slots[n-1] })
}

// firstSlots are so many slots from start on without the skipped ones, which are sorted.
func firstSlots(start, n int, skipped []int) []int {
	out := make([]int, 0, n)
	for slot := start; len(out) < n; slot++ {
		if len(skipped) > 0 && skipped[0] == slot {
			skipped = skipped[1:]
			continue
		}
		out = append(out, slot)
	}
	return out
}

// A seat is a slot that may go when the set is scaled down, by who goes first.
type seat struct {
	slot int
	// named is the place of its VM among those that are named, and last for others.
	named int
	// protected is 1 when its VM is protected, gone 0 when there is none.
	protected, gone int
	availability    Availability
	created         int64
}

// scaleDown picks so many slots to give up. It is asked again when what it said was lost, and then comes to the same: a VM that
// it has picked is being deleted or gone, and such slots go first when VMs are chosen by name or by what they do.
func (p *planner) scaleDown(slots []int, n int) []int {
	seats, position := make([]seat, 0, len(slots)), make(map[int]int, len(slots))
	last := len(p.spec.ScaleDownNames)
	for i, slot := range slots {
		seats, position[slot] = append(seats, seat{slot: slot, named: last}), i
	}
	found := 0
	for i := range p.members {
		m := &p.members[i]
		at, ok := position[m.Slot]
		if !ok {
			continue
		}
		s := &seats[at]
		if named := slices.Index(p.spec.ScaleDownNames, m.Name); named >= 0 {
			s.named = min(s.named, named)
			found++
		}
		if m.Terminating {
			continue
		}
		s.gone = 1
		s.availability = max(s.availability, m.Availability)
		s.created = max(s.created, m.Created)
		if m.Protected {
			s.protected = 1
		}
	}
	lost := found < last
	slices.SortFunc(seats, func(a, b seat) int {
		return cmp.Or(
			cmp.Compare(a.named, b.named),
			cmp.Compare(a.protected, b.protected),
			p.compareSeats(a, b, lost),
			cmp.Compare(b.slot, a.slot),
		)
	})
	out := make([]int, 0, n)
	for _, s := range seats[:n] {
		out = append(out, s.slot)
	}
	return out
}

// compareSeats by the policy. When a VM that is named is lost, its slot is among those that are gone.
func (p *planner) compareSeats(a, b seat, lost bool) int {
	gone := cmp.Compare(a.gone, b.gone)
	switch p.spec.ScaleDown {
	case UnavailableFirst:
		rank := func(s seat) int { return [...]int{Unavailable: 0, Unknown: 1, Available: 2}[s.availability] }
		return cmp.Or(gone, cmp.Compare(rank(a), rank(b)))
	case NewestFirst:
		return cmp.Or(gone, cmp.Compare(b.created, a.created))
	case OldestFirst:
		return cmp.Or(gone, cmp.Compare(a.created, b.created))
	case HighestSlotFirst:
		if lost {
			return gone
		}
	}
	return 0
}

// bySlot orders the VMs by their slots. Of those in one slot the better ones come first.
func (p *planner) bySlot() {
	slices.SortFunc(p.members, func(a, b member) int {
		return cmp.Or(
			cmp.Compare(a.Slot, b.Slot),
			cmp.Compare(b.Availability, a.Availability),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

// adopt VMs that have no slot: each gets the first one that nothing is in, else one beyond all.
func (p *planner) adopt() {
	if !slices.ContainsFunc(p.members, func(m member) bool { return m.Slot == NoSlot && !m.Terminating }) {
		return
	}
	used, beyond := map[int]bool{}, p.spec.Start
	if n := len(p.slots); n > 0 {
		beyond = p.slots[n-1] + 1
	}
	for i := range p.members {
		m := &p.members[i]
		used[m.Slot] = true
		beyond = max(beyond, m.Slot+1)
	}
	at := 0
	for i := range p.members {
		m := &p.members[i]
		if m.Slot != NoSlot || m.Terminating {
			continue
		}
		for at < len(p.slots) && used[p.slots[at]] {
			at++
		}
		if at == len(p.slots) {
			m.Slot = beyond
			beyond++
			continue
		}
		m.Slot = p.slots[at]
		at++
	}
	p.bySlot()
}
