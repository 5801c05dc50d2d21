// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"maps"
	"slices"
	"testing"
)

// blind is a planner that does not see something of its input.
func blind(change func(*Input)) planFn {
	return func(in Input) Plan {
		in.VMs = slices.Clone(in.VMs)
		change(&in)
		return Next(in)
	}
}

// each is a planner that takes VMs for others.
func each(change func(*VM)) planFn {
	return blind(func(in *Input) {
		for i := range in.VMs {
			change(&in.VMs[i])
		}
	})
}

// mutants are planners that are wrong in one way each. The checks of the model must tell them from Next, or they prove nothing.
func mutants() map[string]planFn {
	return map[string]planFn{
		"CountsOnItsOwnDeletions": func(in Input) Plan {
			p := Next(in)
			in.Spec.MaxSurge += len(p.Deletes)
			p.Creates = Next(in).Creates
			return p
		},
		"CountsOnItsOwnCreations": func(in Input) Plan {
			p := Next(in)
			in.Spec.MaxUnavailable += len(p.Creates)
			p.Deletes = Next(in).Deletes
			return p
		},
		"ForgetsTerminatingVMs": blind(func(in *Input) {
			in.VMs = slices.DeleteFunc(in.VMs, func(vm VM) bool { return vm.Terminating })
		}),
		"TakesUnknownForUnavailable": each(func(vm *VM) {
			if vm.Availability == Unknown {
				vm.Availability = Unavailable
			}
		}),
		"TakesUnknownForAvailable": each(func(vm *VM) {
			if vm.Availability == Unknown {
				vm.Availability = Available
			}
		}),
		"NeverGivesUpUnavailableVMs": func(in Input) Plan {
			p := Next(in)
			p.Deletes = slices.DeleteFunc(p.Deletes, func(d Deletion) bool {
				return d.Reason == ReasonOutdatedUnavailable || d.Reason == ReasonOutdated
			})
			return p
		},
		"IgnoresChangesInFlight": each(func(vm *VM) { vm.Updating = false }),
		"ChangesInPlaceForFree": func(in Input) Plan {
			p := Next(in)
			in.Spec.MaxUnavailable = in.Spec.Replicas
			p.Updates = Next(in).Updates
			return p
		},
		"ChangesAndDeletesFromTwoBudgets": func(in Input) Plan {
			p := Next(in)
			in.VMs = slices.DeleteFunc(slices.Clone(in.VMs), func(vm VM) bool { return vm.Change == InPlace && vm.Availability != Available })
			for i := range in.VMs {
				in.VMs[i].Change = Replace
			}
			deletes := Next(in).Deletes
			p.Deletes = slices.DeleteFunc(deletes, func(d Deletion) bool {
				return slices.ContainsFunc(p.Updates, func(u Update) bool { return u.Name == d.Name })
			})
			return p
		},
		"IgnoresTheOrderOfPartition": blind(func(in *Input) {
			if in.Spec.Partition > 0 {
				in.Spec.Order = HighestFirst
			}
		}),
		"IgnoresPartition": blind(func(in *Input) { in.Spec.Partition = 0 }),
		"IgnoresPause":     blind(func(in *Input) { in.Spec.Paused = false }),
		"IgnoresOnDelete": blind(func(in *Input) {
			if in.Spec.Strategy == OnDelete {
				in.Spec.Strategy = RollingUpdate
			}
		}),
		"MixesWhatIsRecreated": blind(func(in *Input) {
			if in.Spec.Strategy == Recreate {
				in.Spec.Strategy = RollingUpdate
			}
		}),
		"IgnoresIdentity": blind(func(in *Input) { in.Spec.KeepIdentity = false }),
		"IgnoresMeltdown": blind(func(in *Input) {
			if in.Spec.SelfHealing != nil {
				in.Spec.SelfHealing = &SelfHealing{UnhealthyAfter: in.Spec.SelfHealing.UnhealthyAfter, MaxUnhealthy: in.Spec.Replicas}
			}
		}),
		"NeverHeals":          blind(func(in *Input) { in.Spec.SelfHealing = nil }),
		"IgnoresInFlight":     blind(func(in *Input) { in.Spec.MaxInFlight = 0 }),
		"IgnoresAddresses":    blind(func(in *Input) { in.Limits.Addresses = nil }),
		"IgnoresPlaces":       blind(func(in *Input) { in.Limits.Places = nil }),
		"IgnoresSharedBudget": blind(func(in *Input) { in.Limits.Disruptions = nil }),
		"NeverSaysItIsBlocked": func(in Input) Plan {
			p := Next(in)
			p.Blocked = false
			return p
		},
		"ReplacesWhatItCouldChange": blind(func(in *Input) {
			if in.Spec.Strategy == InPlaceIfPossible {
				in.Spec.Strategy = RollingUpdate
			}
		}),
	}
}

// skipUnderRace leaves out what proves the checks and not the planner, and takes long.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector has nothing to find in a planner that is wrong on purpose")
	}
}

func TestModelCatchesMutants(t *testing.T) {
	skipUnderRace(t)
	for name, next := range mutants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, z := range []size{{1, 1, false, 1}, {2, 0, false, 2}, {2, 1, false, 1}} {
				for _, m := range modes() {
					if _, err := m.checkEveryWorld(z, next); err != nil {
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
	skipUnderRace(t)
	all := mutants()
	maps.DeleteFunc(all, func(name string, _ planFn) bool {
		return !slices.Contains([]string{
			"CountsOnItsOwnDeletions", "CountsOnItsOwnCreations", "ForgetsTerminatingVMs", "IgnoresChangesInFlight", "ChangesInPlaceForFree",
		}, name)
	})
	all["ForgetsWhatItAsked"] = blind(func(in *Input) { in.Memory.Asked = nil })
	for name, next := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, who := range []string{"Slow", "SlowInPlace", "Stale"} {
				for n := 1; n <= 3; n++ {
					for _, in := range budgets(n) {
						if _, err := explore(in, explorations()[who].adversary, next); err != nil {
							t.Logf("caught: %v", err)
							return
						}
					}
				}
			}
			t.Error("a wrong planner was never led beyond a bound")
		})
	}
}
