// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// CreateVM decides where the VM is made and whether it can be, and starts to make it. The task is the name of the host.
func (c *Client) CreateVM(ctx context.Context, spec clients.VMSpec) (clients.TaskRef, error) {
	c.awaitSettled(ctx)
	if j := c.jobs.get(spec.UUID); j.running() {
		if j.kind == jobCreate && !j.unwanted {
			return clients.TaskRef(j.host), nil
		}
		return "", errorf(clients.Busy, "VM", "host %q is still removing the VM", j.host)
	}
	if h, d, ok := c.find(spec.UUID); ok {
		if err := h.ready(); err != nil {
			return "", err
		}
		if d.mark.UID != spec.Owner {
			return "", errForeign(h, d.name, d.mark)
		}
		if !d.mark.Incomplete {
			return clients.TaskRef(h.Name), nil
		}
		spec.Placement.Host = h.Name // what an earlier client left there is replaced
	} else {
		id := spec.Identity
		id.Host = spec.Placement.Host
		if err := c.confirmAbsence(id, ""); err != nil {
			return "", err
		}
	}
	h, p, err := c.place(spec)
	if err != nil {
		c.rescanFor(err, spec)
		return "", err
	}
	b, err := h.plan(ctx, spec, p)
	if err != nil {
		return "", err
	}
	c.setHome(spec.UUID, h.Name)
	if !c.jobs.start(spec.UUID, jobCreate, h.Name, func(ctx context.Context) error { return c.create(ctx, h, b) }) {
		return "", errorf(clients.Busy, "VM", "the VM is being worked on")
	}
	return clients.TaskRef(h.Name), nil
}

// rescanFor has the pools look at their disks when an image was not found: it may have been put there since. A later try
// then finds it.
func (c *Client) rescanFor(err error, spec clients.VMSpec) {
	if clients.SubjectOf(err) != "Image" {
		return
	}
	hosts, err := c.candidates(spec.Placement)
	if err != nil {
		return
	}
	for _, h := range hosts {
		h.dirty.unscanned()
		h.wake()
	}
}

// plan asks the host whether what the VM needs is there, and returns what to make.
func (h *host) plan(ctx context.Context, spec clients.VMSpec, p pool) (*blueprint, error) {
	image, _ := h.image(spec.Image.Name, p.name)
	h.mu.RLock()
	guests := h.cache.guests
	h.mu.RUnlock()
	b := &blueprint{VMSpec: spec, pool: p, image: image, networks: networksOf(spec), guests: guests, seed: guests.upload}
	if !guests.upload && spec.GuestData.UserData != "" {
		return nil, errorf(clients.Unsupported, "", "host %q cannot be given the guest's user data", h.Name)
	}
	fresh, err := ask(ctx, h, "StorageVolGetXMLDesc", func(conn *libvirt.Connect) (volume, error) {
		if err := h.checkName(conn, spec); err != nil {
			return volume{}, err
		}
		for _, n := range b.networks {
			if err := checkNetwork(conn, h.Name, n.network); err != nil {
				return volume{}, err
			}
		}
		// The cache may have an older description of the image.
		var fresh volume
		err := withVolume(conn, image.pool, image.name, func(_ *libvirt.StoragePool, v *libvirt.StorageVol) error {
			var err error
			fresh, err = describeVolume(v)
			return err
		})
		return fresh, err
	})
	if err != nil {
		return nil, err
	}
	b.image.volume = fresh
	return b, nil
}

// checkName returns an error when a domain of somebody else has the VM's name.
func (h *host) checkName(conn *libvirt.Connect, spec clients.VMSpec) error {
	d, err := conn.LookupDomainByName(spec.Name)
	if hasCode(err, libvirt.ERR_NO_DOMAIN) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = d.Free() }()
	if uuidOf(d) == spec.UUID {
		return nil
	}
	found, err := describe(conn, uuidOf(d))
	if err != nil {
		return err
	}
	return errForeign(h, found.name, found.mark)
}

func checkNetwork(conn *libvirt.Connect, host, name string) error {
	n, err := conn.LookupNetworkByName(name)
	if hasCode(err, libvirt.ERR_NO_NETWORK) {
		return errorf(clients.NotFound, "Network", "host %q has no network %q", host, name)
	}
	if err != nil {
		return err
	}
	return n.Free()
}

