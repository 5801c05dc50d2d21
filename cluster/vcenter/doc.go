// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vcenter is a simulated vCenter for tests and demonstrations: govmomi's simulator (vcsim) with an inventory of our
// choice, TLS with a certificate authority of its own, accounts with passwords and privileges, and the tagging service.
//
// It is as strict as a vCenter where the provider relies on one. Each rule names the vendor's statement that it comes from.
//
//   - Change feeds (collector.go, filter.go). A property collector sends each object once, then what changed of it, then that it
//     left, and refuses a version it never gave.
//   - Hardware (reconfigure.go, hotplug.go, devices.go). A change is made whole or not at all: CPUs and memory of a running VM by its
//     hot-add flags and limits, some settings only when it is off, disks never smaller, nothing on top of a stale version.
//   - Clones (clone.go, newvm.go, linked.go). A VM has all of its config spec at once, and is of no use until its clone is complete.
//     An instance UUID that another VM has is replaced. A name, host, network or datastore that cannot be is refused.
//   - Space (space.go). A thick disk takes its space at once, a thin one none; all is given back.
//   - Power and guests (power.go, shutdown.go, guest.go). A guest boots, shuts down when its tools run and it wants to, and has the
//     addresses and names that a test gives it. Hosts in maintenance mode are emptied.
//   - Tasks (tasks.go, busy.go, standin.go). A VM that a task works on is busy for others. Tasks take time and can be cancelled.
//   - Snapshots (snapshot.go, disks.go, consolidate.go). They keep hardware, disks (WriteDisk marks one) and power, and a revert
//     brings them back. Disks are chains of files that removals merge. A linked clone breaks when what it builds on is lost or changes.
//   - Customization (customize.go) and cloud-init's metadata (cloudinit.go) take effect at power-on.
//   - DRS (drs.go, drsplace.go). Rules have keys and lose destroyed VMs. Power-on finds a host that they allow, or is refused.
//   - Content libraries (library.go) and datastore clusters (pod.go), where Options ask for them; REST calls (rest.go).
//   - Accounts (accounts.go, privileges.go). What an account may not do is refused, and the authorization manager says so.
//   - One call at a time (world.go). vcsim has data races between calls and its own tasks; a lock around each call and each step
//     of a task removes them. Waiting for updates does not hold the lock.
//   - Interference (rules.go, byhand.go). Inject refuses, holds and loses calls of any method, and fails and holds tasks; passwords,
//     certificates and sessions change; VMs change as by somebody's hand.
//
// What is not a vCenter's, so that a test here proves nothing about it:
//
//   - No guest runs. Hot-added CPUs and memory are in the VM's hardware, not in a guest, and Linux's own limits do not apply.
//   - Faults for wrong numbers of cores and for memory of a wrong size, and the fault of a task on a busy VM being the task's rather
//     than the call's, are our reading of the documentation.
//   - A thin disk never grows on the datastore. Space of files that are not disks is not counted.
//   - Privileges are an account's on everything, not on a part of the inventory, and none is needed to see something or to use the
//     tagging service. Networks are assigned without one.
//   - A clone that is cancelled half-way leaves its VM.
//   - Admission control counts memory of VMs that are on, without reservations, overhead, resource pools or CPUs.
//   - Destroying a VM takes the files that linked clones build on; a vCenter may keep them. A customized guest stays so after a revert.
//   - A quiesced snapshot is like any other. DRS moves no running VM, and ignores optional rules about hosts.
//   - Relocation moves no files, a datastore in maintenance mode no VMs. NFC leases are vcsim's: abort keeps the VM.
//   - Bandwidth, storage policies, encryption, fault tolerance and instant clones are vcsim's, or missing.
package vcenter
