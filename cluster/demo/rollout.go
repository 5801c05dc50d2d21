// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// settled is a state in which a set has come to rest, as its hypervisor shows it.
type settled struct {
	// vms is how many VMs there are, all of them powered on.
	vms int
	// cpus is how many CPUs each of them has; 0 for any number.
	cpus int
}

func (w settled) is(t lab.Tally) bool {
	return t.Exist == w.vms && t.On == w.vms && (w.cpus == 0 || t.ByCPUs[w.cpus] == w.vms)
}

// follow tells each change of a tier until it has settled, and fails at the first moment that is out of bounds.
func (s story) follow(ctx context.Context, t *tier, b lab.Bounds, want settled) error {
	last := ""
	err := lab.Follow(ctx, t.hypervisor, t.prefix(), func(vms []lab.VM) (bool, error) {
		tally := lab.Count(vms)
		if now := tally.String(); now != last {
			s.say("   %s %s: %s", time.Now().Format(time.TimeOnly), t.set, now)
			last = now
		}
		return want.is(tally), b.Check(tally)
	})
	if err != nil {
		return fmt.Errorf("%s, seen by %s: %w", t.set, t.tool, err)
	}
	return nil
}

func (s story) scale(ctx context.Context) error {
	const n = 4
	before, err := s.spec(ctx, s.web)
	if err != nil {
		return err
	}
	if err := s.show(ctx, "scale", "vmset/"+s.web.set, fmt.Sprintf("--replicas=%d", n)); err != nil {
		return err
	}
	if err := s.follow(ctx, s.web, lab.Bounds{MaxExist: n, MinOn: replicas(before)}, settled{vms: n}); err != nil {
		return err
	}
	if err := s.awaitReady(ctx, s.web); err != nil {
		return err
	}
	return s.show(ctx, "get", "vmset", s.web.set)
}

func (s story) rollWeb(ctx context.Context) error { return s.roll(ctx, s.web, 4) }

func (s story) rollKVM(ctx context.Context) error {
	if s.kvm == nil {
		s.say("   Left out: %s", s.withoutGuests)
		return nil
	}
	if err := s.roll(ctx, s.kvm, 2); err != nil {
		return err
	}
	return s.askGuests(ctx, s.kvm)
}

// roll changes the number of CPUs and follows the rolling replacement within the budgets that the user set.
func (s story) roll(ctx context.Context, t *tier, cpus int) error {
	spec, err := s.spec(ctx, t)
	if err != nil {
		return err
	}
	unavailable, surge, err := budgets(spec)
	if err != nil {
		return err
	}
	n := replicas(spec)
	b := lab.Bounds{MaxExist: n + surge, MinOn: n - unavailable, MaxPerHost: t.maxPerHost()}
	s.say("   %d replicas, maxUnavailable %d, maxSurge %d: at least %d must run and at most %d may exist at any moment.",
		n, unavailable, surge, b.MinOn, b.MaxExist)
	old, err := t.hypervisor.VMs(ctx, t.prefix())
	if err != nil {
		return err
	}
	if err := s.setCPUs(ctx, t, cpus); err != nil {
		return err
	}
	if err := s.follow(ctx, t, b, settled{vms: n, cpus: cpus}); err != nil {
		return err
	}
	if err := s.allReplaced(ctx, t, old); err != nil {
		return err
	}
	if err := s.awaitReady(ctx, t); err != nil {
		return err
	}
	return s.show(ctx, "get", "vmset", t.set)
}

// allReplaced checks that the VMs are other ones than before, one for each slot.
func (s story) allReplaced(ctx context.Context, t *tier, old []lab.VM) error {
	vms, err := t.hypervisor.VMs(ctx, t.prefix())
	if err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, vm := range old {
		ids[vm.ID] = true
	}
	var kept, names []string
	for _, vm := range vms {
		names = append(names, vm.Name)
		if ids[vm.ID] {
			kept = append(kept, vm.Name)
		}
	}
	if len(kept) > 0 {
		return fmt.Errorf("expected: all VMs of %s are new ones; seen: %s are the old ones", t.set, strings.Join(kept, ", "))
	}
	for slot := range vms {
		of := 0
		for _, name := range names {
			if strings.HasPrefix(name, fmt.Sprintf("%s%d-", t.prefix(), slot)) {
				of++
			}
		}
		if of != 1 {
			return fmt.Errorf("expected: one VM for slot %d of %s; seen: %d among %s", slot, t.set, of, strings.Join(names, ", "))
		}
	}
	return s.holds(true, "all VMs of "+t.set+" were replaced, one for each slot", strings.Join(names, ", "))
}
