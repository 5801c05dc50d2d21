// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"time"
)

// lookEvery is the pause between two looks at a hypervisor. Short enough to see each step of a rollout, long enough to
// leave a small machine to the guests.
const lookEvery = 300 * time.Millisecond

// Follow looks at the VMs whose name starts with prefix, again and again. It hands the first look, and each that differs
// from the one before, to see; until see says that it has seen enough, or returns an error, or ctx ends. An error tells the
// last look.
func Follow(ctx context.Context, h Hypervisor, prefix string, see func([]VM) (enough bool, err error)) error {
	last := "nothing yet"
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		vms, err := h.VMs(ctx, prefix)
		if ctx.Err() != nil {
			return fmt.Errorf("gave up waiting, last seen: %s: %w", last, ctx.Err())
		}
		if err != nil {
			return err
		}
		if now := fmt.Sprintf("%s %v", Count(vms), vms); now != last {
			last = now
			enough, err := see(vms)
			if enough || err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}
