// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A history is a long life of a set: its spec changes at random, VMs come and fail, plans are carried out in part and are seen late.
type history struct {
	rnd  *rand.Rand
	next planFn
	in   Input
	// vms by name, as they are, and late as they are still seen.
	vms, late map[string]VM
	// rolledBack counts by revision. pass is how many plans there were.
	rolledBack map[string]int
	pass       int
	// log of the last pass, for a failing test.
	log string
}

func newHistory(seed uint64, most int, next planFn) *history {
	h := &history{
		rnd: rand.New(rand.NewPCG(seed, 7)), next: next,
		vms: map[string]VM{}, late: map[string]VM{}, rolledBack: map[string]int{},
		in: Input{Now: 1_000_000},
	}
	h.in.Spec = Spec{Replicas: h.rnd.IntN(most + 1), MaxUnavailable: 1, MaxSurge: 1, Revision: "a", HistoryLimit: 3}
	return h
}

// oneIn so many times it is true.
func (h *history) oneIn(n int) bool { return h.rnd.IntN(n) == 0 }

func pick[T any](h *history, of ...T) T { return of[h.rnd.IntN(len(of))] }

// change something that is wanted.
func (h *history) change(most int) {
	s := &h.in.Spec
	s.RollbackTo, s.ScaleDownNames = "", nil
	switch h.rnd.IntN(16) {
	case 0, 1:
		s.Replicas = h.rnd.IntN(most + 1)
	case 2, 3, 4:
		s.Revision = pick(h, "a", "b", "c", "d", "e")
	case 5:
		s.Strategy = pick(h, RollingUpdate, InPlaceIfPossible, InPlaceIfPossible, OnDelete, Recreate)
	case 6:
		s.MaxUnavailable, s.MaxSurge = h.rnd.IntN(s.Replicas+2), h.rnd.IntN(s.Replicas+2)
		if s.MaxUnavailable+s.MaxSurge == 0 {
			s.MaxSurge = 1
		}
	case 7:
		s.Paused = !s.Paused
	case 8:
		s.Partition = pick(h, 0, h.rnd.IntN(s.Replicas+1))
	case 9:
		s.ScaleDown, s.Order = pick(h, HighestSlotFirst, UnavailableFirst, NewestFirst, OldestFirst), pick(h, LowestFirst, HighestFirst)
		names := slices.Sorted(maps.Keys(h.vms))
		if len(names) > 0 && s.Replicas > 0 {
			s.ScaleDownNames = []string{pick(h, names...)}
			s.Replicas--
		}
	case 10:
		s.SelfHealing = pick(h, nil, &SelfHealing{UnhealthyAfter: 60, MaxUnhealthy: s.Replicas / 3})
	case 11:
		s.ProgressDeadlineSeconds, s.AutoRollback = pick[int64](h, 0, 120), pick(h, true, true, false)
	case 12:
		s.MinReadySeconds = pick[int64](h, 0, 10)
	case 13:
		s.MaxInFlight, s.MaxCreates = pick(h, 0, 1+h.rnd.IntN(20)), pick(h, 0, 20)
	case 14:
		s.Snapshots, s.KeepIdentity = pick(h, NoSnapshots, RemoveSnapshots, KeepSnapshots), h.oneIn(3)
	case 15:
		if len(h.in.Memory.History) > 0 {
			s.RollbackTo = pick(h, append(h.in.Memory.History, "unheard-of")...)
		}
	}
	h.in.Limits = Limits{}
	switch h.rnd.IntN(6) {
	case 0:
		h.in.Limits.Disruptions = limitOf(h.rnd.IntN(4))
	case 1:
		h.in.Limits.Addresses = limitOf(s.Replicas + h.rnd.IntN(3))
	case 2:
		h.in.Limits.Places = limitOf(h.rnd.IntN(3))
	}
}

// changeBetween revisions: some can be made in place in both directions, others in one, and two are the same by other names.
func changeBetween(from, to string) Change {
	switch from + to {
	case "ce", "ec":
		return None
	case "ab", "ba", "bc", "de", "ed":
		return InPlace
	default:
		return Replace
	}
}