// A step of making a VM.
type step struct {
	name string
	do   func(ctx context.Context) error
}

// steps to make a VM. The domain comes first, marked as incomplete: it says whose the volumes are, should the provider end
// in between. It is complete with the last step.
func (h *host) steps(b *blueprint) []step {
	out := []step{
		{"claim", func(ctx context.Context) error { return h.define(ctx, b, true) }},
		{"root", func(ctx context.Context) error { return h.makeRoot(ctx, b) }},
	}
	for _, d := range b.Disks {
		out = append(out, step{"disk " + d.Name, func(ctx context.Context) error { return h.makeData(ctx, b, d) }})
	}
	if b.seed {
		out = append(out, step{"seed", func(ctx context.Context) error { return h.makeSeed(ctx, b) }})
	}
	return append(out, step{"complete", func(ctx context.Context) error { return h.define(ctx, b, false) }})
}

// create makes a VM. Whatever keeps it from being completed has what was made removed again.
func (c *Client) create(ctx context.Context, h *host, b *blueprint) error {
	err := c.makeAll(ctx, h, b)
	switch {
	case err == nil, errors.Is(err, errAbandoned):
		return err
	case ctx.Err() != nil && !c.jobs.get(b.UUID).unwanted:
		return errAbandoned // the client is closing
	}
	if cleanErr := c.removeIncomplete(context.WithoutCancel(ctx), h, b.Identity); cleanErr != nil {
		h.log.Info("Cannot clean up after a VM that could not be made", "uuid", b.UUID, "reason", cleanErr.Error())
	}
	return err
}

func (c *Client) makeAll(ctx context.Context, h *host, b *blueprint) error {
	if err := c.removeIncomplete(ctx, h, b.Identity); err != nil {
		return err
	}
	if d, ok := h.domain(b.UUID); ok {
		if d.mark.UID != b.Owner {
			return errForeign(h, d.name, d.mark)
		}
		return nil
	}
	for _, s := range h.steps(b) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.do(ctx); err != nil {
			return err
		}
		if c.hooks.afterStep != nil {
			if err := c.hooks.afterStep(b.UUID, s.name); err != nil {
				return err
			}
		}
	}
	// The VM is there. Where its volumes cannot be listed now, they are when the host is connected again.
	_ = h.refreshPools(ctx, false)
	return nil
}

// define tells libvirt of the domain, or of its final form.
func (h *host) define(ctx context.Context, b *blueprint, incomplete bool) error {
	raw, err := b.domainXML(incomplete)
	if err != nil {
		return fmt.Errorf("cannot describe VM: %w", err)
	}
	err = work(ctx, h, "DomainDefineXML", func(conn *libvirt.Connect) error {
		d, err := conn.DomainDefineXML(raw)
		if err != nil {
			return err
		}
		return d.Free()
	})
	if hasCode(err, libvirt.ERR_OPERATION_FAILED) { // somebody took the name or the UUID since they were checked
		err = clients.NewError(clients.Conflict, "VM", err)
	}
	if err != nil {
		return fmt.Errorf("cannot define domain %q: %w", b.Name, err)
	}
	return h.refreshDomain(ctx, b.UUID)
}

// makeRoot makes the VM's first disk: a copy of the image, or an overlay of it.
func (h *host) makeRoot(ctx context.Context, b *blueprint) error {
	x := &libvirtxml.StorageVolume{
		Name:     rootVolume(b.UUID),
		Capacity: &libvirtxml.StorageVolumeSize{Value: b.image.capacity},
		Target:   &libvirtxml.StorageVolumeTarget{Format: &libvirtxml.StorageVolumeTargetFormat{Type: "qcow2"}},
	}
	if b.Linked {
		x.BackingStore = &libvirtxml.StorageVolumeBackingStore{
			Path: b.image.path, Format: &libvirtxml.StorageVolumeTargetFormat{Type: b.image.format},
		}
		return h.makeVolume(ctx, b, x)
	}
	select {
	case h.copies <- struct{}{}:
		defer func() { <-h.copies }()
	case <-ctx.Done():
		return ctx.Err()
	}
	raw, err := x.Marshal()
	if err != nil {
		return err
	}
	err = work(ctx, h, "StorageVolCreateXMLFrom", func(conn *libvirt.Connect) error {
		return withVolume(conn, b.image.pool, b.image.name, func(_ *libvirt.StoragePool, image *libvirt.StorageVol) error {
			return unlessThere(conn, b.pool.name, x.Name, func(p *libvirt.StoragePool) (*libvirt.StorageVol, error) {
				return p.StorageVolCreateXMLFrom(raw, image, 0)
			})
		})
	})
	if err != nil {
		return fmt.Errorf("cannot copy image %q: %w", b.Image, err)
	}
	return nil
}

