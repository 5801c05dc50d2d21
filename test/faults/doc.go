// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package faults has the tests of what goes wrong half-way: the provider is killed between any two steps of a VM's life, calls lose
// their reply, tasks fail, sessions and passwords go, the vCenter is away, and people interfere. The controller and the vSphere
// client are the real ones, on the simulated vCenter; only the API server is in memory. After each of them the vCenter itself is
// asked: there is exactly one VM with the object's mark, as the object asks, or none when the object is gone, and everybody else's
// VMs are untouched.
package faults
