// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import "slices"

// Qualify says what of an inventory satisfies the hard rules of a policy, and which names in them the inventory does not have.
func Qualify(inv Inventory, rules Rules) Qualification {
	s := newSurvey(inv, rules.Hard, Place{})
	var q Qualification
	for _, h := range s.hosts {
		if h.out == none || h.out == unavailable {
			q.Hosts = append(q.Hosts, h.Name)
		}
	}
	for _, d := range s.stores {
		if d.out == none || d.out == unavailable {
			q.Datastores = append(q.Datastores, d.Name)
		}
	}
	q.Datastores = slices.Compact(q.Datastores) // the survey is sorted by name
	q.Missing = missing(inv, rules.Hard)
	return q
}

// missing returns the targets that an inventory does not have, with their kind.
func missing(inv Inventory, targets Targets) []string {
	has := map[string]struct{}{}
	for _, h := range inv.Hosts {
		has["cluster "+h.Cluster] = struct{}{}
		has["host "+h.Name] = struct{}{}
		has["zone "+h.Zone] = struct{}{}
	}
	for _, d := range inv.Datastores {
		has["datastore "+d.Name] = struct{}{}
	}
	for _, f := range inv.Folders {
		has["folder "+f] = struct{}{}
	}
	var out []string
	for kind, names := range map[string][]string{
		"cluster ": targets.Clusters, "datastore ": targets.Datastores, "folder ": targets.Folders, "host ": targets.Hosts,
		"zone ": targets.Zones,
	} {
		for _, name := range names {
			if _, ok := has[kind+name]; !ok {
				out = append(out, kind+name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
