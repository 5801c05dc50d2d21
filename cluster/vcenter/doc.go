// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vcenter is a simulated vCenter for tests and demonstrations: govmomi's simulator (vcsim) with an inventory of our
// choice, TLS with a certificate authority of its own, one account whose password is checked, and the tagging service.
//
// It goes beyond vcsim where the provider relies on a vCenter's behaviour:
//
//   - Change feeds. vcsim sends all objects anew whenever one is created and tells nothing of some changes. Here a property
//     collector sends each object once, then what changed of it, then that it left, and refuses a version it never gave.
//   - Cloning. A VM appears at once and complete: template's devices with the clone's device changes applied, the whole
//     config spec, a MAC address of its own. A host that is not of the resource pool's cluster is refused, a task can be
//     cancelled, and what is not modelled (linked clones, customization) is refused instead of ignored.
//   - Guests. A powered-on VM has running tools and IP addresses that follow from its instance UUID.
//   - One call at a time. vcsim has data races between calls and its own tasks; a lock around each call and the tasks it
//     starts removes them. Waiting for updates does not hold the lock.
//   - Interference. Inject refuses calls, fails or holds tasks, and drops requests or replies on the wire.
//
// What is still as lax as vcsim, so that a test here proves nothing about it: changes of a powered-on VM's hardware are
// always accepted; snapshots do not keep disks or memory; there is no DRS, no admission control and no limit on free space;
// a duplicate instance UUID is kept instead of changed; customization, relocation and content libraries are vcsim's.
package vcenter
