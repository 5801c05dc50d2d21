// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"fmt"
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

// place returns the host and the pool that a VM is made on. What the placement leaves open is the host with the most free
// memory of those that have the image and the pool.
func (c *Client) place(spec clients.VMSpec) (*host, pool, error) {
	hosts, err := c.candidates(spec.Placement)
	if err != nil {
		return nil, pool{}, err
	}
	var best *host
	var in pool
	var bestFree int64
	var reason error
	for _, h := range hosts {
		p, err := h.suits(spec)
		if err != nil {
			reason = prefer(reason, err)
			continue
		}
		inv, _ := h.inventory()
		if free := inv.MemoryMiB - inv.AllocatedMemoryMiB; best == nil || free > bestFree {
			best, in, bestFree = h, p, free
		}
	}
	if best == nil {
		return nil, pool{}, reason
	}
	return best, in, nil
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

// suits returns the pool for the VM's disks, when the host has one and the image.
func (h *host) suits(spec clients.VMSpec) (pool, error) {
	if err := h.ready(); err != nil {
		return pool{}, err
	}
	name := spec.Placement.Datastore
	if name == "" {
		name = h.defaultPool()
	}
	p, ok := h.pool(name)
	if !ok {
		return pool{}, errorf(clients.NotFound, "Datastore", "host %q has no storage pool %q", h.Name, name)
	}
	if !p.active {
		return pool{}, h.errNotActive(name)
	}
	if _, ok := h.image(spec.Image.Name, name); !ok {
		return pool{}, errorf(clients.NotFound, "Image", "host %q has no volume %q", h.Name, spec.Image)
	}
	return p, nil
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
func networksOf(spec clients.VMSpec) []networkInterface {
	asked := spec.Networks
	if len(asked) == 0 {
		asked = []clients.Network{{Network: defaultNetwork}}
	}
	out := make([]networkInterface, 0, len(asked))
	for i, n := range asked {
		mac := strings.ToLower(n.MACAddress)
		if mac == "" {
			mac = macAddress(spec.UUID, i)
		}
		out = append(out, networkInterface{network: n.Network, mac: mac})
	}
	return out
}

// errForeign says that a domain is not the VM's owner's.
func errForeign(h *host, name string, m ownerMark) error {
	whose := "carries no owner's mark"
	if m.UID != "" {
		whose = fmt.Sprintf("belongs to VirtualMachine %s/%s (UID %s)", m.Namespace, m.Name, m.UID)
	}
	return errorf(clients.Conflict, "VM", "domain %q of host %q %s", name, h.Name, whose)
}
