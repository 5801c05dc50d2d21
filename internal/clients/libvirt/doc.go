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
// in between; and a volume of that name without a domain is a VM's that somebody undefined, and is kept.
//
// The certificates and keys for hosts that are reached over the network are written to a directory of the client that nobody
// else can read, because libvirt takes them from files only, and are removed with the client. A process that is killed leaves
// them behind: give it a temporary directory that ends with it. Which host is talked to is always verified.
//
// libvirt's client library is loaded when it is first needed (build tag libvirt_dlopen). Nothing here imports Kubernetes.
package libvirt
