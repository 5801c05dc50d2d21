// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"sync"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// A throttle lets something happen once in an interval for each config.
type throttle struct {
	interval time.Duration
	now      func() time.Time

	mu   sync.Mutex
	last map[endpoint.Ref]time.Time
}

func newThrottle(interval time.Duration, now func() time.Time) *throttle {
	return &throttle{interval: interval, now: now, last: map[endpoint.Ref]time.Time{}}
}

// wait returns how long until it may happen; 0 for now.
func (t *throttle) wait(ref endpoint.Ref) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, ok := t.last[ref]
	if !ok {
		return 0
	}
	return max(0, last.Add(t.interval).Sub(t.now()))
}

// happened says that it has.
func (t *throttle) happened(ref endpoint.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last[ref] = t.now()
}

// forget drops a config that is gone.
func (t *throttle) forget(ref endpoint.Ref) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.last, ref)
}
