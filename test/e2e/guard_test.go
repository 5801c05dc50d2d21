// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"sync"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// A guard watches a test's VMs on a hypervisor the whole time, and fails the test whenever they are out of bounds.
type guard struct {
	mu     sync.Mutex
	bounds lab.Bounds
}

// guard starts to watch. It ends with the test.
func (w *world) guard(h lab.Hypervisor, b lab.Bounds) *guard {
	g := &guard{bounds: b}
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := lab.Follow(ctx, h, w.ns, func(vms []lab.VM) (bool, error) {
			tally := lab.Count(vms)
			w.Logf("%s %s", time.Now().Format(time.TimeOnly), tally)
			if err := g.now().Check(tally); err != nil {
				w.Errorf("%v: %v", err, vms)
			}
			return false, nil
		})
		if ctx.Err() == nil {
			w.Errorf("cannot watch the hypervisor any longer: %v", err)
		}
	}()
	w.Cleanup(func() { cancel(); <-done })
	return g
}

// set changes the bounds from now on.
func (g *guard) set(b lab.Bounds) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bounds = b
}

func (g *guard) now() lab.Bounds {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.bounds
}
