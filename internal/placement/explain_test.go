// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReason(t *testing.T) {
	strict := Spread{Scope: Strict}
	cases := map[string]struct {
		reason  string
		inv     Inventory
		rules   Rules
		members []Member
		req     Request
		want    string
	}{
		"HostsFull": {
			reason: "The VMs of the plan itself fill hosts as well.",
			inv:    production(), rules: productionPolicy(Strict), req: web(4),
			want: "6 hosts: 3 not in hard.hosts, 3 already have a VM of this set (strict hostAntiAffinity: esxi-01, esxi-02, esxi-03)",
		},
		"HostsYield": {
			reason: "Hosts that a leaving VM holds are told from those that are full for good.",
			inv:    production(), rules: productionPolicy(Strict), req: web(1),
			members: []Member{
				{Name: "old", Place: in("esxi-01", "ssd-datastore-1"), Leaving: true},
				{Name: "new-1", Place: in("esxi-02", "ssd-datastore-1")},
				{Name: "new-2", Place: in("esxi-03", "ssd-datastore-1")},
			},
			want: "6 hosts: 3 not in hard.hosts, 2 already have a VM of this set (strict hostAntiAffinity: esxi-02, esxi-03), " +
				"1 has a VM of this set that is to leave (strict hostAntiAffinity: esxi-01)",
		},
		"ClustersFull": {
			reason: "A full cluster is told before its hosts are.",
			inv:    production(), rules: Rules{Cluster: Spread{Scope: Strict, Max: 2}, Host: strict}, req: web(5),
			want: "6 hosts: 6 in a cluster that already has 2 VMs of this set (strict clusterAntiAffinity: prod-cluster-1, prod-cluster-2)",
		},
		"DatastoresFull": {
			reason: "When datastores bind, the reason goes on to them.",
			inv:    production(), req: web(3),
			rules: Rules{Hard: productionPolicy(Off).Hard, Datastore: strict},
			want: "6 hosts: 3 not in hard.hosts, 3 without a datastore that has room (esxi-01, esxi-02, esxi-03); " +
				"3 datastores: 1 not in hard.datastores, " +
				"2 already have a VM of this set (strict datastoreAntiAffinity: ssd-datastore-1, ssd-datastore-2)",
		},
		"PoolYields": {
			reason: "A pool that shares its name is told with its host.",
			inv:    kvm(), req: web(1), rules: Rules{Hard: Targets{Hosts: []string{"kvm-01"}}, Datastore: strict},
			members: []Member{{Name: "old", Place: on("kvm-01"), Leaving: true}},
			want: "2 hosts: 1 not in hard.hosts, 1 without a datastore that has room (kvm-01); 2 datastores: " +
				"1 not mounted on a host that qualifies, 1 has a VM of this set that is to leave (strict datastoreAntiAffinity: default on kvm-01)",
		},
		"Capacity": {
			reason: "Memory and space are told with what is asked for; many names are cut short.",
			inv: with(production(), func(i *Inventory) {
				for h := range i.Hosts {
					i.Hosts[h].FreeMemoryMiB = 4000
				}
			}),
			req:  web(1),
			want: "6 hosts: 6 have less than 4096 MiB of memory free (esxi-01, esxi-02, esxi-03, esxi-04 and 2 more)",
		},
		"Space": {
			reason: "A datastore with room is told as well, when only hosts without room mount it.",
			inv: with(kvm(), func(i *Inventory) {
				i.Hosts[0].FreeMemoryMiB = 1024
				i.Datastores[1].FreeGiB = 10
			}),
			req: web(1),
			want: "2 hosts: 1 has less than 4096 MiB of memory free (kvm-01), 1 without a datastore that has room (kvm-02); 2 datastores: " +
				"1 has less than 20 GiB of space free (default on kvm-02), 1 only on hosts that are ruled out (default on kvm-01)",
		},
		"Unavailable": {
			reason: "What is unavailable is told with the reason for it.",
			inv: with(kvm(), func(i *Inventory) {
				i.Hosts[0].Unavailable = "maintenance"
				i.Datastores[1].Unavailable = "inactive"
			}),
			req: web(1),
			want: "2 hosts: 1 unavailable (kvm-01: maintenance), 1 without a datastore that has room (kvm-02); 2 datastores: " +
				"1 unavailable (default on kvm-02: inactive), 1 only on hosts that are ruled out (default on kvm-01)",
		},
		"Targets": {
			reason: "Each host is told by the first rule that rules it out.",
			inv:    production(), req: Request{Names: names(1), Pin: Place{Host: "esxi-02"}},
			rules: Rules{Hard: Targets{
				Clusters: []string{"prod-cluster-1"}, Hosts: []string{"esxi-01", "esxi-02", "esxi-04"}, Zones: []string{"zone-a"},
				Datastores: []string{"ssd-datastore-9"},
			}},
			want: "6 hosts: 3 not in hard.hosts, 1 not in hard.clusters, 1 not esxi-02 (placement.host), 1 without a datastore that qualifies; " +
				"3 datastores: 3 not in hard.datastores",
		},
		"PinnedCluster": {
			reason: "What the template asks for is told by its own field.",
			inv:    kvm(), req: Request{Names: names(1), Pin: Place{Cluster: "other", Datastore: "fast"}},
			rules: Rules{Hard: Targets{Zones: []string{"zone-a"}}},
			want:  "2 hosts: 1 not in hard.zones, 1 not in other (placement.cluster)",
		},
		"PinnedDatastore": {
			reason: "So is its datastore.",
			inv:    kvm(), req: Request{Names: names(1), Pin: Place{Datastore: "fast"}},
			want: "2 hosts: 2 without a datastore that qualifies; 2 datastores: 2 not fast (placement.datastore)",
		},
		"NoDatastores": {
			reason: "A VM needs a datastore though no rule asks for one.",
			inv:    with(kvm(), func(i *Inventory) { i.Datastores = nil }), req: web(1),
			want: "2 hosts: 2 without a datastore that qualifies; no datastores",
		},
		"NoHosts": {reason: "An empty inventory is told as such.", req: web(1), want: "no hosts"},
		"NoFolders": {
			reason: "A hypervisor without folders cannot meet hard.folders.",
			inv:    kvm(), req: web(1), rules: Rules{Hard: Targets{Folders: []string{"/a"}}},
			want: "hard.folders cannot be met: the endpoint has no folders",
		},
		"NoSuchFolder": {
			reason: "Folders that do not exist are named.",
			inv:    production(), req: web(1), rules: Rules{Hard: Targets{Folders: []string{"/a", "/b"}}},
			want: "hard.folders cannot be met: none of /a, /b exists",
		},
		"PinnedFolderGone": {
			reason: "The template's folder must exist.",
			inv:    production(), req: Request{Names: names(1), Pin: Place{Folder: "/a"}},
			want: `placement.folder "/a" does not exist`,
		},
		"PinnedFolderNotAllowed": {
			reason: "The template's folder must be one that the policy allows.",
			inv:    production(), req: Request{Names: names(1), Pin: Place{Folder: "/Templates"}},
			rules: Rules{Hard: Targets{Folders: []string{"/Production/WebServers"}}},
			want:  `placement.folder "/Templates" is not in hard.folders`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Plan(tc.inv, tc.rules, tc.members, tc.req)
			if len(got.Unplaced) == 0 {
				t.Fatalf("\n%s\nPlan(...): all are placed: %+v", tc.reason, got)
			}
			if diff := cmp.Diff(tc.want, got.Unplaced[0].Reason); diff != "" {
				t.Errorf("\n%s\nPlan(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
