// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"testing"
)

// configurations are the budgets of sets of so many replicas. Two of each are enough: what more of them does is seen with fewer
// replicas.
func configurations(replicas int) []Spec {
	var out []Spec
	for u := range min(replicas, 2) + 1 {
		for s := range min(replicas, 2) + 1 {
			if u+s > 0 || replicas == 0 {
				out = append(out, Spec{Replicas: replicas, MaxUnavailable: u, MaxSurge: s, Revision: newRevision})
			}
		}
	}
	return out
}

// checkEveryWorld checks one plan of each world that there can be, whether it can be reached or not, and returns the first
// violation. The slots are one more than replicas, so that there are surplus VMs.
func checkEveryWorld(spec Spec, next planFn) (checked int, violation error) {
	slots := spec.Replicas + 1
	w := make(world, 2*slots)
	names := names(slots)
	var vms []VM
	for i := range worlds(slots) {
		w.decode(i)
		vms = w.observe(names, vms)
		p := next(spec, vms)
		checked++
		if err := checkPlan(spec, w, names, p); err != nil {
			return checked, fmt.Errorf("N=%d U=%d S=%d, %s: %w", spec.Replicas, spec.MaxUnavailable, spec.MaxSurge, w, err)
		}
	}
	return checked, nil
}

func checkPlan(spec Spec, w world, names []string, p Plan) error {
	if err := checkBounds(spec, w, names, p); err != nil {
		return err
	}
	return checkProgress(spec, w, names, p)
}

// checkBounds checks availability and surge for every subset of a plan's steps. The subsets need not be listed: a deletion can
// only lower availability and never adds a VM, a creation is the other way round, so the worst subsets are all deletions
// without a creation, and all creations without a deletion.
//
// An unknown VM may be available or not. The worst case is that exactly those that the plan deletes are.
func checkBounds(spec Spec, w world, names []string, p Plan) error {
	bound := spec.Replicas - spec.MaxUnavailable
	deleted := map[byte]int{}
	for _, s := range steps(w, names, Plan{Deletes: p.Deletes}) {
		deleted[w[s.cell]]++
	}
	before := w.count(available) + deleted[unknown]
	after := w.count(available) - deleted[available]
	if after < min(before, bound) {
		return fmt.Errorf("deletions take %d available VMs to %d, and %d must stay: %v", before, after, bound, p.Deletes)
	}
	existing, most := w.existing(), spec.Replicas+spec.MaxSurge
	if existing+len(p.Creates) > max(existing, most) {
		return fmt.Errorf("creations take %d VMs to %d, and %d may exist: %v", existing, existing+len(p.Creates), most, p.Creates)
	}
	return nil
}

// checkProgress checks what convergence follows from. A cell of a wanted VM only ever goes from terminating to absent, to
// unavailable (created), to available; any other cell only from live to terminating, to absent. No step of a plan and no good
// event goes back, so no sequence of them is endless. And a world without pending events, which is one where each VM is
// available, has a step to do unless it is complete. So every sequence ends, and ends complete.
func checkProgress(spec Spec, w world, names []string, p Plan) error {
	for _, s := range steps(w, names, p) {
		wanted := s.cell >= w.slots() && s.cell-w.slots() < spec.Replicas
		switch {
		case s.to == terminating && (wanted || w[s.cell] == absent || w[s.cell] == terminating):
			return fmt.Errorf("deletes %s, which is wanted or does not live", names[s.cell])
		case s.to == unavailable && (!wanted || w[s.cell] != absent):
			return fmt.Errorf("creates %s, which is not wanted or exists", names[s.cell])
		}
	}
	complete := slices.Equal(w, goal(spec))
	if p.Complete != complete {
		return fmt.Errorf("says complete: %t", p.Complete)
	}
	stepless := len(p.Creates)+len(p.Deletes) == 0
	if complete && !stepless {
		return fmt.Errorf("is complete, and is changed: %v %v", p.Creates, p.Deletes)
	}
	settled := w.count(absent)+w.count(available) == len(w)
	if settled && !complete && stepless {
		return fmt.Errorf("nothing is pending, and there is no step to do: %v", p.Notes)
	}
	if !complete && stepless && len(p.Notes) == 0 {
		return fmt.Errorf("waits, and does not say why")
	}
	return nil
}

