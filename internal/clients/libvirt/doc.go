// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package libvirt is the hypervisor port over a fleet of libvirt hosts.
//
// A Client keeps connections to each host in the background, and a cache of what the host has: domains, pools and their
// volumes. The cache is fed by libvirt's events, and now and then compared with the host in bulk, so that observing a VM
// calls nothing. What can take long runs as a job of its VM, at most one at a time, and is reported by observation.
//
// A VM is a domain of the UUID that its identity names, with its owner's mark in the domain's metadata, and volumes whose
// names begin with that UUID. The domain is the first thing that is made of a VM, marked as incomplete until all is there,
// and the last that is removed. So there is never a volume of ours without a domain that says whose it is, whatever happens
// in between; and a volume of that name without a domain is a VM's that somebody undefined. It is kept for the VM to be made
// again, told as left over, and removed when the VM is deleted.
//
// A VM is changed in the domain that is kept for its next start first, and then in the one that runs; its mark says what it was
// given, so that what somebody changes in either is found. A running guest is never given less: taking a CPU away can crash
// QEMU, and taking memory away the guest. It gets more CPUs up to the number that it was started with, memory by its balloon
// and, beyond, by modules, and larger disks, whose file systems its agent is asked to grow as far as growfs.sh can. What was
// plugged in as modules is ordinary memory from the next start.
//
// The certificates and keys for hosts that are reached over the network are written to a directory of the client that nobody
// else can read, because libvirt takes them from files only, and are removed with the client. A process that is killed leaves
// them behind: give it a temporary directory that ends with it. Which host is talked to is always verified.
//
// libvirt's client library is loaded when it is first needed (build tag libvirt_dlopen). Nothing here imports Kubernetes.
package libvirt
