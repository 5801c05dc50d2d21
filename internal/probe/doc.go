// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package probe asks guests over the network whether they are ready.
//
// A Prober asks each VM that it watches from a goroutine of its own, at the period of the VM's readiness probe, and remembers
// what came of it: so a reconcile reads the answer and never waits for a guest. Whoever subscribes is told when a VM has become
// ready or is no longer. What the hypervisor knows, tools and addresses, is not asked here.
package probe
