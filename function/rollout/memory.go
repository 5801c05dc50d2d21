// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"slices"
)

// Memory is what must be remembered of a set from one plan to the next. It changes only when something happens to the set, never
// by the passing of time. The zero Memory is that of a set of which nothing is known.
type Memory struct {
	// Stable is the last revision that all replicas were available with, or empty. Proven are all of which that is true and that
	// are in the history.
	Stable string
	Proven []string
	// History are the revisions whose templates are kept, the latest target last. Only these are made or returned to.
	History []string
	// GivenUp is the template's revision that was rolled back from, until the template changes. RolledBack are all revisions
	// that this ever happened to and that are in the history: it happens to each only once.
	GivenUp    string
	RolledBack []string
	// Replicas that were wanted, and the slots that are left out since scaling down.
	Replicas int
	Skipped  []int
	// Progress of the update that is under way.
	Progress Progress
	// Asked are the VMs that were to be deleted or changed in place, and are not known to be yet.
	Asked []Asked
}

// Progress of an update. The zero Progress is that of none.
type Progress struct {
	// Target and Replicas of the update.
	Target   string
	Replicas int
	// Best is how far it has come, and At when it got there, in seconds of the Unix epoch. Pauses move it forward.
	Best int
	At   int64
	// Paused is since when the update is paused, 0 when it is not.
	Paused int64
}

// Asked is a step that may not be visible yet.
type Asked struct {
	// Name of the VM.
	Name string
	// Revision that it was asked to become, empty when it was to be deleted.
	Revision string
	// At is when it was first asked for, in seconds of the Unix epoch.
	At int64
}

// staleFor is for how many seconds a VM may look as if what was asked for had not been.
const staleFor = 60

// Target is the revision that a set is to be of: that of its template, unless it is told or was given up.
func Target(spec Spec, m Memory) string {
	switch {
	case spec.RollbackTo != "":
		return spec.RollbackTo
	case spec.AutoRollback && m.GivenUp == spec.Revision && m.Stable != "":
		return m.Stable
	default:
		return spec.Revision
	}
}

// known says whether VMs of a revision can be made.
func (p *planner) known(revision string) bool {
	return revision == p.spec.Revision || slices.Contains(p.memory.History, revision)
}

// remember what the next plan has to know.
func (p *planner) remember() {
	m := &p.memory
	if m.GivenUp != p.spec.Revision {
		m.GivenUp = ""
	}
	if n := p.spec.Replicas; n > 0 && p.plan.Counts.Serving == n && p.everywhere(p.target) {
		m.Stable = p.target
		if !slices.Contains(m.Proven, p.target) {
			m.Proven = append(slices.Clone(m.Proven), p.target)
		}
	}
	m.Replicas = p.spec.Replicas
	p.rememberAsked()
	p.rememberHistory()
	p.plan.Memory = *m
}

// everywhere says whether a revision is wanted in all slots.
func (p *planner) everywhere(revision string) bool {
	for i := range p.slots {
		if p.have[i] == nil || !p.is(p.have[i], revision) {
			return false
		}
	}
	return true
}

// rememberAsked steps: those of this plan, and earlier ones that may not be visible yet.
func (p *planner) rememberAsked() {
	var asked []Asked
	add := func(name, revision string) {
		a := Asked{Name: name, Revision: revision, At: p.now}
		if before, ok := p.asked[name]; ok && before.Revision == revision {
			a = before
		}
		asked = append(asked, a)
	}
	for _, d := range p.plan.Deletes {
		add(d.Name, "")
	}
	for _, u := range p.plan.Updates {
		add(u.Name, u.Revision)
	}
	for _, k := range p.plan.Keeps {
		if before, ok := p.asked[k.Name]; ok {
			asked = append(asked, before)
		}
	}
	slices.SortFunc(asked, func(a, b Asked) int { return compareNames(a.Name, b.Name) })
	p.memory.Asked = asked
}

// rememberHistory of revisions: those that are in use, and some others, the latest ones.
func (p *planner) rememberHistory() {
	m := &p.memory
	if n := len(m.History); n > 0 && m.History[n-1] == p.target && p.target == p.spec.Revision && n-1 <= p.spec.HistoryLimit {
		return // Nothing is new, and nothing is too much.
	}
	history := slices.DeleteFunc(slices.Clone(m.History), func(r string) bool { return r == p.target || r == p.spec.Revision })
	if p.spec.Revision != p.target {
		history = append(history, p.spec.Revision)
	}
	if p.known(p.target) {
		history = append(history, p.target)
	}

	used := map[string]bool{p.target: true, p.spec.Revision: true, m.Stable: true}
	for i := range p.members {
		used[p.members[i].Revision] = true
	}
	spare := 0
	for _, r := range history {
		if !used[r] {
			spare++
		}
	}
	m.History = slices.DeleteFunc(history, func(r string) bool {
		if used[r] || spare <= max(p.spec.HistoryLimit, 0) {
			return false
		}
		spare--
		return true
	})
	forgotten := func(r string) bool { return !slices.Contains(m.History, r) }
	m.Proven = slices.DeleteFunc(slices.Clone(m.Proven), forgotten)
	m.RolledBack = slices.DeleteFunc(slices.Clone(m.RolledBack), forgotten)
}
