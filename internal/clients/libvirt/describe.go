// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"time"

	"github.com/google/uuid"
	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// bootTimeout bounds how long a domain's new run waits for its mark: libvirt may be at work on the domain.
const bootTimeout = 5 * time.Second

// describe reads a domain.
func describe(conn *libvirt.Connect, uuid string) (domain, error) {
	handle, err := conn.LookupDomainByUUIDString(uuid)
	if err != nil {
		return domain{}, err
	}
	defer func() { _ = handle.Free() }()
	state, reason, err := handle.GetState()
	if err != nil {
		return domain{}, err
	}
	x, raw, err := definition(handle, 0)
	if err != nil {
		return domain{}, err
	}
	d := parseDomain(x)
	d.freePorts = freePorts(x, raw)
	d.power = powerStateOf(state)
	d.incoming = state == libvirt.DOMAIN_PAUSED && reason == int(libvirt.DOMAIN_PAUSED_MIGRATION)
	if state == libvirt.DOMAIN_SHUTOFF && reason == int(libvirt.DOMAIN_SHUTOFF_MIGRATED) {
		d.departed = time.Now()
	}
	d.next = d.equipment
	if d.persistent, err = handle.IsPersistent(); err != nil {
		return domain{}, err
	}
	if d.run == 0 {
		// Not known to drivers that cannot save a domain.
		d.saved, _ = handle.HasManagedSaveImage(0)
		if d.saved && d.power == clients.PoweredOff {
			d.power = clients.Suspended
		}
		return d, nil
	}
	if !d.persistent {
		return d, nil
	}
	kept, raw, err := definition(handle, libvirt.DOMAIN_XML_INACTIVE)
	if err != nil {
		return domain{}, err
	}
	d.next = parseEquipment(kept)
	d.next.freePorts = freePorts(kept, raw)
	d.mark = markOf(kept.Metadata) // what a VM was given is recorded there first
	return d, nil
}

// definition returns a domain's description, parsed and as it is.
func definition(d *libvirt.Domain, flags libvirt.DomainXMLFlags) (*libvirtxml.Domain, string, error) {
	raw, err := d.GetXMLDesc(flags)
	if err != nil {
		return nil, "", err
	}
	x := &libvirtxml.Domain{}
	if err := x.Unmarshal(raw); err != nil {
		return nil, "", err
	}
	return x, raw, nil
}

// markBoot gives the current run of a domain an identity, which it keeps when it is migrated or saved and loses when it ends.
// libvirt itself knows nothing of the kind: a domain's number begins anew with the host, and changes with a migration. Empty
// when it could not be given: the next look at the domain tries again.
func (h *host) markBoot(ctx context.Context, domainUUID string) string {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	id := uuid.NewString()
	_, err := call(ctx, h, "DomainSetMetadata", workLane, func(conn *libvirt.Connect) (struct{}, error) {
		d, err := conn.LookupDomainByUUIDString(domainUUID)
		if err != nil {
			return struct{}{}, err
		}
		defer func() { _ = d.Free() }()
		return struct{}{}, d.SetMetadata(libvirt.DOMAIN_METADATA_ELEMENT, `<boot id="`+id+`"/>`, "boot", bootNamespace, libvirt.DOMAIN_AFFECT_LIVE)
	})
	if err != nil {
		h.log.V(1).Info("Cannot mark a domain's run", "uuid", domainUUID, "reason", err.Error())
		return ""
	}
	return id
}

func powerStateOf(s libvirt.DomainState) clients.PowerState {
	switch s {
	case libvirt.DOMAIN_RUNNING, libvirt.DOMAIN_BLOCKED, libvirt.DOMAIN_SHUTDOWN:
		return clients.PoweredOn
	case libvirt.DOMAIN_PAUSED, libvirt.DOMAIN_PMSUSPENDED:
		return clients.Suspended
	default:
		return clients.PoweredOff
	}
}
