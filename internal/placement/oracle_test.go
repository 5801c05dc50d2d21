// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"math"
	"slices"
)

// This file judges plans by the package's documentation, place by place and without any of the planner's code: an oracle for the
// property tests.

// A problem is what Plan is given.
type problem struct {
	Inv     Inventory
	Rules   Rules
	Members []Member
	Req     Request
}

func (p problem) plan() Result { return Plan(p.Inv, p.Rules, p.Members, p.Req) }

// A where is one place for a VM: a host and a datastore of the inventory, by index.
type where struct{ host, store int }

func matches(targets []string, name string) bool {
	return len(targets) == 0 || slices.Contains(targets, name)
}

func pinned(pin, name string) bool { return pin == "" || pin == name }

// allowed says whether a VM may be in a place as far as rules for single VMs go.
func (p problem) allowed(w where) bool {
	h, d, hard, pin := p.Inv.Hosts[w.host], p.Inv.Datastores[w.store], p.Rules.Hard, p.Req.Pin
	return h.Unavailable == "" && d.Unavailable == "" && slices.Contains(d.Hosts, h.Name) &&
		matches(hard.Hosts, h.Name) && matches(hard.Clusters, h.Cluster) && matches(hard.Zones, h.Zone) &&
		matches(hard.Datastores, d.Name) &&
		pinned(pin.Host, h.Name) && pinned(pin.Cluster, h.Cluster) && pinned(pin.Datastore, d.Name)
}

func (p problem) places() []where {
	var out []where
	for h := range p.Inv.Hosts {
		for d := range p.Inv.Datastores {
			if p.allowed(where{h, d}) {
				out = append(out, where{h, d})
			}
		}
	}
	return out
}

// clusterOf is a name for the cluster of a host. A host in no cluster is one of its own.
func clusterOf(h Host) string {
	if h.Cluster == "" {
		return "host " + h.Name
	}
	return "cluster " + h.Cluster
}

// A headcount is the VMs of the set by host, datastore (by index) and cluster.
type headcount struct {
	hosts, stores map[int]int
	clusters      map[string]int
}

func newHeadcount() headcount {
	return headcount{hosts: map[int]int{}, stores: map[int]int{}, clusters: map[string]int{}}
}

func (c headcount) add(p problem, w where) {
	c.hosts[w.host]++
	c.stores[w.store]++
	c.clusters[clusterOf(p.Inv.Hosts[w.host])]++
}

// addMember counts a VM that exists. Where its datastore is in doubt, it counts on each that it may be on.
func (c headcount) addMember(p problem, m Member) {
	host := slices.IndexFunc(p.Inv.Hosts, func(h Host) bool { return h.Name == m.Place.Host })
	switch {
	case host >= 0:
		c.hosts[host]++
		c.clusters[clusterOf(p.Inv.Hosts[host])]++
	case m.Place.Cluster != "":
		c.clusters["cluster "+m.Place.Cluster]++
	}
	for _, i := range p.storesOf(m.Place) {
		c.stores[i]++
	}
}

func (p problem) storesOf(at Place) []int {
	var named, mounted []int
	for i, d := range p.Inv.Datastores {
		if d.Name != at.Datastore {
			continue
		}
		named = append(named, i)
		if slices.Contains(d.Hosts, at.Host) {
			mounted = append(mounted, i)
		}
	}
	if len(mounted) > 0 {
		return mounted
	}
	return named
}

func (p problem) free() (memory, space map[int]int64) {
	memory, space = map[int]int64{}, map[int]int64{}
	for i, h := range p.Inv.Hosts {
		memory[i] = h.FreeMemoryMiB
		for _, m := range p.Members {
			if m.Place.Host == h.Name && memory[i] >= 0 {
				memory[i] = max(0, memory[i]-m.ReserveMemoryMiB)
			}
		}
	}
	for i, d := range p.Inv.Datastores {
		space[i] = d.FreeGiB
		for _, m := range p.Members {
			if slices.Contains(p.storesOf(m.Place), i) && space[i] >= 0 {
				space[i] = max(0, space[i]-m.ReserveDiskGiB)
			}
		}
	}
	return memory, space
}

