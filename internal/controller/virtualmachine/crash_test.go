// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

// scenarios are what users ask of a running VM, with what must have become of it.
func scenarios() map[string]struct {
	vm    []change
	edit  []change
	cpu   int32
	power clients.PowerState
	boot  string
	token string
} {
	type scenario = struct {
		vm    []change
		edit  []change
		cpu   int32
		power clients.PowerState
		boot  string
		token string
	}
	return map[string]scenario{
		"Online":      {vm: []change{withHotAdd}, edit: []change{withSize(4, 2048)}, cpu: 4, power: clients.PoweredOn, boot: "boot-1"},
		"Cycle":       {edit: []change{withSize(4, 2048)}, cpu: 4, power: clients.PoweredOn, boot: "boot-2"},
		"Force":       {vm: []change{withCyclePolicy(v1beta1.CycleForce)}, edit: []change{withSize(4, 2048)}, cpu: 4, power: clients.PoweredOn, boot: "boot-2"},
		"Restart":     {edit: []change{withToken("a")}, cpu: 2, power: clients.PoweredOn, boot: "boot-2", token: "a"},
		"OffGraceful": {edit: []change{withPower(v1beta1.PowerOffGraceful)}, cpu: 2, power: clients.PoweredOff},
		"Suspended":   {edit: []change{withPower(v1beta1.PowerSuspended)}, cpu: 2, power: clients.Suspended},
	}
}

// TestCrashInTheMiddle ends the process at each write of status, before it or without knowing that it was made, or has several
// writes fail in a row, and expects the VM to become what was asked, with no more power cycles than it takes.
func TestCrashInTheMiddle(t *testing.T) {
	outages := map[string]struct {
		writes int
		made   bool
	}{
		"Lost":   {writes: 1},
		"Made":   {writes: 1, made: true},
		"Outage": {writes: 5},
	}
	for name, tc := range scenarios() {
		for outage, o := range outages {
			for first := range 6 {
				t.Run(fmt.Sprintf("%s/%s/%d", name, outage, first), func(t *testing.T) {
					h := newRunning(t, tc.vm...)
					h.edit(tc.edit...)
					writes, crashed := 0, false
					h.refuseStatus = func(*v1beta1.VirtualMachine) error {
						writes++
						if crashed = writes > first && writes <= first+o.writes; crashed {
							return errAPI
						}
						return nil
					}
					h.keepRefused = o.made
					for range 30 {
						h.reconcile()
						if crashed {
							h.restart()
							crashed = false
						}
						h.hypervisor.Work()
					}
					h.became(tc.cpu, tc.power, tc.boot, tc.token)
				})
			}
		}
	}
}

// TestLostReplies loses the reply to each call once.
func TestLostReplies(t *testing.T) {
	for name, tc := range scenarios() {
		for _, m := range []fake.Method{fake.Reconfigure, fake.ShutdownVM, fake.PowerOffVM, fake.PowerOnVM, fake.SuspendVM} {
			t.Run(fmt.Sprintf("%s/%s", name, m), func(t *testing.T) {
				h := newRunning(t, tc.vm...)
				h.hypervisor.Lose(m, 1)
				h.edit(tc.edit...)
				h.settle()
				h.became(tc.cpu, tc.power, tc.boot, tc.token)
			})
		}
	}
}

// became expects the VM to be as asked, and nothing more to be done about it.
func (h *house) became(cpu int32, power clients.PowerState, boot, token string) {
	h.t.Helper()
	m := h.machine()
	if m.CPU != cpu || m.PowerState != power || m.BootID != boot {
		h.t.Errorf("want %d CPUs, %s, %q, got %d, %s, %q", cpu, power, boot, m.CPU, m.PowerState, m.BootID)
	}
	at := h.vm().Status.AtProvider
	if at.PowerOperation != nil || at.RestartToken != token {
		h.t.Errorf("want no operation and token %q, got %v and %q", token, at.PowerOperation, at.RestartToken)
	}
	for _, c := range []string{h.condition(v1beta1.ConditionReconfiguring), h.condition(v1beta1.ConditionReconfigurePendingPowerCycle)} {
		if diff := cmp.Diff("False/None", c); diff != "" {
			h.t.Errorf("condition: -want, +got:\n%s", diff)
		}
	}
	calls := h.hypervisor.Calls()
	if power == clients.PoweredOn && slices.Contains(calls, fake.PowerOffVM) && slices.Contains(calls, fake.ShutdownVM) {
		h.t.Errorf("a guest that shuts down is not switched off: %v", calls)
	}
	h.quiet("in the end")
}

// TestDeleteCrash ends the process at each step of a graceful deletion.
func TestDeleteCrash(t *testing.T) {
	for step := range 4 {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			h := newRunning(t)
			h.hypervisor.Edit(ExternalName(testUID), func(vm *fake.VM) { vm.GuestTools = true })
			h.delete()
			for i := range 8 {
				if i == step {
					h.restart()
				}
				h.reconcile()
				h.hypervisor.Work()
			}
			if h.vm() != nil || len(h.hypervisor.VMs()) != 0 {
				t.Errorf("want neither resource nor VM, got %v and %v", h.vm(), h.hypervisor.VMs())
			}
			if got := h.hypervisor.Deleted(ExternalName(testUID)).PowerState; got != "" && got != clients.PoweredOff {
				t.Errorf("a guest that shuts down when it is asked was deleted while %s", got)
			}
		})
	}
}
