// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/utils/ptr"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

func withSize(cpu int32, memoryMiB int64) change {
	return func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.Resources = &v1beta1.VMResources{CPU: ptr.To(cpu), MemoryMiB: ptr.To(memoryMiB)}
	}
}

func withHotAdd(vm *v1beta1.VirtualMachine) {
	vm.Spec.ForProvider.Hardware = &v1beta1.VMHardware{HotAdd: &v1beta1.HotAdd{CPU: true, Memory: true}}
}

func withCyclePolicy(p v1beta1.PowerCyclePolicy) change {
	return func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.PowerCyclePolicy = p }
}

func withPower(p v1beta1.DesiredPowerState) change {
	return func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.PowerState = p }
}

// newRunning returns a house with a VM that runs, and forgets how it came there.
func newRunning(t *testing.T, changes ...change) *house {
	t.Helper()
	h := newHouse(t, newConfig(), newVM(changes...))
	h.settle()
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Fatalf("Ready: -want, +got:\n%s", diff)
	}
	h.hypervisor.Calls()
	h.events.since()
	return h
}

// TestReconfigure makes the document's change of size.
func TestReconfigure(t *testing.T) {
	cases := map[string]struct {
		reason  string
		vm      []change
		edit    []change
		calls   []fake.Method
		cpu     int32
		memory  int64
		pending string
		events  []string
		metrics []string
		boot    string
	}{
		"Online": {
			reason: "What can change online changes online.",
			vm:     []change{withHotAdd}, edit: []change{withSize(4, 8192)},
			calls: []fake.Method{fake.Reconfigure}, cpu: 4, memory: 8192, pending: "False/None", boot: "boot-1",
			events:  []string{"Normal ReconfigureStarted", "Normal UpdatedExternalResource", "Normal ReconfigureCompleted"},
			metrics: []string{"libvirt success"},
		},
		"Graceful": {
			reason: "What cannot goes with a power cycle, and the guest is asked first.",
			edit:   []change{withSize(4, 8192)},
			calls:  []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 4, memory: 8192, pending: "False/None", boot: "boot-2",
			events: []string{
				"Warning ReconfigurePowerCycle", "Normal ShutdownRequested", "Normal UpdatedExternalResource", "Normal PoweredOff",
				"Normal ReconfigureStarted", "Normal UpdatedExternalResource", "Normal ReconfigureCompleted", "Normal UpdatedExternalResource", "Normal PoweredOn",
			},
			metrics: []string{"libvirt success"},
		},
		"Force": {
			reason: "Who forces does not ask.",
			vm:     []change{withCyclePolicy(v1beta1.CycleForce)}, edit: []change{withSize(4, 8192)},
			calls: []fake.Method{fake.PowerOffVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 4, memory: 8192, pending: "False/None", boot: "boot-2",
			events: []string{
				"Warning ReconfigurePowerCycle", "Normal UpdatedExternalResource", "Normal PoweredOff",
				"Normal ReconfigureStarted", "Normal UpdatedExternalResource", "Normal ReconfigureCompleted", "Normal UpdatedExternalResource", "Normal PoweredOn",
			},
			metrics: []string{"libvirt success"},
		},
		"OnNextPowerOff": {
			reason: "Who waits is told what waits.",
			vm:     []change{withCyclePolicy(v1beta1.CycleOnNextPowerOff)}, edit: []change{withSize(4, 8192)},
			cpu: 2, memory: 1024, pending: "True/WaitingForPowerOff", boot: "boot-1",
		},
		"Never": {
			reason: "Who never wants it is told what waits.",
			vm:     []change{withCyclePolicy(v1beta1.CycleNever)}, edit: []change{withSize(4, 8192)},
			cpu: 2, memory: 1024, pending: "True/PolicyNever", boot: "boot-1",
		},
		"Both": {
			reason: "What can change online does, even if the VM is powered off afterwards.",
			vm:     []change{withHotAdd}, edit: []change{withSize(4, 512)},
			calls: []fake.Method{fake.Reconfigure, fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, cpu: 4, memory: 512, pending: "False/None", boot: "boot-2",
			events: []string{
				"Normal ReconfigureStarted", "Normal UpdatedExternalResource", "Normal ReconfigureCompleted",
				"Warning ReconfigurePowerCycle", "Normal ShutdownRequested", "Normal UpdatedExternalResource", "Normal PoweredOff",
				"Normal ReconfigureStarted", "Normal UpdatedExternalResource", "Normal ReconfigureCompleted", "Normal UpdatedExternalResource", "Normal PoweredOn",
			},
			metrics: []string{"libvirt success", "libvirt success"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRunning(t, tc.vm...)
			h.edit(tc.edit...)
			h.settle()
			m := h.machine()
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if m.CPU != tc.cpu || m.MemoryMiB != tc.memory || m.BootID != tc.boot {
				t.Errorf("\n%s\nwant %d CPUs, %d MiB, %s, got %d, %d, %s", tc.reason, tc.cpu, tc.memory, tc.boot, m.CPU, m.MemoryMiB, m.BootID)
			}
			if diff := cmp.Diff(tc.pending, h.condition(v1beta1.ConditionReconfigurePendingPowerCycle)); diff != "" {
				t.Errorf("\n%s\npending: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.events, h.events.since(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nevents: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.metrics, h.metrics.all, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nmetrics: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			if got := h.vm().Status.AtProvider; (got.LastReconfigureTime != nil) != (len(tc.metrics) > 0) || got.PowerOperation != nil {
				t.Errorf("\n%s\nlastReconfigureTime, powerOperation: got %v, %v", tc.reason, got.LastReconfigureTime, got.PowerOperation)
			}
		})
	}
}
