// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "slices"

// wantRevisions says of each slot which revision is wanted there, and which one to make a VM of when it has none.
func (p *planner) wantRevisions() {
	n := len(p.slots)
	p.wanted, p.made = make([]string, n), make([]string, n)
	stable := p.memory.Stable
	if stable == "" || !p.known(stable) {
		stable = ""
	}
	for i := range n {
		switch {
		case p.frozen:
			p.made[i] = p.whileFrozen(stable)
		case p.spec.Strategy == OnDelete:
			p.made[i] = p.target
		case p.rank(i) < n-p.spec.Partition:
			p.wanted[i], p.made[i] = p.target, p.target
		case stable == "":
			p.made[i] = p.target
		default:
			p.wanted[i], p.made[i] = stable, stable
		}
	}
}

// rank of a slot in the order of updates, by its position.
func (p *planner) rank(i int) int {
	if p.spec.Order == HighestFirst {
		return len(p.slots) - 1 - i
	}
	return i
}

// whileFrozen is the revision to make a VM of while updates are paused: the last one that worked, so that what is paused does not
// spread. A set that must not mix revisions goes on with the one that it has.
func (p *planner) whileFrozen(stable string) string {
	target := p.target
	if !p.known(target) {
		target = ""
	}
	remains := slices.ContainsFunc(p.members, func(m member) bool { return m.Revision == stable })
	if stable == "" || p.spec.Strategy == Recreate && !remains && target != "" {
		return target
	}
	return stable
}

// updates says whether VMs are updated at all.
func (p *planner) updates() bool { return !p.frozen && p.spec.Strategy != OnDelete }

// maxUnavailable of the strategy.
func (p *planner) maxUnavailable() int {
	if p.spec.Strategy == Recreate && !p.frozen {
		return p.spec.Replicas
	}
	return p.spec.MaxUnavailable
}

// maxSurge of the strategy.
func (p *planner) maxSurge() int {
	if p.spec.Strategy == Recreate {
		return 0
	}
	return p.spec.MaxSurge
}

// mayMix says whether a VM of a revision may be made while others exist.
func (p *planner) mayMix(revision string) bool {
	return p.spec.Strategy != Recreate ||
		!slices.ContainsFunc(p.members, func(m member) bool { return !p.is(&m, revision) })
}