// goal is the world that is wanted.
func goal(spec Spec) world {
	w := make(world, 2*(spec.Replicas+1))
	for s := range spec.Replicas {
		w[w.cell(s)] = available
	}
	return w
}

func TestEveryWorld(t *testing.T) {
	most := 3
	if testing.Short() || raceDetector {
		most = 2 // A single goroutine plans: the race detector would find nothing, and takes minutes to do so.
	}
	for n := range most + 1 {
		for _, spec := range configurations(n) {
			t.Run(fmt.Sprintf("N=%d,U=%d,S=%d", n, spec.MaxUnavailable, spec.MaxSurge), func(t *testing.T) {
				t.Parallel()
				checked, err := checkEveryWorld(spec, Next)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("checked the plans of %d worlds", checked)
			})
		}
	}
}

// An adversary does to a world, between and beside the steps of plans, whatever it likes of this.
type adversary struct {
	// hostile ones lose hosts, let VMs fail and cut the connection to hypervisors. The others only take their time.
	hostile bool
}

// events are the worlds that a single event makes of w.
func (a adversary) events(w world, yield func(world)) {
	with := func(c int, to byte) {
		was := w[c]
		w[c] = to
		yield(w)
		w[c] = was
	}
	for c, condition := range w {
		switch condition {
		case unavailable:
			with(c, available)
		case unknown:
			with(c, available)
			with(c, unavailable)
		case terminating:
			with(c, absent)
		}
		if !a.hostile || condition == absent || condition == terminating {
			continue
		}
		with(c, unavailable) // It fails.
		with(c, unknown)     // Its hypervisor cannot be reached.
		with(c, terminating) // Its host is lost, and someone deletes it.
	}
	w.swapRevisions() // The template is changed back.
	yield(w)
	w.swapRevisions()
}

// explore every world that can be reached from a finished rollout whose template has just changed, when an adversary chooses
// which part of each plan is carried out, and what else happens. It checks the bounds in all of them.
func explore(spec Spec, a adversary, next planFn) (reached int, violation error) {
	slots := spec.Replicas
	start := make(world, 2*slots)
	for s := range slots {
		start[s] = available
	}
	names := names(slots)
	seen := make([]bool, worlds(slots))
	queue := []int{start.encode()}
	seen[queue[0]] = true
	visit := func(w world) {
		if i := w.encode(); !seen[i] {
			seen[i] = true
			queue = append(queue, i)
		}
	}

	w, after := make(world, 2*slots), make(world, 2*slots)
	var vms []VM
	for len(queue) > 0 {
		w.decode(queue[len(queue)-1])
		queue = queue[:len(queue)-1]
		reached++

		if w.existing() > spec.Replicas+spec.MaxSurge {
			return reached, fmt.Errorf("N=%d U=%d S=%d: %d VMs exist: %s", spec.Replicas, spec.MaxUnavailable, spec.MaxSurge, w.existing(), w)
		}
		if !a.hostile && w.count(available) < spec.Replicas-spec.MaxUnavailable {
			return reached, fmt.Errorf("N=%d U=%d S=%d: %d VMs are available: %s", spec.Replicas, spec.MaxUnavailable, spec.MaxSurge, w.count(available), w)
		}

		vms = w.observe(names, vms)
		todo := steps(w, names, next(spec, vms))
		for subset := 1; subset < 1<<len(todo); subset++ {
			copy(after, w)
			for i, s := range todo {
				if subset&(1<<i) != 0 {
					after[s.cell] = s.to
				}
			}
			visit(after)
		}
		a.events(w, visit)
	}
	return reached, nil
}

func TestEveryReachableWorld(t *testing.T) {
	cases := map[string]struct {
		reason    string
		adversary adversary
	}{
		"Slow": {
			reason:    "When nothing fails, N-U VMs are available and N+S exist at most, whatever part of each plan is done, in whatever order, and even if the template goes back and forth.",
			adversary: adversary{},
		},
		"Hostile": {
			reason:    "When VMs fail, hosts are lost and hypervisors cannot be reached, at most N+S VMs exist nevertheless.",
			adversary: adversary{hostile: true},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			reached := 0
			for n := range 4 {
				for _, spec := range configurations(n) {
					r, err := explore(spec, tc.adversary, Next)
					if err != nil {
						t.Fatalf("%s\n%v", tc.reason, err)
					}
					reached += r
				}
			}
			t.Logf("reached %d worlds", reached)
		})
	}
}