// seen is the set as the planner sees it.
func (h *history) seen() []VM {
	target := Target(h.in.Spec, h.in.Memory)
	var out []VM
	for _, name := range slices.Sorted(maps.Keys(h.vms)) {
		vm := h.vms[name]
		if was, late := h.late[name]; late {
			vm = was
		}
		vm.Change = changeBetween(vm.Revision, target)
		vm.Snapshots = slices.Clone(vm.Snapshots)
		out = append(out, vm)
	}
	h.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// plan what to do, check it, and carry out a part of it. It says whether the set is as it is wanted.
func (h *history) plan(whole bool) (bool, error) {
	h.pass++
	h.in.VMs = h.seen()
	p := h.next(h.in)
	h.log = fmt.Sprintf("pass %d, spec %+v, limits %+v\nmemory %+v\ncounts %+v\n%q", h.pass, h.in.Spec, h.in.Limits, h.in.Memory, p.Counts, p.Words(300))
	if err := h.check(p); err != nil {
		return false, err
	}
	stopped := !whole && h.oneIn(4)
	done := func() bool { return whole || !stopped || h.oneIn(2) }
	for _, d := range p.Deletes {
		if done() {
			h.alter(d.Name, stopped || whole, func(vm *VM) { vm.Terminating = true })
		}
	}
	for _, u := range p.Updates {
		if done() {
			h.alter(u.Name, stopped || whole || h.vms[u.Name].Slot == NoSlot, func(vm *VM) {
				vm.Slot = u.Slot
				if !vm.Terminating && vm.Revision != u.Revision {
					vm.Birth, vm.Revision, vm.Updating = (&member{VM: *vm}).birth(), u.Revision, true
				}
			})
		}
	}
	for _, k := range p.Keeps {
		vm := h.vms[k.Name]
		vm.Slot = k.Slot
		if k.Revision != vm.Revision && changeBetween(vm.Revision, k.Revision) == None {
			vm.Birth, vm.Revision = (&member{VM: vm}).birth(), k.Revision
		}
		h.vms[k.Name] = vm
	}
	for _, c := range p.Creates {
		if done() {
			name := fmt.Sprintf("%d-%s-%d", c.Slot, c.Revision, c.Copy)
			h.vms[name] = VM{Name: name, Slot: c.Slot, Revision: c.Revision, Copy: c.Copy, Availability: Unavailable, Since: h.in.Now, Created: h.in.Now}
		}
	}
	h.takeSnapshots(p)
	if stopped {
		return false, nil // What was to be remembered is lost, and everything is looked up anew.
	}
	h.in.Memory = p.Memory
	return p.Complete, nil
}

// alter a VM. Unless it is at once, that may be seen late.
func (h *history) alter(name string, atOnce bool, f func(*VM)) {
	vm := h.vms[name]
	if _, late := h.late[name]; !late && !atOnce && h.oneIn(3) {
		h.late[name] = vm
	}
	f(&vm)
	h.vms[name] = vm
	if atOnce {
		clear(h.late)
	}
}

func (h *history) takeSnapshots(p Plan) {
	for name, vm := range h.vms {
		var snapshots []Snapshot
		for _, want := range p.Snapshots {
			if want.VM != name {
				continue
			}
			if i := slices.IndexFunc(vm.Snapshots, func(s Snapshot) bool { return s.For == want.For }); i >= 0 {
				want = vm.Snapshots[i]
			}
			snapshots = append(snapshots, want)
		}
		vm.Snapshots = snapshots
		h.vms[name] = vm
	}
}

// live lets things happen. Good ones only when nothing is to fail.
func (h *history) live(fail bool) {
	for _, name := range slices.Sorted(maps.Keys(h.late)) {
		if !fail || h.oneIn(2) {
			delete(h.late, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(h.vms)) {
		vm := h.vms[name]
		was := vm.Availability
		switch {
		case fail && h.rnd.IntN(2) > 0:
			continue
		case vm.Terminating:
			if !fail || h.oneIn(3) {
				delete(h.vms, name)
				delete(h.late, name)
			}
			continue
		case fail && h.oneIn(60):
			switch h.rnd.IntN(8) {
			case 0:
				vm.Failed = true
			case 1:
				vm.Lost = true
			case 2:
				vm.Terminating = true
			case 3, 4, 5:
				vm.Availability = Unavailable
			case 6:
				vm.Availability = Unknown
			case 7:
				vm.Protected = !vm.Protected
			}
		case vm.Updating:
			vm.Updating, vm.Since = false, h.in.Now
		case vm.Revision == "d" && fail: // It never works, until it is meant to.
			vm.Availability = Unavailable
		default:
			vm.Availability = Available
		}
		if vm.Availability != was {
			vm.Since = h.in.Now
		}
		for i := range vm.Snapshots {
			vm.Snapshots[i].Ready = vm.Snapshots[i].Ready || !fail || h.oneIn(2)
		}
		h.vms[name] = vm
	}
	if fail && h.oneIn(50) {
		name := fmt.Sprintf("adopted-%d", h.in.Now)
		h.vms[name] = VM{Name: name, Slot: NoSlot, Revision: pick(h, "", "b"), Birth: "none", Availability: Available, Since: h.in.Now}
	}
	h.in.Now += int64(1 + h.rnd.IntN(10))
}

// settle lets what is begun end, without faults and limits.
func (h *history) settle() error {
	s := &h.in.Spec
	s.Paused, s.RollbackTo, s.Partition = false, "", 0
	s.SelfHealing = &SelfHealing{UnhealthyAfter: 60, MaxUnhealthy: len(h.vms) + s.Replicas}
	s.MaxUnavailable = max(s.MaxUnavailable, 1)
	if s.Strategy == OnDelete {
		s.Strategy = RollingUpdate
	}
	h.in.Limits = Limits{}
	for name, vm := range h.vms {
		vm.Protected = false
		h.vms[name] = vm
	}
	clear(h.late)
	for passes := 0; ; passes++ {
		complete, err := h.plan(true)
		if complete || err != nil {
			return err
		}
		if bound := 100 + 20*(len(h.vms)+s.Replicas); passes > bound {
			return fmt.Errorf("I41: not as it is wanted after %d passes without a fault", passes)
		}
		h.live(false)
	}
}

// run a history, with so many passes before it settles.
func (h *history) run(passes, most int) error {
	for range passes {
		if h.oneIn(8) {
			h.change(most)
		}
		if _, err := h.plan(false); err != nil {
			return err
		}
		h.live(true)
	}
	return h.settle()
}

func TestHistories(t *testing.T) {
	type size struct{ replicas, seeds, passes int }
	sizes := []size{{4, 200, 200}, {20, 80, 200}, {200, 10, 300}}
	if testing.Short() || raceDetector {
		sizes = []size{{4, 20, 150}, {40, 3, 100}}
	}
	for _, z := range sizes {
		t.Run(fmt.Sprintf("N=%d", z.replicas), func(t *testing.T) {
			t.Parallel()
			plans, rollbacks := 0, 0
			for seed := range uint64(z.seeds) {
				h := newHistory(seed, z.replicas, Next)
				if err := h.run(z.passes, z.replicas); err != nil {
					t.Fatalf("seed %d: %v\n%s", seed, err, h.log)
				}
				plans += h.pass
				for _, n := range h.rolledBack {
					rollbacks += n
				}
			}
			t.Logf("checked %d plans, %d of which gave a revision up", plans, rollbacks)
		})
	}
}

// TestHistoriesCatchMutants proves that the checks of histories can tell. What is wrong by intent only, as ignoring a pause of
// replacements, is for the model.
func TestHistoriesCatchMutants(t *testing.T) {
	skipUnderRace(t)
	all := mutants()
	maps.DeleteFunc(all, func(name string, _ planFn) bool {
		return slices.Contains([]string{
			"IgnoresPartition", "IgnoresTheOrderOfPartition", "IgnoresPause", "IgnoresOnDelete", "NeverHeals", "IgnoresInFlight",
			"NeverSaysItIsBlocked", "ReplacesWhatItCouldChange",
		}, name)
	})
	all["ForgetsWhatItAsked"] = blind(func(in *Input) { in.Memory.Asked = nil })
	all["ForgetsSnapshots"] = blind(func(in *Input) { in.Spec.Snapshots = NoSnapshots })
	all["ForgetsProtection"] = each(func(vm *VM) { vm.Protected = false })
	all["ForgetsCopies"] = each(func(vm *VM) { vm.Birth = "" })
	all["IgnoresMinReady"] = blind(func(in *Input) { in.Spec.MinReadySeconds = 0 })
	for name, next := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(600) {
				h := newHistory(seed, 6, next)
				if err := h.run(200, 6); err != nil {
					t.Logf("caught: seed %d: %v", seed, err)
					return
				}
			}
			t.Error("a wrong planner kept all promises")
		})
	}
}
