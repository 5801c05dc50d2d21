// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"context"
	"slices"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// Free space is rounded down to this part of a pool's capacity, so that it seldom changes.
	freeParts = 50

	unavailableHost = "disconnected"
	unavailablePool = "inactive"
)

// Capabilities says what can be asked of the fleet: what at least one of its hosts can do.
func (c *Client) Capabilities(ctx context.Context) (clients.Capabilities, error) {
	c.awaitSettled(ctx)
	out := clients.Capabilities{
		ReconfigureOnline:   true,
		DiskExpansionOnline: true,
		LinkedClones:        true,
		Firmware:            []string{string(clients.BIOS)},
		DiskFormats:         diskFormats(),
		DiskTypes:           []string{"thin", "thick"},
		NetworkTypes:        networkModels(),
		Bridges:             true,
	}
	uefi := false
	for _, h := range c.hosts {
		hw := h.guests().hardware
		uefi = uefi || hw.uefi
		out.SecureBoot = out.SecureBoot || hw.secureBoot
		out.TPM = out.TPM || hw.tpm
		for _, bus := range hw.buses {
			if !slices.Contains(out.DiskControllers, bus) {
				out.DiskControllers = append(out.DiskControllers, bus)
			}
		}
	}
	if uefi {
		out.Firmware = append(out.Firmware, string(clients.UEFI))
	}
	return out, nil
}

// Inventory returns what placement chooses from. Of a host that is not connected it is what was last known.
func (c *Client) Inventory(ctx context.Context) (clients.Inventory, error) {
	c.awaitSettled(ctx)
	inv := clients.Inventory{}
	for _, h := range c.hosts {
		host, datastores := h.inventory()
		inv.Clusters = append(inv.Clusters, host.Cluster)
		inv.Hosts = append(inv.Hosts, host)
		inv.Datastores = append(inv.Datastores, datastores...)
	}
	slices.Sort(inv.Clusters)
	inv.Clusters = slices.Compact(inv.Clusters)
	slices.SortFunc(inv.Hosts, func(a, b clients.Host) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(inv.Datastores, func(a, b clients.Datastore) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Hosts, b.Hosts))
	})
	return inv, nil
}

// inventory of one host.
func (h *host) inventory() (clients.Host, []clients.Datastore) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := clients.Host{
		Name:      h.Name,
		Cluster:   h.Cluster,
		Zone:      h.Zone,
		CPUs:      h.cache.cpus,
		MemoryMiB: h.cache.memoryMiB,
		VMs:       int32(len(h.cache.domains)), //nolint:gosec // No host has that many.
	}
	for _, d := range h.cache.domains {
		out.AllocatedMemoryMiB += d.maxMemoryMiB
	}
	var datastores []clients.Datastore
	for _, p := range h.cache.pools {
		datastores = append(datastores, datastoreOf(h.Name, p, h.synced))
	}
	if !h.synced {
		out.Unavailable = unavailableHost
	}
	return out, datastores
}

func datastoreOf(host string, p pool, connected bool) clients.Datastore {
	d := clients.Datastore{
		Name:        p.name,
		Hosts:       []string{host},
		CapacityGiB: int64(p.capacity / gib), //nolint:gosec // No pool is that large.
	}
	step := max(1, d.CapacityGiB/freeParts)
	d.FreeGiB = int64(p.available/gib) / step * step //nolint:gosec // As above.
	switch {
	case !connected:
		d.Unavailable = unavailableHost
	case !p.active:
		d.Unavailable = unavailablePool
	}
	return d
}
