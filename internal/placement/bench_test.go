// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"testing"
)

// fleet is an inventory of hosts in clusters of 50 that share their datastores, five for each cluster, with memory that differs.
func fleet(hosts int) Inventory {
	var inv Inventory
	for i := range hosts {
		c := i / 50
		inv.Hosts = append(inv.Hosts, Host{
			Name: fmt.Sprintf("esxi-%04d", i), Cluster: fmt.Sprintf("cluster-%02d", c), Zone: fmt.Sprintf("zone-%d", c%3),
			FreeMemoryMiB: int64(256<<10 + i%7*1024),
		})
	}
	for c := 0; c*50 < hosts; c++ {
		for d := range 5 {
			ds := Datastore{Name: fmt.Sprintf("ssd-%02d-%d", c, d), FreeGiB: int64(8<<10 + d*100)}
			for _, h := range inv.Hosts[c*50 : min(c*50+50, hosts)] {
				ds.Hosts = append(ds.Hosts, h.Name)
			}
			inv.Datastores = append(inv.Datastores, ds)
		}
	}
	return inv
}

// pools is an inventory of hosts with a storage pool each, all of one name.
func pools(hosts int) Inventory {
	var inv Inventory
	for i := range hosts {
		name := fmt.Sprintf("kvm-%04d", i)
		inv.Hosts = append(inv.Hosts, Host{Name: name, Cluster: "kvm", FreeMemoryMiB: int64(256<<10 + i%7*1024)})
		inv.Datastores = append(inv.Datastores, Datastore{Name: "default", Hosts: []string{name}, FreeGiB: 8 << 10})
	}
	return inv
}

// local is a fleet in which each host has a datastore of its own besides those of its cluster.
func local(hosts int) Inventory {
	inv := fleet(hosts)
	for _, h := range inv.Hosts {
		inv.Datastores = append(inv.Datastores, Datastore{Name: "local-" + h.Name, Hosts: []string{h.Name}, FreeGiB: 1 << 10})
	}
	return inv
}

// patchwork is an inventory in which no two hosts mount the same datastores.
func patchwork(hosts int) Inventory {
	inv := fleet(hosts)
	inv.Datastores = nil
	for d := range 100 {
		ds := Datastore{Name: fmt.Sprintf("ssd-%03d", d), FreeGiB: 8 << 10}
		for i, h := range inv.Hosts {
			if (i*7919+d*104729)%101 < 30 {
				ds.Hosts = append(ds.Hosts, h.Name)
			}
		}
		inv.Datastores = append(inv.Datastores, ds)
	}
	return inv
}

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("web-%d", i)
	}
	return out
}

// BenchmarkPlan plans sets from nothing. Only the last inventory is one that nobody should have.
func BenchmarkPlan(b *testing.B) {
	rules := Rules{
		Soft: Targets{Zones: []string{"zone-1"}},
		Host: Spread{Scope: Preferred}, Datastore: Spread{Scope: Preferred}, Cluster: Spread{Scope: Preferred},
	}
	strict := rules
	strict.Host = Spread{Scope: Strict, Max: 1}
	cases := []struct {
		name     string
		inv      Inventory
		rules    Rules
		replicas int
	}{
		{"1000 replicas, 64 hosts", fleet(64), rules, 1000},
		{"1000 replicas, 1000 hosts", fleet(1000), rules, 1000},
		{"1000 replicas, 1000 hosts, strict", fleet(1000), strict, 1000},
		{"1000 replicas, 64 hosts, strict, 936 unplaced", fleet(64), strict, 1000},
		{"1000 replicas, 64 hosts with a pool each", pools(64), rules, 1000},
		{"1000 replicas, 1000 hosts with a datastore each", local(1000), rules, 1000},
		{"10000 replicas, 1000 hosts", fleet(1000), rules, 10000},
		{"1000 replicas, 1000 hosts with mounts of their own", patchwork(1000), rules, 1000},
	}
	for _, bc := range cases {
		b.Run(bc.name, func(b *testing.B) {
			req := Request{Names: names(bc.replicas), MemoryMiB: 4096, DiskGiB: 20}
			b.ReportAllocs()
			for b.Loop() {
				Plan(bc.inv, bc.rules, nil, req)
			}
		})
	}
}
