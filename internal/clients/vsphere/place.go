// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// place fills in host, resource pool and datastores. What is left open is the host with most free memory and the datastore
// with most free space, VMs that are being made counted; the first by name of equals.
func (r *resolver) place(dc ref, spec clients.VMSpec, t *target) error {
	at := spec.Placement
	hosts, pools, err := r.hosts(dc, at)
	if err != nil {
		return err
	}
	stores, err := r.stores(dc, spec)
	if err != nil {
		return err
	}
	if t.stores, err = r.diskStores(dc, spec.Disks); err != nil {
		return err
	}
	sortByFree(hosts, r.freeMemory)
	sortByFree(stores, r.freeBytes)
	for _, h := range hosts {
		for _, d := range stores {
			if !slices.Contains(r.cache.mounts(d), h) || !r.mountsAll(h, t.stores) {
				continue
			}
			t.host, t.pool, t.datastore, t.datastoreName = h, pools[h], d, r.cache.name(d)
			if at.DatastoreCluster != "" {
				t.pod, _ = r.cache.parent(d)
			}
			return nil
		}
	}
	return clients.NewError(clients.Capacity, "Host", fmt.Errorf("no available host%s has all of the datastores mounted that the VM%s needs", quoted(at.Host, at.Cluster), quoted(at.Datastore, at.DatastoreCluster)))
}

// hosts returns the hosts that the VM can be made on, and the resource pool on each.
func (r *resolver) hosts(dc ref, at clients.Placement) ([]ref, map[ref]ref, error) {
	hosts := r.candidates(dc, "HostSystem", at.Host, func(h ref) bool {
		cluster, _ := r.cache.parent(h)
		return at.Cluster == "" || r.cache.name(cluster) == at.Cluster
	})
	if len(hosts) == 0 {
		return nil, nil, clients.NewError(clients.Invalid, "Host", fmt.Errorf("host %q is not in cluster %q", at.Host, at.Cluster))
	}
	why := ""
	hosts = slices.DeleteFunc(hosts, func(h ref) bool {
		unavailable := r.cache.hostUnavailable(h)
		if unavailable != "" {
			why = fmt.Sprintf("host %q is not available: %s", r.cache.name(h), unavailable)
		}
		return unavailable != ""
	})
	if len(hosts) == 0 {
		return nil, nil, clients.NewError(clients.Capacity, "Host", fmt.Errorf("there is no available host%s: %s", quoted(at.Cluster), why))
	}
	pools := map[ref]ref{}
	for _, h := range hosts {
		cluster, _ := r.cache.parent(h)
		root := get[ref](r.cache.objects[cluster], "resourcePool")
		if at.ResourcePool == "" {
			pools[h] = root
			continue
		}
		pool, err := r.pool(root, at.ResourcePool)
		if err != nil {
			return nil, nil, err
		}
		if pool != nil {
			pools[h] = *pool
		}
	}
	hosts = slices.DeleteFunc(hosts, func(h ref) bool { _, ok := pools[h]; return !ok })
	if len(hosts) == 0 {
		return nil, nil, notFound("ResourcePool", "there is no resource pool %q%s", at.ResourcePool, quoted(at.Host, at.Cluster))
	}
	return hosts, pools, nil
}

// pool finds a resource pool of a cluster by its path below the cluster's own pool or by its name, nil when there is none.
func (r *resolver) pool(root ref, name string) (*ref, error) {
	var named []ref
	var paths []string
	for _, p := range r.cache.all("ResourcePool") {
		below, ok := strings.CutPrefix(r.cache.path(p), r.cache.path(root)+"/")
		switch {
		case !ok:
		case below == strings.Trim(name, "/"):
			return &p, nil
		case r.cache.name(p) == name:
			named, paths = append(named, p), append(paths, below)
		}
	}
	switch len(named) {
	case 0:
		return nil, nil
	case 1:
		return &named[0], nil
	}
	return nil, clients.NewError(clients.Invalid, "ResourcePool", fmt.Errorf("the name %q is not unique, name one of: %s", name, strings.Join(paths, ", ")))
}

// stores returns the datastores that the VM can be made on.
func (r *resolver) stores(dc ref, spec clients.VMSpec) ([]ref, error) {
	at := spec.Placement
	stores := r.candidates(dc, "Datastore", at.Datastore, func(d ref) bool {
		pod, _ := r.cache.parent(d)
		return at.DatastoreCluster == "" || pod.Type == "StoragePod" && r.cache.name(pod) == at.DatastoreCluster
	})
	why := "it has none"
	stores = slices.DeleteFunc(stores, func(d ref) bool {
		unavailable := r.cache.datastoreUnavailable(d)
		if free, need := r.freeBytes(d), thickBytes(spec.Disks, r.cache.name(d)); unavailable == "" && free < need {
			unavailable = fmt.Sprintf("it has %d GiB free, and thick disks of the VM take %d", max(0, free)/gib, need/gib)
		}
		if unavailable != "" {
			why = fmt.Sprintf("%q: %s", r.cache.name(d), unavailable)
		}
		return unavailable != ""
	})
	if len(stores) == 0 {
		return nil, clients.NewError(clients.Capacity, "Datastore", fmt.Errorf("there is no available datastore%s: %s", quoted(at.Datastore, at.DatastoreCluster), why))
	}
	return stores, nil
}

// thickBytes returns what thick disks take of the VM's datastore when that is the one.
func thickBytes(disks []clients.Disk, name string) int64 {
	var sum int64
	for _, d := range disks {
		if d.Thick && d.Name != clients.RootDisk && (d.Datastore == "" || d.Datastore == name) {
			sum += d.SizeGiB * gib
		}
	}
	return sum
}

// diskStores returns the datastores that disks name.
func (r *resolver) diskStores(dc ref, disks []clients.Disk) (map[string]ref, error) {
	stores := map[string]ref{}
	for _, d := range disks {
		if d.Datastore == "" {
			continue
		}
		found := r.candidates(dc, "Datastore", d.Datastore, func(ref) bool { return true })
		if len(found) == 0 {
			return nil, notFound("Datastore", "there is no datastore %q", d.Datastore)
		}
		if why := r.cache.datastoreUnavailable(found[0]); why != "" {
			return nil, clients.NewError(clients.Capacity, "Datastore", fmt.Errorf("datastore %q of disk %q is not available: %s", d.Datastore, d.Name, why))
		}
		stores[d.Datastore] = found[0]
	}
	return stores, nil
}

// mountsAll says whether a host has datastores mounted.
func (r *resolver) mountsAll(host ref, stores map[string]ref) bool {
	for _, d := range stores {
		if !slices.Contains(r.cache.mounts(d), host) {
			return false
		}
	}
	return true
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
