// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apiequality "k8s.io/apimachinery/pkg/api/equality"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

func statusEqual(a, b *v1beta1.VirtualMachine) bool {
	return apiequality.Semantic.DeepEqual(a.Status, b.Status)
}

// TestLife follows one VM from nothing to nothing.
func TestLife(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())

	steps := []struct {
		name   string
		reason string
		do     func()
		ready  string
		calls  []fake.Method
		vms    int
	}{
		{
			name: "Create", reason: "A VM that is not there is created.",
			do: h.reconcile, ready: "False/Creating", calls: []fake.Method{fake.CreateVM}, vms: 1,
		},
		{
			name: "Wait", reason: "While the VM is being made nothing is started again.",
			do: h.reconcile, ready: "False/Creating", vms: 1,
		},
		{
			name: "PowerOn", reason: "A VM that is there and off is powered on.",
			do: func() { h.hypervisor.Work(); h.reconcile() }, ready: "False/PoweredOff", calls: []fake.Method{fake.PowerOnVM}, vms: 1,
		},
		{
			name: "WaitForPower", reason: "While it is being powered on nothing is started again.",
			do: h.reconcile, ready: "False/PoweredOff", vms: 1,
		},
		{
			name: "Ready", reason: "A VM that is on is ready.",
			do: func() { h.hypervisor.Work(); h.reconcile() }, ready: "True/Available", vms: 1,
		},
		{
			name: "Delete", reason: "The VM of a deleted resource is removed.",
			do: func() { h.delete(); h.reconcile() }, ready: "False/Deleting", calls: []fake.Method{fake.DeleteVM}, vms: 1,
		},
		{
			name: "Gone", reason: "The finalizer stays until the hypervisor has no VM.",
			do: func() { h.hypervisor.Work(); h.reconcile() }, ready: "gone",
		},
	}
	for _, s := range steps {
		s.do()
		if diff := cmp.Diff(s.ready, h.ready()); diff != "" {
			t.Errorf("\n%s: %s\nReady: -want, +got:\n%s", s.name, s.reason, diff)
		}
		if diff := cmp.Diff(s.calls, h.hypervisor.Calls(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("\n%s: %s\ncalls: -want, +got:\n%s", s.name, s.reason, diff)
		}
		if diff := cmp.Diff(s.vms, len(h.hypervisor.VMs())); diff != "" {
			t.Errorf("\n%s: %s\nVMs: -want, +got:\n%s", s.name, s.reason, diff)
		}
	}
}

func TestStatusOfReadyVM(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())
	h.settle()

	want := v1beta1.VirtualMachineObservation{
		UUID: ExternalName(testUID), ID: "vm-web-server", Phase: v1beta1.PhaseRunning, PowerState: v1beta1.PoweredOn, CPU: 2, MemoryMiB: 1024,
		Firmware: v1beta1.FirmwareBIOS, Disks: []v1beta1.VMDiskObservation{{Name: "root", SizeGiB: 10}},
	}
	if diff := cmp.Diff(want, h.vm().Status.AtProvider); diff != "" {
		t.Errorf("atProvider: -want, +got:\n%s", diff)
	}
	if got := h.vm().GetAnnotations()[AnnotationCreateTask]; got != "" {
		t.Errorf("annotation %s of a VM that is there: want none, got %q", AnnotationCreateTask, got)
	}

	updates, statuses := h.updates, h.statuses
	for range 5 {
		h.reconcile()
	}
	if h.updates != updates || h.statuses != statuses {
		t.Errorf("a VM that does not change: want no writes, got %d and %d of status", h.updates-updates, h.statuses-statuses)
	}
}

