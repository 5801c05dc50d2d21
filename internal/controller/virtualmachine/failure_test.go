// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

// refuse has the hypervisor refuse changes of CPU with an error of a class, in a power state or in all.
func (h *house) refuse(c clients.Class, in clients.PowerState) {
	uuid := ExternalName(testUID)
	power := in
	h.hypervisor.Refuse(func(change clients.Change) error {
		if change.CPU == 0 || power != "" && h.power(uuid) != power {
			return nil
		}
		return clients.NewError(c, "", errors.New("no"))
	})
}

// power is what status says: the fake cannot be asked while it is being called.
func (h *house) power(string) clients.PowerState {
	return clients.PowerState(h.vm().Status.AtProvider.PowerState)
}

// TestReconfigureRefused has the hypervisor refuse what it seemed to allow.
func TestReconfigureRefused(t *testing.T) {
	cases := map[string]struct {
		reason   string
		vm       []change
		edit     change
		class    clients.Class
		in       clients.PowerState
		calls    []fake.Method
		cpu      int32
		memory   int64
		pending  string
		changing string
	}{
		"InvalidOnline": {
			reason: "What a running VM does not take goes offline, and is not tried online for ever.",
			vm:     []change{withHotAdd}, edit: withSize(4, 1024), class: clients.Invalid, in: clients.PoweredOn,
			calls: []fake.Method{fake.Reconfigure, fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 4, memory: 1024,
			pending: "False/None", changing: "False/None",
		},
		"InvalidOnlineOfTwo": {
			reason: "Of two changes only the one that is refused goes offline.",
			vm:     []change{withHotAdd, withCyclePolicy(v1beta1.CycleOnNextPowerOff)}, edit: withSize(4, 2048), class: clients.Invalid, in: clients.PoweredOn,
			calls: []fake.Method{fake.Reconfigure, fake.Reconfigure, fake.Reconfigure}, cpu: 2, memory: 2048,
			pending: "True/WaitingForPowerOff", changing: "False/None",
		},
		"InvalidEverywhere": {
			reason: "What a VM does not take while it is off either is told. The VM is started, and stopped for it no more.",
			edit:   withSize(4, 1024), class: clients.Invalid,
			calls: []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 2, memory: 1024,
			pending: "True/ReconfigureFailed", changing: "False/ReconfigureFailed",
		},
		"CapacityOffline": {
			reason: "A VM does not stay off for want of room.",
			edit:   withSize(4, 1024), class: clients.Capacity, in: clients.PoweredOff,
			calls: []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 2, memory: 1024,
			pending: "True/ReconfigureFailed", changing: "False/ReconfigureFailed",
		},
		"OneOfTwoOffline": {
			reason: "What can be changed is changed, whatever cannot.",
			edit:   withSize(4, 2048), class: clients.Invalid, in: clients.PoweredOff,
			calls: []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.Reconfigure, fake.Reconfigure, fake.PowerOnVM}, cpu: 2, memory: 2048,
			pending: "True/ReconfigureFailed", changing: "False/ReconfigureFailed",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRunning(t, tc.vm...)
			h.refuse(tc.class, tc.in)
			h.edit(tc.edit)
			h.settle()
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if m := h.machine(); m.CPU != tc.cpu || m.MemoryMiB != tc.memory || m.PowerState != clients.PoweredOn {
				t.Errorf("\n%s\nwant %d CPUs, %d MiB, On, got %d, %d, %s", tc.reason, tc.cpu, tc.memory, m.CPU, m.MemoryMiB, m.PowerState)
			}
			if diff := cmp.Diff(tc.pending, h.condition(v1beta1.ConditionReconfigurePendingPowerCycle)); diff != "" {
				t.Errorf("\n%s\npending: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.changing, h.condition(v1beta1.ConditionReconfiguring)); diff != "" {
				t.Errorf("\n%s\nreconfiguring: -want, +got:\n%s", tc.reason, diff)
			}
			h.quiet(tc.reason)
			// A new process stops no VM for what failed before.
			h.restart()
			h.settle()
			for _, c := range h.hypervisor.Calls() {
				if c != fake.Reconfigure {
					t.Errorf("\n%s\na new process calls %s", tc.reason, c)
				}
			}
			if n := strings.Count(strings.Join(h.metrics.all, " "), "failure"); (tc.changing == "False/ReconfigureFailed") != (n == 1) {
				t.Errorf("\n%s\nmetrics: got %v", tc.reason, h.metrics.all)
			}
		})
	}
}

