// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// defaultPool takes the disks of VMs that do not say where.
	defaultPool = "default"
	// defaultNetwork is that of VMs that name none: an image of a libvirt host has no interfaces of its own to keep.
	defaultNetwork = "default"
)

// place decides what the VM is made of, and where. What the placement leaves open is the host with the most free memory of
// those that have all that the VM needs. It calls nothing.
func (c *Client) place(spec clients.VMSpec) (*host, *blueprint, error) {
	hosts, err := c.candidates(spec.Placement)
	if err != nil {
		return nil, nil, err
	}
	var best *host
	var made *blueprint
	var bestFree int64
	var reason error
	for _, h := range hosts {
		b, err := h.draft(spec)
		if err != nil {
			reason = prefer(reason, err)
			continue
		}
		inv, _ := h.inventory()
		if free := inv.MemoryMiB - inv.AllocatedMemoryMiB; best == nil || free > bestFree {
			best, made, bestFree = h, b, free
		}
	}
	if best == nil {
		return nil, nil, reason
	}
	return best, made, nil
}

// candidates returns the hosts that a placement allows, at least one.
func (c *Client) candidates(p clients.Placement) ([]*host, error) {
	if p.Host != "" {
		h, err := c.host(p.Host)
		if err != nil {
			return nil, err
		}
		if p.Cluster != "" && p.Cluster != h.Cluster {
			return nil, errorf(clients.NotFound, "Host", "host %q is of cluster %q and not of %q", p.Host, h.Cluster, p.Cluster)
		}
		return []*host{h}, nil
	}
	hosts := slices.DeleteFunc(slices.Clone(c.hosts), func(h *host) bool { return p.Cluster != "" && h.Cluster != p.Cluster })
	if len(hosts) == 0 {
		return nil, errorf(clients.NotFound, "Cluster", "no host of this endpoint is of cluster %q", p.Cluster)
	}
	return hosts, nil
}

// draft decides what the VM is made of on the host, or says why it cannot be made there. It asks the cache only.
func (h *host) draft(spec clients.VMSpec) (*blueprint, error) {
	if err := h.ready(); err != nil {
		return nil, err
	}
	b := &blueprint{VMSpec: spec, networks: networksOf(spec), pools: map[string]pool{}}
	b.guests = h.guests()
	b.HotAdd = b.guests.hardware.boundHeadroom(spec)
	if err := h.checkGuest(b.guests, b.VMSpec); err != nil {
		return nil, err
	}
	if err := h.checkCache(spec, b.networks); err != nil {
		return nil, err
	}
	var err error
	if b.pool, err = h.activePool(cmp.Or(spec.Placement.Datastore, h.defaultPool())); err != nil {
		return nil, err
	}
	for _, d := range b.dataDisks() {
		if b.pools[d.Name], err = h.activePool(cmp.Or(d.Datastore, b.pool.name)); err != nil {
			return nil, err
		}
	}
	image, ok := h.image(spec.Image.Name, b.pool.name)
	if !ok {
		return nil, errorf(clients.NotFound, "Image", "host %q has no volume %q", h.Name, spec.Image)
	}
	if err := b.use(image); err != nil {
		return nil, err
	}
	return b, h.checkRoom(b)
}

// use has the VM made from an image, with a first disk of at least its size.
func (b *blueprint) use(image imageVolume) error {
	b.image, b.rootBytes = image, image.capacity
	for _, d := range b.Disks {
		if d.Name != clients.RootDisk {
			continue
		}
		asked := uint64(d.SizeGiB) * gib //nolint:gosec // Positive by contract.
		if asked < image.capacity {
			return errorf(clients.Invalid, "Image", "disk %q cannot have %d GiB: that of image %q has %d GiB, and a smaller disk would cut off what is in it",
				d.Name, d.SizeGiB, b.Image, gibRoundedUp(image.capacity))
		}
		b.rootBytes = asked
	}
	return nil
}

