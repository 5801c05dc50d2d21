// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

const (
	poll      = 200 * time.Millisecond
	tailLines = 15
)

// AwaitReady calls check until it succeeds. It gives up when the process dies or the time is over, with the end of the
// process's log in the error.
func (p *Processes) AwaitReady(ctx context.Context, name string, within time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()

	for {
		err := check(ctx)
		if err == nil {
			return nil
		}

		if _, ok := p.Running(name); !ok {
			return fmt.Errorf("%s ended; its log %s ends with:\n%s", name, p.LogFile(name), tail(p.LogFile(name)))
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready after %s: %w; its log %s ends with:\n%s", name, within, err, p.LogFile(name), tail(p.LogFile(name)))
		case <-time.After(poll):
		}
	}
}

func tail(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}

	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}

	return strings.Join(lines, "\n")
}
