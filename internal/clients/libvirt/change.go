// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// errNoChange is the refusal of what this client does not do yet.
var errNoChange = clients.NewError(clients.Unsupported, "", errors.New("existing VMs cannot be changed"))

// FindVM implements clients.Hypervisor.
func (c *Client) FindVM(context.Context, string) (string, error) { return "", errNoChange }

// AdoptVM implements clients.Hypervisor.
func (c *Client) AdoptVM(context.Context, clients.VMSpec) error { return errNoChange }

// ReconfigureVM implements clients.Hypervisor.
func (c *Client) ReconfigureVM(context.Context, clients.Identity, clients.Change) error {
	return errNoChange
}
