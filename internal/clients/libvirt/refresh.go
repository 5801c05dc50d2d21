// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A summary is what the bulk listing says of a domain. When it differs from that of the last listing, or the domain was
// looked at since, it is looked at.
type summary struct {
	state             libvirt.DomainState
	memory, maxMemory uint64 // KiB
	cpus, maxCPUs     int
}

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
	h.mu.RLock()
	var look []string
	for uuid, s := range listed {
		if d, ok := h.cache.domains[uuid]; everything || !ok || d.seen != s {
			look = append(look, uuid)
		}
	}
	for uuid := range h.cache.domains {
		if _, ok := listed[uuid]; !ok {
			look = append(look, uuid)
		}
	}
	h.mu.RUnlock()
	for _, uuid := range look {
		if err := h.refreshDomain(ctx, uuid); err != nil {
			return err
		}
		h.listed(uuid, listed[uuid])
	}
	h.searchMissing()
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

// listDomains returns the summary of each domain by its UUID, in one call.
func (h *host) listDomains(ctx context.Context) (map[string]summary, error) {
	return ask(ctx, h, "ConnectGetAllDomainStats", func(conn *libvirt.Connect) (map[string]summary, error) {
		stats, err := conn.GetAllDomainStats(nil, libvirt.DOMAIN_STATS_STATE|libvirt.DOMAIN_STATS_BALLOON|libvirt.DOMAIN_STATS_VCPU, 0)
		if err != nil {
			return nil, err
		}
		out := make(map[string]summary, len(stats))
		for _, s := range stats {
			out[uuidOf(s.Domain)] = summaryOf(s)
			_ = s.Domain.Free()
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

// describe reads a domain.
func describe(conn *libvirt.Connect, uuid string) (domain, error) {
	handle, err := conn.LookupDomainByUUIDString(uuid)
	if err != nil {
		return domain{}, err
	}
	defer func() { _ = handle.Free() }()
	info, err := handle.GetInfo()
	if err != nil {
		return domain{}, err
	}
	raw, err := handle.GetXMLDesc(0)
	if err != nil {
		return domain{}, err
	}
	x := &libvirtxml.Domain{}
	if err := x.Unmarshal(raw); err != nil {
		return domain{}, err
	}
	d := parseDomain(x)
	d.power = powerStateOf(info.State)
	return d, nil
}

func powerStateOf(s libvirt.DomainState) clients.PowerState {
	switch s {
	case libvirt.DOMAIN_RUNNING, libvirt.DOMAIN_BLOCKED, libvirt.DOMAIN_SHUTDOWN:
		return clients.PoweredOn
	case libvirt.DOMAIN_PAUSED, libvirt.DOMAIN_PMSUSPENDED:
		return clients.Suspended
	default:
		return clients.PoweredOff
	}
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
