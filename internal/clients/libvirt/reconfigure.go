// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// ReconfigureVM starts to change a VM: first what is kept for its next start, then what runs. Whatever ends it in between,
// what the VM was given is on record by then, and the same change finishes it.
func (c *Client) ReconfigureVM(ctx context.Context, id clients.Identity, ch clients.Change) error {
	h, d, _, err := c.claim(ctx, id, jobReconfigure)
	if err != nil {
		return err
	}
	a, err := c.planChange(h, d, id, ch)
	if err != nil {
		return err
	}
	return c.startJob(id.UUID, jobReconfigure, h, func(ctx context.Context) error { return c.reconfigure(ctx, h, a) })
}

// An alteration is a change of a VM that was decided on: which devices, on what files, in which pools.
type alteration struct {
	clients.Change

	id clients.Identity
	// before is what the VM was when it was decided.
	before domain
	grow   []growth
	add    []newDisk
	detach []disk
	// connect are new interfaces, reconnect those that are there, both with their MAC addresses; remove are MAC addresses.
	connect, reconnect []clients.Network
	remove             []string
	// seed is where the guest's data is, or is to be; nil when the guest is given none.
	seed *newDisk
}

// A growth is a disk that is to have so many bytes.
type growth struct {
	name  string
	disk  disk
	pool  string
	file  string
	bytes uint64
}

// A newDisk is a disk that is to be attached.
type newDisk struct {
	clients.Disk
	pool, path, target string
}

// planChange decides what a change means for a VM, and refuses what cannot be done. It asks the cache only.
func (c *Client) planChange(h *host, d domain, id clients.Identity, ch clients.Change) (*alteration, error) {
	a := &alteration{Change: ch, id: id, before: d}
	for _, plan := range []func(*host, *alteration) error{planSize, c.planGrowth, planDisks, planNetworks, planGuestData} {
		if err := plan(h, a); err != nil {
			return nil, err
		}
	}
	if d.power == clients.PoweredOn && d.freePorts >= 0 && len(a.connect)+len(a.add) > d.freePorts {
		return nil, errorf(clients.Invalid, "", "the running VM has room for %d more devices, and not for %d", d.freePorts, len(a.connect)+len(a.add))
	}
	return a, nil
}

// hardware says whether the change is of the VM's hardware.
func (a *alteration) hardware() bool {
	ch := a.Change
	return ch.CPU != 0 || ch.MemoryMiB != 0 || ch.HotAdd != nil || len(ch.GrowDisks)+len(ch.AddDisks)+len(ch.DetachDisks) > 0 ||
		len(ch.AddNetworks)+len(ch.UpdateNetworks)+len(ch.RemoveNetworks) > 0
}

func planSize(h *host, a *alteration) error {
	d := a.before
	h.mu.RLock()
	plug := d.plug(h.cache.memoryMiB)
	h.mu.RUnlock()
	switch {
	case len(a.Tags) > 0 || len(a.Attributes) > 0:
		return errorf(clients.Unsupported, "", "VMs of libvirt hosts have no tags and no attributes")
	case d.power == clients.Suspended && a.hardware():
		return errorf(clients.Invalid, "", "the hardware cannot be changed: %s", whySuspended)
	case a.CPU != 0 && (a.CPU < plug.MinCPU || a.CPU > plug.MaxCPU):
		return errorf(clients.Invalid, "", "the VM cannot have %d CPUs now: %s", a.CPU, plug.CPUWhy)
	case a.MemoryMiB != 0 && (a.MemoryMiB < plug.MinMemoryMiB || a.MemoryMiB > plug.MaxMemoryMiB):
		return errorf(clients.Invalid, "", "the VM cannot have %d MiB of memory now: %s", a.MemoryMiB, plug.MemoryWhy)
	case a.HotAdd != nil && !plug.HotAdd:
		return errorf(clients.Invalid, "", "the headroom cannot be changed while the VM runs")
	}
	return nil
}

func (c *Client) planGrowth(h *host, a *alteration) error {
	for _, want := range a.GrowDisks {
		k, ok := a.before.diskNamed(want.Name)
		if !ok {
			return errorf(clients.NotFound, "Disk", "the VM has no disk %q", want.Name)
		}
		h.mu.RLock()
		seen := h.viewDisk(a.before, k)
		p, v, _ := h.cache.volumeAt(k.path)
		h.mu.RUnlock()
		bytes := uint64(want.SizeGiB) * gib //nolint:gosec // Positive by contract.
		switch {
		case bytes < v.capacity:
			return errorf(clients.Invalid, "Disk", "disk %q cannot be made smaller than its %d GiB: the guest's data would be cut off", want.Name, seen.SizeGiB)
		case !seen.Growable:
			return errorf(clients.Invalid, "Disk", "disk %q cannot grow: %s", want.Name, seen.GrowWhy)
		}
		if users := c.usersOf(a.before.uuid, k.path); len(users) > 0 {
			return errorf(clients.Conflict, "Disk", "disk %q cannot grow: it is used by %s", want.Name, strings.Join(users, ", "))
		}
		a.grow = append(a.grow, growth{name: want.Name, disk: k, pool: p.name, file: v.name, bytes: bytes})
	}
	return nil
}

