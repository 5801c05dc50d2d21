// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

// A ramp is the price of putting VMs in one place, one after the other: the first costs first, and each further one step more
// than the one before it. A step is never negative, which keeps the cost convex and the flow's optimum exact.
type ramp struct {
	first, step cost
	room        int
}

// A unit is the taking of one more VM by one ramp of a bundle.
type unit struct {
	ramp int
	nth  int
	cost cost
}

// A bundle is a number of ramps side by side: places that differ in cost and room only, such as the hosts of one cluster that
// mount the same datastores. Its i-th unit goes to whichever ramp takes it at the least cost, so the order of its units is fixed,
// and is found as far as it is asked for.
type bundle struct {
	ramps []ramp
	known []unit
	next  queue[unit] // of each ramp that has room, its next unit
}

func newBundle(ramps ...ramp) *bundle {
	b := &bundle{ramps: ramps, next: queue[unit]{before: (*unit).before}}
	for i, r := range ramps {
		if r.room > 0 {
			b.next.push(unit{ramp: i, cost: r.first})
		}
	}
	return b
}

// unit returns the i-th unit, or nil when the bundle has no room for it. It is valid until the next call.
func (b *bundle) unit(i int) *unit {
	for len(b.known) <= i && b.next.len() > 0 {
		b.known = append(b.known, *b.next.first())
		b.advance()
	}
	if i >= len(b.known) {
		return nil
	}
	return &b.known[i]
}

// advance replaces the cheapest of the next units by the one of its ramp that follows it.
func (b *bundle) advance() {
	u := b.next.first()
	r := &b.ramps[u.ramp]
	u.nth++
	if u.nth == r.room {
		b.next.pop()
		return
	}
	u.cost = u.cost.plus(r.step)
	b.next.sink()
}

// before orders units by cost, and equal ones by their ramp.
func (u *unit) before(v *unit) bool {
	if u.cost == v.cost {
		return u.ramp < v.ramp
	}
	return u.cost.less(&v.cost)
}
