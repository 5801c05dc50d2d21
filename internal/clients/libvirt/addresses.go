// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"slices"
	"sync"
	"time"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// agentTimeout is how many seconds a guest agent has for an answer. Others of the domain wait behind it.
const agentTimeout = 3

// searches is the guests whose addresses are looked for, because they started, rebooted or changed.
type searches struct {
	mu   sync.Mutex
	due  map[string]time.Time
	step map[string]int
	kick chan struct{}
}

// searchDelays are the pauses between looks at a guest that has no address: it boots, and then asks for one. After the last
// it is looked at when the host is compared with the cache, or something happens to it.
func searchDelays() []time.Duration {
	const s = time.Second
	return []time.Duration{s, s, s, 2 * s, 2 * s, 2 * s, 3 * s, 3 * s, 5 * s, 5 * s, 5 * s, 10 * s, 10 * s, 20 * s, 30 * s, 60 * s, 120 * s}
}

func newSearches() searches {
	return searches{due: map[string]time.Time{}, step: map[string]int{}, kick: make(chan struct{}, 1)}
}

// begin looks for a guest's addresses, from the start.
func (s *searches) begin(uuid string) {
	s.mu.Lock()
	s.due[uuid], s.step[uuid] = time.Now(), 0
	s.mu.Unlock()
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// end gives up looking.
func (s *searches) end(uuid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.due, uuid)
	delete(s.step, uuid)
}

// again looks once more after a pause that grows.
func (s *searches) again(uuid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delays := searchDelays()
	step, ok := s.step[uuid]
	if !ok {
		return
	}
	if step == len(delays) {
		delete(s.due, uuid)
		delete(s.step, uuid)
		return
	}
	s.due[uuid], s.step[uuid] = time.Now().Add(delays[step]), step+1
}

// next returns which guests are due, and how long until the next one is.
func (s *searches) next() (due []string, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait = time.Hour
	now := time.Now()
	for uuid, at := range s.due {
		if left := at.Sub(now); left > 0 {
			wait = min(wait, left)
		} else {
			due = append(due, uuid)
		}
	}
	slices.Sort(due)
	return due, wait
}

// discover looks for addresses until ctx ends.
func (h *host) discover(ctx context.Context) {
	for {
		due, wait := h.search.next()
		if len(due) > 0 {
			h.findAddresses(ctx, due)
			wait = 0
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-h.search.kick:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// searchMissing looks for the addresses of running guests that have none.
func (h *host) searchMissing() {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for uuid, d := range h.cache.domains {
		if d.run != 0 && len(h.cache.addresses[uuid].byMAC) == 0 {
			h.search.begin(uuid)
		}
	}
}

// findAddresses looks for the addresses of guests: by their agents where they answer, otherwise in the leases that the
// host's networks gave, which is one call for each network, and at last in the host's table of neighbours.
func (h *host) findAddresses(ctx context.Context, uuids []string) {
	leases := map[string]map[string][]string{}
	for _, uuid := range uuids {
		d, ok := h.domain(uuid)
		if !ok || d.run == 0 {
			h.search.end(uuid)
			continue
		}
		found := addresses{run: d.run}
		if d.agent {
			found = h.askGuest(ctx, d)
		}
		if len(found.byMAC) == 0 {
			found.byMAC = h.leased(ctx, d, leases)
		}
		if len(found.byMAC) == 0 && len(d.interfaces) > 0 {
			found.byMAC = h.interfaceAddresses(ctx, uuid, libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_ARP)
		}
		if len(found.byMAC) > 0 || len(d.interfaces) == 0 {
			h.search.end(uuid)
		} else {
			h.search.again(uuid)
		}
		if len(found.byMAC) > 0 || found.hostname != "" {
			h.putAddresses(uuid, found)
		}
	}
}

// askGuest asks a guest's agent for its addresses and its name.
func (h *host) askGuest(ctx context.Context, d domain) addresses {
	out := addresses{run: d.run, byMAC: h.interfaceAddresses(ctx, d.uuid, libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)}
	name, err := call(ctx, h, "DomainGetHostname", workLane, func(conn *libvirt.Connect) (string, error) {
		handle, err := conn.LookupDomainByUUIDString(d.uuid)
		if err != nil {
			return "", err
		}
		defer func() { _ = handle.Free() }()
		return handle.GetHostname(libvirt.DOMAIN_GET_HOSTNAME_AGENT)
	})
	if err != nil {
		h.log.V(1).Info("Cannot ask for the host name", "uuid", d.uuid, "reason", err.Error())
	}
	out.hostname = name
	return out
}

// leased returns the addresses that a domain's networks gave to it. Leases holds what networks were asked already.
func (h *host) leased(ctx context.Context, d domain, leases map[string]map[string][]string) map[string][]string {
	out := map[string][]string{}
	for _, i := range d.interfaces {
		if i.network == "" {
			continue
		}
		given, asked := leases[i.network]
		if !asked {
			var err error
			given, err = h.networkLeases(ctx, i.network)
			if clients.ClassOf(err) == clients.Unsupported {
				return h.interfaceAddresses(ctx, d.uuid, libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE)
			}
			leases[i.network] = given
		}
		if as := sortAddresses(given[i.mac]); len(as) > 0 {
			out[i.mac] = as
		}
	}
	return out
}

// networkLeases returns the addresses that a network has given, by MAC address.
func (h *host) networkLeases(ctx context.Context, network string) (map[string][]string, error) {
	return ask(ctx, h, "NetworkGetDHCPLeases", func(conn *libvirt.Connect) (map[string][]string, error) {
		n, err := conn.LookupNetworkByName(network)
		if err != nil {
			return nil, err
		}
		defer func() { _ = n.Free() }()
		leases, err := n.GetDHCPLeases()
		if err != nil {
			return nil, err
		}
		out := map[string][]string{}
		for _, l := range leases {
			out[l.Mac] = append(out[l.Mac], l.IPaddr)
		}
		return out, nil
	})
}

// interfaceAddresses returns a guest's addresses by MAC address, nil when the source does not know them.
func (h *host) interfaceAddresses(ctx context.Context, uuid string, source libvirt.DomainInterfaceAddressesSource) map[string][]string {
	out, err := call(ctx, h, "DomainListAllInterfaceAddresses", workLane, func(conn *libvirt.Connect) (map[string][]string, error) {
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return nil, err
		}
		defer func() { _ = d.Free() }()
		if source == libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT {
			// Not known to daemons before 5.10, which wait five seconds.
			_ = d.AgentSetResponseTimeout(agentTimeout, 0)
		}
		interfaces, err := d.ListAllInterfaceAddresses(source)
		if err != nil {
			return nil, err
		}
		out := map[string][]string{}
		for _, i := range interfaces {
			var all []string
			for _, a := range i.Addrs {
				all = append(all, a.Addr)
			}
			if as := sortAddresses(all); len(as) > 0 && i.Hwaddr != "" {
				out[i.Hwaddr] = as
			}
		}
		return out, nil
	})
	if err != nil {
		h.log.V(1).Info("Cannot ask for addresses", "uuid", uuid, "reason", err.Error())
	}
	return out
}
