// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"
)

// A tally is how many VMs of the set are in a place.
type tally struct {
	// all counts for limits.
	all int
	// staying, those that are not leaving, counts for even spreading.
	staying int
}

func (t *tally) add(leaving bool) {
	t.all++
	if !leaving {
		t.staying++
	}
}

// A host is a Host of the inventory with what the rules and the set make of it.
type host struct {
	Host
	// out is the first rule or condition that keeps every new VM off the host, or none.
	out cause
	// cluster of the host, by index in the survey.
	cluster int
	// stores are the datastores that new VMs on the host can use, by index in the survey, ascending.
	stores []int
	vms    tally
}

// A store is a Datastore of the inventory with what the rules and the set make of it.
type store struct {
	Datastore
	// out is the first rule or condition that keeps every new VM off the datastore, or none.
	out cause
	vms tally
}

// A cluster is the hosts that share a cluster's name, or one host in no cluster.
type cluster struct {
	name string
	vms  tally
}

// A survey is an inventory in canonical order, judged by the rules that hold for each host and each datastore on its own.
type survey struct {
	hosts    []host
	stores   []store
	clusters []cluster

	hostByName    map[string]int
	storesByName  map[string][]int
	clusterByName map[string]int
}

// newSurvey judges an inventory by hard targets and by the placement that the VMs ask for.
func newSurvey(inv Inventory, hard Targets, pin Place) *survey {
	s := &survey{hostByName: map[string]int{}, storesByName: map[string][]int{}, clusterByName: map[string]int{}}
	s.addHosts(inv.Hosts)
	s.addStores(inv.Datastores)
	s.judgeHosts(hard, pin)
	s.judgeStores(hard, pin)
	s.mount()
	return s
}

func (s *survey) addHosts(hosts []Host) {
	hosts = slices.Clone(hosts)
	slices.SortFunc(hosts, func(a, b Host) int {
		return cmp.Or(
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Cluster, b.Cluster), cmp.Compare(a.Zone, b.Zone),
			cmp.Compare(a.FreeMemoryMiB, b.FreeMemoryMiB), cmp.Compare(a.Unavailable, b.Unavailable))
	})
	hosts = slices.CompactFunc(hosts, func(a, b Host) bool { return a.Name == b.Name })
	for i, h := range hosts {
		s.hosts = append(s.hosts, host{Host: h, cluster: s.cluster(h.Cluster)})
		s.hostByName[h.Name] = i
	}
}

// cluster returns the index of the cluster of a name, which it adds when it is new. No name is a new cluster each time.
func (s *survey) cluster(name string) int {
	if i, ok := s.clusterByName[name]; ok {
		return i
	}
	s.clusters = append(s.clusters, cluster{name: name})
	if name != "" {
		s.clusterByName[name] = len(s.clusters) - 1
	}
	return len(s.clusters) - 1
}

func (s *survey) addStores(stores []Datastore) {
	for _, d := range stores {
		d.Hosts = slices.Sorted(slices.Values(d.Hosts))
		s.stores = append(s.stores, store{Datastore: d})
	}
	slices.SortFunc(s.stores, func(a, b store) int {
		if c := cmp.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return cmp.Or(
			slices.Compare(a.Hosts, b.Hosts),
			cmp.Compare(a.FreeGiB, b.FreeGiB), cmp.Compare(a.Unavailable, b.Unavailable))
	})
	for i, d := range s.stores {
		s.storesByName[d.Name] = append(s.storesByName[d.Name], i)
	}
}

func (s *survey) judgeHosts(hard Targets, pin Place) {
	hosts, clusters, zones := newFilter(hard.Hosts), newFilter(hard.Clusters), newFilter(hard.Zones)
	pinHost, pinCluster := pinFilter(pin.Host), pinFilter(pin.Cluster)
	for i := range s.hosts {
		h := &s.hosts[i]
		switch {
		case !hosts.has(h.Name):
			h.out = notHardHosts
		case !clusters.has(h.Cluster):
			h.out = notHardClusters
		case !zones.has(h.Zone):
			h.out = notHardZones
		case !pinHost.has(h.Name):
			h.out = notPinHost
		case !pinCluster.has(h.Cluster):
			h.out = notPinCluster
		}
	}
}

