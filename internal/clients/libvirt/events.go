// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"sync"

	"libvirt.org/go/libvirt"
)

// dirt is what events said has changed.
type dirt struct {
	mu      sync.Mutex
	domains map[string]bool
	pools   bool
	// networks were defined or undefined.
	networks bool
	// scan says that pools have to look at their disks.
	scan bool
}

func (d *dirt) domain(uuid string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.domains[uuid] = true
}

func (d *dirt) allPools() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pools = true
}

func (d *dirt) allNetworks() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.networks = true
}

func (d *dirt) unscanned() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.scan = true
}

// take returns what has changed and forgets it.
func (d *dirt) take() (domains []string, pools, networks, scan bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for uuid := range d.domains {
		domains = append(domains, uuid)
	}
	pools, networks, scan = d.pools, d.networks, d.scan
	d.domains, d.pools, d.networks, d.scan = map[string]bool{}, false, false, false
	return domains, pools, networks, scan
}

// touch notes that a domain has changed. It is called from libvirt's event loop and must not block or call libvirt.
func (h *host) touch(d *libvirt.Domain) {
	uuid, err := d.GetUUIDString()
	if err != nil {
		return
	}
	h.dirty.domain(uuid)
	h.wake()
}

func (h *host) touchPools() {
	h.dirty.allPools()
	h.wake()
}

func (h *host) touchNetworks() {
	h.dirty.allNetworks()
	h.wake()
}

func (h *host) wake() {
	select {
	case h.kick <- struct{}{}:
	default: // it knows already
	}
}

// register asks for the host's events. A driver that does not have one of them is compared with the cache now and then as
// every host is.
func (h *host) register(s *session) {
	conn := s.all[0]
	keep := func(what string, id int, err error, unregister func(int) error) {
		if err != nil {
			h.log.V(1).Info("No events", "of", what, "reason", classify(err).Error())
			return
		}
		s.unregister = append(s.unregister, func() { _ = unregister(id) })
	}
	domain := func(what string, id int, err error) { keep(what, id, err, conn.DomainEventDeregister) }
	pool := func(what string, id int, err error) { keep(what, id, err, conn.StoragePoolEventDeregister) }

	id, err := conn.DomainEventLifecycleRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventLifecycle) { h.touch(d) })
	domain("lifecycle", id, err)
	id, err = conn.DomainEventAgentLifecycleRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventAgentLifecycle) { h.touch(d) })
	domain("guest agent", id, err)
	id, err = conn.DomainEventDeviceAddedRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventDeviceAdded) { h.touch(d) })
	domain("device added", id, err)
	id, err = conn.DomainEventDeviceRemovedRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventDeviceRemoved) { h.touch(d) })
	domain("device removed", id, err)
	id, err = conn.DomainEventMetadataChangeRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventMetadataChange) { h.touch(d) })
	domain("metadata", id, err)
	id, err = conn.DomainEventBalloonChangeRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain, _ *libvirt.DomainEventBalloonChange) { h.touch(d) })
	domain("memory", id, err)
	id, err = conn.DomainEventRebootRegister(nil, func(_ *libvirt.Connect, d *libvirt.Domain) {
		if uuid, err := d.GetUUIDString(); err == nil {
			h.search.begin(uuid)
		}
	})
	domain("reboot", id, err)
	id, err = conn.StoragePoolEventLifecycleRegister(nil, func(*libvirt.Connect, *libvirt.StoragePool, *libvirt.StoragePoolEventLifecycle) { h.touchPools() })
	pool("pool lifecycle", id, err)
	id, err = conn.StoragePoolEventRefreshRegister(nil, func(*libvirt.Connect, *libvirt.StoragePool) { h.touchPools() })
	pool("pool refresh", id, err)
	id, err = conn.NetworkEventLifecycleRegister(nil, func(*libvirt.Connect, *libvirt.Network, *libvirt.NetworkEventLifecycle) { h.touchNetworks() })
	keep("network lifecycle", id, err, conn.NetworkEventDeregister)
}
