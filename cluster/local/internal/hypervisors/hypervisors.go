// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package hypervisors runs what the provider is to manage: a simulated vCenter and two libvirt hosts, and tells
// Crossplane of them.
package hypervisors

import (
	"context"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/console"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

// Hypervisors are those of one clone.
type Hypervisors struct {
	Layout    layout.Layout
	Ports     *layout.Ports
	Processes *process.Processes
	Console   *console.Console
}

// own builds a command of this repository and returns its path.
func (h *Hypervisors) own(ctx context.Context, name, pkg string) (string, error) {
	path := h.Layout.Bin(name)

	return path, h.Console.During("building "+name, func() error { return build.Own(ctx, h.Layout.Root, pkg, path) })
}
