// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
	// freeStepGiB is the step that free space is rounded down to, so that it seldom changes.
	freeStepGiB = 10
)

// Capabilities implements clients.Hypervisor. It says what was found when the client connected, and every now and then since.
func (c *Client) Capabilities(context.Context) (clients.Capabilities, error) {
	if _, err := c.ready(); err != nil {
		return clients.Capabilities{}, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.facts.capabilities(), nil
}

// Inventory implements clients.Hypervisor.
func (c *Client) Inventory(context.Context) (clients.Inventory, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.session == nil {
		return clients.Inventory{}, c.err
	}
	inv := clients.Inventory{
		Hosts:      c.cache.hosts(c.zones),
		Datastores: c.cache.datastores(),
	}
	for _, ref := range c.cache.all("ClusterComputeResource") {
		inv.Clusters = append(inv.Clusters, c.cache.name(ref))
	}
	for _, ref := range c.cache.all("Folder") {
		if path := c.cache.folder(ref); path != "" && path != "/" {
			inv.Folders = append(inv.Folders, path)
		}
	}
	slices.Sort(inv.Clusters)
	slices.Sort(inv.Folders)
	// Two datacenters may have folders of the same path.
	inv.Folders = slices.Compact(inv.Folders)
	return inv, nil
}

// hosts returns the hosts, sorted by name. Templates take no memory.
func (c *cache) hosts(z zones) []clients.Host {
	memory := map[types.ManagedObjectReference]int64{}
	count := map[types.ManagedObjectReference]int32{}
	for _, vm := range c.vms {
		if !vm.template {
			memory[vm.host] += vm.hardware.memoryMiB
			count[vm.host]++
		}
	}
	refs := c.all("HostSystem")
	hosts := make([]clients.Host, 0, len(refs))
	for _, ref := range refs {
		p := c.objects[ref]
		cluster, _ := c.parent(ref)
		h := clients.Host{
			Name:               c.name(ref),
			Zone:               z.of(ref, cluster),
			CPUs:               int32(get[int16](p, "summary.hardware.numCpuThreads")),
			MemoryMiB:          get[int64](p, "summary.hardware.memorySize") / mib,
			AllocatedMemoryMiB: memory[ref],
			VMs:                count[ref],
			Unavailable:        c.hostUnavailable(ref),
		}
		if cluster.Type == "ClusterComputeResource" {
			h.Cluster = c.name(cluster)
		}
		hosts = append(hosts, h)
	}
	slices.SortFunc(hosts, func(a, b clients.Host) int { return strings.Compare(a.Name, b.Name) })
	return hosts
}

// hostUnavailable returns why nothing can be placed on a host.
func (c *cache) hostUnavailable(ref types.ManagedObjectReference) string {
	p := c.objects[ref]
	switch {
	case get[types.HostSystemConnectionState](p, "runtime.connectionState") != types.HostSystemConnectionStateConnected:
		return "disconnected"
	case get[bool](p, "runtime.inMaintenanceMode"):
		return "maintenance"
	default:
		return ""
	}
}

// datastores returns the datastores, sorted by name.
func (c *cache) datastores() []clients.Datastore {
	refs := c.all("Datastore")
	datastores := make([]clients.Datastore, 0, len(refs))
	for _, ref := range refs {
		p := c.objects[ref]
		d := clients.Datastore{
			Name:        c.name(ref),
			CapacityGiB: get[int64](p, "summary.capacity") / gib,
			FreeGiB:     max(0, get[int64](p, "summary.freeSpace")/gib/freeStepGiB*freeStepGiB),
			Unavailable: c.datastoreUnavailable(ref),
		}
		for _, h := range c.mounts(ref) {
			d.Hosts = append(d.Hosts, c.name(h))
		}
		slices.Sort(d.Hosts)
		datastores = append(datastores, d)
	}
	slices.SortStableFunc(datastores, func(a, b clients.Datastore) int { return strings.Compare(a.Name, b.Name) })
	return datastores
}

// datastoreUnavailable returns why nothing can be placed on a datastore.
func (c *cache) datastoreUnavailable(ref types.ManagedObjectReference) string {
	p := c.objects[ref]
	mode := get[string](p, "summary.maintenanceMode")
	switch {
	case !get[bool](p, "summary.accessible"):
		return "inactive"
	case mode != "" && mode != string(types.DatastoreSummaryMaintenanceModeStateNormal):
		return "maintenance"
	default:
		return ""
	}
}

// mounts returns the hosts that can write to a datastore.
func (c *cache) mounts(ref types.ManagedObjectReference) []types.ManagedObjectReference {
	var hosts []types.ManagedObjectReference
	for _, m := range get[types.ArrayOfDatastoreHostMount](c.objects[ref], "host").DatastoreHostMount {
		readOnly := m.MountInfo.AccessMode == string(types.HostMountModeReadOnly)
		if isFalse(m.MountInfo.Mounted) || isFalse(m.MountInfo.Accessible) || readOnly {
			continue
		}
		hosts = append(hosts, m.Key)
	}
	return hosts
}

func isFalse(b *bool) bool { return b != nil && !*b }
