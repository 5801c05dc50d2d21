// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// DeleteVM starts to remove a VM: its creation is ended, its guest is switched off at once, and its own volumes go, and then
// its domain. Whatever else it uses stays: the image, the files that its disk is an overlay of, disks that somebody attached,
// disks that are to be retained. Nothing goes while somebody else uses one of the volumes.
func (c *Client) DeleteVM(ctx context.Context, id clients.Identity, o clients.DeleteOptions) error {
	c.awaitSettled(ctx)
	if j := c.jobs.get(id.UUID); j.running() {
		if j.kind == jobCreate {
			c.jobs.unwant(id.UUID)
		}
		return nil // what it is at ends first; DeleteVM is called again
	}
	h, d, err := c.locate(id.UUID)
	if err != nil {
		return err
	}
	if h == nil {
		return c.deleteMissing(id, o)
	}
	if err := h.ready(); err != nil {
		return err
	}
	if d.mark.UID != id.Owner {
		return errForeign(h, d.name, d.mark)
	}
	c.startRemoval(h, id, o.Retain)
	return nil
}

// deleteMissing removes the volumes of a VM whose domain somebody undefined.
func (c *Client) deleteMissing(id clients.Identity, o clients.DeleteOptions) error {
	if err := c.confirmAbsence(id, o.Task); err != nil {
		return err
	}
	for _, h := range c.hosts {
		if h.ready() == nil && len(h.removable(domain{uuid: id.UUID}, o.Retain)) > 0 {
			c.startRemoval(h, id, o.Retain)
			return nil
		}
	}
	return nil
}

// startRemoval starts the job that removes a VM from a host.
func (c *Client) startRemoval(h *host, id clients.Identity, retain []string) {
	c.jobs.start(id.UUID, jobDelete, h.Name, func(ctx context.Context) error {
		return retryBusy(ctx, func() error { return c.remove(ctx, h, id, retain) })
	})
}

// startCleanup starts the job that removes what an earlier client left incomplete.
func (c *Client) startCleanup(h *host, id clients.Identity) {
	c.jobs.start(id.UUID, jobDelete, h.Name, func(ctx context.Context) error { return c.removeIncomplete(ctx, h, id) })
}

// removeIncomplete removes what an unfinished creation left on a host. A VM that is complete is not touched.
func (c *Client) removeIncomplete(ctx context.Context, h *host, id clients.Identity) error {
	if err := h.refreshDomain(ctx, id.UUID); err != nil {
		return err
	}
	if d, ok := h.domain(id.UUID); !ok || !d.mark.Incomplete || d.mark.UID != id.Owner {
		return nil
	}
	return retryBusy(ctx, func() error { return c.remove(ctx, h, id, nil) })
}

// remove removes a VM from a host, its domain last. It may be called again after it failed.
func (c *Client) remove(ctx context.Context, h *host, id clients.Identity, retain []string) error {
	if err := h.refreshDomain(ctx, id.UUID); err != nil {
		return err
	}
	if err := h.refreshPools(ctx, false); err != nil {
		return err
	}
	d, ok := h.domain(id.UUID)
	if ok && d.mark.UID != id.Owner {
		return errForeign(h, d.name, d.mark)
	}
	d.uuid = id.UUID
	doomed := h.removable(d, retain)
	if err := c.checkRemovable(h, d, doomed); err != nil {
		return err
	}
	if ok {
		if err := h.switchOff(ctx, id.UUID); err != nil {
			return fmt.Errorf("cannot switch off VM: %w", err)
		}
	}
	if err := c.step(id.UUID, "off"); err != nil {
		return err
	}
	if err := h.removeVolumes(ctx, doomed); err != nil {
		return err
	}
	if err := c.step(id.UUID, "volumes"); err != nil {
		return err
	}
	if ok {
		if err := h.undefine(ctx, id.UUID); err != nil {
			return fmt.Errorf("cannot undefine domain: %w", err)
		}
	}
	return h.refreshDomain(ctx, id.UUID)
}

// step tells tests that a job has come so far.
func (c *Client) step(uuid, name string) error {
	if c.hooks.afterStep == nil {
		return nil
	}
	return c.hooks.afterStep(uuid, name)
}

// A poolVolume is a volume and the name of its pool.
type poolVolume struct {
	pool string
	volume
}

