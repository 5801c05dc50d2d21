// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"maps"
	"slices"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A summary is what the bulk listing says of a domain. When it differs from that of the last listing, or the domain was
// looked at since, it is looked at.
type summary struct {
	state             libvirt.DomainState
	memory, maxMemory uint64 // KiB
	cpus, maxCPUs     int
	saved             bool
}

// A listing is what one look at all domains of a host says.
type listing struct {
	domains map[string]summary // by UUID
	// disks are how large the guests' disks are, in bytes, by path.
	disks map[string]uint64
}

// looksPerRefresh is how many domains are looked at with each comparison in bulk although that shows nothing new: it says
// nothing of what is kept for their next start.
const looksPerRefresh = 20

// refreshAll compares the cache with the host in few calls. With everything set each domain is looked at, because events
// may have been missed; otherwise only those that the bulk listing shows to have changed.
func (h *host) refreshAll(ctx context.Context, everything bool) error {
	if err := h.refreshNode(ctx, everything); err != nil {
		return err
	}
	if !everything {
		h.rescan(ctx)
	}
	if err := h.refreshPools(ctx, everything); err != nil {
		return err
	}
	if err := h.refreshNetworks(ctx); err != nil {
		return err
	}
	listed, err := h.listDomains(ctx)
	if err != nil {
		return err
	}
	for _, uuid := range h.due(listed, everything) {
		if err := h.refreshDomain(ctx, uuid); err != nil {
			return err
		}
		h.listed(uuid, listed.domains[uuid])
	}
	h.searchMissing()
	return h.refreshResized(ctx, listed.disks)
}

// due returns the domains that are to be looked at.
func (h *host) due(listed listing, everything bool) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	look := map[string]bool{}
	for uuid, s := range listed.domains {
		if d, ok := h.cache.domains[uuid]; everything || !ok || d.seen != s {
			look[uuid] = true
		}
	}
	for uuid := range h.cache.domains {
		if _, ok := listed.domains[uuid]; !ok {
			look[uuid] = true
		}
	}
	all := slices.Sorted(maps.Keys(listed.domains))
	at, _ := slices.BinarySearch(all, h.cache.nextLook)
	for i := range min(looksPerRefresh, len(all)) {
		look[all[(at+i)%len(all)]] = true
	}
	if len(all) > 0 {
		h.cache.nextLook = all[(at+looksPerRefresh)%len(all)]
	}
	return slices.Sorted(maps.Keys(look))
}

// refreshResized looks at the volumes whose disks are not as large as was known.
func (h *host) refreshResized(ctx context.Context, disks map[string]uint64) error {
	type stale struct{ pool, volume string }
	var look []stale
	h.mu.RLock()
	for path, capacity := range disks {
		if p, v, ok := h.cache.volumeAt(path); ok && v.capacity != capacity && capacity > 0 {
			look = append(look, stale{p.name, v.name})
		}
	}
	h.mu.RUnlock()
	for _, s := range look {
		if err := h.refreshVolume(ctx, s.pool, s.volume); err != nil {
			return err
		}
	}
	if len(look) > 0 {
		h.changed("")
	}
	return nil
}

// listed remembers what the bulk listing said of a domain.
func (h *host) listed(uuid string, s summary) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if d, ok := h.cache.domains[uuid]; ok {
		d.seen = s
		h.cache.domains[uuid] = d
	}
}

// refreshDirty looks at what events said has changed.
func (h *host) refreshDirty(ctx context.Context) error {
	domains, pools, networks, scan := h.dirty.take()
	if scan {
		h.rescan(ctx)
	}
	if pools || scan {
		if err := h.refreshPools(ctx, false); err != nil {
			return err
		}
	}
	if networks {
		if err := h.refreshNetworks(ctx); err != nil {
			return err
		}
	}
	for _, uuid := range domains {
		if err := h.refreshDomain(ctx, uuid); err != nil {
			return err
		}
	}
	return nil
}

