// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

// Nodes that every network has.
const (
	source = 0
	sink   = 1
)

// An arc of a network. A nil bundle has room for any number of units at no cost.
type arc struct {
	from, to int
	units    *bundle
	flow     int
}

// forward is the cost of one more unit over the arc, if it has room for it.
func (a *arc) forward() (cost, bool) {
	if a.units == nil {
		return cost{}, true
	}
	u := a.units.unit(a.flow)
	if u == nil {
		return cost{}, false
	}
	return u.cost, true
}

// backward is the saving of one unit less over the arc, if it has any.
func (a *arc) backward() (cost, bool) {
	if a.flow == 0 {
		return cost{}, false
	}
	if a.units == nil {
		return cost{}, true
	}
	return a.units.unit(a.flow - 1).cost, true
}

// A network carries whole units from source to sink. Costs are convex, so sending one unit after the other along a cheapest path
// of the residual network gives, for each number of units, a flow of least cost; when no path is left the flow is maximal.
type network struct {
	arcs  []arc
	touch [][]int // by node, the arcs that begin or end there

	// Scratch of the search, by node.
	dist    []cost
	reached []bool
	queued  []bool
	via     []int // the arc that the cheapest path comes over
	queue   []int
}

func newNetwork() *network {
	n := &network{}
	n.addNode() // source
	n.addNode() // sink
	return n
}

func (n *network) addNode() int {
	n.touch = append(n.touch, nil)
	n.dist = append(n.dist, cost{})
	n.reached = append(n.reached, false)
	n.queued = append(n.queued, false)
	n.via = append(n.via, -1)
	return len(n.touch) - 1
}

func (n *network) addArc(from, to int, units *bundle) int {
	id := len(n.arcs)
	n.arcs = append(n.arcs, arc{from: from, to: to, units: units})
	n.touch[from] = append(n.touch[from], id)
	n.touch[to] = append(n.touch[to], id)
	return id
}

// fill sends as many units as it can, up to the wanted number, and returns how many it sent.
func (n *network) fill(wanted int) int {
	for sent := range wanted {
		if !n.search() {
			return sent
		}
		n.send()
	}
	return wanted
}

// search finds a cheapest path from source to sink in the residual network, by label correction: costs may be negative, cycles
// of negative cost do not exist. It reports whether there is one.
func (n *network) search() bool {
	clear(n.reached)
	n.reached[source], n.dist[source] = true, cost{}
	n.queue = append(n.queue[:0], source)
	for head := 0; head < len(n.queue); head++ {
		node := n.queue[head]
		n.queued[node] = false
		for _, id := range n.touch[node] {
			a := &n.arcs[id]
			if a.from == node {
				if c, ok := a.forward(); ok {
					n.relax(a.to, id, n.dist[node].plus(c))
				}
				continue
			}
			if c, ok := a.backward(); ok {
				n.relax(a.from, id, n.dist[node].minus(c))
			}
		}
	}
	return n.reached[sink]
}

// relax notes a path to a node over an arc, if it is the cheapest yet.
func (n *network) relax(node, over int, c cost) {
	if n.reached[node] && !c.less(&n.dist[node]) {
		return
	}
	n.reached[node], n.dist[node], n.via[node] = true, c, over
	if !n.queued[node] && node != sink {
		n.queued[node] = true
		n.queue = append(n.queue, node)
	}
}

// send moves one unit along the path that search found.
func (n *network) send() {
	for node := sink; node != source; {
		a := &n.arcs[n.via[node]]
		if a.to == node {
			a.flow++
			node = a.from
			continue
		}
		a.flow--
		node = a.to
	}
}
