// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"slices"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// place fills in host, resource pool and datastore. What is left open is the host with most free memory and the datastore
// with most free space, VMs that are being made counted; the first by name of equals.
func (r *resolver) place(dc ref, at clients.Placement, t *target) error {
	hosts := r.candidates(dc, "HostSystem", at.Host, func(h ref) bool {
		cluster, _ := r.cache.parent(h)
		return at.Cluster == "" || r.cache.name(cluster) == at.Cluster
	})
	if len(hosts) == 0 {
		return clients.NewError(clients.Invalid, "Host", fmt.Errorf("host %q is not in cluster %q", at.Host, at.Cluster))
	}
	stores := r.candidates(dc, "Datastore", at.Datastore, func(ref) bool { return true })

	if at.Host == "" {
		hosts = slices.DeleteFunc(hosts, func(h ref) bool { return r.cache.hostUnavailable(h) != "" })
	}
	if at.Datastore == "" {
		stores = slices.DeleteFunc(stores, func(d ref) bool { return r.cache.datastoreUnavailable(d) != "" })
	}
	sortByFree(hosts, r.freeMemory)
	sortByFree(stores, r.freeBytes)
	for _, h := range hosts {
		for _, d := range stores {
			if slices.Contains(r.cache.mounts(d), h) {
				cluster, _ := r.cache.parent(h)
				t.host, t.datastore, t.datastoreName = h, d, r.cache.name(d)
				t.pool = get[ref](r.cache.objects[cluster], "resourcePool")
				return nil
			}
		}
	}
	return clients.NewError(clients.Capacity, "Host", fmt.Errorf("no available host%s has an available datastore%s mounted", quoted(at.Host, at.Cluster), quoted(at.Datastore)))
}

// quoted returns the first name that is set, to be read behind what it names.
func quoted(names ...string) string {
	for _, n := range names {
		if n != "" {
			return fmt.Sprintf(" of %q", n)
		}
	}
	return ""
}

// candidates returns the objects of a datacenter that have the name, if one is given, and for which ok holds.
func (r *resolver) candidates(dc ref, kind, name string, ok func(ref) bool) []ref {
	return slices.DeleteFunc(r.cache.all(kind), func(o ref) bool {
		in, _ := r.cache.datacenter(o)
		return in != dc || name != "" && r.cache.name(o) != name || !ok(o)
	})
}

// sortByFree puts what has most first, and leaves the order of equals.
func sortByFree(refs []ref, free func(ref) int64) {
	amount := make(map[ref]int64, len(refs))
	for _, o := range refs {
		amount[o] = free(o)
	}
	slices.SortStableFunc(refs, func(a, b ref) int {
		switch {
		case amount[a] > amount[b]:
			return -1
		case amount[a] < amount[b]:
			return 1
		}
		return 0
	})
}

// freeMemory returns a host's memory in MiB that no VM was given.
func (r *resolver) freeMemory(host ref) int64 {
	free := get[int64](r.cache.objects[host], "summary.hardware.memorySize") / mib
	for _, vm := range r.cache.vms {
		if vm.host == host && !vm.template {
			free -= vm.hardware.memoryMiB
		}
	}
	for _, v := range r.reserved {
		if v.host == host {
			free -= v.memoryMiB
		}
	}
	return free
}

// freeBytes returns a datastore's free space.
func (r *resolver) freeBytes(datastore ref) int64 {
	free := get[int64](r.cache.objects[datastore], "summary.freeSpace")
	for _, v := range r.reserved {
		if v.datastore == datastore {
			free -= v.bytes
		}
	}
	return free
}
