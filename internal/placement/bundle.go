// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import "container/heap"

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
// mount the same datastores. Its i-th unit goes to whichever ramp takes it at the least cost, so the order of its units is fixed
// and found as far as it is asked for.
type bundle struct {
	ramps []ramp
	known []unit
	heap  unitHeap
}

func newBundle(ramps []ramp) *bundle {
	b := &bundle{ramps: ramps}
	for i, r := range ramps {
		if r.room > 0 {
			b.heap = append(b.heap, unit{ramp: i, cost: r.first})
		}
	}
	heap.Init(&b.heap)
	return b
}

// unit returns the i-th unit, or nil when the bundle has room for i units only. It is valid until the next call.
func (b *bundle) unit(i int) *unit {
	for len(b.known) <= i && len(b.heap) > 0 {
		b.known = append(b.known, b.heap[0])
		b.advance()
	}
	if i >= len(b.known) {
		return nil
	}
	return &b.known[i]
}

// advance replaces the cheapest unit of the heap with the next of its ramp.
func (b *bundle) advance() {
	top := &b.heap[0]
	r := &b.ramps[top.ramp]
	top.nth++
	if top.nth == r.room {
		heap.Pop(&b.heap)
		return
	}
	top.cost = top.cost.plus(r.step)
	heap.Fix(&b.heap, 0)
}

// A unitHeap orders units by cost, and equal ones by their ramp.
type unitHeap []unit

func (h unitHeap) Len() int      { return len(h) }
func (h unitHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h unitHeap) Less(i, j int) bool {
	if h[i].cost == h[j].cost {
		return h[i].ramp < h[j].ramp
	}
	return h[i].cost.less(&h[j].cost)
}

func (h *unitHeap) Push(x any) { *h = append(*h, x.(unit)) }

func (h *unitHeap) Pop() any {
	old := *h
	last := len(old) - 1
	u := old[last]
	*h = old[:last]
	return u
}