// TestCrash kills the provider at each point of a creation and expects one VM, ready.
func TestCrash(t *testing.T) {
	succeeded := func(vm *v1beta1.VirtualMachine) error {
		if _, ok := vm.GetAnnotations()[meta.AnnotationKeyExternalCreateSucceeded]; ok {
			return errAPI
		}
		return nil
	}
	cases := map[string]struct {
		reason string
		crash  func(h *house)
	}{
		"BeforeCreate": {
			reason: "The intent was written and the hypervisor never called: the VM is created.",
			crash: func(h *house) {
				h.hypervisor.Fail(fake.CreateVM, errors.New("killed"))
				// The failure is not written either: only that creation is pending.
				h.refuseUpdate = func(vm *v1beta1.VirtualMachine) error {
					if _, ok := vm.GetAnnotations()[meta.AnnotationKeyExternalCreateFailed]; ok {
						return errAPI
					}
					return nil
				}
				h.reconcile()
				h.hypervisor.Fail(fake.CreateVM, nil)
			},
		},
		"AfterCreate": {
			reason: "The hypervisor is at work and nobody knows: its work is found by the VM's identity.",
			crash: func(h *house) {
				h.refuseUpdate = succeeded
				h.reconcile()
			},
		},
		"AfterCreateWasDone": {
			reason: "The VM is there and nobody knows: it is found by its identity.",
			crash: func(h *house) {
				h.refuseUpdate = succeeded
				h.reconcile()
				h.hypervisor.Work()
			},
		},
		"BeforePowerOn": {
			reason: "What was remembered of the creation is not needed.",
			crash: func(h *house) {
				h.reconcile()
				h.hypervisor.Work()
			},
		},
		"AfterPowerOn": {
			reason: "Work under way is not started again.",
			crash: func(h *house) {
				h.reconcile()
				h.hypervisor.Work()
				h.reconcile()
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), newVM())
			tc.crash(h)
			h.refuseUpdate = nil
			h.restart()
			h.settle()
			if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(1, len(h.hypervisor.VMs())); diff != "" {
				t.Errorf("\n%s\nVMs: -want, +got:\n%s", tc.reason, diff)
			}
			h.delete()
			h.settle()
			if h.vm() != nil || len(h.hypervisor.VMs()) != 0 {
				t.Errorf("\n%s\nafter deletion: want neither resource nor VM, got %v and %v", tc.reason, h.vm(), h.hypervisor.VMs())
			}
		})
	}
}

// TestDeleteWhileCreating deletes a VM whose creation is under way: nothing may be left behind.
func TestDeleteWhileCreating(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())
	h.reconcile()
	h.delete()
	h.reconcile()
	if diff := cmp.Diff([]fake.Method{fake.CreateVM, fake.DeleteVM}, h.hypervisor.Calls()); diff != "" {
		t.Errorf("calls: -want, +got:\n%s", diff)
	}
	if h.vm() == nil {
		t.Fatal("the resource is gone while the hypervisor is still at work")
	}
	h.settle()
	if h.vm() != nil || len(h.hypervisor.VMs()) != 0 {
		t.Errorf("want neither resource nor VM, got %v and %v", h.vm(), h.hypervisor.VMs())
	}
}

// TestRefused has the hypervisor refuse to create a VM again and again, and then no more.
func TestRefused(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())
	h.hypervisor.Fail(fake.CreateVM, clients.NewError(clients.NotFound, "Image", errors.New("there is no template \"tiny-linux\"")))
	h.reconcile()
	want := h.vm().GetCondition(xpv2.TypeReady)
	statuses := h.statuses
	for range 3 {
		h.reconcile()
		if diff := cmp.Diff("False/ImageNotFound", h.ready()); diff != "" {
			t.Errorf("Ready: -want, +got:\n%s", diff)
		}
	}
	if diff := cmp.Diff(want, h.vm().GetCondition(xpv2.TypeReady)); diff != "" {
		t.Errorf("the condition changed without reason: -want, +got:\n%s", diff)
	}
	if h.statuses != statuses {
		t.Errorf("status writes while nothing changes: want none, got %d", h.statuses-statuses)
	}

	h.hypervisor.Fail(fake.CreateVM, nil)
	h.settle()
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("after the image was made, Ready: -want, +got:\n%s", diff)
	}
}

// TestMissing reports what is missing in Kubernetes without calling the hypervisor or writing anything but the status, and
// goes on when it is there.
func TestMissing(t *testing.T) {
	h := newHouse(t, newConfig(), newVM(withClass("small")))
	h.reconcile()
	h.reconcile()
	updates, statuses := h.updates, h.statuses
	h.reconcile()
	if diff := cmp.Diff("False/ClassNotFound", h.ready()); diff != "" {
		t.Errorf("Ready: -want, +got:\n%s", diff)
	}
	if h.updates != updates || h.statuses != statuses {
		t.Errorf("writes while nothing changes: want none, got %d and %d of status", h.updates-updates, h.statuses-statuses)
	}
	if calls := h.hypervisor.Calls(); len(calls) != 0 {
		t.Errorf("calls: want none, got %v", calls)
	}

	h.create(newClass("small", 4, 2048))
	h.settle()
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("after the class was made, Ready: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(int32(4), h.vm().Status.AtProvider.CPU); diff != "" {
		t.Errorf("CPU: -want, +got:\n%s", diff)
	}
}