// removable returns the volumes that go with a VM: those that are its own by their names, and those of its disks that were
// recorded as its own when it was adopted. Disks to be retained are not among them, nor are those
// that were detached.
func (h *host) removable(d domain, retain []string) []poolVolume {
	var out []poolVolume
	retain = slices.Concat(retain, d.mark.Detached)
	own := h.ownVolumes(d.uuid)
	for _, pool := range slices.Sorted(maps.Keys(own)) {
		for _, v := range own[pool] {
			if !slices.Contains(retain, ownDiskName(d.uuid, v.name)) {
				out = append(out, poolVolume{pool, v})
			}
		}
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, r := range d.mark.Disks {
		attached := func(k disk) bool { return k.path == r.Path && !k.readOnly && !k.removable }
		if slices.Contains(retain, r.Name) || !slices.ContainsFunc(d.disks, attached) && !slices.ContainsFunc(d.next.disks, attached) {
			continue
		}
		p, v, ok := h.cache.volumeAt(r.Path)
		if ok && !isOwnVolume(d.uuid, v.name) {
			out = append(out, poolVolume{p.name, v})
		}
	}
	return out
}

// checkRemovable returns an error when a volume of the VM cannot be removed: because somebody else uses it, which libvirt
// itself does not look at, or because its pool does not answer for it. Nothing was removed then.
func (c *Client) checkRemovable(h *host, d domain, doomed []poolVolume) error {
	for _, disk := range d.disks {
		name := h.poolNameOf(disk.path)
		if p, ok := h.pool(name); ok && !p.active && d.diskName(disk) != "" {
			return h.errNotActive(name)
		}
	}
	for _, v := range doomed {
		if users := c.usersOf(d.uuid, v.path); len(users) > 0 {
			return errorf(clients.Conflict, "VM", "cannot remove volume %q: it is used by %s", v.name, strings.Join(users, ", "))
		}
	}
	return nil
}

// usersOf says what other than the VM itself uses a file, on any host: they may share their storage.
func (c *Client) usersOf(uuid, path string) []string {
	var out []string
	for _, h := range c.hosts {
		for _, user := range h.usersOf(uuid, path) {
			out = append(out, user+" of host "+h.Name)
		}
	}
	return out
}

// usersOf returns what of this host uses a file, in a stable order.
func (h *host) usersOf(uuid, path string) []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var out []string
	for _, d := range h.cache.domains {
		uses := func(k disk) bool { return k.path == path || slices.Contains(k.backing, path) }
		if d.uuid != uuid && (slices.ContainsFunc(d.disks, uses) || slices.ContainsFunc(d.next.disks, uses)) {
			out = append(out, fmt.Sprintf("domain %q", d.name))
		}
	}
	for _, p := range h.cache.pools {
		for _, v := range p.volumes {
			if v.backing == path && !isOwnVolume(uuid, v.name) {
				out = append(out, fmt.Sprintf("volume %q", p.name+"/"+v.name))
			}
		}
	}
	slices.Sort(out)
	return out
}

func (h *host) poolNameOf(path string) string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.cache.poolOf(path)
}

// switchOff ends the guest at once.
func (h *host) switchOff(ctx context.Context, uuid string) error {
	return h.withDomain(ctx, "DomainDestroy", uuid, func(d *libvirt.Domain) error {
		active, err := d.IsActive()
		if err != nil || !active {
			return err
		}
		err = d.Destroy()
		if hasCode(err, libvirt.ERR_OPERATION_INVALID) {
			return nil // it ended by itself
		}
		return err
	})
}

// undefine removes the domain with all that libvirt keeps of it.
func (h *host) undefine(ctx context.Context, uuid string) error {
	return h.withDomain(ctx, "DomainUndefineFlags", uuid, func(d *libvirt.Domain) error {
		err := d.UndefineFlags(libvirt.DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
			libvirt.DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | libvirt.DOMAIN_UNDEFINE_NVRAM)
		if hasCode(err, libvirt.ERR_INVALID_ARG, libvirt.ERR_NO_SUPPORT) {
			err = d.Undefine() // the driver knows none of these things
		}
		return err
	})
}

// withDomain calls fn with a domain, unless it is gone.
func (h *host) withDomain(ctx context.Context, method, uuid string, fn func(*libvirt.Domain) error) error {
	err := work(ctx, h, method, func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		return fn(d)
	})
	if hasCode(err, libvirt.ERR_NO_DOMAIN) {
		return nil
	}
	return err
}

// removeVolumes removes volumes.
func (h *host) removeVolumes(ctx context.Context, doomed []poolVolume) error {
	for _, v := range doomed {
		err := work(ctx, h, "StorageVolDelete", func(conn *libvirt.Connect) error {
			return withVolume(conn, v.pool, v.name, func(_ *libvirt.StoragePool, handle *libvirt.StorageVol) error {
				return handle.Delete(0)
			})
		})
		switch {
		case err == nil, hasCode(err, libvirt.ERR_NO_STORAGE_VOL):
		case hasCode(err, libvirt.ERR_OPERATION_INVALID): // it is still being made, on behalf of an earlier client
			return errorf(clients.Busy, "Datastore", "cannot remove volume %q: %w", filepath.Join(v.pool, v.name), err)
		default:
			return fmt.Errorf("cannot remove volume %q: %w", filepath.Join(v.pool, v.name), err)
		}
	}
	return h.refreshPools(ctx, false)
}