// legal says whether new VMs in some places keep every limit.
func (p problem) legal(vms []where) bool {
	now, all := newHeadcount(), newHeadcount()
	for _, m := range p.Members {
		all.addMember(p, m)
	}
	for _, w := range vms {
		if !p.allowed(w) {
			return false
		}
		now.add(p, w)
		all.add(p, w)
	}
	memory, space := p.free()
	for h, n := range now.hosts {
		if over(p.Rules.Host, all.hosts[h]) || memory[h] >= 0 && int64(n)*p.Req.MemoryMiB > memory[h] {
			return false
		}
	}
	for d, n := range now.stores {
		if over(p.Rules.Datastore, all.stores[d]) || space[d] >= 0 && int64(n)*p.Req.DiskGiB > space[d] {
			return false
		}
	}
	for c := range now.clusters {
		if over(p.Rules.Cluster, all.clusters[c]) {
			return false
		}
	}
	return true
}

func over(rule Spread, n int) bool { return rule.Scope == Strict && n > max(rule.Max, 1) }

// A score is the goals of the package's documentation for a set of new VMs, each the better the smaller.
type score [9]int64

func (p problem) score(vms []where) score {
	staying, now := newHeadcount(), newHeadcount()
	for _, m := range p.Members {
		if !m.Leaving {
			staying.addMember(p, m)
		}
	}
	s := score{0: -int64(len(vms))}
	hostRank, storeRank := p.ranks()
	for _, w := range vms {
		staying.add(p, w)
		now.add(p, w)
		s[4] += p.missed(w)
		s[7] += hostRank[w.host]
		s[8] += storeRank[w.store]
	}
	s[1] = squares(p.Rules.Host, staying.hosts)
	s[2] = squares(p.Rules.Datastore, staying.stores)
	s[3] = squares(p.Rules.Cluster, staying.clusters)
	memory, space := p.free()
	for h, n := range now.hosts {
		s[5] -= left(memory[h], p.Req.MemoryMiB, n)
	}
	for d, n := range now.stores {
		s[6] -= left(space[d], p.Req.DiskGiB, n)
	}
	return s
}

func (p problem) missed(w where) int64 {
	h, d, soft := p.Inv.Hosts[w.host], p.Inv.Datastores[w.store], p.Rules.Soft
	var n int64
	for _, ok := range []bool{
		matches(soft.Hosts, h.Name), matches(soft.Clusters, h.Cluster), matches(soft.Zones, h.Zone),
		matches(soft.Datastores, d.Name),
	} {
		if !ok {
			n++
		}
	}
	return n
}

func squares[K comparable](rule Spread, count map[K]int) int64 {
	var sum int64
	if rule.Scope != Off {
		for _, n := range count {
			sum += int64(n * n)
		}
	}
	return sum
}

// left sums what each of some VMs leaves free.
func left(free, size int64, vms int) int64 {
	var sum int64
	for k := range vms {
		sum += max(free, 0) - int64(k+1)*max(size, 1)
	}
	return sum
}

// ranks are the places of hosts and datastores in the order of their names; datastores of one name are in that of their hosts.
func (p problem) ranks() (hosts, stores map[int]int64) {
	hosts, stores = map[int]int64{}, map[int]int64{}
	for i, h := range p.Inv.Hosts {
		for _, other := range p.Inv.Hosts {
			if other.Name < h.Name {
				hosts[i]++
			}
		}
	}
	order := make([]int, len(p.Inv.Datastores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		d, e := p.Inv.Datastores[a], p.Inv.Datastores[b]
		return cmp.Or(cmp.Compare(d.Name, e.Name), slices.Compare(slices.Sorted(slices.Values(d.Hosts)), slices.Sorted(slices.Values(e.Hosts))))
	})
	for rank, i := range order {
		stores[i] = int64(rank)
	}
	return hosts, stores
}

// best tries every multiset of places and returns the best score.
func (p problem) best() score {
	best := score{0: math.MaxInt64}
	places := p.places()
	var try func(from int, vms []where)
	try = func(from int, vms []where) {
		if !p.legal(vms) {
			return // limits only get tighter with more VMs
		}
		if s := p.score(vms); slices.Compare(s[:], best[:]) < 0 {
			best = s
		}
		if len(vms) == len(p.Req.Names) {
			return
		}
		for i := from; i < len(places); i++ {
			try(i, append(slices.Clip(vms), places[i]))
		}
	}
	try(0, nil)
	return best
}

// chosen are the places of a result, which are found in the inventory by host and datastore name.
func (p problem) chosen(r Result) []where {
	var out []where
	for _, a := range r.Assignments {
		w := where{-1, -1}
		for i, h := range p.Inv.Hosts {
			if h.Name == a.Place.Host && h.Cluster == a.Place.Cluster {
				w.host = i
			}
		}
		for i, d := range p.Inv.Datastores {
			if d.Name == a.Place.Datastore && slices.Contains(d.Hosts, a.Place.Host) {
				w.store = i
			}
		}
		out = append(out, w)
	}
	return out
}
