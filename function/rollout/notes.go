// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "fmt"

// notes say what keeps the set from being as it is wanted, beyond the steps that are planned.
func (p *planner) notes() []string {
	var notes []string
	add := func(n int, format string, args ...any) {
		if n > 0 {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	c := p.plan.Counts
	unavailable := 0
	for _, vm := range p.wanted {
		if vm != nil && vm.Availability == Unavailable {
			unavailable++
		}
	}
	held := 0
	for slot, vm := range p.wanted {
		if vm == nil && p.leaving[slot] != "" {
			held++
		}
	}
	postponed := p.missing - held - len(p.plan.Creates)
	retained := len(p.outdated) + len(p.surplus) - len(p.plan.Deletes)

	add(unavailable, "%s not available yet", vmsAre(unavailable))
	add(c.Unknown, "nothing is known of %s at the moment", vms(c.Unknown))
	add(c.Terminating, "%s still being deleted", vmsAre(c.Terminating))
	add(held, "%s of the current revision can only be made when its name is free", vms(held))
	if len(p.plan.Creates) < p.room() {
		add(postponed, "%s made after these, %d at a time", vmsAre(postponed), p.spec.MaxCreates)
	} else {
		add(postponed, "%s made when there is room: %d exist, and at most %d may", vmsAre(postponed),
			c.Live+c.Terminating, p.spec.Replicas+p.spec.MaxSurge)
	}
	add(retained, "%s removed when more are available: %d remain so, and at least %d must", vmsAre(retained),
		p.available, p.bound())
	return notes
}

// bound is the number of available VMs that keeps the first of the retained VMs.
func (p *planner) bound() int {
	for _, vm := range p.outdated {
		if !p.deleted[vm.Name] {
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