// makeData makes one of the VM's data disks.
func (h *host) makeData(ctx context.Context, b *blueprint, d clients.Disk) error {
	x := &libvirtxml.StorageVolume{
		Name:       dataVolume(b.UUID, d),
		Capacity:   &libvirtxml.StorageVolumeSize{Unit: "GiB", Value: uint64(d.SizeGiB)}, //nolint:gosec // Positive by contract.
		Allocation: &libvirtxml.StorageVolumeSize{},
		Target:     &libvirtxml.StorageVolumeTarget{Format: &libvirtxml.StorageVolumeTargetFormat{Type: "qcow2"}},
	}
	if d.Thick {
		x.Allocation = x.Capacity // has the whole size taken at once
	}
	return h.makeVolume(ctx, b, x)
}

// makeSeed makes the disk with the guest's data.
func (h *host) makeSeed(ctx context.Context, b *blueprint) error {
	image, err := seedImage(b.UUID, b.Name, b.GuestData.UserData)
	if err != nil {
		return fmt.Errorf("cannot make the guest's data: %w", err)
	}
	x := &libvirtxml.StorageVolume{
		Name:     seedVolume(b.UUID),
		Capacity: &libvirtxml.StorageVolumeSize{Value: uint64(len(image))},
		Target:   &libvirtxml.StorageVolumeTarget{Format: &libvirtxml.StorageVolumeTargetFormat{Type: "raw"}},
	}
	if err := h.makeVolume(ctx, b, x); err != nil {
		return err
	}
	err = work(ctx, h, "StorageVolUpload", func(conn *libvirt.Connect) error {
		return withVolume(conn, b.pool.name, x.Name, func(_ *libvirt.StoragePool, v *libvirt.StorageVol) error {
			return upload(conn, v, image)
		})
	})
	if err != nil {
		return fmt.Errorf("cannot upload the guest's data: %w", err)
	}
	return nil
}

// makeVolume makes a volume in the VM's pool.
func (h *host) makeVolume(ctx context.Context, b *blueprint, x *libvirtxml.StorageVolume) error {
	raw, err := x.Marshal()
	if err != nil {
		return err
	}
	err = work(ctx, h, "StorageVolCreateXML", func(conn *libvirt.Connect) error {
		return unlessThere(conn, b.pool.name, x.Name, func(p *libvirt.StoragePool) (*libvirt.StorageVol, error) {
			return p.StorageVolCreateXML(raw, 0)
		})
	})
	if err != nil {
		return fmt.Errorf("cannot make volume %q: %w", x.Name, err)
	}
	return nil
}

// unlessThere makes a volume. One that is there already is kept: what an incomplete VM had was removed, so that it is of a VM
// of ours whose domain somebody undefined, with all that its guest has written.
func unlessThere(conn *libvirt.Connect, poolName, name string, create func(*libvirt.StoragePool) (*libvirt.StorageVol, error)) error {
	return inPool(conn, poolName, func(p *libvirt.StoragePool) error {
		v, err := p.LookupStorageVolByName(name)
		if hasCode(err, libvirt.ERR_NO_STORAGE_VOL) {
			v, err = create(p)
		}
		if err != nil {
			return err
		}
		return v.Free()
	})
}

// retryBusy calls fn until libvirt is no longer at work on what it needs.
func retryBusy(ctx context.Context, fn func() error) error {
	for pause := 200 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := fn()
		if clients.ClassOf(err) != clients.Busy {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

func inPool(conn *libvirt.Connect, name string, fn func(*libvirt.StoragePool) error) error {
	p, err := conn.LookupStoragePoolByName(name)
	if err != nil {
		return err
	}
	defer func() { _ = p.Free() }()
	return fn(p)
}
