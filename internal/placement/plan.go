// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"cmp"
	"slices"
)

// Plan finds places for the VMs of a request, given the VMs that the set has. The package's documentation says which places are
// best, and what is never done.
func Plan(inv Inventory, rules Rules, members []Member, req Request) Result {
	folder, ok, why := chooseFolder(inv.Folders, rules, req.Pin.Folder)
	if !ok {
		return assemble(req.Names, nil, why)
	}
	s := newSurvey(inv, rules.Hard, req.Pin)
	s.count(members)
	price := newPrices(rules, req)
	slots := newBoard(s, price).slots(len(req.Names))
	s.deal(slots)

	places := make([]Place, 0, len(slots))
	for _, at := range slots {
		s.settle(at, req)
		h := s.hosts[at.host]
		places = append(places, Place{Cluster: h.Cluster, Host: h.Name, Datastore: s.stores[at.store].Name, Folder: folder})
	}
	if len(places) < len(req.Names) {
		why = s.explain(price)
	}
	return assemble(req.Names, places, why)
}

// assemble gives the places to the first names, and the reason to those that are left.
func assemble(names []string, places []Place, why string) Result {
	var r Result
	for i, name := range names {
		if i < len(places) {
			r.Assignments = append(r.Assignments, Assignment{Name: name, Place: places[i]})
			continue
		}
		r.Unplaced = append(r.Unplaced, Unplaced{Name: name, Reason: why})
	}
	return r
}

// A slot is room for one VM: a host and a datastore that is mounted on it, by index in the survey.
type slot struct{ host, store int }

// deal puts slots in the order in which VMs take them: one on each host, then a second on each host, and so on, so that the VMs
// that are made first are apart as well.
func (s *survey) deal(slots []slot) {
	slices.SortFunc(slots, func(a, b slot) int { return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.store, b.store)) })
	type turn struct {
		slot
		round int
	}
	turns := make([]turn, len(slots))
	for i, at := range slots {
		turns[i] = turn{slot: at}
		if i > 0 && slots[i-1].host == at.host {
			turns[i].round = turns[i-1].round + 1
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.round, b.round) })
	for i, t := range turns {
		slots[i] = t.slot
	}
}
