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
	existing, err := c.cache.one(spec.Identity)
	c.mu.RUnlock()
	if existing != nil && existing.foreign(spec.Owner) {
		return c.foreign(existing)
	}
	if err != nil || existing != nil {
		return err
	}
	if spec.Image.Library != "" {
		// What is in a library is not in the cache.
		_, err := c.resolve(spec, &record{})
		return err
	}
	t, err := c.resolve(spec, nil)
	if err != nil {
		return err
	}
	if _, err := newCloneSpec(spec, t); err != nil {
		return refused(spec, err)
	}
	return nil
}
