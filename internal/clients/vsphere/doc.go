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
// A VM is identified by its instance UUID, and belongs to us if it carries the owner's mark in its extra configuration. A copy that
// somebody made of our VM carries the mark too, but has another instance UUID: it is not ours. vCenter does not let two VMs of one
// folder have one name, so that a repeated clone fails instead of making a second VM.
//
// Which disks and interfaces of a VM are ours is written down in its extra configuration too, disks by the place where they are
// attached and interfaces by their MAC addresses. What else a VM has is never changed, and disks outlive the VM: they are detached
// before it is destroyed. A VM that disks of others build on, as those of linked clones do, is not destroyed at all.
//
// A change of a VM is one task, for which the vCenter has to find the configuration as it was observed. So a call whose reply was
// lost can be repeated: it finds the VM busy, or changed.
//
// What a vCenter cannot do in one step is done so that an end at any point leaves nothing behind that is not recognised:
//
//   - A folder that is missing is made; one that exists by then is used. A VM without a snapshot gets one, named
//     virtrigaud-base, before the first linked clone; it is looked for before it is taken.
//   - An item of a content library is deployed under a name that follows from the UUID, and gets its name, UUID, mark and
//     hardware at once and last. What bears such a name and is not being worked on is removed. A VM template of a library
//     is cloned like any other where the vCenter says which one it is.
//   - Tags and custom attributes are given by a change after the creation, and written down on the VM when it has them.
//
// What a creation costs, in calls: 3 for a VM (one asks for its UUID, one clones, one follows the task) and 2 to power it on;
// 1 more for each folder that is missing and for a datastore cluster; 2 once for each VM that gets its snapshot, and 2 each time
// a creation waits for it. An item of a content library takes 3 REST calls to be found, 1 to be deployed (and 1 to ask for its
// networks where the VM names some), and 3 SOAP calls and the wait for their task.
//
// The files by what a reader looks for: client.go, session.go, rest.go, certificate.go (connection), facts.go (what the vCenter
// and the account can do), feed.go, cache.go, record.go and nics.go (what is known), tasks.go (work under way), observe.go, plug.go
// (what of a VM can change now), check.go, create.go, reconfigure.go, editdevices.go, labels.go, adopt.go, power.go, delete.go (the
// port), prepare.go, library.go and deploy.go (what comes before a VM), resolve.go and place.go (from names to objects),
// clonespec.go, disks.go, cards.go, guest.go and customize.go (from a VMSpec to what vCenter is asked for), inventory.go and zones.go (placement), faults.go (errors).
package vsphere
