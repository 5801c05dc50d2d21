// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"maps"
	"net/netip"
	"path/filepath"
	"slices"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A cache is what one host has. Its values are replaced, never changed.
type cache struct {
	domains map[string]domain // by UUID
	pools   map[string]pool   // by name
	// networks by name.
	networks map[string]bool
	// addresses of the guests that run, by the UUID of their domain.
	addresses map[string]addresses

	cpus      int32
	memoryMiB int64
	guests    guestSupport
}

func newCache() cache {
	return cache{domains: map[string]domain{}, pools: map[string]pool{}, addresses: map[string]addresses{}}
}

// A domain is a VM as libvirt describes it, ours or not.
type domain struct {
	uuid string
	name string
	mark ownerMark

	power clients.PowerState
	// run is the number of the domain's current run, 0 while it is off.
	run uint
	// seen is what the bulk listing said of the domain, if that was why it was last looked at.
	seen summary
	cpu  int32
	// memoryMiB is what the guest has now, maxMemoryMiB what it can be given without being changed.
	memoryMiB, maxMemoryMiB int64
	interfaces              []networkInterface
	disks                   []disk
	// agent says that the guest agent answers.
	agent bool
}

// A networkInterface is one interface of a domain.
type networkInterface struct {
	network string
	mac     string
}

// A disk is one disk of a domain.
type disk struct {
	path string
	// backing is the files that the disk is an overlay of, as far as the domain says.
	backing []string
}

// A pool is a storage pool.
type pool struct {
	name      string
	dir       string
	active    bool
	capacity  uint64
	available uint64
	volumes   map[string]volume // by name
}

// A volume of a storage pool.
type volume struct {
	name     string
	path     string
	backing  string
	format   string
	capacity uint64
	// allocation is the space that it takes.
	allocation uint64
}

// addresses of one run of a guest, by MAC address.
type addresses struct {
	run   uint
	byMAC map[string][]string
}

// volumeAt returns the volume of a path, and its pool.
func (c *cache) volumeAt(path string) (pool, volume, bool) {
	for _, p := range c.pools {
		if v, ok := p.volumes[filepath.Base(path)]; ok && v.path == path {
			return p, v, true
		}
	}
	return pool{}, volume{}, false
}

// poolOf returns the name of the pool that a path is in, empty when it is in none.
func (c *cache) poolOf(path string) string {
	for _, name := range slices.Sorted(maps.Keys(c.pools)) {
		if c.pools[name].dir == filepath.Dir(path) {
			return name
		}
	}
	return ""
}

// view returns a domain as the port describes it.
func (h *host) view(d domain) clients.VM {
	h.mu.RLock()
	defer h.mu.RUnlock()
	vm := clients.VM{
		State:      clients.VMPresent,
		Owner:      d.mark.UID,
		ID:         h.Name + "/" + d.name,
		Name:       d.name,
		PowerState: d.power,
		CPU:        d.cpu,
		MemoryMiB:  d.memoryMiB,
		Placement:  clients.Placement{Cluster: h.Cluster, Host: h.Name},
	}
	known := h.cache.addresses[d.uuid]
	for _, i := range d.interfaces {
		n := clients.NetworkObservation{Network: i.network, MACAddress: i.mac}
		if known.run == d.run && d.run != 0 {
			n.IPAddresses = slices.Clone(known.byMAC[i.mac])
		}
		vm.Networks = append(vm.Networks, n)
		vm.IPAddresses = append(vm.IPAddresses, n.IPAddresses...)
	}
	for _, disk := range d.disks {
		kind, name := diskKindOf(d.uuid, disk.path)
		if kind == diskSeed {
			continue
		}
		o := clients.DiskObservation{Name: name, Datastore: h.cache.poolOf(disk.path)}
		if _, v, ok := h.cache.volumeAt(disk.path); ok {
			o.SizeGiB = gibRoundedUp(v.capacity)
		}
		vm.Disks = append(vm.Disks, o)
		if vm.Placement.Datastore == "" {
			vm.Placement.Datastore = o.Datastore
		}
	}
	return vm
}

const gib = 1 << 30

func gibRoundedUp(bytes uint64) int64 {
	return int64((bytes + gib - 1) / gib) //nolint:gosec // No disk is that large.
}

// domain returns what is known of a domain.
func (h *host) domain(uuid string) (domain, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	d, ok := h.cache.domains[uuid]
	return d, ok
}

// put replaces what is known of a domain, and says so when it changed. Ok is false when there is none.
func (h *host) put(uuid string, d domain, ok bool) {
	h.mu.Lock()
	before, had := h.cache.domains[uuid]
	if ok {
		h.cache.domains[uuid] = d
	} else {
		delete(h.cache.domains, uuid)
	}
	if d.run == 0 {
		delete(h.cache.addresses, uuid)
	}
	h.mu.Unlock()

	switch {
	case !ok || d.run == 0:
		h.search.end(uuid)
	case !had || before.run != d.run || before.agent != d.agent || !slices.Equal(before.interfaces, d.interfaces):
		h.search.begin(uuid)
	}
	if had != ok || !before.equal(d) {
		h.changed(uuid)
	}
}

// equal compares what observation reports.
func (d domain) equal(o domain) bool {
	return d.name == o.name && d.mark == o.mark && d.power == o.power && d.run == o.run && d.cpu == o.cpu &&
		d.memoryMiB == o.memoryMiB && d.maxMemoryMiB == o.maxMemoryMiB && slices.Equal(d.interfaces, o.interfaces) &&
		slices.EqualFunc(d.disks, o.disks, func(a, b disk) bool { return a.path == b.path })
}

// putAddresses replaces what is known of a guest's addresses, and says so when it changed.
func (h *host) putAddresses(uuid string, a addresses) {
	h.mu.Lock()
	before := h.cache.addresses[uuid]
	h.cache.addresses[uuid] = a
	h.mu.Unlock()
	if before.run != a.run || !maps.EqualFunc(before.byMAC, a.byMAC, slices.Equal) {
		h.changed(uuid)
	}
}

// sortAddresses returns the addresses by which others reach a guest: IPv4 first, each in order, without those that are valid
// on their link only.
func sortAddresses(all []string) []string {
	var as []netip.Addr
	for _, s := range all {
		a, err := netip.ParseAddr(s)
		if err == nil && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsUnspecified() {
			as = append(as, a.Unmap())
		}
	}
	slices.SortFunc(as, netip.Addr.Compare) // IPv4 sorts before IPv6
	out := make([]string, 0, len(as))
	for _, a := range slices.Compact(as) {
		out = append(out, a.String())
	}
	return out
}