// TestFailedChangeIsTriedAgain expects another attempt when the VM is off anew, and when something else is asked.
func TestFailedChangeIsTriedAgain(t *testing.T) {
	cases := map[string]struct {
		reason string
		do     func(h *house)
		calls  []fake.Method
		cpu    int32
	}{
		"OffAnew": {
			reason: "A VM that is off for another reason is an occasion.",
			do:     func(h *house) { h.byHand(clients.PoweredOff) },
			calls:  []fake.Method{fake.Reconfigure, fake.PowerOnVM}, cpu: 4,
		},
		"OtherValue": {
			reason: "Another value may do.",
			do:     func(h *house) { h.edit(withSize(3, 1024)) },
			calls:  []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 3,
		},
		"TakenBack": {
			reason: "Nothing failed that is not asked for.",
			do:     func(h *house) { h.edit(withSize(2, 1024)) }, cpu: 2,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRunning(t)
			broken := true
			h.hypervisor.Refuse(func(clients.Change) error {
				if broken {
					return clients.NewError(clients.Capacity, "", errors.New("no room"))
				}
				return nil
			})
			h.edit(withSize(4, 1024))
			h.settle()
			h.hypervisor.Calls()
			broken = false
			tc.do(h)
			h.settle()
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if got := h.machine().CPU; got != tc.cpu {
				t.Errorf("\n%s\nCPU: want %d, got %d", tc.reason, tc.cpu, got)
			}
			if diff := cmp.Diff("False/None", h.condition(v1beta1.ConditionReconfiguring)); diff != "" {
				t.Errorf("\n%s\nreconfiguring: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestChangeFailsLater has the hypervisor accept a change of a running VM and then fail: the VM stays ready, and it is tried
// again, but not at once.
func TestChangeFailsLater(t *testing.T) {
	h := newRunning(t, withHotAdd)
	h.edit(withSize(4, 1024))
	h.reconcile()
	h.hypervisor.FailWork(ExternalName(testUID), clients.NewError(clients.Capacity, "Host", errors.New("no CPU left")))
	h.reconcile()
	h.reconcile()
	if diff := cmp.Diff([]fake.Method{fake.Reconfigure}, h.hypervisor.Calls()); diff != "" {
		t.Errorf("calls before it is time: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("Ready: -want, +got:\n%s", diff)
	}
	c := h.vm().GetCondition(v1beta1.ConditionReconfiguring)
	if diff := cmp.Diff("Cannot change cpu from 2 to 4 (no CPU left)", c.Message); diff != "" {
		t.Errorf("Reconfiguring: -want, +got:\n%s", diff)
	}
	h.clock.advance(minRetryDelay)
	h.settle()
	if got := h.machine().CPU; got != 4 {
		t.Errorf("CPU in the end: want 4, got %d", got)
	}
	want := []string{"libvirt failure", "libvirt success"}
	if diff := cmp.Diff(want, h.metrics.all); diff != "" {
		t.Errorf("metrics: -want, +got:\n%s", diff)
	}
}

// TestBusy has the hypervisor say that it is at work on the VM: that is no failure.
func TestBusy(t *testing.T) {
	h := newRunning(t, withHotAdd)
	h.hypervisor.Fail(fake.Reconfigure, clients.NewError(clients.Busy, "VM", errors.New("another task is in progress")))
	h.edit(withSize(4, 1024))
	h.reconcile()
	h.reconcile()
	if diff := cmp.Diff("True/ReconcileSuccess", h.condition("Synced")); diff != "" {
		t.Errorf("Synced: -want, +got:\n%s", diff)
	}
	h.hypervisor.Fail(fake.Reconfigure, nil)
	h.settle()
	if got := h.machine().CPU; got != 4 {
		t.Errorf("CPU in the end: want 4, got %d", got)
	}
	if len(h.metrics.all) != 1 {
		t.Errorf("metrics: got %v", h.metrics.all)
	}
}

// TestMidCycle changes what is asked while a VM is shut down for a change.
func TestMidCycle(t *testing.T) {
	cases := map[string]struct {
		reason string
		do     func(h *house)
		calls  []fake.Method
		power  clients.PowerState
		cpu    int32
		gone   bool
	}{
		"Policy": {
			reason: "Who wants no power cycle any more has none, also not at the deadline.",
			do: func(h *house) {
				h.edit(withCyclePolicy(v1beta1.CycleOnNextPowerOff))
				h.settle()
				h.timeOut()
			},
			calls: []fake.Method{fake.ShutdownVM}, power: clients.PoweredOn, cpu: 2,
		},
		"Force": {
			reason: "Who cannot wait any more does not.",
			do:     func(h *house) { h.edit(withCyclePolicy(v1beta1.CycleForce)) },
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOffVM, fake.Reconfigure, fake.PowerOnVM}, power: clients.PoweredOn, cpu: 4,
		},
		"TakenBack": {
			reason: "Nothing is left to be done.",
			do: func(h *house) {
				h.edit(withSize(2, 1024))
				h.settle()
				h.timeOut()
			},
			calls: []fake.Method{fake.ShutdownVM}, power: clients.PoweredOn, cpu: 2,
		},
		"More": {
			reason: "One power cycle makes all changes that are asked for by then.",
			do: func(h *house) {
				h.edit(withSize(6, 2048))
				h.settle()
				h.timeOut()
			},
			calls: []fake.Method{fake.ShutdownVM, fake.PowerOffVM, fake.Reconfigure, fake.PowerOnVM}, power: clients.PoweredOn, cpu: 6,
		},
		"Off": {
			reason: "A VM that shall be off is changed and left off.",
			do:     func(h *house) { h.edit(withPower(v1beta1.PowerOff)) },
			calls:  []fake.Method{fake.ShutdownVM, fake.PowerOffVM, fake.Reconfigure}, power: clients.PoweredOff, cpu: 4,
		},
		"OffGraceful": {
			reason: "The guest's time counts from when it was first asked.",
			do: func(h *house) {
				h.clock.advance(defaultShutdownTimeout / 2)
				h.edit(withPower(v1beta1.PowerOffGraceful))
				h.settle()
				h.clock.advance(defaultShutdownTimeout / 2)
			},
			calls: []fake.Method{fake.ShutdownVM, fake.PowerOffVM, fake.Reconfigure}, power: clients.PoweredOff, cpu: 4,
		},
		"Delete": {
			reason: "A guest that was asked already has no more time than it was given then.",
			do: func(h *house) {
				h.delete()
				h.settle()
				if h.vm() == nil {
					h.t.Errorf("the VM is gone before its guest's time is over")
				}
				h.timeOut()
			},
			calls: []fake.Method{fake.ShutdownVM, fake.DeleteVM}, gone: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRunning(t)
			h.guest(fake.GuestIgnores)
			h.edit(withSize(4, 1024))
			h.settle()
			tc.do(h)
			h.settle()
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if (h.vm() == nil) != tc.gone {
				t.Fatalf("\n%s\nwant gone: %t, got %v", tc.reason, tc.gone, h.vm())
			}
			if tc.gone {
				return
			}
			if m := h.machine(); m.PowerState != tc.power || m.CPU != tc.cpu {
				t.Errorf("\n%s\nwant %s, %d CPUs, got %s, %d", tc.reason, tc.power, tc.cpu, m.PowerState, m.CPU)
			}
			if op := h.vm().Status.AtProvider.PowerOperation; op != nil {
				t.Errorf("\n%s\npowerOperation: want none, got %v", tc.reason, op)
			}
		})
	}
}

// TestClass changes the hardware of a VM by its class.
func TestClass(t *testing.T) {
	h := newHouse(t, newConfig(), newClass("small", 1, 512), newVM(withClass("small")))
	h.settle()
	c := newClass("small", 2, 512)
	got := &v1beta1.VMClass{}
	if err := h.kube.Get(t.Context(), client.ObjectKeyFromObject(c), got); err != nil {
		t.Fatal(err)
	}
	got.Spec.CPU = 2
	if err := h.kube.Update(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	h.settle()
	if m := h.machine(); m.CPU != 2 || m.BootID != "boot-2" {
		t.Errorf("want 2 CPUs after a power cycle, got %d and %s", m.CPU, m.BootID)
	}

	// Without the class nothing is known of what the VM should be: it goes on as it is, and its power can still be changed.
	if err := h.kube.Delete(t.Context(), got); err != nil {
		t.Fatal(err)
	}
	h.reconcile()
	h.reconcile()
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("without class, Ready: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff("False/ReconcileError", h.condition("Synced")); diff != "" {
		t.Errorf("without class, Synced: -want, +got:\n%s", diff)
	}
	h.edit(withPower(v1beta1.PowerOff))
	h.settle()
	if m := h.machine(); m.PowerState != clients.PoweredOff || m.CPU != 2 {
		t.Errorf("without class, want Off with 2 CPUs, got %s with %d", m.PowerState, m.CPU)
	}
}
