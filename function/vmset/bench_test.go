// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"
	"testing"

	"github.com/crossplane/function-sdk-go/response"
)

// BenchmarkRun is one pass over a set of 1,000 VMs, from request to response, at rest and at the beginning of a rollout.
func BenchmarkRun(b *testing.B) {
	const replicas = 1000
	for name, cpus := range map[string]int{"Idle": 2, "Rollout": 4} {
		b.Run(name, func(b *testing.B) {
			r := usual(claimOf(replicas, cpus))
			for slot := range replicas {
				r.observed = append(r.observed, vm(slot, 2, 1+slot%3))
			}
			req := r.proto()
			b.ReportAllocs()
			for b.Loop() {
				req.Desired = nil
				rsp := response.To(req, response.DefaultTTL)
				if err := Run(req, rsp); err != nil {
					b.Fatal(err)
				}
				if got := len(rsp.GetDesired().GetResources()); got < replicas-250 {
					b.Fatal(fmt.Errorf("%d resources are desired", got))
				}
			}
		})
	}
}