// listDomains looks at all domains at once, in two calls.
func (h *host) listDomains(ctx context.Context) (listing, error) {
	return ask(ctx, h, "ConnectGetAllDomainStats", func(conn *libvirt.Connect) (listing, error) {
		out := listing{domains: map[string]summary{}, disks: map[string]uint64{}}
		stats, err := conn.GetAllDomainStats(nil, libvirt.DOMAIN_STATS_STATE|libvirt.DOMAIN_STATS_BALLOON|libvirt.DOMAIN_STATS_VCPU|libvirt.DOMAIN_STATS_BLOCK, 0)
		if err != nil {
			return out, err
		}
		for _, s := range stats {
			out.domains[uuidOf(s.Domain)] = summaryOf(s)
			for _, b := range s.Block {
				if b.PathSet && b.CapacitySet {
					out.disks[b.Path] = b.Capacity
				}
			}
			_ = s.Domain.Free()
		}
		saved, err := conn.ListAllDomains(libvirt.CONNECT_LIST_DOMAINS_MANAGEDSAVE)
		if err != nil {
			return out, err
		}
		for i := range saved {
			uuid := uuidOf(&saved[i])
			if s, ok := out.domains[uuid]; ok {
				s.saved = true
				out.domains[uuid] = s
			}
			_ = saved[i].Free()
		}
		return out, nil
	})
}

func summaryOf(s libvirt.DomainStats) summary {
	var out summary
	if s.State != nil {
		out.state = s.State.State
	}
	if s.Balloon != nil {
		out.memory, out.maxMemory = s.Balloon.Current, s.Balloon.Maximum
	}
	out.maxCPUs = len(s.Vcpu)
	for _, v := range s.Vcpu {
		if v.State != libvirt.VCPU_OFFLINE {
			out.cpus++
		}
	}
	return out
}

// uuidOf returns the UUID of a domain's handle, which knows it.
func uuidOf(d *libvirt.Domain) string {
	uuid, _ := d.GetUUIDString()
	return uuid
}

// refreshDomain looks at one domain. The error is only of a host that cannot be asked: a domain that libvirt cannot describe
// is kept as it was last seen.
func (h *host) refreshDomain(ctx context.Context, uuid string) error {
	// What was read earlier must not be written later.
	h.refreshing.Lock()
	defer h.refreshing.Unlock()
	d, err := ask(ctx, h, "DomainGetXMLDesc", func(conn *libvirt.Connect) (domain, error) { return describe(conn, uuid) })
	switch {
	case err == nil:
		if d.mark.UID != "" && d.run != 0 && d.boot == "" && !d.incoming {
			d.boot = h.markBoot(ctx, uuid)
		}
		h.put(uuid, d, true)
	case hasCode(err, libvirt.ERR_NO_DOMAIN):
		h.put(uuid, domain{}, false)
	case clients.ClassOf(err) == clients.Unreachable:
		return err
	default:
		h.log.Info("Cannot look at domain", "uuid", uuid, "reason", err.Error())
	}
	return nil
}

// refreshNode reads what the host itself is made of. What its guests can be is asked once for each connection.
func (h *host) refreshNode(ctx context.Context, probe bool) error {
	type node struct {
		cpus      int32
		memoryMiB int64
	}
	n, err := ask(ctx, h, "NodeGetInfo", func(conn *libvirt.Connect) (node, error) {
		info, err := conn.GetNodeInfo()
		if err != nil {
			return node{}, err
		}
		// NOTE: NodeInfo's memory is that of one NUMA node on some machines. Drivers without a real host have nothing else.
		memory := info.Memory
		if stats, err := conn.GetMemoryStats(libvirt.NODE_MEMORY_STATS_ALL_CELLS, 0); err == nil && stats.TotalSet {
			memory = stats.Total
		}
		return node{cpus: int32(info.Cpus), memoryMiB: int64(memory / 1024)}, nil //nolint:gosec // Both are small.
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.cache.cpus, h.cache.memoryMiB = n.cpus, n.memoryMiB
	h.mu.Unlock()
	if !probe {
		return nil
	}
	g, err := h.probeGuests(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.cache.guests = g
	h.mu.Unlock()
	return nil
}
