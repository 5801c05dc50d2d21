// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"testing"
)

// BenchmarkPlan plans sets that are complete, that are in the middle of a rollout or of changes in place, and that begin.
func BenchmarkPlan(b *testing.B) {
	for _, replicas := range []int{100, 1000, 10000} {
		several := func(n int, revision string, a Availability, c Change) []VM {
			vms := make([]VM, 0, n)
			for slot := range n {
				vms = append(vms, VM{
					Name: fmt.Sprintf("vm-%d-%s", slot, revision), Slot: slot, Revision: revision, Availability: a, Change: c,
				})
			}
			return vms
		}
		cases := []struct {
			name string
			vms  []VM
		}{
			{"Complete", several(replicas, "new", Available, None)},
			{"Rollout", append(several(replicas, "old", Available, Replace), several(replicas/4, "new", Unavailable, None)...)},
			{"InPlace", several(replicas, "old", Available, InPlace)},
			{"Begin", nil},
		}
		for _, bc := range cases {
			b.Run(fmt.Sprintf("%s/%d", bc.name, replicas), func(b *testing.B) {
				in := Input{
					Spec: Spec{
						Replicas: replicas, MaxUnavailable: replicas / 4, MaxSurge: replicas / 4, Revision: "new", MaxCreates: 20,
						Strategy: InPlaceIfPossible, MinReadySeconds: 30, ProgressDeadlineSeconds: 600,
						SelfHealing: &SelfHealing{UnhealthyAfter: 300, MaxUnhealthy: 10},
					},
					VMs:    bc.vms,
					Memory: Memory{Stable: "old", Proven: []string{"old"}, History: []string{"old", "new"}, Replicas: replicas},
					Now:    1000,
				}
				b.ReportAllocs()
				for b.Loop() {
					Next(in)
				}
			})
		}
	}
}
