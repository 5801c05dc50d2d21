// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vmset expands a VMSet into VirtualMachines.
//
// A request comes in, a response goes out, and nothing is remembered in between:
//
//	parse    the claim (set.go), what it names (surroundings.go) and the VMs that exist (machines.go) into plain values
//	plan     the steps of this pass (decide.go), by function/rollout and internal/placement
//	render   the VMs that shall exist (render.go), status, conditions and events (report.go)
//
// # What a response never does
//
// A VM that a response does not mention is deleted. So a response starts with every VM that is observed and being kept as it
// is, and VMs are taken away by name, each with a reason of the rollout planner. When anything that the set names is not there
// or not resolved yet (config, policy, class), nothing is added and nothing is taken away. When the claim makes no sense the
// response is fatal, upon which Crossplane changes nothing.
//
// # Which VMs a set has
//
// VMs are seen in two ways. Observed resources are those that Crossplane still counts as part of the claim; it drops a VM as
// soon as its deletion begins. Required resources are those that carry the set's labels and are controlled by it, and so
// include VMs that are being deleted. A VM that is required and not observed is on its way out, even if it does not say so yet:
// it counts as existing, and not as available.
//
// A VM is available when its Ready condition is True, and unknown when that is Unknown, which the provider sets when a
// hypervisor does not answer. It is known by its composition resource name, vm-<slot>-<revision>, and its own name is
// <set>-<slot>-<revision>; both stay the same for its life.
//
// # What a VM looks like
//
// A VM of the current revision has the template's spec and the placement that was chosen for it when it was made. A VM of
// another revision keeps the spec it has. Labels and annotations are those of the template as it is now, on all VMs, and the
// set's own labels. A template's connection secret gets the VM's slot and revision as a suffix, since VMs cannot share one.
//
// # Capacity
//
// The inventory in the config's status knows how much memory and space the VMs on the hypervisor take. Those VMs of this set
// that the hypervisor has not reported yet are reserved for in addition. VMs of other sets that are being made at the same
// moment are not, nor is the space of an image's own disks: the hypervisor has the last word, and refuses what does not fit.
//
// # When a set is ready
//
// Ready is True when each slot has an available VM of the current revision and no other VM is in service. VMs that are being
// deleted do not keep a set from being ready. RolloutComplete is True when these are gone as well. Progressing is True as long
// as there is anything to do or to wait for. Placed is False when a VM that should be made now has no place.
package vmset
