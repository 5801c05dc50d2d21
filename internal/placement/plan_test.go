// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// production is the feature document's vCenter: two clusters of three hosts that share their datastores.
func production() Inventory {
	all := []string{"esxi-01", "esxi-02", "esxi-03", "esxi-04", "esxi-05", "esxi-06"}
	inv := Inventory{
		Datastores: []Datastore{
			{Name: "images-datastore", Hosts: all, FreeGiB: 1000},
			{Name: "ssd-datastore-1", Hosts: all, FreeGiB: 500},
			{Name: "ssd-datastore-2", Hosts: all, FreeGiB: 500},
		},
		Folders: []string{"/Production/WebServers", "/Templates"},
	}
	for i, name := range all {
		h := Host{Name: name, Cluster: "prod-cluster-1", Zone: "zone-a", FreeMemoryMiB: 65536}
		if i >= 3 {
			h.Cluster, h.Zone = "prod-cluster-2", "zone-b"
		}
		inv.Hosts = append(inv.Hosts, h)
	}
	return inv
}

// productionPolicy is the feature document's VMPlacementPolicy, with a scope for its host anti-affinity.
func productionPolicy(host Scope) Rules {
	return Rules{
		Hard: Targets{
			Clusters:   []string{"prod-cluster-1", "prod-cluster-2"},
			Datastores: []string{"ssd-datastore-1", "ssd-datastore-2"},
			Hosts:      []string{"esxi-01", "esxi-02", "esxi-03"},
		},
		Soft:      Targets{Folders: []string{"/Production/WebServers"}, Zones: []string{"zone-a", "zone-b"}},
		Host:      Spread{Scope: host},
		Datastore: Spread{Scope: Preferred},
	}
}

// kvm is two libvirt hosts, each with a storage pool of the same name.
func kvm() Inventory {
	return Inventory{
		Hosts: []Host{
			{Name: "kvm-01", Cluster: "kvm-cluster", Zone: "zone-a", FreeMemoryMiB: 8192},
			{Name: "kvm-02", Cluster: "kvm-cluster", Zone: "zone-b", FreeMemoryMiB: 8192},
		},
		Datastores: []Datastore{
			{Name: "default", Hosts: []string{"kvm-01"}, FreeGiB: 100},
			{Name: "default", Hosts: []string{"kvm-02"}, FreeGiB: 100},
		},
	}
}

// with changes an inventory for one case.
func with(inv Inventory, change func(*Inventory)) Inventory {
	change(&inv)
	return inv
}

// in places a VM in the production vCenter.
func in(host, datastore string) Place {
	p := Place{Cluster: "prod-cluster-1", Host: host, Datastore: datastore, Folder: "/Production/WebServers"}
	if host > "esxi-03" {
		p.Cluster = "prod-cluster-2"
	}
	return p
}

// on places a VM on a libvirt host.
func on(host string) Place { return Place{Cluster: "kvm-cluster", Host: host, Datastore: "default"} }

// web asks for VMs of 4 GiB of memory and 20 GiB of disk.
func web(replicas int) Request { return Request{Names: names(replicas), MemoryMiB: 4096, DiskGiB: 20} }

