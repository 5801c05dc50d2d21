// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package virtualmachine reconciles VirtualMachines with the VMs of their hypervisor.
//
// The managed reconciler of crossplane-runtime drives; this package tells it what there is and finds the next step (observe.go,
// present.go), and takes it (create.go, update.go, delete.go, importing.go). All of them only start work and return. Every
// decision is made on plain values: what a VM is made from in spec.go, what of it is to change in internal/reconfigure, what is
// done next in next.go, what is said of it in conditions.go and tell.go. Controllers speak to the hypervisor port and import no
// hypervisor's library.
//
// # The next step
//
// The next step follows from what is asked, what is observed and the little that is remembered. Nothing is done while the
// hypervisor is at work on the VM. The first row that fits is taken.
//
//	VM         asked                                  step
//	off        hardware that differs                  reconfigure
//	off        On                                     power on
//	suspended  On, OffGraceful                        power on
//	suspended  Off                                    power off
//	on         Off                                    power off
//	on         Suspended                              suspend
//	on         OffGraceful                            shut down
//	on         hardware that can change online        reconfigure, unless the guest is shutting down
//	on         other hardware, policy Force           power off
//	on         other hardware, policy Graceful        shut down
//	on         a restart token that was not served    shut down
//
// To shut down is to ask the guest, to wait, and to power off at the deadline. A VM that was shut down for a change or a
// restart is off and asked to be on: the rows above do the rest. A row that fits no more, because somebody changed what is
// asked, is no longer followed; a guest that shuts down all the same is started again.
//
// A VM that is off and asked to be suspended stays off: it has no memory to write. With policy Never what can depend on the
// power state (CPU, memory, hot-add settings, sizes of disks) stays as it is also while the VM is off.
//
// # What is remembered
//
// Status is the only memory that matters (memory.go), and is written before the hypervisor is called:
//
//	status.atProvider.powerOperation      since when a guest is asked to shut down, and in which run of the VM
//	status.atProvider.restartToken        the last token that was served; while a VM is off, any is
//	condition Reconfiguring               that a change is under way, until it is seen to be done, or what failed
//
// So a process can end between any two steps. What it knows besides (tries.go, runs.go) only saves calls and waits between
// attempts.
//
// A change that was tried with the VM off and failed does not keep the VM off, and the VM is not stopped for it again until
// something else is asked or it is off for another reason.
package virtualmachine
