// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package virtualmachine reconciles VirtualMachines with the VMs of their hypervisor.
//
// The managed reconciler of crossplane-runtime drives; this package tells it what there is (observe.go) and does what is
// missing (create.go, update.go, delete.go). All of them only start work and return. What a VM is made from is decided in
// spec.go, and what is said of it in conditions.go, on plain values. Controllers speak to the hypervisor port and import no
// hypervisor's library.
package virtualmachine
