// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"testing"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// maxKills bounds how often each program is killed, so that a rollout that never ends is found out by waiting.
const maxKills = 6

// TestKilledDuringRollout kills the provider and the function, without any warning, each time a rolling replacement has made
// a step. It must keep its budgets, end, and leave one VM for each slot and nothing else.
func TestKilledDuringRollout(t *testing.T) {
	t.Run("VSphere", func(t *testing.T) {
		w := newWorld(t, "e2e-kill-vsphere")
		w.killDuringRollout(w.vcenter, w.set("", 4, vsphereSpec(), 1, 1))
	})
	t.Run("Libvirt", func(t *testing.T) {
		w := newWorld(t, "e2e-kill-libvirt")
		w.killDuringRollout(w.guests(), w.set("", 2, libvirtSpec(), 1, 1))
	})
}

func (w *world) killDuringRollout(h lab.Hypervisor, set *v1beta1.VMSet) {
	w.Helper()
	before := w.traces(h)
	replicas := *set.Spec.Replicas
	n, cpus := int(replicas), *set.Spec.Template.Spec.ForProvider.Resources.CPU
	ru := set.Spec.UpdateStrategy.RollingUpdate

	g := w.guard(h, lab.Bounds{MaxExist: n})
	w.create(set)
	old := w.awaitVMs(h, "all VMs", running(n, int(cpus)))
	w.awaitSet(set, replicas)

	g.set(lab.Bounds{MaxExist: n + ru.MaxSurge.IntValue(), MinOn: n - ru.MaxUnavailable.IntValue()})
	cpus *= 2
	change(w, set, func(s *v1beta1.VMSet) { s.Spec.Template.Spec.ForProvider.Resources.CPU = &cpus })
	kills := w.killAtEachStep(h, running(n, int(cpus)))
	if kills["provider"] == 0 || kills["function"] == 0 {
		w.Errorf("want provider and function killed during the rollout, got %v", kills)
	}
	w.awaitSet(set, replicas)
	vms := w.awaitVMs(h, "the new VMs and no others", running(n, int(cpus)))
	assertReplaced(w.T, old, vms)
	assertSlots(w.T, set.Name, vms)

	g.set(lab.Bounds{MaxExist: n})
	w.delete(set)
	w.awaitVMs(h, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
	w.assertTraces(h, before)
}

// killAtEachStep kills provider and function in turns whenever a hypervisor's VMs have changed, until they are as wanted. It
// returns how often it killed which.
func (w *world) killAtEachStep(h lab.Hypervisor, wanted func([]lab.VM) bool) map[string]int {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	defer cancel()
	kills := map[string]int{}
	next, after := "provider", "function"
	err := lab.Follow(ctx, h, w.ns, func(vms []lab.VM) (bool, error) {
		if wanted(vms) {
			return true, nil
		}
		if kills[next] < maxKills {
			w.kill(next)
			kills[next]++
			next, after = after, next
		}
		return false, nil
	})
	if err != nil {
		w.Fatalf("The rollout did not end although the programs were killed only %v times: %v", kills, err)
	}
	return kills
}
