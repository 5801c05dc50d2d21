// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package libvirthosts runs private libvirt hosts on one Linux machine, for demonstrations and tests.
//
// Each host is a real libvirtd with real QEMU guests, in mount, network, host name and process namespaces of its own: hosts
// do not see each other, nor the machine's own libvirt. A host named kvm-01 has a storage pool and a NAT network "default",
// and in the pool the bootable base volume "tiny-linux", which is made from Debian packages.
//
// The hosts outlive the process that starts them; a state file in their directory says what to stop. Root is needed.
package libvirthosts
