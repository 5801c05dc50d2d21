// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

// A mode is a way to run a set, with what is promised of it.
type mode struct {
	name string
	// spec, memory and limits, given the replicas and the budgets.
	change func(*Input)
	// inPlace says which slots' VMs can be changed in place.
	inPlace func(slot int) bool
	// conditions that VMs can be in.
	conditions []condition
	// wanted is the revision that is wanted in a slot, empty for any, and made that which is made where a VM is missing.
	wanted, made func(slot, replicas int) string
	// promises beyond those that every mode keeps.
	promises []promise
	// mayBlock says that there need not be a step.
	mayBlock bool
	// variant says that the mode is a variant of another one, which is checked in more worlds.
	variant bool
}

// A promise of what a plan does to a world.
type promise func(in Input, w world, names []string, p Plan) error

var (
	usual   = []condition{available, unavailable, unknown, terminating}
	healing = []condition{available, unavailable, sick, terminating}
)

func nowhere(int) bool     { return false }
func everywhere(int) bool  { return true }
func somewhere(s int) bool { return s%2 == 0 }

func always(revision string) func(int, int) string { return func(int, int) string { return revision } }

func limitOf(n int) *int { return &n }

// modes of a set: each strategy, and each limit.
func modes() []mode {
	inPlace := func(in *Input) { in.Spec.Strategy = InPlaceIfPossible }
	lastSlotOld := func(slot, replicas int) string {
		if slot >= replicas-1 {
			return oldRevision
		}
		return newRevision
	}
	return []mode{
		{name: "RollingUpdate", change: func(*Input) {}},
		{name: "HighestFirst", variant: true, change: func(in *Input) { in.Spec.Order = HighestFirst }},
		{name: "InPlace", variant: true, change: inPlace, inPlace: everywhere, promises: []promise{inPlaceOnlyWherePossible}},
		{name: "InPlaceAndReplace", change: inPlace, inPlace: somewhere, promises: []promise{inPlaceOnlyWherePossible}},
		{
			name: "MaxInFlight", variant: true, inPlace: somewhere, promises: []promise{atMostInFlight},
			change: func(in *Input) { inPlace(in); in.Spec.MaxInFlight = 1 },
		},
		{
			name: "Partition", inPlace: somewhere, wanted: lastSlotOld, made: lastSlotOld,
			change: func(in *Input) { inPlace(in); in.Spec.Partition = 1 },
		},
		{
			name: "Paused", inPlace: somewhere, wanted: always(""), made: always(oldRevision), promises: []promise{updatesNothing},
			change: func(in *Input) { inPlace(in); in.Spec.Paused = true },
		},
		{
			name: "OnDelete", inPlace: everywhere, wanted: always(""), made: always(newRevision), promises: []promise{updatesNothing},
			change: func(in *Input) { in.Spec.Strategy = OnDelete },
		},
		{
			name: "Recreate", inPlace: everywhere, promises: []promise{neverMixes},
			change: func(in *Input) { in.Spec.Strategy = Recreate },
		},
		{
			name: "KeepIdentity", mayBlock: true, promises: []promise{onlyInVacantSlots},
			change: func(in *Input) { in.Spec.KeepIdentity = true },
		},
		{
			name: "SelfHealing", inPlace: somewhere, conditions: healing, promises: []promise{healsOrMelts},
			change: func(in *Input) {
				inPlace(in)
				in.Spec.SelfHealing = &SelfHealing{UnhealthyAfter: sickAfter, MaxUnhealthy: 1}
			},
		},
		{
			name: "HealingWhilePaused", variant: true, conditions: healing, wanted: always(""), made: always(oldRevision), promises: []promise{healsOrMelts},
			change: func(in *Input) {
				in.Spec.Paused = true
				in.Spec.SelfHealing = &SelfHealing{UnhealthyAfter: sickAfter, MaxUnhealthy: 1}
			},
		},
		{
			name: "NoPlace", inPlace: somewhere, mayBlock: true, promises: []promise{withinLimits},
			change: func(in *Input) { inPlace(in); in.Limits.Places = limitOf(0) },
		},
		{
			name: "OnePlace", variant: true, mayBlock: true, promises: []promise{withinLimits},
			change: func(in *Input) { in.Limits.Places = limitOf(1) },
		},
		{
			name: "Addresses", inPlace: somewhere, mayBlock: true, promises: []promise{withinLimits},
			change: func(in *Input) { inPlace(in); in.Limits.Addresses = limitOf(in.Spec.Replicas) },
		},
		{
			name: "SharedBudgetOfOne", variant: true, inPlace: somewhere, promises: []promise{withinLimits},
			change: func(in *Input) { inPlace(in); in.Limits.Disruptions = limitOf(1) },
		},
		{
			name: "NoSharedBudget", inPlace: somewhere, mayBlock: true, promises: []promise{withinLimits},
			change: func(in *Input) { inPlace(in); in.Limits.Disruptions = limitOf(0) },
		},
	}
}

func (m mode) complete() mode {
	if m.inPlace == nil {
		m.inPlace = nowhere
	}
	if m.conditions == nil {
		m.conditions = usual
	}
	if m.wanted == nil {
		m.wanted, m.made = always(newRevision), always(newRevision)
	}
	return m
}

// inputs are the budgets of sets of so many replicas.
func (m mode) inputs(replicas, most int) []Input {
	var out []Input
	for u := range min(replicas, most) + 1 {
		for s := range min(max(replicas, 1), most) + 1 {
			if u+s == 0 {
				continue
			}
			in := Input{
				Spec:   Spec{Replicas: replicas, MaxUnavailable: u, MaxSurge: s, Revision: newRevision, HistoryLimit: 10},
				Memory: Memory{Stable: oldRevision, Proven: []string{oldRevision}, History: []string{oldRevision, newRevision}, Replicas: replicas},
				Now:    worldNow,
			}
			m.change(&in)
			out = append(out, in)
		}
	}
	return out
}
