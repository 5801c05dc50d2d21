// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

func withToken(token string) change {
	return func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.RestartToken = token }
}

// guest says what the guest of the VM does when it is asked to shut down.
func (h *house) guest(g fake.Guest) {
	h.hypervisor.Edit(ExternalName(testUID), func(vm *fake.VM) { vm.Guest = g })
}

// byHand changes the power of the VM as somebody else would.
func (h *house) byHand(p clients.PowerState) {
	h.hypervisor.Edit(ExternalName(testUID), func(vm *fake.VM) { vm.PowerState = p })
}

// timeOut lets the guest's time pass.
func (h *house) timeOut() { h.clock.advance(defaultShutdownTimeout) }

// TestPower brings a running VM to each power state.
func TestPower(t *testing.T) {
	cases := map[string]struct {
		reason string
		do     func(h *house)
		calls  []fake.Method
		events []string
		power  clients.PowerState
		ready  string
		phase  v1beta1.VMPhase
		boot   string
	}{
		"Off": {
			reason: "Off is at once.",
			do:     func(h *house) { h.edit(withPower(v1beta1.PowerOff)) },
			calls:  []fake.Method{fake.PowerOffVM}, events: []string{"Normal PoweredOff"},
			power: clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"OffGraceful": {
			reason: "The guest is asked.",
			do:     func(h *house) { h.edit(withPower(v1beta1.PowerOffGraceful)) },
			calls:  []fake.Method{fake.ShutdownVM}, events: []string{"Normal ShutdownRequested", "Normal PoweredOff"},
			power: clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"GuestIgnores": {
			reason: "A guest that runs on runs on until the deadline.",
			do:     func(h *house) { h.guest(fake.GuestIgnores); h.edit(withPower(v1beta1.PowerOffGraceful)) },
			calls:  []fake.Method{fake.ShutdownVM}, events: []string{"Normal ShutdownRequested"},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseStopping, boot: "boot-1",
		},
		"GuestTimesOut": {
			reason: "And is switched off then.",
			do: func(h *house) {
				h.guest(fake.GuestIgnores)
				h.edit(withPower(v1beta1.PowerOffGraceful))
				h.settle()
				h.timeOut()
			},
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOffVM},
			events: []string{"Normal ShutdownRequested", "Warning ShutdownTimedOut", "Normal PoweredOff"},
			power:  clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"GuestMissing": {
			reason: "A guest that cannot be asked is asked again, because it may be starting; the user is told once.",
			do: func(h *house) {
				h.guest(fake.GuestMissing)
				h.edit(withPower(v1beta1.PowerOffGraceful))
				h.reconcile()
				h.reconcile()
				h.guest(fake.GuestObeys)
			},
			calls:  []fake.Method{fake.ShutdownVM, fake.ShutdownVM, fake.ShutdownVM},
			events: []string{"Warning ShutdownRefused", "Normal ShutdownRequested", "Normal PoweredOff"},
			power:  clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"ChangesMind": {
			reason: "Nobody is switched off at the deadline of what was taken back.",
			do: func(h *house) {
				h.guest(fake.GuestIgnores)
				h.edit(withPower(v1beta1.PowerOffGraceful))
				h.settle()
				h.edit(withPower(v1beta1.PowerOn))
				h.settle()
				h.timeOut()
			},
			calls: []fake.Method{fake.ShutdownVM}, events: []string{"Normal ShutdownRequested"},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-1",
		},
		"ChangesMindTooLate": {
			reason: "A guest that shuts down although it need not any more is started again.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerOffGraceful))
				h.reconcile()
				h.edit(withPower(v1beta1.PowerOn))
			},
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOnVM},
			events: []string{"Normal ShutdownRequested", "Normal PoweredOff", "Normal PoweredOn"},
			power:  clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"Impatient": {
			reason: "Who asks for off after all does not wait.",
			do: func(h *house) {
				h.guest(fake.GuestIgnores)
				h.edit(withPower(v1beta1.PowerOffGraceful))
				h.settle()
				h.edit(withPower(v1beta1.PowerOff))
			},
			calls: []fake.Method{fake.ShutdownVM, fake.PowerOffVM}, events: []string{"Normal ShutdownRequested", "Normal PoweredOff"},
			power: clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"Suspended": {
			reason: "Memory goes to disk.",
			do:     func(h *house) { h.edit(withPower(v1beta1.PowerSuspended)) },
			calls:  []fake.Method{fake.SuspendVM}, events: []string{"Normal Suspended"},
			power: clients.Suspended, ready: "False/Suspended", phase: v1beta1.PhaseSuspended,
		},
		"Resumed": {
			reason: "And back.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerSuspended))
				h.settle()
				h.edit(withPower(v1beta1.PowerOn))
			},
			calls: []fake.Method{fake.SuspendVM, fake.PowerOnVM}, events: []string{"Normal Suspended", "Normal PoweredOn"},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"SuspendedToOffGraceful": {
			reason: "A suspended guest has to run to shut down.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerSuspended))
				h.settle()
				h.edit(withPower(v1beta1.PowerOffGraceful))
			},
			calls:  []fake.Method{fake.SuspendVM, fake.PowerOnVM, fake.ShutdownVM},
			events: []string{"Normal Suspended", "Normal PoweredOn", "Normal ShutdownRequested", "Normal PoweredOff"},
			power:  clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"SuspendedToOff": {
			reason: "Off needs no guest.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerSuspended))
				h.settle()
				h.edit(withPower(v1beta1.PowerOff))
			},
			calls: []fake.Method{fake.SuspendVM, fake.PowerOffVM}, events: []string{"Normal Suspended", "Normal PoweredOff"},
			power: clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"OffToSuspended": {
			reason: "A VM that is off has no memory to write.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerOff))
				h.settle()
				h.edit(withPower(v1beta1.PowerSuspended))
			},
			calls: []fake.Method{fake.PowerOffVM}, events: []string{"Normal PoweredOff"},
			power: clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"OffByHand": {
			reason: "A VM that somebody switches off is switched on again.",
			do:     func(h *house) { h.byHand(clients.PoweredOff) },
			calls:  []fake.Method{fake.PowerOnVM}, events: []string{"Normal PoweredOff", "Normal PoweredOn"},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"OnByHand": {
			reason: "A VM that somebody switches on is switched off again.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerOff))
				h.settle()
				h.byHand(clients.PoweredOn)
			},
			calls: []fake.Method{fake.PowerOffVM, fake.PowerOffVM}, events: []string{"Normal PoweredOff", "Normal PoweredOn", "Normal PoweredOff"},
			power: clients.PoweredOff, ready: "False/PoweredOff", phase: v1beta1.PhaseStopped,
		},
		"Restart": {
			reason: "A new token restarts, gracefully.",
			do:     func(h *house) { h.edit(withToken("a")) },
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOnVM},
			events: []string{"Normal ShutdownRequested", "Normal PoweredOff", "Normal PoweredOn"},
			power:  clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"RestartTimesOut": {
			reason: "And hard at the deadline.",
			do: func(h *house) {
				h.guest(fake.GuestIgnores)
				h.edit(withToken("a"))
				h.settle()
				h.timeOut()
			},
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOffVM, fake.PowerOnVM},
			events: []string{"Normal ShutdownRequested", "Warning ShutdownTimedOut", "Normal PoweredOff", "Normal PoweredOn"},
			power:  clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"RestartTwice": {
			reason: "Each token once.",
			do: func(h *house) {
				h.edit(withToken("a"))
				h.settle()
				h.edit(withToken("b"))
			},
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOnVM, fake.ShutdownVM, fake.PowerOnVM},
			events: []string{"Normal ShutdownRequested", "Normal PoweredOff", "Normal PoweredOn", "Normal ShutdownRequested", "Normal PoweredOff", "Normal PoweredOn"},
			power:  clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-3",
		},
		"RestartWithdrawn": {
			reason: "No token asks for nothing.",
			do: func(h *house) {
				h.edit(withToken("a"))
				h.settle()
				h.edit(withToken(""))
			},
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOnVM},
			events: []string{"Normal ShutdownRequested", "Normal PoweredOff", "Normal PoweredOn"},
			power:  clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"RestartedByHand": {
			reason: "Somebody else's restart serves too.",
			do: func(h *house) {
				h.guest(fake.GuestIgnores)
				h.edit(withToken("a"))
				h.settle()
				h.byHand(clients.PoweredOff)
				h.byHand(clients.PoweredOn)
				h.settle()
				h.timeOut()
			},
			calls: []fake.Method{fake.ShutdownVM}, events: []string{"Normal ShutdownRequested"},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"RestartOfOff": {
			reason: "A VM that is off is not started by a restart, and not restarted when it is started.",
			do: func(h *house) {
				h.edit(withPower(v1beta1.PowerOff), withToken("a"))
				h.settle()
				h.edit(withPower(v1beta1.PowerOn))
			},
			calls: []fake.Method{fake.PowerOffVM, fake.PowerOnVM}, events: []string{"Normal PoweredOff", "Normal PoweredOn"},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
		"RestartAndChange": {
			reason: "One power cycle serves both.",
			do:     func(h *house) { h.edit(withToken("a"), withSize(4, 1024)) },
			calls:  []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM},
			events: []string{
				"Warning ReconfigurePowerCycle", "Normal ShutdownRequested", "Normal PoweredOff", "Normal ReconfigureStarted", "Normal ReconfigureCompleted", "Normal PoweredOn",
			},
			power: clients.PoweredOn, ready: "True/Available", phase: v1beta1.PhaseRunning, boot: "boot-2",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRunning(t)
			tc.do(h)
			h.settle()
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.events, h.ourEvents(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nevents: -want, +got:\n%s", tc.reason, diff)
			}
			m := h.machine()
			if m.PowerState != tc.power || m.BootID != tc.boot {
				t.Errorf("\n%s\nwant %s, %q, got %s, %q", tc.reason, tc.power, tc.boot, m.PowerState, m.BootID)
			}
			if diff := cmp.Diff(tc.ready, h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			at := h.vm().Status.AtProvider
			if diff := cmp.Diff(tc.phase, at.Phase); diff != "" {
				t.Errorf("\n%s\nphase: -want, +got:\n%s", tc.reason, diff)
			}
			if (at.PowerOperation != nil) != (tc.phase == v1beta1.PhaseStopping) {
				t.Errorf("\n%s\npowerOperation: got %v", tc.reason, at.PowerOperation)
			}
			h.quiet(tc.reason)
		})
	}
}

// ourEvents returns the events since it was last called, without those of the runtime.
func (h *house) ourEvents() []string {
	return slices.DeleteFunc(h.events.since(), func(e string) bool {
		return e == "Normal UpdatedExternalResource" || e == "Normal CreatedExternalResource" || e == "Normal DeletedExternalResource"
	})
}

// quiet expects that nothing is written or asked while nothing changes.
func (h *house) quiet(reason string) {
	h.t.Helper()
	updates, statuses := h.updates, h.statuses
	h.hypervisor.Calls()
	for range 3 {
		h.reconcile()
	}
	if h.updates != updates || h.statuses != statuses {
		h.t.Errorf("\n%s\nwrites while nothing changes: want none, got %d and %d of status", reason, h.updates-updates, h.statuses-statuses)
	}
	if calls := h.hypervisor.Calls(); len(calls) > 0 {
		h.t.Errorf("\n%s\ncalls while nothing changes: want none, got %v", reason, calls)
	}
}

// TestFirstToken makes a VM that has a token from the start: it is not restarted for it.
func TestFirstToken(t *testing.T) {
	for name, restart := range map[string]bool{"": false, "WithANewProcessAtEachStep": true} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), newVM(withToken("first")))
			for range 8 {
				h.reconcile()
				h.hypervisor.Work()
				if restart {
					h.restart()
				}
			}
			if diff := cmp.Diff([]fake.Method{fake.CreateVM, fake.PowerOnVM}, h.hypervisor.Calls()); diff != "" {
				t.Errorf("calls: -want, +got:\n%s", diff)
			}
			if got := h.vm().Status.AtProvider.RestartToken; got != "first" {
				t.Errorf("the token of a new VM counts as served: got %q", got)
			}
		})
	}
}

