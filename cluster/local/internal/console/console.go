// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package console tells a person what is being done, and keeps talking while something takes long.
package console

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// heartbeat is how often a long step says that it is still alive.
	heartbeat = 15 * time.Second
	// poll is how often something that is waited for is looked at.
	poll = 500 * time.Millisecond
)

// A Console prints progress. It is safe for concurrent use.
type Console struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
}

// New returns a console that prints to w and counts time from now.
func New(w io.Writer) *Console {
	return &Console{w: w, start: time.Now()}
}

// Step announces a step.
func (c *Console) Step(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()

	// A console that cannot be written to is no reason to stop.
	_, _ = fmt.Fprintf(c.w, "[%4.0fs] %s\n", time.Since(c.start).Seconds(), fmt.Sprintf(format, args...))
}

// Detail says more about the current step.
func (c *Console) Detail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()

	_, _ = fmt.Fprintf(c.w, "        %s\n", fmt.Sprintf(format, args...))
}

// During runs work and says every few seconds that what is still being done.
func (c *Console) During(what string, work func() error) error {
	return c.talking(func(elapsed time.Duration) {
		c.Detail("still %s (%.0fs)", what, elapsed.Seconds())
	}, work)
}

// Await calls check until it succeeds or the time is over, and says every few seconds what is still missing. The error
// is that of the last check.
func (c *Console) Await(ctx context.Context, what string, within time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()

	var missing atomic.Value

	return c.talking(func(elapsed time.Duration) {
		c.Detail("still waiting for %s (%.0fs): %v", what, elapsed.Seconds(), missing.Load())
	}, func() error {
		for {
			err := check(ctx)
			if err == nil {
				return nil
			}

			missing.Store(strings.ReplaceAll(err.Error(), "\n", "; "))

			select {
			case <-ctx.Done():
				return fmt.Errorf("cannot see %s after %s: %w", what, within, err)
			case <-time.After(poll):
			}
		}
	})
}

// talking runs work and calls say every few seconds with the time that it has taken so far.
func (c *Console) talking(say func(elapsed time.Duration), work func() error) error {
	done := make(chan struct{})
	started := time.Now()

	var talking sync.WaitGroup

	talking.Go(func() {
		t := time.NewTicker(heartbeat)
		defer t.Stop()

		for {
			select {
			case <-done:
				return
			case <-t.C:
				say(time.Since(started))
			}
		}
	})

	err := work()

	close(done)
	talking.Wait()

	return err
}
