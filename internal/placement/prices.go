// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import "math"

// prices says how much room a place has for the VMs of a request, and what each of them costs there.
type prices struct {
	rules Rules
	req   Request

	softHosts, softClusters, softZones, softDatastores filter
}

func newPrices(rules Rules, req Request) *prices {
	return &prices{
		rules: rules, req: req,
		softHosts: newFilter(rules.Soft.Hosts), softClusters: newFilter(rules.Soft.Clusters),
		softZones: newFilter(rules.Soft.Zones), softDatastores: newFilter(rules.Soft.Datastores),
	}
}

func (p *prices) cluster(c cluster) ramp {
	r := ramp{room: p.rules.Cluster.room(c.vms)}
	r.spread(unevenClusters, p.rules.Cluster, c.vms)
	return r
}

func (p *prices) host(rank int, h *host) ramp {
	r := ramp{room: min(p.rules.Host.room(h.vms), fits(h.FreeMemoryMiB, p.req.MemoryMiB))}
	r.spread(unevenHosts, p.rules.Host, h.vms)
	r.miss(p.softHosts, h.Name)
	r.miss(p.softClusters, h.Cluster)
	r.miss(p.softZones, h.Zone)
	r.use(usedMemory, h.FreeMemoryMiB, p.req.MemoryMiB)
	r.first[hostRank] = int64(rank)
	return r
}

func (p *prices) store(rank int, d *store) ramp {
	r := ramp{room: min(p.rules.Datastore.room(d.vms), fits(d.FreeGiB, p.req.DiskGiB))}
	r.spread(unevenDatastores, p.rules.Datastore, d.vms)
	r.miss(p.softDatastores, d.Name)
	r.use(usedSpace, d.FreeGiB, p.req.DiskGiB)
	r.first[datastoreRank] = int64(rank)
	return r
}

// spread prices a VM by the VMs that are in the place already: the differences of their number's square, halved.
func (r *ramp) spread(g goal, rule Spread, vms tally) {
	if rule.Scope == Off {
		return
	}
	r.first[g] = int64(vms.staying)
	r.step[g] = 1
}

// miss prices a place outside a soft target.
func (r *ramp) miss(soft filter, name string) {
	if !soft.has(name) {
		r.first[missedSoft]++
	}
}

// use prices a VM by what it leaves free. An unknown amount counts as nothing free, so that what is known to be free goes first.
// A VM of no known size counts as one, so that VMs still take turns.
func (r *ramp) use(g goal, free, size int64) {
	size = max(size, 1)
	r.first[g] = size - max(free, 0)
	r.step[g] = size
}

// limit is how many VMs a rule lets one place have.
func (s Spread) limit() int {
	if s.Scope != Strict {
		return math.MaxInt
	}
	return max(s.Max, 1)
}

// room is how many more VMs a rule lets a place have.
func (s Spread) room(vms tally) int { return max(s.limit()-vms.all, 0) }

// fits is how many VMs of a size fit into what is free.
func fits(free, size int64) int {
	if free < 0 || size <= 0 {
		return math.MaxInt
	}
	return int(free / size)
}