// TestPowerFails has the hypervisor fail to power off a VM: it is tried again, but not at once.
func TestPowerFails(t *testing.T) {
	h := newRunning(t)
	h.edit(withPower(v1beta1.PowerOff))
	h.reconcile()
	h.hypervisor.FailWork(ExternalName(testUID), errors.New("the host does not answer"))
	h.reconcile()
	h.reconcile()
	if diff := cmp.Diff([]fake.Method{fake.PowerOffVM}, h.hypervisor.Calls()); diff != "" {
		t.Errorf("calls before it is time: -want, +got:\n%s", diff)
	}
	if n := h.events.count("Warning PowerOperationFailed"); n != 1 {
		t.Errorf("want the failure to be told once, got %d", n)
	}
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("a VM that still runs is ready: -want, +got:\n%s", diff)
	}
	h.clock.advance(minRetryDelay)
	h.settle()
	if diff := cmp.Diff("False/PoweredOff", h.ready()); diff != "" {
		t.Errorf("Ready in the end: -want, +got:\n%s", diff)
	}
}

// TestDeadlineIsPolled expects to be woken when a guest's time is over.
func TestDeadlineIsPolled(t *testing.T) {
	h := newRunning(t)
	h.guest(fake.GuestIgnores)
	h.edit(withPower(v1beta1.PowerOffGraceful))
	h.reconcile()
	hook := pollInterval(h.clock.now, func() float64 { return 0.5 })
	if got := hook(h.vm(), time.Minute); got != unreadyPollInterval {
		t.Errorf("while the guest shuts down: want %s, got %s", unreadyPollInterval, got)
	}
	h.clock.advance(defaultShutdownTimeout - 3*time.Second)
	if got := hook(h.vm(), time.Minute); got != 3*time.Second {
		t.Errorf("near the deadline: want 3s, got %s", got)
	}
	h.clock.advance(time.Minute)
	if got := hook(h.vm(), time.Minute); got != time.Second {
		t.Errorf("after the deadline: want 1s, got %s", got)
	}
}
