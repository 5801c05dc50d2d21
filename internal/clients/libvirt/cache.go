// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"maps"
	"net/netip"
	"path/filepath"
	"reflect"
	"slices"
	"time"

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
	// nextLook is the UUID at which the next comparison in bulk begins to look at domains that show nothing new.
	nextLook string

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
	// run is the number of the domain's current run, 0 while it is off; boot tells it from those before, on any host.
	run  uint
	boot string
	// saved says that the domain is off and its memory is on disk; incoming that it is being migrated to this host.
	saved, incoming bool
	// departed is when it was first seen that the domain's guest now runs on another host; zero when it does not.
	departed time.Time
	// seen is what the bulk listing said of the domain, if that was why it was last looked at.
	seen summary

	emulated   bool
	firmware   clients.Firmware
	secureBoot bool
	acpi       bool
	// agent says that the guest agent answers.
	agent bool

	// equipment that the guest has now, and next at its next start; both are the same while it is off.
	equipment
	next equipment
	// persistent says that the domain stays when it ends.
	persistent bool
	// deflated says that in this run the guest was once seen to have no more memory than it was given: it follows its balloon,
	// which it does not while it starts.
	deflated bool
}

// equipment is what can be changed of a domain.
type equipment struct {
	cpu, maxCPU int32
	// memoryMiB is what the guest has, maxMemoryMiB what it can be given by its balloon, and plugMemoryMiB what it can be
	// given by plugging modules in freeSlots; the last is 0 where none can be.
	memoryMiB, maxMemoryMiB, plugMemoryMiB int64
	freeSlots                              int
	interfaces                             []networkInterface
	disks                                  []disk
	// freePorts is how many devices can be plugged in, -1 for any number.
	freePorts int
}

// A networkInterface is one interface of a domain.
type networkInterface struct {
	alias           string
	network, bridge string
	model           string
	mac             string
}

// A disk is one disk of a domain.
type disk struct {
	alias string
	path  string
	// backing is the files that the disk is an overlay of, as far as the domain says.
	backing []string
	// target is the device's name, bus what it is attached to.
	target, bus string
	format      string
	// removable media have no name and no size of interest. A read-only disk cannot grow.
	removable, readOnly bool
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

// addresses and name of one run of a guest, as it says or others know.
type addresses struct {
	run   uint
	byMAC map[string][]string
	// hostname is empty when the guest does not say.
	hostname string
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
		given := cmp.Or(d.mark.MemoryMiB, d.next.memoryMiB)
		d.deflated = d.run != 0 && (d.memoryMiB <= given || before.run == d.run && before.deflated)
		if !d.departed.IsZero() && !before.departed.IsZero() {
			d.departed = before.departed
		}
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
	d.seen, o.seen = summary{}, summary{}
	return reflect.DeepEqual(d, o)
}

// putAddresses replaces what is known of a guest's addresses, and says so when it changed.
func (h *host) putAddresses(uuid string, a addresses) {
	h.mu.Lock()
	before := h.cache.addresses[uuid]
	h.cache.addresses[uuid] = a
	h.mu.Unlock()
	if before.run != a.run || before.hostname != a.hostname || !maps.EqualFunc(before.byMAC, a.byMAC, slices.Equal) {
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
