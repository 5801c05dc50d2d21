// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"fmt"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// PowerVM starts to change a VM's power. A guest that is paused, or whose memory is on disk, is suspended; powering it on
// lets it go on, and powering it off forgets what it was at.
func (c *Client) PowerVM(ctx context.Context, id clients.Identity, a clients.PowerAction) error {
	kind, ok := map[clients.PowerAction]jobKind{
		clients.ActionPowerOn: jobPowerOn, clients.ActionPowerOff: jobPowerOff,
		clients.ActionShutdown: jobShutdown, clients.ActionSuspend: jobSuspend,
	}[a]
	if !ok {
		return errorf(clients.Invalid, "", "%q is nothing that can be done to a VM's power", a)
	}
	h, d, same, err := c.claim(ctx, id, kind)
	if err != nil || same {
		return err
	}
	var do func(context.Context) error
	switch a {
	case clients.ActionPowerOn:
		if d.power == clients.PoweredOn {
			return nil
		}
		do = func(ctx context.Context) error { return h.powerOn(ctx, id.UUID) }
	case clients.ActionPowerOff:
		if d.power == clients.PoweredOff {
			return nil
		}
		do = func(ctx context.Context) error { return h.powerOff(ctx, id.UUID) }
	case clients.ActionShutdown:
		switch {
		case d.power == clients.PoweredOff:
			return nil
		case d.power == clients.Suspended:
			return errorf(clients.Unsupported, "", "the guest cannot be asked to shut down: %s", whySuspended)
		case !d.agent && !d.acpi:
			return errorf(clients.Unsupported, "", "the guest cannot be asked to shut down: its agent does not answer and it has no ACPI")
		}
		do = func(ctx context.Context) error { return h.shutDown(ctx, d) }
	case clients.ActionSuspend:
		switch d.power {
		case clients.Suspended:
			return nil
		case clients.PoweredOff:
			return errorf(clients.Invalid, "", "a VM that is off cannot be suspended")
		case clients.PoweredOn:
		}
		do = func(ctx context.Context) error { return h.suspend(ctx, id.UUID) }
	}
	return c.startJob(id.UUID, kind, h, do)
}

// claim returns a VM and its host for a job on it. Same says that a job of that kind is under way already.
func (c *Client) claim(ctx context.Context, id clients.Identity, kind jobKind) (h *host, d domain, same bool, err error) {
	c.awaitSettled(ctx)
	if j := c.jobs.get(id.UUID); j.running() {
		if j.kind == kind && kind != jobReconfigure {
			return nil, domain{}, true, nil
		}
		return nil, domain{}, false, errorf(clients.Busy, "VM", "host %q is at work on the VM", j.host)
	}
	if h, d, err = c.locate(id.UUID); err != nil {
		return nil, domain{}, false, err
	}
	if h == nil {
		return nil, domain{}, false, errorf(clients.NotFound, "VM", "no connected host has VM %q", id.Name)
	}
	if err := h.ready(); err != nil {
		return nil, domain{}, false, err
	}
	switch {
	case kind == jobAdopt && d.mark.UID == "":
	case d.mark.UID != id.Owner:
		err = errForeign(h, d.name, d.mark)
	case d.mark.Incomplete:
		err = errorf(clients.Busy, "VM", "VM %q is not complete", id.Name)
	case c.migrating(id.UUID):
		err = errorf(clients.Busy, "VM", "VM %q is being migrated", id.Name)
	}
	return h, d, false, err
}

// startJob starts the VM's job.
func (c *Client) startJob(uuid string, kind jobKind, h *host, do func(context.Context) error) error {
	if !c.jobs.start(uuid, kind, h.Name, do) {
		return errorf(clients.Busy, "VM", "the VM is being worked on")
	}
	return nil
}

// changePower does something to a domain's power and looks at what came of it.
func (h *host) changePower(ctx context.Context, uuid, method string, fn func(*libvirt.Domain, libvirt.DomainState) error) error {
	err := work(ctx, h, method, func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		state, _, err := d.GetState()
		if err != nil {
			return err
		}
		return fn(d, state)
	})
	if err != nil {
		return err
	}
	return h.refreshDomain(ctx, uuid)
}

func (h *host) powerOn(ctx context.Context, uuid string) error {
	err := h.changePower(ctx, uuid, "DomainCreate", func(d *libvirt.Domain, state libvirt.DomainState) error {
		switch {
		case state == libvirt.DOMAIN_PAUSED:
			return d.Resume()
		case state == libvirt.DOMAIN_PMSUSPENDED:
			return d.PMWakeup(0)
		case powerStateOf(state) == clients.PoweredOn:
			return nil
		default:
			return d.Create() // goes on from what was saved, if anything was
		}
	})
	if err != nil {
		return fmt.Errorf("cannot start domain: %w", err)
	}
	return nil
}

// powerOff ends the guest at once, and forgets what of it was saved.
func (h *host) powerOff(ctx context.Context, uuid string) error {
	err := h.changePower(ctx, uuid, "DomainDestroy", func(d *libvirt.Domain, state libvirt.DomainState) error {
		if saved, err := d.HasManagedSaveImage(0); err == nil && saved {
			if err := d.ManagedSaveRemove(0); err != nil {
				return err
			}
		}
		if powerStateOf(state) == clients.PoweredOff {
			return nil
		}
		err := d.Destroy()
		if hasCode(err, libvirt.ERR_OPERATION_INVALID) {
			return nil // it ended by itself
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot switch off domain: %w", err)
	}
	return nil
}

// shutDown asks the guest to shut down: by its agent, and where that does not answer by ACPI's power button.
func (h *host) shutDown(ctx context.Context, known domain) error {
	err := h.changePower(ctx, known.uuid, "DomainShutdown", func(d *libvirt.Domain, state libvirt.DomainState) error {
		if powerStateOf(state) != clients.PoweredOn {
			return nil
		}
		if known.agent {
			_ = d.AgentSetResponseTimeout(agentTimeout, 0)
			err := d.ShutdownFlags(libvirt.DOMAIN_SHUTDOWN_GUEST_AGENT)
			if err == nil || !known.acpi {
				return err
			}
		}
		err := d.ShutdownFlags(libvirt.DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
		if hasCode(err, libvirt.ERR_INVALID_ARG, libvirt.ERR_NO_SUPPORT) {
			err = d.Shutdown() // the driver knows only one way
		}
		if hasCode(err, libvirt.ERR_OPERATION_INVALID) {
			return nil // it ended by itself
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot ask the guest to shut down: %w", err)
	}
	return nil
}

// suspend writes the guest's memory to disk.
func (h *host) suspend(ctx context.Context, uuid string) error {
	err := h.changePower(ctx, uuid, "DomainManagedSave", func(d *libvirt.Domain, state libvirt.DomainState) error {
		if powerStateOf(state) != clients.PoweredOn {
			return nil
		}
		return d.ManagedSave(libvirt.DOMAIN_SAVE_RUNNING)
	})
	if err != nil {
		return fmt.Errorf("cannot suspend domain: %w", err)
	}
	return nil
}
