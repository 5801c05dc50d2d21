// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"encoding/binary"
	"slices"
)

// anyCluster stands for a host's cluster when nothing is asked of clusters.
const anyCluster = -1

// A cell is the hosts of one cluster, or of any, that can use the same datastores. They differ in cost and room only.
type cell struct {
	cluster int
	hosts   []int
	units   *bundle
	arc     int
	mounts  []mount
}

// A pool is the datastores that the same cells can use. They differ in cost and room only.
type pool struct {
	stores []int
	cells  []int
	units  *bundle
	arc    int
}

// A mount is the arc from a cell to a pool.
type mount struct{ pool, arc int }

// A board is a survey laid out as a network: source -> cluster -> cell -> pool -> sink.
type board struct {
	*network
	survey *survey
	price  *prices
	cells  []cell
	pools  []pool
}

func newBoard(s *survey, p *prices) *board {
	b := &board{network: newNetwork(), survey: s, price: p}
	b.makeCells()
	b.makePools()
	b.connect()
	return b
}

// makeCells groups the hosts that new VMs can be put on.
func (b *board) makeCells() {
	byKey := map[string]int{}
	for i := range b.survey.hosts {
		h := &b.survey.hosts[i]
		if h.out != none || len(h.stores) == 0 {
			continue
		}
		in := h.cluster
		if b.price.rules.Cluster.Scope == Off {
			in = anyCluster
		}
		key := indexKey(in, h.stores)
		at, ok := byKey[key]
		if !ok {
			at = len(b.cells)
			byKey[key] = at
			b.cells = append(b.cells, cell{cluster: in})
		}
		b.cells[at].hosts = append(b.cells[at].hosts, i)
	}
}

// makePools groups the datastores that new VMs can be put on.
func (b *board) makePools() {
	users := make([][]int, len(b.survey.stores)) // by datastore, the cells that can use it
	for c := range b.cells {
		for _, d := range b.survey.hosts[b.cells[c].hosts[0]].stores {
			users[d] = append(users[d], c)
		}
	}
	byKey := map[string]int{}
	for d, cells := range users {
		if len(cells) == 0 {
			continue
		}
		key := indexKey(len(cells), cells)
		at, ok := byKey[key]
		if !ok {
			at = len(b.pools)
			byKey[key] = at
			b.pools = append(b.pools, pool{cells: cells})
		}
		b.pools[at].stores = append(b.pools[at].stores, d)
	}
}

// connect makes nodes and arcs. Clusters need none when nothing is asked of them.
func (b *board) connect() {
	clusters := map[int]int{anyCluster: source} // by cluster, its node
	nodes := make([]int, len(b.cells))          // by cell, its node
	for i := range b.cells {
		c := &b.cells[i]
		from, ok := clusters[c.cluster]
		if !ok {
			from = b.addNode()
			clusters[c.cluster] = from
			b.addArc(source, from, newBundle(b.price.cluster(b.survey.clusters[c.cluster])))
		}
		c.units = newBundle(b.hostRamps(c.hosts)...)
		nodes[i] = b.addNode()
		c.arc = b.addArc(from, nodes[i], c.units)
	}
	for i := range b.pools {
		p := &b.pools[i]
		p.units = newBundle(b.storeRamps(p.stores)...)
		node := b.addNode()
		p.arc = b.addArc(node, sink, p.units)
		for _, c := range p.cells {
			b.cells[c].mounts = append(b.cells[c].mounts, mount{pool: i, arc: b.addArc(nodes[c], node, nil)})
		}
	}
}

func (b *board) hostRamps(hosts []int) []ramp {
	ramps := make([]ramp, 0, len(hosts))
	for _, i := range hosts {
		ramps = append(ramps, b.price.host(i, &b.survey.hosts[i]))
	}
	return ramps
}

func (b *board) storeRamps(stores []int) []ramp {
	ramps := make([]ramp, 0, len(stores))
	for _, i := range stores {
		ramps = append(ramps, b.price.store(i, &b.survey.stores[i]))
	}
	return ramps
}

// slots finds the best slots for a number of VMs, or for as many of them as there is room for.
func (b *board) slots(wanted int) []slot {
	b.fill(wanted)
	stores := make([][]int, len(b.pools)) // by pool, the datastores of its units that no slot has yet
	for i, p := range b.pools {
		stores[i] = b.taken(p.units, p.arc, p.stores)
	}
	var slots []slot
	for _, c := range b.cells {
		// Units take turns over datastores. With the hosts in order, the VMs of one host get turns that follow each other, and
		// so different datastores where there are some.
		hosts := b.taken(c.units, c.arc, c.hosts)
		slices.Sort(hosts)
		for _, m := range c.mounts {
			n := b.arcs[m.arc].flow
			for i := range n {
				slots = append(slots, slot{host: hosts[i], store: stores[m.pool][i]})
			}
			hosts, stores[m.pool] = hosts[n:], stores[m.pool][n:]
		}
	}
	return slots
}

// taken returns what the units that flow over an arc belong to, in the order of the units.
func (b *board) taken(units *bundle, arc int, owners []int) []int {
	var out []int
	for i := range b.arcs[arc].flow {
		out = append(out, owners[units.unit(i).ramp])
	}
	return out
}

// indexKey makes a map key of indexes.
func indexKey(first int, rest []int) string {
	key := binary.AppendVarint(make([]byte, 0, 2*len(rest)+2), int64(first))
	for _, i := range rest {
		key = binary.AppendVarint(key, int64(i))
	}
	return string(key)
}
