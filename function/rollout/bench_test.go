// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"testing"
)

// BenchmarkPlan plans sets of 1,000 replicas: one that is complete, one in the middle of a rollout, and one that begins.
func BenchmarkPlan(b *testing.B) {
	const replicas = 1000
	spec := Spec{Replicas: replicas, MaxUnavailable: 250, MaxSurge: 250, Revision: "new", MaxCreates: 20}
	several := func(n int, revision string, a Availability) []VM {
		vms := make([]VM, 0, n)
		for slot := range n {
			vms = append(vms, VM{Name: fmt.Sprintf("vm-%d-%s", slot, revision), Slot: slot, Revision: revision, Availability: a})
		}
		return vms
	}
	cases := map[string][]VM{
		"Complete": several(replicas, "new", Available),
		"Rollout":  append(several(replicas, "old", Available), several(250, "new", Unavailable)...),
		"Begin":    nil,
	}
	for name, vms := range cases {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Next(spec, vms)
			}
		})
	}
}
