// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import "github.com/crossplane-contrib/provider-virtrigaud/internal/clients"

// Health implements clients.Hypervisor. There is one session.
func (c *Client) Health() clients.Health {
	c.mu.RLock()
	defer c.mu.RUnlock()
	h := clients.Health{WantedSessions: 1, LastContact: c.contact}
	if c.session != nil {
		h.Sessions = 1
	}
	return h
}
