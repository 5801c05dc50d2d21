// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package reconfigure plans what of a VM is to change, now and later, to make of it what was asked.
//
// In come what was asked (clients.VMSpec), what the hypervisor says there is (clients.VM), and what is known besides (Facts).
// Out comes a Plan: a change that can be made in the VM's present power state, what has to wait for another one, and what is
// never done to an existing VM. It is a pure function of plain values: no Kubernetes, no hypervisor, no clock.
//
// The table in fields.go is the only place that says how a field is compared, when it can change, and why not. What a
// hypervisor allows of a VM comes with the observation (clients.HotPlug, clients.DiskObservation.Growable); this package knows
// no hypervisor.
//
// Three things hold for every plan and are tested on random ones: a change is never outside of what the observation allows; a
// VM that was changed as planned yields an empty plan, at the latest once it is off; what the hypervisor did not say, an empty
// hash or a size of zero, is no difference.
package reconfigure