func TestPlan(t *testing.T) {
	cases := map[string]struct {
		reason   string
		inv      Inventory
		rules    Rules
		members  []Member
		req      Request
		want     []Place
		unplaced int
	}{
		"DocumentThreeReplicas": {
			reason: "The document's policy puts its three replicas on a host each, and as evenly as can be on two datastores.",
			inv:    production(), rules: productionPolicy(Preferred), req: web(3),
			want: []Place{in("esxi-01", "ssd-datastore-1"), in("esxi-02", "ssd-datastore-2"), in("esxi-03", "ssd-datastore-1")},
		},
		"DocumentFourReplicas": {
			reason: "hostAntiAffinity: true spreads, and leaves none out: the fourth shares a host, but not a datastore as well.",
			inv:    production(), rules: productionPolicy(Preferred), req: web(4),
			want: []Place{
				in("esxi-01", "ssd-datastore-1"), in("esxi-02", "ssd-datastore-1"), in("esxi-03", "ssd-datastore-2"),
				in("esxi-01", "ssd-datastore-2"),
			},
		},
		"StrictFourReplicas": {
			reason: "With scope strict three hosts take three VMs, and the fourth is left out.",
			inv:    production(), rules: productionPolicy(Strict), req: web(4),
			want:     []Place{in("esxi-01", "ssd-datastore-1"), in("esxi-02", "ssd-datastore-2"), in("esxi-03", "ssd-datastore-1")},
			unplaced: 1,
		},
		"StrictSurge": {
			reason: "A VM of the old revision holds its host until it is gone, so that there is no host for the surge.",
			inv:    production(), rules: productionPolicy(Strict), req: web(1),
			members: []Member{
				{Name: "a", Place: in("esxi-01", "ssd-datastore-1"), Leaving: true},
				{Name: "b", Place: in("esxi-02", "ssd-datastore-2"), Leaving: true},
				{Name: "c", Place: in("esxi-03", "ssd-datastore-1"), Leaving: true},
			},
			unplaced: 1,
		},
		"StrictTwoPerHost": {
			reason: "Below its maximum a strict rule spreads evenly.",
			inv:    production(), req: web(4),
			rules: func() Rules { r := productionPolicy(Strict); r.Host.Max = 2; return r }(),
			want: []Place{
				in("esxi-01", "ssd-datastore-1"), in("esxi-02", "ssd-datastore-1"), in("esxi-03", "ssd-datastore-2"),
				in("esxi-01", "ssd-datastore-2"),
			},
		},
		"EvenAtTheEndOfTheRollout": {
			reason: "Old VMs that are about to leave do not push the new ones together.",
			inv:    production(), rules: productionPolicy(Preferred), req: web(1),
			members: []Member{
				{Name: "old-1", Place: in("esxi-02", "ssd-datastore-1"), Leaving: true},
				{Name: "old-2", Place: in("esxi-02", "ssd-datastore-1"), Leaving: true},
				{Name: "new-0", Place: in("esxi-01", "ssd-datastore-2")},
				{Name: "new-2", Place: in("esxi-03", "ssd-datastore-2")},
			},
			want: []Place{in("esxi-02", "ssd-datastore-1")},
		},
		"Maintenance": {
			reason: "Nothing new goes to a host or a datastore in maintenance.",
			inv: with(production(), func(i *Inventory) {
				i.Hosts[0].Unavailable = "maintenance"
				i.Datastores[1].Unavailable = "maintenance"
			}),
			rules: productionPolicy(Preferred), req: web(2),
			want: []Place{in("esxi-02", "ssd-datastore-2"), in("esxi-03", "ssd-datastore-2")},
		},
		"Memory": {
			reason: "A host takes what its memory holds, though the spread is not even then.",
			inv:    with(production(), func(i *Inventory) { i.Hosts[0].FreeMemoryMiB = 4095; i.Hosts[1].FreeMemoryMiB = 8191 }),
			rules:  productionPolicy(Preferred), req: web(4),
			want: []Place{
				in("esxi-02", "ssd-datastore-1"), in("esxi-03", "ssd-datastore-1"), in("esxi-03", "ssd-datastore-2"),
				in("esxi-03", "ssd-datastore-2"),
			},
		},
		"Space": {
			reason: "A datastore takes what its space holds.",
			inv:    with(production(), func(i *Inventory) { i.Datastores[1].FreeGiB = 39; i.Datastores[2].FreeGiB = 20 }),
			rules:  productionPolicy(Preferred), req: web(3),
			want:     []Place{in("esxi-01", "ssd-datastore-1"), in("esxi-02", "ssd-datastore-2")},
			unplaced: 1,
		},
		"Unseen": {
			reason: "Memory that a VM being created will take is not given to another.",
			inv:    with(kvm(), func(i *Inventory) { i.Hosts[0].FreeMemoryMiB = 4096; i.Hosts[1].FreeMemoryMiB = 4096 }),
			req:    web(2),
			members: []Member{
				{Name: "web-9", Place: on("kvm-01"), ReserveMemoryMiB: 4096, ReserveDiskGiB: 20},
			},
			want:     []Place{on("kvm-02")},
			unplaced: 1,
		},
		"UnknownCapacity": {
			reason: "What is not known is not a limit.",
			inv: with(kvm(), func(i *Inventory) {
				i.Hosts[0].FreeMemoryMiB, i.Hosts[1].FreeMemoryMiB = Unlimited, Unlimited
				i.Datastores[0].FreeGiB, i.Datastores[1].FreeGiB = Unlimited, Unlimited
			}),
			req:  web(4),
			want: []Place{on("kvm-01"), on("kvm-02"), on("kvm-01"), on("kvm-02")},
		},
		"LibvirtPools": {
			reason: "Pools of one name on two hosts are two failure domains: the VM on the one does not fill the other.",
			inv:    kvm(), req: web(2),
			rules:    Rules{Datastore: Spread{Scope: Strict}},
			members:  []Member{{Name: "web-9", Place: on("kvm-01")}},
			want:     []Place{on("kvm-02")},
			unplaced: 1,
		},
		"LibvirtPoolInDoubt": {
			reason: "A VM whose host is not known may be in either pool of the name, so that a strict rule lets no other join it.",
			inv:    kvm(), req: web(1),
			rules:    Rules{Datastore: Spread{Scope: Strict}},
			members:  []Member{{Name: "web-9", Place: Place{Datastore: "default"}}},
			unplaced: 1,
		},
		"LibvirtSoftFolder": {
			reason: "A wish for a folder is not heard where there are none.",
			inv:    kvm(), req: web(1), rules: Rules{Soft: Targets{Folders: []string{"/Production/WebServers"}}},
			want: []Place{on("kvm-01")},
		},
		"LibvirtHardFolder": {
			reason: "A demand for a folder is.",
			inv:    kvm(), req: web(1), rules: Rules{Hard: Targets{Folders: []string{"/Production/WebServers"}}},
			unplaced: 1,
		},
		"SoftFolderWithinHardFolders": {
			reason: "Of the folders that the hard rules allow, the soft rules prefer one; the first that exists is taken.",
			inv:    production(), req: Request{Names: names(1), Pin: Place{Host: "esxi-01", Datastore: "ssd-datastore-1"}},
			rules: Rules{
				Hard: Targets{Folders: []string{"/Templates", "/Production/WebServers"}},
				Soft: Targets{Folders: []string{"/Nowhere", "/Production/WebServers"}},
			},
			want: []Place{in("esxi-01", "ssd-datastore-1")},
		},
		"HardFolderThatExists": {
			reason: "Of several hard folders the first that exists is taken.",
			inv:    production(), req: Request{Names: names(1), Pin: Place{Host: "esxi-01", Datastore: "ssd-datastore-1"}},
			rules: Rules{Hard: Targets{Folders: []string{"/Nowhere", "/Production/WebServers", "/Templates"}}},
			want:  []Place{in("esxi-01", "ssd-datastore-1")},
		},
		"Pinned": {
			reason: "A template's own placement is hard, besides the policy.",
			inv:    production(), rules: productionPolicy(Preferred),
			req: Request{Names: names(2), Pin: Place{
				Cluster: "prod-cluster-1", Host: "esxi-02", Datastore: "ssd-datastore-2", Folder: "/Production/WebServers",
			}},
			want: []Place{in("esxi-02", "ssd-datastore-2"), in("esxi-02", "ssd-datastore-2")},
		},
		"PinnedAgainstPolicy": {
			reason: "A template that asks for a host which its policy rules out gets none.",
			inv:    production(), rules: productionPolicy(Preferred),
			req:      Request{Names: names(1), Pin: Place{Host: "esxi-04"}},
			unplaced: 1,
		},
		"SoftZone": {
			reason: "A soft zone decides where even spreading leaves a choice.",
			inv:    production(), req: web(3),
			rules: Rules{
				Hard: Targets{Datastores: []string{"ssd-datastore-1"}}, Host: Spread{Scope: Preferred},
				Soft: Targets{Zones: []string{"zone-b"}, Folders: []string{"/Production/WebServers"}},
			},
			want: []Place{in("esxi-04", "ssd-datastore-1"), in("esxi-05", "ssd-datastore-1"), in("esxi-06", "ssd-datastore-1")},
		},
		"SpreadBeforeSoftZone": {
			reason: "Even spreading is not given up for a soft zone.",
			inv:    with(production(), func(i *Inventory) { i.Hosts = i.Hosts[2:4] }), req: web(2),
			rules: Rules{
				Hard: Targets{Datastores: []string{"ssd-datastore-1"}}, Host: Spread{Scope: Preferred},
				Soft: Targets{Zones: []string{"zone-b"}, Folders: []string{"/Production/WebServers"}},
			},
			want: []Place{in("esxi-03", "ssd-datastore-1"), in("esxi-04", "ssd-datastore-1")},
		},
		"AcrossClusters": {
			reason: "Cluster anti-affinity spreads over clusters what host anti-affinity leaves open.",
			inv:    production(), req: web(2),
			rules: Rules{
				Hard: Targets{Datastores: []string{"ssd-datastore-1"}}, Soft: Targets{Folders: []string{"/Production/WebServers"}},
				Host: Spread{Scope: Preferred}, Cluster: Spread{Scope: Preferred},
			},
			want: []Place{in("esxi-01", "ssd-datastore-1"), in("esxi-04", "ssd-datastore-1")},
		},
		"MostMemory": {
			reason: "Where no rule tells hosts apart, memory does.",
			inv:    with(kvm(), func(i *Inventory) { i.Hosts[1].FreeMemoryMiB = 16384 }), req: web(3),
			want: []Place{on("kvm-01"), on("kvm-02"), on("kvm-02")},
		},
		"GreedyWouldPlaceLess": {
			reason: "kvm-01 is first by name, but the shared datastore that both could use is the only one of kvm-02.",
			inv: with(kvm(), func(i *Inventory) {
				i.Datastores = []Datastore{
					{Name: "a-shared", Hosts: []string{"kvm-01", "kvm-02"}, FreeGiB: 20},
					{Name: "b-local", Hosts: []string{"kvm-01"}, FreeGiB: 20},
				}
			}),
			rules: Rules{Host: Spread{Scope: Strict}}, req: web(2),
			want: []Place{
				{Cluster: "kvm-cluster", Host: "kvm-01", Datastore: "b-local"},
				{Cluster: "kvm-cluster", Host: "kvm-02", Datastore: "a-shared"},
			},
		},
		"NothingAsked": {reason: "No names, no answer.", inv: production(), rules: productionPolicy(Strict)},
		"NothingThere": {reason: "An empty inventory places nothing.", req: web(2), unplaced: 2},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Plan(tc.inv, tc.rules, tc.members, tc.req)
			var places []Place
			for _, a := range got.Assignments {
				places = append(places, a.Place)
			}
			if diff := cmp.Diff(tc.want, places); diff != "" {
				t.Errorf("\n%s\nPlan(...): -want, +got:\n%s", tc.reason, diff)
			}
			if len(got.Unplaced) != tc.unplaced {
				t.Errorf("\n%s\nPlan(...): want %d unplaced, got %+v", tc.reason, tc.unplaced, got.Unplaced)
			}
		})
	}
}
