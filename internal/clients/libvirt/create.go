// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"libvirt.org/go/libvirt"

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
	done, err := c.checkExisting(&spec)
	if err != nil || done != "" {
		return done, err
	}
	h, b, err := c.place(spec)
	if err != nil {
		c.rescanFor(err, spec)
		return "", err
	}
	if err := h.confirm(ctx, b); err != nil {
		return "", err
	}
	c.setHome(spec.UUID, h.Name)
	if !c.jobs.start(spec.UUID, jobCreate, h.Name, func(ctx context.Context) error { return c.create(ctx, h, b) }) {
		return "", errorf(clients.Busy, "VM", "the VM is being worked on")
	}
	return clients.TaskRef(h.Name), nil
}

// CheckVM returns why CreateVM would refuse the VM, as far as the cache knows. It calls nothing.
func (c *Client) CheckVM(ctx context.Context, spec clients.VMSpec) error {
	c.awaitSettled(ctx)
	if done, err := c.checkExisting(&spec); err != nil || done != "" {
		return err
	}
	_, _, err := c.place(spec)
	if err != nil {
		c.rescanFor(err, spec)
	}
	return err
}

// checkExisting returns the task of a VM that is there already, and an error when it cannot be known that there is none or
// when it is somebody else's. One that an earlier client left incomplete is replaced where it is.
func (c *Client) checkExisting(spec *clients.VMSpec) (clients.TaskRef, error) {
	h, d, err := c.locate(spec.UUID)
	if err != nil {
		return "", err
	}
	if h == nil {
		id := spec.Identity
		id.Host = spec.Placement.Host
		return "", c.confirmAbsence(id, "")
	}
	switch {
	case h.ready() != nil:
		return "", h.ready()
	case d.mark.UID != spec.Owner:
		return "", errForeign(h, d.name, d.mark)
	case !d.mark.Incomplete:
		return clients.TaskRef(h.Name), nil
	}
	spec.Placement.Host = h.Name
	return "", nil
}

// rescanFor has the pools look at their disks when an image was not found or no room: that may have changed since. A later
// try then finds it.
func (c *Client) rescanFor(err error, spec clients.VMSpec) {
	if clients.SubjectOf(err) != "Image" && clients.ClassOf(err) != clients.Capacity {
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

// confirm asks the host whether what the VM needs is there, of which the cache may have an older description.
func (h *host) confirm(ctx context.Context, b *blueprint) error {
	fresh, err := ask(ctx, h, "StorageVolGetXMLDesc", func(conn *libvirt.Connect) (volume, error) {
		if err := h.checkName(conn, b.VMSpec); err != nil {
			return volume{}, err
		}
		for _, n := range b.networks {
			if err := checkNetwork(conn, h.Name, n); err != nil {
				return volume{}, err
			}
		}
		var fresh volume
		err := withVolume(conn, b.image.pool, b.image.name, func(_ *libvirt.StoragePool, v *libvirt.StorageVol) error {
			var err error
			fresh, err = describeVolume(v)
			return err
		})
		return fresh, err
	})
	if err != nil {
		return err
	}
	return b.use(imageVolume{pool: b.image.pool, volume: fresh})
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

func checkNetwork(conn *libvirt.Connect, host string, asked clients.Network) error {
	if asked.Bridge != "" {
		return nil // libvirt looks for it when the VM is started
	}
	n, err := conn.LookupNetworkByName(asked.Network)
	if hasCode(err, libvirt.ERR_NO_NETWORK) {
		return errNoNetwork(host, asked.Network)
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
	for _, d := range b.dataDisks() {
		out = append(out, step{"disk " + d.Name, func(ctx context.Context) error { return h.makeData(ctx, b.pools[d.Name].name, b.UUID, d) }})
	}
	if b.seed() {
		out = append(out, step{"seed", func(ctx context.Context) error { return h.makeSeed(ctx, b) }})
	}
	if b.Libvirt.Autostart {
		out = append(out, step{"autostart", func(ctx context.Context) error { return h.autostart(ctx, b.UUID) }})
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

// autostart has the host start the VM when it starts itself.
func (h *host) autostart(ctx context.Context, uuid string) error {
	err := h.withDomain(ctx, "DomainSetAutostart", uuid, func(d *libvirt.Domain) error { return d.SetAutostart(true) })
	if err != nil {
		return fmt.Errorf("cannot have the VM start with its host: %w", err)
	}
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
