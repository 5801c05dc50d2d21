// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"testing"
)

// An adversary does to a world, between and beside the steps of plans, whatever it likes of this.
type adversary struct {
	// hostile ones lose hosts, let VMs fail and cut the connection to hypervisors. The others only take their time.
	hostile bool
	// stale ones show VMs as they were before they were asked to change or go.
	stale bool
	// inPlace says which slots' VMs can be changed in place.
	inPlace func(slot int) bool
}

// A situation is a world, how it looks, and what is remembered of it.
type situation struct {
	world, seen world
	// asked of each cell's VM: 0 nothing, 1 to go, 2 to become new, 3 to become old.
	asked  []byte
	paused bool
}

func (s situation) clone() situation {
	return situation{world: slices.Clone(s.world), seen: slices.Clone(s.seen), asked: slices.Clone(s.asked), paused: s.paused}
}

func (s situation) key() string {
	b := make([]byte, 0, 3*len(s.world)+1)
	for i := range s.world {
		b = append(b, byte(s.world[i]), byte(s.seen[i]), s.asked[i])
	}
	if s.paused {
		b = append(b, 1)
	}
	return string(b)
}

func (s situation) String() string { return fmt.Sprintf("%s (looks like %s)", s.world, s.seen) }

var askedOf = []string{1: "", 2: newRevision, 3: oldRevision}

// memory of what was asked.
func (s situation) memory(names []string) []Asked {
	var out []Asked
	for i, a := range s.asked {
		if a != 0 {
			out = append(out, Asked{Name: names[i], Revision: askedOf[a], At: worldNow})
		}
	}
	return out
}

func (s situation) remember(names []string, asked []Asked) {
	clear(s.asked)
	for _, a := range asked {
		s.asked[slices.Index(names, a.Name)] = byte(slices.Index(askedOf[1:], a.Revision) + 1)
	}
}

// explore every situation that can be reached from a finished rollout whose template has just changed, when an adversary chooses
// which part of each plan is carried out, and what else happens. It checks the bounds in all of them.
func explore(in Input, a adversary, next planFn) (reached int, violation error) {
	slots := in.Spec.Replicas
	first := situation{world: newWorld(slots), seen: newWorld(slots), asked: make([]byte, cellsPerSlot*slots)}
	for s := range slots {
		first.world.slot(s)[0] = vmOf(oldRevision, available)
	}
	copy(first.seen, first.world)
	names := names(slots)
	known := map[string]bool{first.key(): true}
	queue := []situation{first}
	visit := func(s situation) {
		if k := s.key(); !known[k] {
			known[k] = true
			queue = append(queue, s.clone())
		}
	}
	least, most := bounds(in)
	for len(queue) > 0 {
		s := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		reached++
		if n := s.world.existing(); n > most {
			return reached, fmt.Errorf("N=%d U=%d S=%d: %d VMs exist: %s", slots, in.Spec.MaxUnavailable, in.Spec.MaxSurge, n, s)
		}
		if n := s.world.count(available); !a.hostile && n < least {
			return reached, fmt.Errorf("N=%d U=%d S=%d: %d VMs are available: %s", slots, in.Spec.MaxUnavailable, in.Spec.MaxSurge, n, s)
		}
		in.VMs = s.seen.observe(names, a.inPlace, nil)
		in.Spec.Paused = s.paused
		in.Memory.Asked = s.memory(names)
		a.carryOut(s, names, next(in), visit)
		a.events(s, visit)
	}
	return reached, nil
}

