// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// DeleteVM starts to remove a VM: its creation is ended, its guest is switched off at once, and its own volumes go, and then
// its domain. Whatever else it uses stays: the image, the files that its disk is an overlay of, disks that somebody attached.
func (c *Client) DeleteVM(ctx context.Context, id clients.Identity, o clients.DeleteOptions) error {
	c.awaitSettled(ctx)
	if j := c.jobs.get(id.UUID); j.running() {
		if j.kind == jobCreate {
			c.jobs.unwant(id.UUID)
		}
		return nil // what it is at ends first; DeleteVM is called again
	}
	h, d, ok := c.find(id.UUID)
	if !ok {
		return c.deleteMissing(id, o.Task)
	}
	if err := h.ready(); err != nil {
		return err
	}
	if d.mark.UID != id.Owner {
		return errForeign(h, d.name, d.mark)
	}
	c.startRemoval(h, id)
	return nil
}

// deleteMissing removes the volumes of a VM whose domain somebody undefined.
func (c *Client) deleteMissing(id clients.Identity, task clients.TaskRef) error {
	if err := c.confirmAbsence(id, task); err != nil {
		return err
	}
	for _, h := range c.hosts {
		if len(h.ownVolumes(id.UUID)) > 0 && h.ready() == nil {
			c.startRemoval(h, id)
			return nil
		}
	}
	return nil
}

// startRemoval starts the job that removes a VM from a host.
func (c *Client) startRemoval(h *host, id clients.Identity) {
	c.jobs.start(id.UUID, jobDelete, h.Name, func(ctx context.Context) error {
		return retryBusy(ctx, func() error { return c.remove(ctx, h, id) })
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
	return retryBusy(ctx, func() error { return c.remove(ctx, h, id) })
}

// remove removes a VM from a host, its domain last. It may be called again after it failed.
func (c *Client) remove(ctx context.Context, h *host, id clients.Identity) error {
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
	if err := c.checkRemovable(h, d, id.UUID); err != nil {
		return err
	}
	if ok {
		if err := h.switchOff(ctx, id.UUID); err != nil {
			return fmt.Errorf("cannot switch off VM: %w", err)
		}
	}
	if err := h.removeVolumes(ctx, id.UUID); err != nil {
		return err
	}
	if ok {
		if err := h.undefine(ctx, id.UUID); err != nil {
			return fmt.Errorf("cannot undefine domain: %w", err)
		}
	}
	return h.refreshDomain(ctx, id.UUID)
}

// checkRemovable returns an error when a volume of the VM cannot be removed: because somebody else uses it, which libvirt
// itself does not look at, or because its pool does not answer for it. Nothing was removed then.
func (c *Client) checkRemovable(h *host, d domain, uuid string) error {
	for _, disk := range d.disks {
		name := h.poolNameOf(disk.path)
		if p, ok := h.pool(name); ok && !p.active && isOwnVolume(uuid, disk.path) {
			return h.errNotActive(name)
		}
	}
	own := h.ownVolumes(uuid)
	for _, poolName := range slices.Sorted(maps.Keys(own)) {
		for _, v := range own[poolName] {
			if user := c.userOf(uuid, v.path); user != "" {
				return errorf(clients.Conflict, "VM", "cannot remove volume %q: %s uses it", v.name, user)
			}
		}
	}
	return nil
}

// userOf says what other than the VM itself uses a file, on any host: they may share their storage.
func (c *Client) userOf(uuid, path string) string {
	for _, h := range c.hosts {
		if user := h.userOf(uuid, path); user != "" {
			return user + " of host " + h.Name
		}
	}
	return ""
}

func (h *host) userOf(uuid, path string) string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, d := range h.cache.domains {
		if d.uuid == uuid {
			continue
		}
		for _, disk := range d.disks {
			if disk.path == path || slices.Contains(disk.backing, path) {
				return fmt.Sprintf("domain %q", d.name)
			}
		}
	}
	for _, p := range h.cache.pools {
		for _, v := range p.volumes {
			if v.backing == path && !isOwnVolume(uuid, v.name) {
				return fmt.Sprintf("volume %q", p.name+"/"+v.name)
			}
		}
	}
	return ""
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

// removeVolumes removes the volumes that are the VM's own by their names.
func (h *host) removeVolumes(ctx context.Context, uuid string) error {
	for poolName, volumes := range h.ownVolumes(uuid) {
		for _, v := range volumes {
			err := work(ctx, h, "StorageVolDelete", func(conn *libvirt.Connect) error {
				return withVolume(conn, poolName, v.name, func(_ *libvirt.StoragePool, handle *libvirt.StorageVol) error {
					return handle.Delete(0)
				})
			})
			switch {
			case err == nil, hasCode(err, libvirt.ERR_NO_STORAGE_VOL):
			case hasCode(err, libvirt.ERR_OPERATION_INVALID): // it is still being made, on behalf of an earlier client
				return errorf(clients.Busy, "Datastore", "cannot remove volume %q: %w", filepath.Join(poolName, v.name), err)
			default:
				return fmt.Errorf("cannot remove volume %q: %w", filepath.Join(poolName, v.name), err)
			}
		}
	}
	return h.refreshPools(ctx, false)
}