// TestWorkFails has the hypervisor accept to create a VM and then fail: it is tried again, but not at once.
func TestWorkFails(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())
	h.reconcile()
	h.hypervisor.FailWork(ExternalName(testUID), clients.NewError(clients.Capacity, "Datastore", errors.New("no space left")))

	for range 3 {
		h.reconcile()
	}
	if diff := cmp.Diff("False/Capacity", h.ready()); diff != "" {
		t.Errorf("Ready: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff([]fake.Method{fake.CreateVM}, h.hypervisor.Calls()); diff != "" {
		t.Errorf("calls before it is time: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(1, h.events.count("Warning Capacity")); diff != "" {
		t.Errorf("events: -want, +got:\n%s", diff)
	}

	h.clock.advance(minRetryDelay)
	h.reconcile()
	if diff := cmp.Diff([]fake.Method{fake.CreateVM}, h.hypervisor.Calls()); diff != "" {
		t.Errorf("calls when it is time: -want, +got:\n%s", diff)
	}
	h.settle()
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("Ready in the end: -want, +got:\n%s", diff)
	}
}

// TestPowerOnFails has the hypervisor refuse, and then fail, to power on a VM.
func TestPowerOnFails(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())
	h.reconcile()
	h.hypervisor.Work()
	h.hypervisor.Fail(fake.PowerOnVM, clients.NewError(clients.Capacity, "Host", errors.New("no memory left")))
	h.reconcile()
	h.reconcile()
	if diff := cmp.Diff("False/Capacity", h.ready()); diff != "" {
		t.Errorf("refused, Ready: -want, +got:\n%s", diff)
	}

	h.hypervisor.Fail(fake.PowerOnVM, nil)
	h.reconcile()
	h.hypervisor.Calls()
	h.hypervisor.FailWork(ExternalName(testUID), errors.New("the guest has no disk"))
	for range 3 {
		h.reconcile()
	}
	if diff := cmp.Diff("False/PowerOnFailed", h.ready()); diff != "" {
		t.Errorf("failed, Ready: -want, +got:\n%s", diff)
	}
	if calls := h.hypervisor.Calls(); len(calls) != 0 {
		t.Errorf("calls before it is time: want none, got %v", calls)
	}

	h.clock.advance(maxRetryDelay)
	h.settle()
	if diff := cmp.Diff("True/Available", h.ready()); diff != "" {
		t.Errorf("in the end, Ready: -want, +got:\n%s", diff)
	}
}

// TestUnusableEndpoint takes the endpoint away under a VM that is ready, in each way there is: nothing is recreated,
// nothing forgotten.
func TestUnusableEndpoint(t *testing.T) {
	fail := func(c clients.Class) func(*house) {
		return func(h *house) { h.hypervisor.Fail(fake.ObserveVM, clients.NewError(c, "", errors.New("no"))) }
	}
	cases := map[string]struct {
		reason string
		fail   func(h *house)
		ready  string
	}{
		"Unreachable":  {reason: "Nothing is known of the VM.", fail: fail(clients.Unreachable), ready: "Unknown/Unreachable"},
		"Unauthorized": {reason: "Nothing is known of the VM.", fail: fail(clients.Unauthorized), ready: "Unknown/Unauthorized"},
		"Untrusted":    {reason: "Nothing is known of the VM.", fail: fail(clients.Untrusted), ready: "Unknown/Untrusted"},
		"Unclassified": {
			reason: "An error that says nothing does not say that the VM is gone.",
			fail:   func(h *house) { h.hypervisor.Fail(fake.ObserveVM, errors.New("boom")) },
			ready:  "Unknown/ObserveFailed",
		},
		"NoConfig": {
			reason: "A config that is gone is named.",
			fail: func(h *house) {
				if err := h.kube.Delete(context.Background(), newConfig()); err != nil {
					h.t.Fatalf("cannot delete config: %v", err)
				}
			},
			ready: "Unknown/ClusterProviderConfigNotFound",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), newVM())
			h.settle()
			h.hypervisor.Calls()
			before := h.vm().Status.AtProvider

			tc.fail(h)
			h.reconcile()
			if diff := cmp.Diff(tc.ready, h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			before.Phase = v1beta1.PhaseUnknown
			if diff := cmp.Diff(before, h.vm().Status.AtProvider); diff != "" {
				t.Errorf("\n%s\natProvider: -want, +got:\n%s", tc.reason, diff)
			}

			h.delete()
			h.reconcile()
			if h.vm() == nil {
				t.Fatalf("\n%s\nthe resource is gone while nothing is known of its VM", tc.reason)
			}
			if diff := cmp.Diff(tc.ready, h.ready()); diff != "" {
				t.Errorf("\n%s\nReady while deleting: -want, +got:\n%s", tc.reason, diff)
			}
			if calls := h.hypervisor.Calls(); len(calls) != 0 {
				t.Errorf("\n%s\ncalls: want none, got %v", tc.reason, calls)
			}
		})
	}
}