// carryOut any part of a plan. What was asked may not be seen yet. It is remembered then; where it is not, because Crossplane
// stopped half-way, it takes its time to try again, so that it sees everything.
func (a adversary) carryOut(s situation, names []string, p Plan, visit func(situation)) {
	todo := steps(s.seen, names, p)
	for subset := 0; subset < 1<<len(todo); subset++ {
		after := s.clone()
		for i, do := range todo {
			if subset&(1<<i) == 0 {
				continue
			}
			was := after.world[do.cell]
			switch {
			case do.to.is(terminating) && was.live():
				after.world[do.cell] = vmOf(was.revision(), terminating)
			case !do.to.is(terminating) && s.seen[do.cell] == absent && was == absent:
				after.world[do.cell], after.seen[do.cell] = do.to, do.to
			case !do.to.is(terminating) && was.live() && was.revision() != do.to.revision():
				after.world[do.cell] = do.to
			}
		}
		lagging := after.clone()
		copy(after.seen, after.world)
		visit(after)
		if a.stale {
			lagging.remember(names, p.Memory.Asked)
			visit(lagging)
		}
	}
}

// events are the situations that a single event makes of s.
func (a adversary) events(s situation, visit func(situation)) {
	with := func(i int, to cell) {
		after := s.clone()
		after.world[i] = to
		if s.seen[i] == s.world[i] {
			after.seen[i] = to
		}
		visit(after)
	}
	for i, c := range s.world {
		if s.seen[i] != c {
			after := s.clone()
			after.seen[i] = c
			visit(after)
		} else if s.asked[i] != 0 {
			after := s.clone()
			after.asked[i] = 0 // It is so long ago that it must be seen.
			visit(after)
		}
		switch {
		case c == absent:
			continue
		case c.is(terminating):
			with(i, absent)
			continue
		case c.is(unavailable):
			with(i, vmOf(c.revision(), available))
		case c.is(unknown):
			with(i, vmOf(c.revision(), available))
			with(i, vmOf(c.revision(), unavailable))
		}
		if a.hostile {
			with(i, vmOf(c.revision(), unavailable)) // It fails.
			with(i, vmOf(c.revision(), unknown))     // Its hypervisor cannot be reached.
			with(i, vmOf(c.revision(), terminating)) // Its host is lost, and someone deletes it.
		}
	}
	after := s.clone() // The template is changed back.
	after.world.swapRevisions()
	after.seen.swapRevisions()
	for i, asked := range after.asked {
		after.asked[i] = []byte{0, 1, 3, 2}[asked]
	}
	visit(after)
	after = s.clone()
	after.paused = !s.paused
	visit(after)
}

// explorations are the adversaries, with the numbers of replicas that they play with.
func explorations() map[string]struct {
	reason    string
	adversary adversary
	replicas  int
} {
	return map[string]struct {
		reason    string
		adversary adversary
		replicas  int
	}{
		"Slow": {
			reason:    "When nothing fails, N-U VMs are available and N+S exist at most, whatever part of each plan is done, in whatever order, and even if the template goes back and forth.",
			adversary: adversary{inPlace: nowhere}, replicas: 3,
		},
		"SlowInPlace": {
			reason:    "The same when some VMs are changed in place and others are replaced.",
			adversary: adversary{inPlace: somewhere}, replicas: 3,
		},
		"Stale": {
			reason:    "The same when VMs look for a while as if nothing had been asked of them.",
			adversary: adversary{inPlace: everywhere, stale: true}, replicas: 3,
		},
		"Hostile": {
			reason:    "When VMs fail, hosts are lost and hypervisors cannot be reached, at most N+S VMs exist nevertheless.",
			adversary: adversary{inPlace: somewhere, hostile: true}, replicas: 3,
		},
	}
}

// budgets of a set in the hands of an adversary.
func budgets(replicas int) []Input {
	m := mode{change: func(in *Input) { in.Spec.Strategy = InPlaceIfPossible }}
	return m.inputs(replicas, 1)
}

func TestEveryReachableSituation(t *testing.T) {
	for name, tc := range explorations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reached, most := 0, tc.replicas
			if testing.Short() || raceDetector {
				most--
			}
			for n := 1; n <= most; n++ {
				for _, in := range budgets(n) {
					r, err := explore(in, tc.adversary, Next)
					if err != nil {
						t.Fatalf("%s\n%v", tc.reason, err)
					}
					reached += r
				}
			}
			t.Logf("reached %d situations", reached)
		})
	}
}
