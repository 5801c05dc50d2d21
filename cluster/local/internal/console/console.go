// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package console tells a person what is being done, and keeps talking while something takes long.
package console

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is how often a long step says that it is still alive.
const heartbeat = 15 * time.Second

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
				c.Detail("still %s (%.0fs)", what, time.Since(started).Seconds())
			}
		}
	})

	err := work()

	close(done)
	talking.Wait()

	return err
}
