// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
)

// notes say what keeps the set from being as it is wanted, beyond the steps that are planned.
func (p *planner) notes() []string {
	var notes []string
	add := func(n int, format string, args ...any) {
		if n > 0 {
			notes = append(notes, vmsAre(n)+" "+fmt.Sprintf(format, args...))
		}
	}
	if p.plan.RollsBack {
		return []string{fmt.Sprintf("%s has made no progress for %d s, and is given up for %s", p.target, p.spec.ProgressDeadlineSeconds, p.memory.Stable)}
	}
	c := p.plan.Counts
	w := p.waits()
	add(w.unavailable, "not available yet")
	if c.Unknown > 0 {
		notes = append(notes, fmt.Sprintf("nothing is known of %s at the moment", vms(c.Unknown)))
	}
	add(c.Stale, "asked to change or to go, which is not seen yet")
	add(c.Settling, "available, but not for %d s yet", p.spec.MinReadySeconds)
	add(c.Terminating, "still being deleted")
	if w.blocked > 0 {
		notes = append(notes, vms(w.blocked)+" of the current revision can only be made when its name is free")
	}
	if w.postponed > 0 {
		add(w.postponed, "made %s", p.whyNotMade())
	}
	if w.retained > 0 {
		add(w.retained, "removed when more are available: %d remain so, and at least %d must", p.available, p.bound())
	}
	add(w.waiting, "changed in place when more are available: %d remain so, and at least %d must", p.available, p.minAvailable())
	add(w.snapshots, "changed in place when the snapshot of it is ready")
	add(w.refused, "not changed in place, since the snapshot of it has failed")
	add(w.protected, "protected, and neither changed nor removed")
	add(w.paused, "to be updated, and updates are paused")
	add(w.onDelete, "outdated, and replaced when deleted")
	return append(notes, p.warnings()...)
}

// warnings say what a person may have to do something about.
func (p *planner) warnings() []string {
	var out []string
	if p.plan.Meltdown {
		out = append(out, fmt.Sprintf("%s sick and at most %d may be, so no VM is removed or changed", vmsAre(p.plan.Counts.Sick), p.spec.SelfHealing.MaxUnhealthy))
	}
	if !p.known(p.target) {
		out = append(out, fmt.Sprintf("%s is not in the history, so nothing is updated", p.target))
	}
	if p.plan.Blocked {
		out = append(out, "there is no step that keeps the promises: "+p.whyBlocked())
	}
	return out
}

// waits are VMs that a plan does nothing about now, by what they wait for.
type waits struct {
	unavailable, blocked, postponed, retained, waiting, snapshots, refused, protected, paused, onDelete int
}

func (p *planner) waits() waits {
	w := waits{}
	for i, m := range p.have {
		if m == nil {
			if p.blocked[i] {
				w.blocked++
			}
			continue
		}
		if m.Availability == Unavailable {
			w.unavailable++
		}
		p.waitsOutdated(i, m, &w)
	}
	w.postponed = p.missing() - w.blocked - len(p.plan.Creates)
	if p.spec.Paused {
		w.paused += len(p.spares) // None of them goes but for want of room.
	}
	if p.plan.Meltdown {
		return w
	}
	for _, m := range p.candidates {
		p.waitsCandidate(m, &w)
	}
	for _, m := range slices.Concat(p.outdated, p.surplus) {
		switch {
		case m.deleted:
		case m.Protected:
			w.protected++
		default:
			w.retained++
		}
	}
	return w
}

// waitsOutdated is for a VM that fills a slot though it is outdated.
func (p *planner) waitsOutdated(i int, m *member, w *waits) {
	switch {
	case p.is(m, p.target):
	case m.Protected && p.updates():
		w.protected++
	case p.spec.Paused:
		w.paused++
	case p.wanted[i] == "" && p.made[i] == p.target:
		w.onDelete++
	}
}

// waitsCandidate is for a VM that can be changed in place.
func (p *planner) waitsCandidate(m *member, w *waits) {
	switch {
	case m.updated, p.lacks(p.position[m.Slot]):
	case m.kept == KeptSnapshot && p.unprepared(m) == 3:
		w.refused++
	case m.kept == KeptSnapshot:
		w.snapshots++
	default:
		w.waiting++
	}
}

// whyNotMade says what VMs that are missing wait for.
func (p *planner) whyNotMade() string {
	n, c := len(p.plan.Creates), p.plan.Counts
	switch {
	case n >= p.room():
		return fmt.Sprintf("when there is room: %d exist, and at most %d may", c.Live+c.Terminating, p.most())
	case n >= limit(p.limits.Places):
		return "when there is a place"
	case p.steps <= 0:
		return fmt.Sprintf("when fewer VMs are in the making, in change or being deleted: at most %d may be", p.spec.MaxInFlight)
	case n >= p.batch():
		return fmt.Sprintf("after these, %d at a time", p.spec.MaxCreates)
	default:
		return "when nothing is left of those before"
	}
}

// whyBlocked says which promise leaves no step.
func (p *planner) whyBlocked() string {
	switch {
	case limit(p.limits.Disruptions) == 0:
		return "the budget that is shared with other sets is used up"
	case limit(p.limits.Places) == 0:
		return "no VM may be missed, and there is no place for another one"
	case p.most() < p.spec.Replicas+p.maxSurge():
		return "no VM may be missed, and there is no address for another one"
	case p.spec.KeepIdentity:
		return "no VM may be missed, and each takes over what the one before it leaves"
	default:
		return "what is outdated cannot be changed"
	}
}

// stuck says whether nothing is going on though the set is not as it is wanted, so that nothing will.
func (p *planner) stuck() bool {
	c := p.plan.Counts
	if p.plan.Steps() > 0 || p.plan.RollsBack || p.plan.Meltdown || p.frozen || !p.underWay() || c.Terminating > 0 || c.Available < c.Live {
		return false
	}
	for _, m := range p.candidates {
		if m.kept == KeptSnapshot && p.unprepared(m) < 3 {
			return false
		}
	}
	return true
}

// bound is the number of available VMs that keeps the first of the retained VMs.
func (p *planner) bound() int {
	for _, m := range p.outdated {
		if !m.deleted {
			return p.minAvailable()
		}
	}
	return p.minWithoutSurplus()
}

// vms counts VMs for people.
func vms(n int) string {
	if n == 1 {
		return "1 VM"
	}
	return fmt.Sprintf("%d VMs", n)
}

// vmsAre counts VMs for people, with the verb.
func vmsAre(n int) string {
	if n == 1 {
		return "1 VM is"
	}
	return fmt.Sprintf("%d VMs are", n)
}
