// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package placement decides where the new VMs of a set go: cluster, host, datastore and folder.
//
// It is a pure planner. Plain values come in (an inventory, the rules of a policy, the VMs that the set has, the VMs that it
// wants), a Result goes out; there is no Kubernetes, no I/O, no clock and no randomness in between, and the package imports
// neither the API types nor the hypervisor port. The order in which hosts, datastores and existing VMs are listed does not
// matter: the same content gives the same, byte-equal answer. VMs that exist are never moved.
//
// # What is promised
//
// The new VMs of a Request are alike, so a plan is a flow of units through the network
//
//	set -> cluster -> host -> datastore
//
// in which every limit (anti-affinity of scope Strict, free memory, free space) is a capacity and every wish (even spreading,
// soft rules, free capacity) is a convex cost. Plan solves it exactly by successive shortest paths. Among all the plans that
// keep each hard rule and each limit, it returns the one that is best by these goals, an earlier one before any later one:
//
//  1. most VMs placed;
//  2. most even over hosts, then over datastores, then over clusters, for each rule that is not Off;
//  3. fewest soft rules missed, each missed target of each VM counting one;
//  4. most memory left on the hosts, then most space left on the datastores;
//  5. lowest host names, then lowest datastore names.
//
// Evenness comes before soft rules because two VMs on one host are lost together, while a VM outside the wished-for zone is
// merely elsewhere; whoever cannot have that makes the zone hard. Evenness is the sum of the squares of the VMs per place, so
// that no two places differ by more than one VM whenever that can be had. It is judged at the end of a rollout: VMs that are
// Leaving do not count for it, though they count for every limit until they are gone.
//
// # When a VM cannot be placed
//
// The flow is maximal, so once the plan is carried out each path to a VM more is closed somewhere. Unplaced.Reason says where: it
// sorts all hosts, and where they matter all datastores, by what rules each out. It is told of the set as the plan leaves it, so
// that it reads the same when the VMs that were placed exist.
package placement