func planDisks(h *host, a *alteration) error {
	d := a.before
	for _, want := range a.AddDisks {
		k, ok := d.diskNamed(want.Name)
		if ok { // it is attached half: to what runs, or for the next start
			want.Format, want.Controller = k.format, k.bus
			a.add = append(a.add, newDisk{Disk: want, path: k.path, target: k.target})
			continue
		}
		bus := cmp.Or(want.Controller, busVirtio)
		guests := h.guests()
		switch {
		case !slices.Contains(guests.hardware.buses, bus):
			return errorf(clients.Unsupported, "Disk", "host %q has no disks on %q", h.Name, bus)
		case want.Format != "" && !slices.Contains(diskFormats(), want.Format):
			return errorf(clients.Unsupported, "Disk", "host %q has no disks of format %q", h.Name, want.Format)
		case bus == busSATA && d.power != clients.PoweredOff:
			return errorf(clients.Invalid, "Disk", "a disk cannot be attached to %q while the VM runs", bus)
		}
		p, err := h.activePool(cmp.Or(want.Datastore, h.rootPool(d)))
		if err != nil {
			return err
		}
		a.add = append(a.add, newDisk{Disk: want, pool: p.name, path: p.dir + "/" + dataVolume(d.uuid, want), target: a.freeTarget(bus)})
	}
	for _, name := range a.DetachDisks {
		if name == clients.RootDisk {
			return errorf(clients.Invalid, "Disk", "the VM's first disk cannot be detached")
		}
		if k, ok := d.diskNamed(name); ok {
			a.detach = append(a.detach, k)
		}
	}
	return nil
}

// rootPool returns the name of the pool that the VM's first disk is in, or the host's usual one.
func (h *host) rootPool(d domain) string {
	if k, ok := d.diskNamed(clients.RootDisk); ok {
		if name := h.poolNameOf(k.path); name != "" {
			return name
		}
	}
	return h.defaultPool()
}

// freeTarget returns the name for a disk that neither what runs nor what is kept has.
func (a *alteration) freeTarget(bus string) string {
	taken := map[string]bool{}
	for _, k := range slices.Concat(a.before.disks, a.before.next.disks) {
		taken[k.target] = true
	}
	for _, n := range a.add {
		taken[n.target] = true
	}
	if a.seed != nil {
		taken[a.seed.target] = true
	}
	names := targets{}
	for {
		if name := names.next(bus); !taken[name] {
			return name
		}
	}
}

// diskNamed returns the disk of a name, of what runs or of what is kept.
func (d domain) diskNamed(name string) (disk, bool) {
	for _, k := range slices.Concat(d.disks, d.next.disks) {
		if !k.removable && d.diskName(k) == name {
			return k, true
		}
	}
	return disk{}, false
}

// interfaceNamed returns the interface of a name, of what runs or of what is kept.
func (d domain) interfaceNamed(name string) (networkInterface, bool) {
	for _, i := range slices.Concat(d.interfaces, d.next.interfaces) {
		if d.networkName(i) == name {
			return i, true
		}
	}
	return networkInterface{}, false
}

func planNetworks(h *host, a *alteration) error {
	for _, n := range slices.Concat(a.AddNetworks, a.UpdateNetworks) {
		h.mu.RLock()
		known := n.Bridge != "" || h.cache.networks[n.Network]
		h.mu.RUnlock()
		if !known {
			return errNoNetwork(h.Name, n.Network)
		}
	}
	for _, n := range a.AddNetworks {
		if i, ok := a.before.interfaceNamed(n.Name); ok { // connected half
			n.MACAddress, n.Model = i.mac, i.model
		}
		n.MACAddress = strings.ToLower(cmp.Or(n.MACAddress, macAddress(a.before.uuid+"/"+n.Name, 0)))
		a.connect = append(a.connect, n)
	}
	for _, n := range a.UpdateNetworks {
		i, ok := a.before.interfaceNamed(n.Name)
		if !ok {
			return errorf(clients.NotFound, "Network", "the VM has no interface %q", n.Name)
		}
		n.MACAddress = i.mac
		a.reconnect = append(a.reconnect, n)
	}
	for _, name := range a.RemoveNetworks {
		if i, ok := a.before.interfaceNamed(name); ok {
			a.remove = append(a.remove, i.mac)
		}
	}
	return nil
}