// checkCache returns an error when the host is known to have what must not be there, or not to have what must.
func (h *host) checkCache(spec clients.VMSpec, networks []clients.Network) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, d := range h.cache.domains {
		if d.name == spec.Name && d.uuid != spec.UUID {
			return errForeign(h, d.name, d.mark)
		}
	}
	for _, n := range networks {
		if n.Bridge == "" && !h.cache.networks[n.Network] {
			return errNoNetwork(h.Name, n.Network)
		}
	}
	if h.cache.memoryMiB > 0 && spec.MemoryMiB > h.cache.memoryMiB {
		return errorf(clients.Capacity, "Host", "host %q has %d MiB of memory, and the VM needs %d", h.Name, h.cache.memoryMiB, spec.MemoryMiB)
	}
	return nil
}

// checkRoom returns an error when what is taken at once does not fit into a pool.
func (h *host) checkRoom(b *blueprint) error {
	need := map[string]uint64{}
	if !b.Linked {
		need[b.pool.name] += b.image.allocation
	}
	for _, d := range b.dataDisks() {
		if d.Thick {
			need[b.pools[d.Name].name] += uint64(d.SizeGiB) * gib //nolint:gosec // Positive by contract.
		}
	}
	for _, name := range slices.Sorted(maps.Keys(need)) {
		if p, _ := h.pool(name); p.capacity > 0 && need[name] > p.available {
			return errorf(clients.Capacity, "Datastore", "storage pool %q of host %q has no room for the %d GiB that the VM's disks take at once",
				name, h.Name, gibRoundedUp(need[name]))
		}
	}
	return nil
}

// activePool returns the pool of a name, if it can be used.
func (h *host) activePool(name string) (pool, error) {
	p, ok := h.pool(name)
	switch {
	case !ok:
		return pool{}, errorf(clients.NotFound, "Datastore", "host %q has no storage pool %q", h.Name, name)
	case !p.active:
		return pool{}, h.errNotActive(name)
	default:
		return p, nil
	}
}

// defaultPool returns the pool of that name, or the one pool that the host has.
func (h *host) defaultPool() string {
	if all := h.pools(); len(all) == 1 {
		return all[0].name
	}
	return defaultPool
}

// prefer returns the reason that says more: that something is missing on a host that answers.
func prefer(a, b error) error {
	if a == nil || clients.ClassOf(a) == clients.Unreachable {
		return b
	}
	return a
}

// pool returns the host's pool of a name.
func (h *host) pool(name string) (pool, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p, ok := h.cache.pools[name]
	return p, ok
}

// image returns the volume that an image's name means: "pool/name", or a name that is looked for in the VM's pool first and
// then in the others by their names.
func (h *host) image(name, poolName string) (imageVolume, bool) {
	if in, volumeName, ok := strings.Cut(name, "/"); ok {
		p, _ := h.pool(in)
		v, ok := p.volumes[volumeName]
		return imageVolume{pool: in, volume: v}, ok
	}
	first, _ := h.pool(poolName)
	for _, p := range append([]pool{first}, h.pools()...) {
		if v, ok := p.volumes[name]; ok {
			return imageVolume{pool: p.name, volume: v}, true
		}
	}
	return imageVolume{}, false
}

// networksOf returns the interfaces of a VM, with addresses that stay the same however often it is made.
func networksOf(spec clients.VMSpec) []clients.Network {
	out := slices.Clone(spec.Networks)
	if len(out) == 0 {
		out = []clients.Network{{Network: defaultNetwork}}
	}
	for i := range out {
		out[i].MACAddress = strings.ToLower(cmp.Or(out[i].MACAddress, macAddress(spec.UUID, i)))
	}
	return out
}

// errNoNetwork says that a host has no network of a name.
func errNoNetwork(host, name string) error {
	return errorf(clients.NotFound, "Network", "host %q has no network %q", host, name)
}

// errForeign says that a domain is not the VM's owner's.
func errForeign(h *host, name string, m ownerMark) error {
	whose := "carries no owner's mark"
	if m.UID != "" {
		whose = fmt.Sprintf("belongs to VirtualMachine %s/%s (UID %s)", m.Namespace, m.Name, m.UID)
	}
	return errorf(clients.Conflict, "VM", "domain %q of host %q %s", name, h.Name, whose)
}
