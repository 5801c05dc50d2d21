// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

// source and sink are the nodes that every network begins with.
const (
	source = iota
	sink
	inner // the first of the other nodes
)

// An arc of a network. A nil bundle has room for any number of units at no cost.
type arc struct {
	from, to int
	units    *bundle
	flow     int
}

// A network carries whole units from source to sink. Costs are convex, so sending one unit after the other along a cheapest path
// of the residual network gives, for each number of units, a flow of least cost; when no path is left, the flow is maximal.
//
// Its parts that meet at source and sink only, such as clusters with storage of their own, are searched one by one: what flows in
// one of them does not change the cheapest path of another.
type network struct {
	arcs  []arc
	touch [][]int // by node, the arcs that begin or end there

	// Scratch of the search, by node.
	dist    []cost
	reached []bool
	queued  []bool
	via     []int // the arc that the cheapest path comes over
	pending []int // the nodes to go on from
}

func newNetwork() *network { return &network{touch: make([][]int, inner)} }

func (n *network) addNode() int {
	n.touch = append(n.touch, nil)
	return len(n.touch) - 1
}

func (n *network) addArc(from, to int, units *bundle) int {
	id := len(n.arcs)
	n.arcs = append(n.arcs, arc{from: from, to: to, units: units})
	n.touch[from] = append(n.touch[from], id)
	n.touch[to] = append(n.touch[to], id)
	return id
}

// A part of a network, without source and sink.
type part struct {
	id    int
	nodes []int
	// entries are the arcs from the source.
	entries []int
	// path is a cheapest path through the part: its arcs, from the sink back to the source; dist is what it costs.
	path []int
	dist cost
}

// before orders parts by what their next unit costs.
func (p *part) before(q *part) bool {
	if p.dist == q.dist {
		return p.id < q.id
	}
	return p.dist.less(&q.dist)
}

// parts finds the parts of the network.
func (n *network) parts() []part {
	seen := make([]bool, len(n.touch))
	var out []part
	for start := inner; start < len(n.touch); start++ {
		if seen[start] {
			continue
		}
		seen[start] = true
		p := part{id: len(out), nodes: []int{start}}
		for i := 0; i < len(p.nodes); i++ {
			n.grow(&p, p.nodes[i], seen)
		}
		out = append(out, p)
	}
	return out
}

// grow adds the neighbours of a node to its part, and its arc from the source if it has one.
func (n *network) grow(p *part, node int, seen []bool) {
	for _, id := range n.touch[node] {
		next := n.arcs[id].other(node)
		switch {
		case next == source:
			p.entries = append(p.entries, id)
		case next != sink && !seen[next]:
			seen[next] = true
			p.nodes = append(p.nodes, next)
		}
	}
}

// fill sends units, up to the wanted number or as many as there is room for.
func (n *network) fill(wanted int) {
	nodes := len(n.touch)
	n.dist, n.via = make([]cost, nodes), make([]int, nodes)
	n.reached, n.queued = make([]bool, nodes), make([]bool, nodes)
	next := queue[part]{before: (*part).before}
	for _, p := range n.parts() {
		if n.search(&p) {
			next.push(p)
		}
	}
	for ; wanted > 0 && next.len() > 0; wanted-- {
		p := next.first()
		n.send(p.path)
		if n.search(p) {
			next.sink()
		} else {
			next.pop()
		}
	}
}

// search finds a cheapest path through a part in the residual network, by label correction: costs may be negative, cycles of
// negative cost do not exist. It reports whether there is one.
func (n *network) search(p *part) bool {
	for _, node := range p.nodes {
		n.reached[node] = false
	}
	n.reached[sink] = false
	n.pending = n.pending[:0]
	for _, id := range p.entries {
		a := &n.arcs[id]
		if u := a.units.unit(a.flow); u != nil {
			n.relax(a.to, id, &u.cost)
		}
	}
	for i := 0; i < len(n.pending); i++ {
		n.expand(n.pending[i])
	}
	if !n.reached[sink] {
		return false
	}
	p.dist, p.path = n.dist[sink], n.trace(p.path[:0])
	return true
}

// expand goes on from a node in each direction.
func (n *network) expand(node int) {
	n.queued[node] = false
	for _, id := range n.touch[node] {
		a := &n.arcs[id]
		switch {
		case a.from == source: // a cheapest path does not come back to the source
		case a.from == node && a.units == nil:
			n.relax(a.to, id, &n.dist[node])
		case a.from == node:
			if u := a.units.unit(a.flow); u != nil {
				c := n.dist[node].plus(u.cost)
				n.relax(a.to, id, &c)
			}
		case a.flow == 0:
		case a.units == nil:
			n.relax(a.from, id, &n.dist[node])
		default:
			c := n.dist[node].minus(a.units.unit(a.flow - 1).cost)
			n.relax(a.from, id, &c)
		}
	}
}

// relax notes a path to a node over an arc, if it is the cheapest yet.
func (n *network) relax(node, over int, dist *cost) {
	if n.reached[node] && !dist.less(&n.dist[node]) {
		return
	}
	n.reached[node], n.dist[node], n.via[node] = true, *dist, over
	if !n.queued[node] && node != sink {
		n.queued[node] = true
		n.pending = append(n.pending, node)
	}
}

// trace appends the arcs of the path that search found, from the sink back to the source.
func (n *network) trace(path []int) []int {
	for node := sink; node != source; {
		id := n.via[node]
		path = append(path, id)
		node = n.arcs[id].other(node)
	}
	return path
}

// send moves one unit along a path.
func (n *network) send(path []int) {
	node := sink
	for _, id := range path {
		a := &n.arcs[id]
		if a.to == node {
			a.flow++
		} else {
			a.flow--
		}
		node = a.other(node)
	}
}

// other is the node at the arc's other end.
func (a *arc) other(node int) int { return a.from + a.to - node }