func (s *survey) judgeStores(hard Targets, pin Place) {
	stores, pinStore := newFilter(hard.Datastores), pinFilter(pin.Datastore)
	for i := range s.stores {
		d := &s.stores[i]
		switch {
		case !stores.has(d.Name):
			d.out = notHardDatastores
		case !pinStore.has(d.Name):
			d.out = notPinDatastore
		}
	}
}

// mount says which of the datastores that qualify are on which of the hosts that do, and rules out those that are on none, and
// then those that are unavailable.
func (s *survey) mount() {
	mounts := make([]int, len(s.hosts)) // by host, how many datastores qualify
	for i := range s.stores {
		d := &s.stores[i]
		if d.out != none {
			continue
		}
		users := s.usersOf(d)
		for _, at := range users {
			mounts[at]++
			if d.Unavailable == "" && !s.mounts(at, d.Name) {
				s.hosts[at].stores = append(s.hosts[at].stores, i)
			}
		}
		switch {
		case len(users) == 0:
			d.out = onNoHost
		case d.Unavailable != "":
			d.out = unavailable
		}
	}
	for i := range s.hosts {
		h := &s.hosts[i]
		switch {
		case h.out != none:
		case mounts[i] == 0:
			h.out = noDatastore
		case h.Unavailable != "":
			h.out = unavailable
		}
	}
}

// usersOf returns the hosts that mount a datastore and that no rule has ruled out.
func (s *survey) usersOf(d *store) []int {
	var users []int
	for _, name := range d.Hosts {
		if at, ok := s.hostByName[name]; ok && s.hosts[at].out == none {
			users = append(users, at)
		}
	}
	return users
}

// mounts says whether the latest datastore noted for a host has a name. Datastores come by name, so it is the one to look at.
func (s *survey) mounts(at int, name string) bool {
	stores := s.hosts[at].stores
	return len(stores) > 0 && s.stores[stores[len(stores)-1]].Name == name
}

// count notes the VMs that the set has, and takes what the inventory does not count yet of them.
func (s *survey) count(members []Member) {
	for _, m := range members {
		in, known := s.clusterByName[m.Place.Cluster]
		if at, ok := s.hostByName[m.Place.Host]; ok {
			h := &s.hosts[at]
			h.vms.add(m.Leaving)
			h.FreeMemoryMiB = take(h.FreeMemoryMiB, m.ReserveMemoryMiB)
			in, known = h.cluster, true
		}
		if known {
			s.clusters[in].vms.add(m.Leaving)
		}
		for _, i := range s.storesOf(m.Place) {
			d := &s.stores[i]
			d.vms.add(m.Leaving)
			d.FreeGiB = take(d.FreeGiB, m.ReserveDiskGiB)
		}
	}
}

// storesOf returns the datastores that a VM may be on. It is one, unless the name is shared and the host does not tell which it
// is: then it is all of that name, so that no limit is ever passed.
func (s *survey) storesOf(p Place) []int {
	named := s.storesByName[p.Datastore]
	if len(named) < 2 {
		return named
	}
	for i, at := range named {
		if _, ok := slices.BinarySearch(s.stores[at].Hosts, p.Host); ok {
			return named[i : i+1]
		}
	}
	return named
}

// settle notes a new VM in its slot.
func (s *survey) settle(at slot, req Request) {
	h, d := &s.hosts[at.host], &s.stores[at.store]
	h.vms.add(false)
	h.FreeMemoryMiB = take(h.FreeMemoryMiB, req.MemoryMiB)
	s.clusters[h.cluster].vms.add(false)
	d.vms.add(false)
	d.FreeGiB = take(d.FreeGiB, req.DiskGiB)
}

// take returns what is left of a free amount.
func take(free, amount int64) int64 {
	if free < 0 {
		return free
	}
	return max(free-max(amount, 0), 0)
}

// A filter is a set of names, of which nil is all.
type filter map[string]struct{}

func newFilter(names []string) filter {
	if len(names) == 0 {
		return nil
	}
	f := make(filter, len(names))
	for _, n := range names {
		f[n] = struct{}{}
	}
	return f
}

// pinFilter is the filter of one name, or of all when it is empty.
func pinFilter(name string) filter {
	if name == "" {
		return nil
	}
	return filter{name: {}}
}

func (f filter) has(name string) bool {
	if f == nil {
		return true
	}
	_, ok := f[name]
	return ok
}
