// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clients is the port between controllers and hypervisors: one interface, neutral values and error classes.
//
// Controllers speak to Hypervisor and to nothing behind it. clients/vsphere and clients/libvirt implement it; neither is
// imported by a controller, only by the provider's main. Nothing here imports Kubernetes or a hypervisor's library.
package clients
