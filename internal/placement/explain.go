// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A cause rules a host or a datastore out for one more VM. Those of either kind are in the order in which they are looked at and
// told.
type cause int

const (
	none cause = iota

	notHardHosts
	notHardClusters
	notHardZones
	notPinHost
	notPinCluster
	noDatastore
	unavailable
	clusterFull
	clusterYields
	hostFull
	hostYields
	noMemory
	noRoom

	notHardDatastores
	notPinDatastore
	onNoHost
	datastoreFull
	datastoreYields
	noSpace
	onFullHosts

	causes = int(iota)
)

// named is how many names a cause lists before it counts the rest.
const named = 4

// explain says why one more VM has no place, in the state that the plan leaves: hosts by what rules each out, and then datastores
// when any host is ruled out for want of one.
func (s *survey) explain(p *prices) string {
	var stores, hosts census
	for i := range s.stores {
		d := &s.stores[i]
		c := d.why(p.rules.Datastore, p.req.DiskGiB)
		if c == none {
			c = onFullHosts
		}
		stores.add(c, d.label(c))
	}
	for i := range s.hosts {
		h := &s.hosts[i]
		c := h.why(p.rules, p.req.MemoryMiB, s.clusters[h.cluster].vms)
		hosts.add(c, h.label(c))
	}
	out := hosts.tell("host", p)
	if len(hosts.names[noDatastore])+len(hosts.names[noRoom]) > 0 {
		out += "; " + stores.tell("datastore", p)
	}
	return out
}

// why is the first cause that rules a host out for one more VM. A host that has room itself has no datastore with room, or else
// the plan would have used both.
func (h *host) why(rules Rules, memoryMiB int64, inCluster tally) cause {
	switch {
	case h.out != none:
		return h.out
	case rules.Cluster.room(inCluster) == 0:
		return fullOr(rules.Cluster, inCluster, clusterFull, clusterYields)
	case rules.Host.room(h.vms) == 0:
		return fullOr(rules.Host, h.vms, hostFull, hostYields)
	case fits(h.FreeMemoryMiB, memoryMiB) == 0:
		return noMemory
	default:
		return noRoom
	}
}

// why is the first cause that rules a datastore out for one more VM, or none.
func (d *store) why(rule Spread, diskGiB int64) cause {
	switch {
	case d.out != none:
		return d.out
	case rule.room(d.vms) == 0:
		return fullOr(rule, d.vms, datastoreFull, datastoreYields)
	case fits(d.FreeGiB, diskGiB) == 0:
		return noSpace
	default:
		return none
	}
}

// fullOr tells a place that is full for good from one that has room again when its leaving VMs are gone.
func fullOr(rule Spread, vms tally, full, yields cause) cause {
	if vms.staying < rule.limit() {
		return yields
	}
	return full
}

// label names a host in a reason, or its cluster where that is what is full.
func (h *host) label(c cause) string {
	if c == unavailable {
		return h.Name + ": " + h.Unavailable
	}
	if (c == clusterFull || c == clusterYields) && h.Cluster != "" {
		return h.Cluster
	}
	return h.Name
}

// label names a datastore in a reason: with its host when it is on one only, as names may be shared.
func (d *store) label(c cause) string {
	name := d.Name
	if len(d.Hosts) == 1 {
		name += " on " + d.Hosts[0]
	}
	if c == unavailable {
		name += ": " + d.Unavailable
	}
	return name
}

// A census is the places of one kind by what rules them out.
type census struct {
	names [causes][]string
	all   int
}

func (c *census) add(why cause, name string) {
	c.names[why] = append(c.names[why], name)
	c.all++
}

func (c *census) tell(noun string, p *prices) string {
	if c.all == 0 {
		return "no " + noun + "s"
	}
	parts := make([]string, 0, causes)
	for why, names := range c.names {
		if len(names) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", len(names), p.fill(cause(why).phrase(), names)))
		}
	}
	return fmt.Sprintf("%s: %s", count(c.all, noun), strings.Join(parts, ", "))
}

// phrase says what a cause means for the places it rules out. Words in braces are for fill.
func (c cause) phrase() string {
	switch c {
	case notHardHosts:
		return "not in hard.hosts"
	case notHardClusters:
		return "not in hard.clusters"
	case notHardZones:
		return "not in hard.zones"
	case notPinHost:
		return "not {pinHost} (placement.host)"
	case notPinCluster:
		return "not in {pinCluster} (placement.cluster)"
	case noDatastore:
		return "without a datastore that qualifies"
	case unavailable:
		return "unavailable ({names})"
	case clusterFull:
		return "in a cluster that already has {clusterMax} of this set (strict clusterAntiAffinity: {names})"
	case clusterYields:
		return "in a cluster with a VM of this set that is to leave (strict clusterAntiAffinity: {names})"
	case hostFull:
		return "already {has} {hostMax} of this set (strict hostAntiAffinity: {names})"
	case hostYields:
		return "{has} a VM of this set that is to leave (strict hostAntiAffinity: {names})"
	case noMemory:
		return "{has} less than {memory} MiB of memory free ({names})"
	case noRoom:
		return "without a datastore that has room ({names})"
	case notHardDatastores:
		return "not in hard.datastores"
	case notPinDatastore:
		return "not {pinDatastore} (placement.datastore)"
	case onNoHost:
		return "not mounted on a host that qualifies"
	case datastoreFull:
		return "already {has} {datastoreMax} of this set (strict datastoreAntiAffinity: {names})"
	case datastoreYields:
		return "{has} a VM of this set that is to leave (strict datastoreAntiAffinity: {names})"
	case noSpace:
		return "{has} less than {disk} GiB of space free ({names})"
	default: // onFullHosts
		return "only on hosts that are ruled out ({names})"
	}
}

// fill puts the words of a phrase about some places.
func (p *prices) fill(phrase string, names []string) string {
	has := "have"
	if len(names) == 1 {
		has = "has"
	}
	return strings.NewReplacer(
		"{has}", has, "{names}", list(names),
		"{pinHost}", p.req.Pin.Host, "{pinCluster}", p.req.Pin.Cluster, "{pinDatastore}", p.req.Pin.Datastore,
		"{memory}", strconv.FormatInt(p.req.MemoryMiB, 10), "{disk}", strconv.FormatInt(p.req.DiskGiB, 10),
		"{hostMax}", vms(p.rules.Host), "{clusterMax}", vms(p.rules.Cluster), "{datastoreMax}", vms(p.rules.Datastore),
	).Replace(phrase)
}

// vms is how many VMs a strict rule lets one place have, in words.
func vms(rule Spread) string {
	if rule.limit() == 1 {
		return "a VM"
	}
	return count(rule.limit(), "VM")
}

// count is a number of things.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// list names the first of some places, and counts the rest.
func list(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if rest := len(names) - named; rest > 1 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:named], ", "), rest)
	}
	return strings.Join(names, ", ")
}