func planGuestData(h *host, a *alteration) error {
	if !a.SetGuestData {
		return nil
	}
	if !h.guests().upload {
		return errorf(clients.Unsupported, "", "host %q cannot be given the guest's data", h.Name)
	}
	for _, k := range slices.Concat(a.before.disks, a.before.next.disks) {
		if a.before.isSeed(k) {
			a.seed = &newDisk{pool: h.poolNameOf(k.path), path: k.path, target: k.target}
			return nil
		}
	}
	p, err := h.activePool(h.rootPool(a.before))
	if err != nil {
		return err
	}
	a.seed = &newDisk{pool: p.name, path: p.dir + "/" + seedVolume(a.before.uuid), target: a.freeTarget(busVirtio)}
	return nil
}

// reconfigure changes a VM.
func (c *Client) reconfigure(ctx context.Context, h *host, a *alteration) error {
	steps := []step{
		{"volumes", func(ctx context.Context) error { return h.makeVolumes(ctx, a) }},
		{"seed", func(ctx context.Context) error { return h.replaceSeed(ctx, a) }},
		{"kept", func(ctx context.Context) error { return h.redefine(ctx, a) }},
		{"live", func(ctx context.Context) error { return h.alterLive(ctx, a) }},
		{"grown", func(ctx context.Context) error { return h.growDisks(ctx, a) }},
	}
	for _, s := range steps {
		if err := ctx.Err(); err != nil {
			return errAbandoned // the client is closing
		}
		err := s.do(ctx)
		if err == nil {
			err = c.step(a.id.UUID, s.name)
		}
		if err != nil {
			_ = h.refreshDomain(ctx, a.id.UUID) // what was done of it is seen
			return err
		}
	}
	if len(a.add) > 0 || a.seed != nil {
		if err := h.refreshPools(ctx, false); err != nil {
			return err
		}
	}
	return h.refreshDomain(ctx, a.id.UUID)
}

func (h *host) makeVolumes(ctx context.Context, a *alteration) error {
	for _, n := range a.add {
		if n.pool == "" {
			continue // it is there
		}
		if err := h.makeData(ctx, n.pool, a.id.UUID, n.Disk); err != nil {
			return err
		}
	}
	return nil
}

// replaceSeed gives the guest other data. The volume is a new one: a guest that runs keeps what it started with.
func (h *host) replaceSeed(ctx context.Context, a *alteration) error {
	if a.seed == nil {
		return nil
	}
	err := work(ctx, h, "StorageVolDelete", func(conn *libvirt.Connect) error {
		return withVolume(conn, a.seed.pool, seedVolume(a.id.UUID), func(_ *libvirt.StoragePool, v *libvirt.StorageVol) error { return v.Delete(0) })
	})
	if err != nil && !hasCode(err, libvirt.ERR_NO_STORAGE_VOL) {
		return fmt.Errorf("cannot replace the guest's data: %w", err)
	}
	networks := slices.Clone(a.Networks)
	for i, n := range networks {
		if have, ok := a.before.interfaceNamed(n.Name); ok {
			networks[i].MACAddress = have.mac
			continue
		}
		for _, added := range a.connect {
			if added.Name == n.Name {
				networks[i].MACAddress = added.MACAddress
			}
		}
		networks[i].MACAddress = cmp.Or(networks[i].MACAddress, macAddress(a.id.UUID, i))
	}
	h.mu.RLock()
	p := h.cache.pools[a.seed.pool]
	h.mu.RUnlock()
	return h.makeSeed(ctx, &blueprint{
		VMSpec: clients.VMSpec{Identity: a.id, GuestData: a.GuestData, Networks: a.Networks}, networks: networks, pool: p,
	})
}

// growDisks makes disks larger: those of a guest that runs by its emulator, which knows them open, others by their volumes.
// What is in a disk grows by itself where the guest's agent can be asked to.
func (h *host) growDisks(ctx context.Context, a *alteration) error {
	for _, g := range a.grow {
		running, err := h.growLive(ctx, a.id.UUID, g)
		if err != nil {
			return fmt.Errorf("cannot grow disk %q: %w", g.name, err)
		}
		if !running {
			if err := h.grow(ctx, g.pool, g.file, g.bytes); err != nil {
				return err
			}
		}
		if err := h.refreshVolume(ctx, g.pool, g.file); err != nil {
			return err
		}
		if running && a.before.agent {
			h.growFileSystem(ctx, a.id.UUID, g.name)
		}
	}
	return nil
}

// growLive makes a disk of a running guest larger, and says whether it runs. libvirt would make it smaller too.
func (h *host) growLive(ctx context.Context, uuid string, g growth) (running bool, err error) {
	err = work(ctx, h, "DomainBlockResize", func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		if running, err = d.IsActive(); err != nil || !running {
			return err
		}
		info, err := d.GetBlockInfo(g.disk.target, 0)
		if err != nil || info.Capacity >= g.bytes {
			return err
		}
		return d.BlockResize(g.disk.target, g.bytes, libvirt.DOMAIN_BLOCK_RESIZE_BYTES)
	})
	return running, err
}
