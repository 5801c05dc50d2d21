// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lab looks at the local cluster of `make up` from the outside, as an administrator would: the vCenter through
// govmomi, the libvirt hosts through virsh, the control plane through kubectl. The demo and the end-to-end tests judge the
// product by what it sees.
//
// It must never import the product's own clients (internal/clients): a view that shared their code would share their
// mistakes.
package lab
