// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// sets of any size and condition, with VMs of up to three revisions of which "c" is current.
func sets(t *rapid.T) (Spec, []VM) {
	n := rapid.IntRange(0, 40).Draw(t, "replicas")
	spec := Spec{
		Replicas:       n,
		MaxUnavailable: rapid.IntRange(0, n+1).Draw(t, "maxUnavailable"),
		MaxSurge:       rapid.IntRange(0, n+1).Draw(t, "maxSurge"),
		MaxCreates:     rapid.IntRange(0, 10).Draw(t, "maxCreates"),
		Revision:       "c",
	}
	if spec.MaxUnavailable == 0 && spec.MaxSurge == 0 {
		spec.MaxUnavailable = 1
	}
	var vms []VM
	for i, revision := range []string{"a", "b", "c"} {
		slots := rapid.SliceOfNDistinct(rapid.IntRange(0, n+10), 0, n+5, rapid.ID[int]).Draw(t, "slots of "+revision)
		for _, slot := range slots {
			vms = append(vms, VM{
				Name:         fmt.Sprintf("%d-%s", slot, revision),
				Slot:         slot,
				Revision:     revision,
				Availability: rapid.SampledFrom([]Availability{Unknown, Unavailable, Available}).Draw(t, "availability"),
				Terminating:  rapid.IntRange(0, 5).Draw(t, "terminating") == 0,
				Created:      int64(i),
			})
		}
	}
	return spec, vms
}

// next plan of a set of which nothing is remembered.
func next(spec Spec, vms []VM) Plan { return Next(Input{Spec: spec, VMs: vms}) }

// after a part of a plan is carried out.
func after(vms []VM, p Plan, picked func(step string) bool) []VM {
	var out []VM
	for _, vm := range vms {
		if slices.ContainsFunc(p.Deletes, func(d Deletion) bool { return d.Name == vm.Name }) && picked("delete "+vm.Name) {
			vm.Terminating = true
		}
		out = append(out, vm)
	}
	for _, c := range p.Creates {
		if name := fmt.Sprintf("%d-%s", c.Slot, c.Revision); picked("create " + name) {
			out = append(out, VM{Name: name, Slot: c.Slot, Revision: c.Revision, Availability: Unavailable, Created: 99})
		}
	}
	return out
}

func everything(string) bool { return true }

// keeps says whether a VM stays.
func keeps(p Plan, name string) bool {
	return slices.ContainsFunc(p.Keeps, func(k Keep) bool { return k.Name == name })
}

func availableOf(vms []VM) int {
	n := 0
	for _, vm := range vms {
		if vm.Availability == Available && !vm.Terminating {
			n++
		}
	}
	return n
}

