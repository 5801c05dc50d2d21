// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package e2e tests the product as its users meet it: the three packages, installed by a real Crossplane through its package
// manager, against a simulated vCenter and real QEMU guests. It needs the local cluster of `make up`; `make e2e` starts one
// and runs the tests with the build tag e2e.
//
// Each test has a namespace of its own and leaves nothing behind. What a test says of VMs it has from the hypervisors
// themselves (package lab), never from the product's own clients. Tests assert counts, order and state, never durations.
//
// What a file is about:
//
//	world_test.go, objects_test.go    the namespace of a test, and the objects that tests apply
//	await_test.go, guard_test.go      waiting for a state, and watching bounds the whole time
//	processes_test.go, proxy_test.go  killing the provider and the function, cutting the way to a hypervisor
//	*_test.go otherwise               the tests, by what a user would call it
package e2e
