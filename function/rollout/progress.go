// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "slices"

// observeProgress decides whether updates go on at all.
func (p *planner) observeProgress() {
	p.frozen = p.spec.Paused || !p.known(p.target)
}

// measureProgress of an update, and give it up when it has made none for too long. Its clock stands still while it is paused.
func (p *planner) measureProgress() {
	g := &p.memory.Progress
	if p.frozen {
		if g.At != 0 && g.Paused == 0 {
			g.Paused = p.now
		}
		return
	}
	if !p.underWay() {
		*g = Progress{}
		return
	}
	if g.Paused != 0 {
		g.At += max(0, p.now-g.Paused)
		g.Paused = 0
	}
	if best := p.progress(); g.At == 0 || g.Target != p.target || g.Replicas != p.spec.Replicas || best > g.Best {
		*g = Progress{Target: p.target, Replicas: p.spec.Replicas, Best: best, At: p.now}
	}
	if p.spec.ProgressDeadlineSeconds > 0 && p.passed(g.At, p.spec.ProgressDeadlineSeconds) {
		p.plan.DeadlineExceeded = true
		p.giveUp()
	}
}

// underWay says whether there is anything to come that does not depend on people.
func (p *planner) underWay() bool {
	for i, m := range p.have {
		if p.candidate[i] == nil && (m == nil || m.Availability != Available) {
			return true
		}
	}
	free := func(m *member) bool { return !m.Protected }
	return len(p.candidates) > 0 || slices.ContainsFunc(p.outdated, free) || slices.ContainsFunc(p.surplus, free) || len(p.sick) > 0
}

// progress of an update: it grows with VMs that are made or changed, that serve, and with outdated ones that are gone.
func (p *planner) progress() int {
	c := p.plan.Counts
	return c.Updated + c.Serving - len(p.outdated) - len(p.candidates) - len(p.surplus)
}

// giveUp the template's revision, if there is one to return to. It happens to each only once: a revision that is asked for
// again is meant.
func (p *planner) giveUp() {
	m := &p.memory
	if !p.spec.AutoRollback || p.target != p.spec.Revision || m.Stable == "" || m.Stable == p.target ||
		!p.known(m.Stable) || slices.Contains(m.RolledBack, p.target) {
		return
	}
	m.GivenUp = p.target
	m.RolledBack = append(slices.Clone(m.RolledBack), p.target)
	m.Progress = Progress{}
	p.plan.RollsBack = true
	p.wake(p.now)
}