// TestPolicies restricts what may be done with the VM.
func TestPolicies(t *testing.T) {
	const imported = "11111111-2222-3333-4444-555555555555"
	there := fake.VM{UUID: imported, VM: clients.VM{State: clients.VMPresent, PowerState: clients.PoweredOff, CPU: 8}}
	others := there
	others.Owner = "somebody"
	external := withAnnotation(meta.AnnotationKeyExternalName, imported)

	cases := map[string]struct {
		reason string
		vm     *v1beta1.VirtualMachine
		put    []fake.VM
		ready  string
		cpu    int32
		calls  []fake.Method
		// left is how many VMs are left after the resource was deleted.
		left int
	}{
		"ObserveOnly": {
			reason: "A VM of somebody else can be looked at and nothing else.",
			vm:     newVM(external, withPolicies(xpv2.ManagementActionObserve)), put: []fake.VM{there},
			ready: "False/PoweredOff", cpu: 8, left: 1,
		},
		"ImportOnly": {
			reason: "A policy that changes nothing on the hypervisor is good for a VM of somebody else.",
			vm:     newVM(external, withPolicies(xpv2.ManagementActionObserve, xpv2.ManagementActionLateInitialize)), put: []fake.VM{there},
			ready: "False/PoweredOff", cpu: 8, left: 1,
		},
		"NotOwned": {
			reason: "A VM of somebody else is not touched, and letting go of it needs the user's word.",
			vm:     newVM(external), put: []fake.VM{others},
			ready: "False/NotOwned", left: 1,
		},
		"NoCreate": {
			reason: "A VM that must not be created is not.",
			vm:     newVM(withPolicies(xpv2.ManagementActionObserve, xpv2.ManagementActionUpdate)),
			ready:  "False/Absent",
		},
		"NoUpdate": {
			reason: "A VM that must not be changed is not powered on.",
			vm:     newVM(withPolicies(xpv2.ManagementActionObserve, xpv2.ManagementActionCreate, xpv2.ManagementActionDelete)),
			ready:  "False/PoweredOff", cpu: 2, calls: []fake.Method{fake.CreateVM},
		},
		"Orphan": {
			reason: "A VM that must not be deleted is left.",
			vm: newVM(withPolicies(xpv2.ManagementActionObserve, xpv2.ManagementActionCreate, xpv2.ManagementActionUpdate,
				xpv2.ManagementActionLateInitialize)),
			ready: "True/Available", cpu: 2, calls: []fake.Method{fake.CreateVM, fake.PowerOnVM}, left: 1,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), tc.vm)
			for _, vm := range tc.put {
				h.hypervisor.Put(vm)
			}
			h.settle()
			if diff := cmp.Diff(tc.ready, h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.cpu, h.vm().Status.AtProvider.CPU); diff != "" {
				t.Errorf("\n%s\nCPU: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			h.delete()
			h.settle()
			if diff := cmp.Diff(tc.left, len(h.hypervisor.VMs())); diff != "" {
				t.Errorf("\n%s\nVMs after deletion: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestRetryDelay(t *testing.T) {
	want := []time.Duration{5 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second, 2 * time.Minute, 2 * time.Minute}
	for count, w := range want {
		if got := retryDelay(count); got != w {
			t.Errorf("retryDelay(%d): want %s, got %s", count, w, got)
		}
	}
}
