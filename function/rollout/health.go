// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "slices"

// member is a VM as it counts: what it says of itself, corrected by what is known of it.
func (p *planner) member(vm VM) member {
	m := member{VM: vm}
	switch {
	case vm.Terminating || vm.Updating || vm.Failed || vm.Lost:
		m.Availability = Unavailable
	case p.stale(vm):
		m.Availability, m.stale = Unknown, true
	case vm.Availability == Available && p.spec.MinReadySeconds > 0 && !p.passed(vm.Since, p.spec.MinReadySeconds):
		m.Availability, m.settling = Unknown, true
	}
	m.unhealthy, m.why = p.unhealthy(m)
	return m
}

// stale says whether a VM looks as it did before something was asked of it, which may not be how it is.
func (p *planner) stale(vm VM) bool {
	a, asked := p.asked[vm.Name]
	if !asked {
		return false
	}
	if vm.Terminating || a.Revision != "" && vm.Revision == a.Revision || p.now-a.At >= staleFor {
		if vm.Terminating || vm.Revision == a.Revision {
			delete(p.asked, vm.Name)
		}
		return false
	}
	p.wake(a.At + staleFor)
	return true
}

// passed says whether so many seconds have passed since then, and wakes the planner when they will have. A clock that goes
// back never makes them pass.
func (p *planner) passed(since, seconds int64) bool {
	if p.now-since >= seconds {
		return true
	}
	p.wake(since + seconds)
	return false
}

// wake the planner at a time.
func (p *planner) wake(at int64) {
	if p.deadline == 0 || at < p.deadline {
		p.deadline = at
	}
}

// unhealthy says whether and why a VM is not expected to become available by itself. A VM of which nothing is known never is.
func (p *planner) unhealthy(m member) (is bool, why string) {
	h := p.spec.SelfHealing
	switch {
	case h == nil || m.Terminating || m.Protected:
		return false, ""
	case m.Lost:
		return true, ReasonLost
	case m.Failed:
		return true, ReasonFailed
	case m.Availability == Unavailable && !m.Updating && p.passed(m.Since, h.UnhealthyAfter):
		return true, ReasonUnhealthy
	default:
		return false, ""
	}
}

// gateMeltdown counts the sick VMs, and stops all deletions when there are too many. VMs of a revision that is given up and
// never worked do not count: what ails them is known.
func (p *planner) gateMeltdown() {
	if p.spec.SelfHealing == nil {
		return
	}
	for i := range p.members {
		if m := &p.members[i]; m.unhealthy && !p.unproven(m) {
			p.plan.Counts.Sick++
		}
	}
	p.plan.Meltdown = p.plan.Counts.Sick > p.spec.SelfHealing.MaxUnhealthy
}

// unproven VMs are of a revision that is not wanted any more and that the set was never available with.
func (p *planner) unproven(m *member) bool {
	return p.memory.Stable != "" && !slices.Contains(p.memory.Proven, m.Revision) && !p.is(m, p.target)
}
