// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"fmt"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// powerOn starts the VM, or resumes it.
func (c *Client) powerOn(ctx context.Context, id clients.Identity) error {
	c.awaitSettled(ctx)
	if j := c.jobs.get(id.UUID); j.running() {
		if j.kind == jobPowerOn {
			return nil
		}
		return errorf(clients.Busy, "VM", "host %q is at work on the VM", j.host)
	}
	h, d, ok := c.find(id.UUID)
	if !ok {
		return errorf(clients.NotFound, "VM", "no connected host has VM %q", id.Name)
	}
	if err := h.ready(); err != nil {
		return err
	}
	switch {
	case d.mark.UID != id.Owner:
		return errForeign(h, d.name, d.mark)
	case d.mark.Incomplete:
		return errorf(clients.Busy, "VM", "VM %q is not complete", id.Name)
	case d.power == clients.PoweredOn:
		return nil
	}
	c.jobs.start(id.UUID, jobPowerOn, h.Name, func(ctx context.Context) error { return h.powerOn(ctx, id.UUID) })
	return nil
}

func (h *host) powerOn(ctx context.Context, uuid string) error {
	err := work(ctx, h, "DomainCreate", func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		state, _, err := d.GetState()
		switch {
		case err != nil:
			return err
		case state == libvirt.DOMAIN_PAUSED:
			return d.Resume()
		case state == libvirt.DOMAIN_PMSUSPENDED:
			return d.PMWakeup(0)
		case powerStateOf(state) == clients.PoweredOn:
			return nil
		default:
			return d.Create()
		}
	})
	if err != nil {
		return fmt.Errorf("cannot start domain: %w", err)
	}
	return h.refreshDomain(ctx, uuid)
}
