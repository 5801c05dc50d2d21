// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import "testing"

// Planners that are wrong in one way each. The checks of the model must tell them from Next, or they prove nothing.
func mutants() map[string]planFn {
	return map[string]planFn{
		"CountsOnItsOwnDeletions": func(spec Spec, vms []VM) Plan {
			p := Next(spec, vms)
			p.Creates = fill(spec, vms, len(p.Creates)+len(p.Deletes))
			return p
		},
		"CountsOnItsOwnCreations": func(spec Spec, vms []VM) Plan {
			p := Next(spec, vms)
			spec.MaxUnavailable += len(p.Creates)
			p.Deletes = Next(spec, vms).Deletes
			return p
		},
		"ForgetsTerminatingVMs": func(spec Spec, vms []VM) Plan {
			var live []VM
			for _, vm := range vms {
				if !vm.Terminating {
					live = append(live, vm)
				}
			}
			return Next(spec, live)
		},
		"TakesUnknownForUnavailable": mapped(func(vm VM) VM {
			if vm.Availability == Unknown {
				vm.Availability = Unavailable
			}
			return vm
		}),
		"TakesUnknownForAvailable": mapped(func(vm VM) VM {
			if vm.Availability == Unknown {
				vm.Availability = Available
			}
			return vm
		}),
		"NeverGivesUpUnavailableVMs": func(spec Spec, vms []VM) Plan {
			p := Next(spec, vms)
			var deletes []Deletion
			for _, d := range p.Deletes {
				if d.Reason != ReasonOutdatedUnavailable && d.Reason != ReasonOutdated {
					deletes = append(deletes, d)
				}
			}
			p.Deletes = deletes
			return p
		},
	}
}

func mapped(f func(VM) VM) planFn {
	return func(spec Spec, vms []VM) Plan {
		out := make([]VM, 0, len(vms))
		for _, vm := range vms {
			out = append(out, f(vm))
		}
		return Next(spec, out)
	}
}

// fill up to so many slots that have no VM of the current revision.
func fill(spec Spec, vms []VM, most int) []int {
	taken := map[int]bool{}
	for _, vm := range vms {
		if vm.Revision == spec.Revision {
			taken[vm.Slot] = true
		}
	}
	var slots []int
	for s := range spec.Replicas {
		if !taken[s] && len(slots) < most {
			slots = append(slots, s)
		}
	}
	return slots
}

func TestModelCatchesMutants(t *testing.T) {
	for name, next := range mutants() {
		t.Run(name, func(t *testing.T) {
			for n := range 3 {
				for _, spec := range configurations(n) {
					if _, err := checkEveryWorld(spec, next); err != nil {
						t.Logf("caught: %v", err)
						return
					}
				}
			}
			t.Error("a wrong planner passed the checks of every world")
		})
	}
}

func TestExplorationCatchesMutants(t *testing.T) {
	for _, name := range []string{"CountsOnItsOwnDeletions", "CountsOnItsOwnCreations", "ForgetsTerminatingVMs"} {
		t.Run(name, func(t *testing.T) {
			for n := range 3 {
				for _, spec := range configurations(n) {
					if _, err := explore(spec, adversary{}, mutants()[name]); err != nil {
						t.Logf("caught: %v", err)
						return
					}
				}
			}
			t.Error("a wrong planner was never led beyond a bound")
		})
	}
}