// TestProperties checks what is promised of any plan of any set. The numbers are those of the invariants that the checks are for:
// I1 availability, I2 surge, I3 no credit, I4 and I6 nothing left to do, I5 determinism, I12 revisions, I13 scaling down, I20 names.
func TestProperties(t *testing.T) {
	properties := map[string]func(*rapid.T, Spec, []VM){
		"I1I2AnySubsetKeepsTheBounds": func(t *rapid.T, spec Spec, vms []VM) {
			p := next(spec, vms)
			part := after(vms, p, func(s string) bool { return rapid.Bool().Draw(t, s) })
			if got, want := availableOf(part), min(availableOf(vms), spec.Replicas-spec.MaxUnavailable); got < want {
				t.Fatalf("%d are available of %d, and %d must be", got, availableOf(vms), want)
			}
			if got, most := len(part), max(len(vms), spec.Replicas+spec.MaxSurge); got > most {
				t.Fatalf("%d exist, and %d may", got, most)
			}
		},
		"I3NothingIsCredited": func(t *rapid.T, spec Spec, vms []VM) {
			p := next(spec, vms)
			created := after(vms, Plan{Creates: p.Creates}, everything)
			again := next(spec, created)
			if len(again.Deletes) > len(p.Deletes) {
				t.Fatalf("creations that are not available allow deletions: %v", again.Deletes)
			}
			deleted := after(vms, Plan{Deletes: p.Deletes}, everything)
			again = next(spec, deleted)
			if len(again.Creates) > len(p.Creates) {
				t.Fatalf("deletions that have not ended allow creations: %v", again.Creates)
			}
		},
		"I4AllDoneLeavesNothingToDoAtOnce": func(t *rapid.T, spec Spec, vms []VM) {
			spec.MaxCreates = 0
			done := after(vms, next(spec, vms), everything)
			if p := next(spec, done); len(p.Creates)+len(p.Deletes) > 0 {
				t.Fatalf("a plan that is carried out leaves %v %v", p.Creates, p.Deletes)
			}
		},
		"I5OrderMakesNoDifference": func(t *rapid.T, spec Spec, vms []VM) {
			shuffled := rapid.Permutation(vms).Draw(t, "order")
			if diff := cmp.Diff(next(spec, vms), next(spec, shuffled), cmpopts.EquateEmpty()); diff != "" {
				t.Fatal(diff)
			}
		},
		"I6CompleteIsAtRest": func(t *rapid.T, spec Spec, _ []VM) {
			var vms []VM
			for slot := range spec.Replicas {
				vms = append(vms, VM{Name: fmt.Sprint(slot), Slot: slot, Revision: "c", Availability: Available})
			}
			p := next(spec, vms)
			if !p.Complete || len(p.Creates)+len(p.Deletes)+len(p.Notes) > 0 || len(p.Keeps) != len(vms) {
				t.Fatalf("a complete set is not at rest: %+v", p)
			}
		},
		"I12OnlyTheCurrentRevisionIsMadeAndOldestGoesFirst": func(t *rapid.T, spec Spec, vms []VM) {
			p := next(spec, vms)
			works := func(name string) bool {
				return slices.ContainsFunc(vms, func(vm VM) bool { return vm.Name == name && vm.Availability == Available })
			}
			b := slices.IndexFunc(p.Deletes, func(d Deletion) bool { return strings.HasSuffix(d.Name, "-b") && works(d.Name) })
			for _, vm := range vms {
				if b < 0 || vm.Revision != "a" || vm.Terminating || vm.Availability != Available {
					continue
				}
				if i := slices.IndexFunc(p.Deletes, func(d Deletion) bool { return d.Name == vm.Name }); i < 0 || i > b {
					t.Fatalf("%s stays while a younger revision goes", vm.Name)
				}
			}
		},
		"I13ScalingDownKeepsWhatWorks": func(t *rapid.T, spec Spec, vms []VM) {
			vms = slices.DeleteFunc(vms, func(vm VM) bool { return vm.Revision != "c" })
			p := next(spec, vms)
			surplus, available := false, availableOf(after(vms, Plan{Deletes: p.Deletes}, everything))
			for _, d := range p.Deletes {
				surplus = surplus || d.Reason == ReasonSurplus && availableOf(vms) > available
			}
			missing := p.Counts.Updated-len(p.Deletes) < spec.Replicas
			if surplus && available < spec.Replicas && (!missing || spec.MaxSurge > 0) {
				t.Fatalf("scaling down leaves %d available of %d", available, spec.Replicas)
			}
			for _, vm := range vms {
				kept := keeps(p, vm.Name)
				if vm.Slot >= spec.Replicas && vm.Availability == Unavailable && kept {
					t.Fatalf("%s is surplus and unavailable, and stays", vm.Name)
				}
			}
		},
		"I20OneVMPerSlotAndRevision": func(t *rapid.T, spec Spec, vms []VM) {
			taken := map[string]bool{}
			for _, vm := range vms {
				taken[vm.Name] = true
			}
			for _, c := range next(spec, vms).Creates {
				name := fmt.Sprintf("%d-c", c.Slot)
				if taken[name] || c.Slot >= spec.Replicas || c.Copy > 0 {
					t.Fatalf("%s is made, and exists or is not wanted", name)
				}
				taken[name] = true
			}
		},
		"I23EveryVMIsKeptOrDeletedWithAReason": func(t *rapid.T, spec Spec, vms []VM) {
			p := next(spec, vms)
			var named []string
			for _, k := range p.Keeps {
				named = append(named, k.Name)
			}
			for _, d := range p.Deletes {
				if d.Reason == "" {
					t.Fatalf("%s is deleted without a reason", d.Name)
				}
				named = append(named, d.Name)
			}
			var live []string
			for _, vm := range vms {
				if !vm.Terminating {
					live = append(live, vm.Name)
				}
			}
			slices.Sort(named)
			slices.Sort(live)
			if !slices.Equal(named, live) {
				t.Fatalf("live VMs %v, and the plan names %v", live, named)
			}
		},
	}
	for name, check := range properties {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				spec, vms := sets(t)
				check(t, spec, vms)
			})
		})
	}
}

// TestRollouts takes sets from any condition to what is wanted: each wave does all of a plan, then everything becomes available
// and what is being deleted goes. I7: each wave makes progress. I11: a revision that comes back takes up what is left of it.
// I14: no replicas leave nothing.
func TestRollouts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, vms := sets(t)
		spec.MaxCreates = 0
		for wave := 0; ; wave++ {
			p := next(spec, vms)
			if p.Complete {
				break
			}
			progress := slices.ContainsFunc(vms, func(vm VM) bool { return vm.Terminating || vm.Availability != Available })
			if !progress && len(p.Creates)+len(p.Deletes) == 0 {
				t.Fatalf("wave %d does nothing: %v", wave, p.Notes)
			}
			if bound := 4*len(vms) + 4*spec.Replicas + 10; wave > bound {
				t.Fatalf("not complete after %d waves", wave)
			}
			vms = slices.DeleteFunc(after(vms, p, everything), func(vm VM) bool { return vm.Terminating })
			for i := range vms {
				vms[i].Availability = Available
			}
			if rapid.IntRange(0, 20).Draw(t, "template goes back") == 0 && wave < 10 {
				spec.Revision = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "revision")
				wanted := func(vm VM) bool { return vm.Revision == spec.Revision && vm.Slot < spec.Replicas }
				p := next(spec, vms)
				for _, vm := range vms {
					if wanted(vm) && !keeps(p, vm.Name) {
						t.Fatalf("%s is wanted again, and goes", vm.Name)
					}
				}
			}
		}
		if len(vms) != spec.Replicas {
			t.Fatalf("%d VMs are left of %d replicas", len(vms), spec.Replicas)
		}
	})
}

// TestDuplicate covers what should not happen: two VMs of the current revision in one slot.
func TestDuplicate(t *testing.T) {
	vms := []VM{
		{Name: "impostor", Slot: 0, Revision: "c", Availability: Unavailable},
		{Name: "vm-0-c", Slot: 0, Revision: "c", Availability: Available},
	}
	p := next(Spec{Replicas: 1, MaxUnavailable: 1, Revision: "c"}, vms)
	want := []Deletion{{Name: "impostor", Reason: ReasonDuplicate}}
	if diff := cmp.Diff(want, p.Deletes); diff != "" {
		t.Errorf("the better of two VMs in one slot stays: -want, +got:\n%s", diff)
	}
}
