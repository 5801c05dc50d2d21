// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vsphere implements clients.Hypervisor for a vCenter.
//
// One goroutine per client logs in and follows the vCenter: a property collector of its own selects all VMs, hosts, clusters,
// datastores, networks and folders, and the tasks that we started. What it sends goes into a cache, from which VMs and the
// inventory are observed without any call. When the session or the connection is lost, the cache is not answered from until
// everything was read anew; so nothing that is merely out of sight is taken for absent. A wrong password is tried once.
//
// Absence is claimed only if the cache has no such VM, the vCenter's own index confirms it, and no task is under way that
// may yet bring it into being. The last includes clone tasks that were running when the client connected, and those of a
// call whose reply was lost: any of them may be ours.
//
// A VM is identified by its instance UUID, and belongs to us if it carries the owner's mark in its extra configuration.
// vCenter does not let two VMs of one folder have one name, so that a repeated clone fails instead of making a second VM.
//
// The files by what a reader looks for: client.go and session.go (connection), feed.go, cache.go and record.go (what is
// known), tasks.go (work under way), observe.go, create.go, power.go, delete.go (the port), resolve.go and clonespec.go
// (from a VMSpec to what vCenter is asked for), inventory.go and zones.go (placement), faults.go (errors).
package vsphere
