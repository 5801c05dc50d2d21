// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"slices"
	"strings"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// FindVM returns the UUID of the domain of a name, "host/name" where several hosts have one. A name alone is only known to be
// of one domain when all hosts answer.
func (c *Client) FindVM(ctx context.Context, name string) (string, error) {
	c.awaitSettled(ctx)
	hosts := c.hosts
	if on, rest, ok := strings.Cut(strings.TrimPrefix(name, "/"), "/"); ok {
		h, err := c.host(on)
		if err != nil {
			return "", err
		}
		hosts, name = []*host{h}, rest
	}
	var found []string
	var where []string
	var unknown error
	for _, h := range hosts {
		if err := h.ready(); err != nil {
			unknown = err
			continue
		}
		h.mu.RLock()
		for uuid, d := range h.cache.domains {
			if d.name == name {
				found, where = append(found, uuid), append(where, h.Name+"/"+name)
			}
		}
		h.mu.RUnlock()
	}
	switch {
	case len(found) > 1:
		return "", errorf(clients.Conflict, "VM", "several hosts have a domain of that name: %s", strings.Join(where, ", "))
	case unknown != nil:
		return "", unknown
	case len(found) == 0:
		return "", errorf(clients.NotFound, "VM", "no host has a domain %q", name)
	}
	return found[0], nil
}

// AdoptVM starts to put the owner's mark on a domain that has none. Which of its disks and interfaces are those of the
// specification is written beside the mark: the aliases of a domain's devices cannot be changed while it runs.
func (c *Client) AdoptVM(ctx context.Context, spec clients.VMSpec) error {
	h, d, same, err := c.claim(ctx, spec.Identity, jobAdopt)
	if err != nil || same {
		return err
	}
	if d.mark.UID != "" {
		return nil // it is the owner's already
	}
	m := h.adopt(d, spec)
	return c.startJob(spec.UUID, jobAdopt, h, func(ctx context.Context) error { return h.putMark(ctx, spec.UUID, m) })
}

// adopt returns the mark for a domain that is to be kept to a specification. What the domain has of CPUs and memory is what it
// was given; the guest's data is not known.
func (h *host) adopt(d domain, spec clients.VMSpec) ownerMark {
	m := ownerMark{UID: spec.Owner, Namespace: spec.Namespace, Name: spec.Name, CPU: d.cpu, MemoryMiB: d.next.memoryMiB}
	var left []disk
	for _, k := range d.next.disks {
		if !k.removable && !k.readOnly {
			left = append(left, k)
		}
	}
	if len(left) > 0 {
		m.Disks = append(m.Disks, diskRecord{Name: clients.RootDisk, Path: left[0].path})
		left = left[1:]
	}
	h.mu.RLock()
	size := func(k disk) int64 {
		_, v, _ := h.cache.volumeAt(k.path)
		return gibRoundedUp(v.capacity)
	}
	for _, want := range dataDisksOf(spec) {
		i := slices.IndexFunc(left, func(k disk) bool { return size(k) == want.SizeGiB })
		if i < 0 {
			continue // it is none of those that are there
		}
		m.Disks = append(m.Disks, diskRecord{Name: want.Name, Path: left[i].path})
		left = slices.Delete(left, i, i+1)
	}
	h.mu.RUnlock()
	for i, n := range spec.Networks {
		if i < len(d.next.interfaces) {
			m.Networks = append(m.Networks, networkRecord{Name: n.Name, MAC: d.next.interfaces[i].mac})
		}
	}
	return m
}

// putMark puts a mark on a domain that has none, on what is kept of it and on what runs.
func (h *host) putMark(ctx context.Context, uuid string, m ownerMark) error {
	err := work(ctx, h, "DomainSetMetadata", func(conn *libvirt.Connect) error {
		found, err := describe(conn, uuid)
		if err != nil {
			return err
		}
		switch found.mark.UID {
		case "":
		case m.UID:
			return nil
		default:
			return errForeign(h, found.name, found.mark)
		}
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		flags := libvirt.DOMAIN_AFFECT_CONFIG
		if found.run != 0 {
			flags |= libvirt.DOMAIN_AFFECT_LIVE
		}
		return (&liveDomain{Domain: d}).setMark(m, flags)
	})
	if err != nil {
		return err
	}
	return h.refreshDomain(ctx, uuid)
}
