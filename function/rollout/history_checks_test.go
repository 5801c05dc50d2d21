// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// check what is promised of a plan.
func (h *history) check(p Plan) error {
	s := h.in.Spec
	c := h.costs(p)
	least, most := s.Replicas-s.MaxUnavailable, s.Replicas+s.MaxSurge
	if s.Strategy == Recreate {
		least = 0
	}
	if c.available < min(c.availableBefore, least) {
		return fmt.Errorf("I1: takes %d available VMs to %d, and %d must stay", c.availableBefore, c.available, least)
	}
	if l := h.in.Limits.Disruptions; l != nil && c.disrupted > *l {
		return fmt.Errorf("I28: disrupts %d VMs of a budget of %d", c.disrupted, *l)
	}
	if l := h.in.Limits.Addresses; l != nil {
		most = min(most, *l)
	}
	if n := len(h.vms); n+len(p.Creates) > max(n, most) {
		return fmt.Errorf("I2: takes %d VMs to %d, and %d may exist", n, n+len(p.Creates), most)
	}
	if p.Deadline != 0 && p.Deadline <= h.in.Now && !p.RollsBack {
		return fmt.Errorf("asks to be woken in the past, at %d", p.Deadline)
	}
	if p.RollsBack && slices.Contains(h.in.Memory.RolledBack, p.Target) {
		return fmt.Errorf("I19: gives %s up again", p.Target)
	}
	if p.RollsBack {
		h.rolledBack[p.Target]++
		if p.Steps() > 0 || h.in.Spec.Paused {
			return fmt.Errorf("I19: gives up and goes on")
		}
	}
	if err := h.checkCreates(p); err != nil {
		return err
	}
	if err := h.checkVictims(p); err != nil {
		return err
	}
	return h.checkAgain(p)
}

// costs of a plan.
type costs struct {
	availableBefore, available, disrupted int
}

// costs of a plan in truth: VMs that are seen late are as they are. An unknown VM may be available, and those that are taken out of
// service are.
func (h *history) costs(p Plan) costs {
	var c costs
	taken := map[string]bool{}
	for _, d := range p.Deletes {
		taken[d.Name] = true
	}
	for _, u := range p.Updates {
		taken[u.Name] = true
	}
	for name, vm := range h.vms {
		working := !vm.Terminating && !vm.Updating && !vm.Failed && !vm.Lost
		switch {
		case working && vm.Availability == Available && h.in.Now-vm.Since >= h.in.Spec.MinReadySeconds:
			c.availableBefore++
			if taken[name] {
				c.disrupted++
			} else {
				c.available++
			}
		case working && vm.Availability == Unknown && taken[name]:
			c.availableBefore++
			c.disrupted++
		}
	}
	return c
}

func (h *history) checkCreates(p Plan) error {
	s := h.in.Spec
	if l := h.in.Limits.Places; l != nil && len(p.Creates) > *l || s.MaxCreates > 0 && len(p.Creates) > s.MaxCreates {
		return fmt.Errorf("creates %d VMs at once", len(p.Creates))
	}
	names := map[string]bool{}
	for _, c := range p.Creates {
		name := fmt.Sprintf("%d-%s-%d", c.Slot, c.Revision, c.Copy)
		if _, exists := h.vms[name]; exists || names[name] {
			return fmt.Errorf("I20: creates %s, which exists", name)
		}
		names[name] = true
		if c.Revision != s.Revision && !slices.Contains(h.in.Memory.History, c.Revision) {
			return fmt.Errorf("creates %s, whose template is not known", name)
		}
		for _, vm := range h.vms {
			if s.KeepIdentity && vm.Slot == c.Slot {
				return fmt.Errorf("creates %s beside %s", name, vm.Name)
			}
			if s.Strategy == Recreate && vm.Revision != c.Revision && changeBetween(vm.Revision, c.Revision) != None {
				return fmt.Errorf("creates %s beside %s", name, vm.Name)
			}
		}
	}
	return nil
}

func (h *history) checkVictims(p Plan) error {
	s := h.in.Spec
	for _, d := range p.Deletes {
		vm := h.vms[d.Name]
		if d.Reason == "" || vm.Protected && !slices.Contains(s.ScaleDownNames, d.Name) {
			return fmt.Errorf("I21: deletes %s: %q", d.Name, d.Reason)
		}
		if p.Meltdown && (slices.Contains(h.in.Memory.Proven, vm.Revision) || vm.Revision == p.Target || h.in.Memory.Stable == "") {
			return fmt.Errorf("I24: deletes %s in a meltdown", d.Name)
		}
	}
	for _, u := range p.Updates {
		vm := h.vms[u.Name]
		ready := slices.ContainsFunc(vm.Snapshots, func(s Snapshot) bool { return s.For == u.Revision && s.Ready })
		switch {
		case s.Strategy != InPlaceIfPossible, s.Paused, p.Meltdown, vm.Protected:
			return fmt.Errorf("changes %s", u.Name)
		case s.Snapshots != NoSnapshots && !ready:
			return fmt.Errorf("I26: changes %s without a snapshot", u.Name)
		}
	}
	for _, k := range p.Keeps {
		i := slices.IndexFunc(h.in.VMs, func(vm VM) bool { return vm.Name == k.Name })
		if was := h.in.VMs[i].Revision; k.Revision != was && changeBetween(was, k.Revision) != None {
			return fmt.Errorf("keeps %s of %s as one of %s", k.Name, was, k.Revision)
		}
	}
	named := len(p.Keeps) + len(p.Deletes) + len(p.Updates)
	live := 0
	for _, vm := range h.in.VMs {
		if !vm.Terminating {
			live++
		}
	}
	if named != live {
		return fmt.Errorf("I23: names %d of %d live VMs", named, live)
	}
	return nil
}

// checkAgain plans again: in another order of VMs, and with what is remembered, as if nothing had been carried out and seen yet.
func (h *history) checkAgain(p Plan) error {
	if h.pass%10 != 0 {
		return nil
	}
	in := h.in
	in.VMs = slices.Clone(in.VMs)
	slices.Reverse(in.VMs)
	if diff := cmp.Diff(p, h.next(in), cmpopts.EquateEmpty()); diff != "" {
		return fmt.Errorf("I5: the order of VMs makes a difference: %s", diff)
	}
	if p.RollsBack {
		return nil
	}
	in.Memory = p.Memory
	again := h.next(in)
	if again.Steps() > p.Steps() {
		return fmt.Errorf("I4: planned again, does more: %q", again.Words(300))
	}
	if diff := cmp.Diff(p.Memory, again.Memory, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Memory{}, "Asked")); diff != "" {
		return fmt.Errorf("I4: planned again, remembers something else: %s", diff)
	}
	return nil
}
