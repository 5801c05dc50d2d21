// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// CheckVM implements clients.Hypervisor. It takes no call.
func (c *Client) CheckVM(_ context.Context, spec clients.VMSpec) error {
	if _, err := c.ready(); err != nil {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	existing, err := c.cache.one(spec.Identity)
	if err != nil || existing != nil {
		return err
	}
	t, err := resolve(c.cache, c.work.reservations(), spec, nil)
	if err != nil {
		return err
	}
	if _, err := newCloneSpec(spec, t); err != nil {
		return refused(spec, err)
	}
	return nil
}
