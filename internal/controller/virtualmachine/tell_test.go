// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/utils/ptr"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/probe"
)

// TestReadiness lets the guest of a running VM be and not be ready.
func TestReadiness(t *testing.T) {
	type rp = v1beta1.ReadinessProbe
	cases := map[string]struct {
		reason  string
		probe   rp
		vm      func(*fake.VM)
		result  probe.Result
		ready   string
		message string
	}{
		"Tools": {reason: "Tools run.", probe: rp{GuestTools: true}, vm: func(vm *fake.VM) { vm.GuestTools = true }, result: probe.Result{Known: true, Ready: true}, ready: "True/Available"},
		"NoTools": {
			reason: "Tools do not.", probe: rp{GuestTools: true}, result: probe.Result{Known: true, Ready: true},
			ready: "False/ReadinessProbeFailed", message: "The VM runs and is not ready: no guest tools run",
		},
		"NoAddress": {
			reason: "All that is missing is named, once.", probe: rp{GuestTools: true, IPAddress: true, TCP: &v1beta1.TCPProbe{Port: 22}},
			result: probe.Result{Why: "no address of the guest is known"},
			ready:  "False/ReadinessProbeFailed", message: "The VM runs and is not ready: no guest tools run; no IP address is known",
		},
		"Refused": {
			reason: "What the guest answered is told.", probe: rp{IPAddress: true, TCP: &v1beta1.TCPProbe{Port: 22}},
			vm:     func(vm *fake.VM) { vm.IPAddresses = []string{"10.0.0.5"} },
			result: probe.Result{Known: true, Why: "TCP 10.0.0.5:22: connection refused"},
			ready:  "False/ReadinessProbeFailed", message: "The VM runs and is not ready: TCP 10.0.0.5:22: connection refused",
		},
		"Answers": {
			reason: "And then it is ready.", probe: rp{IPAddress: true, TCP: &v1beta1.TCPProbe{Port: 22}},
			vm: func(vm *fake.VM) { vm.IPAddresses = []string{"10.0.0.5"} }, result: probe.Result{Known: true, Ready: true}, ready: "True/Available",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), newVM(func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.ReadinessProbe = &tc.probe }))
			h.prober.result = tc.result
			h.settle()
			if tc.vm != nil {
				h.hypervisor.Edit(ExternalName(testUID), tc.vm)
			}
			h.settle()
			if diff := cmp.Diff(tc.ready, h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.message, h.vm().GetCondition(xpv2.TypeReady).Message); diff != "" {
				t.Errorf("\n%s\nmessage: -want, +got:\n%s", tc.reason, diff)
			}
			if !h.prober.watched {
				t.Errorf("\n%s\nthe guest of a running VM is to be asked", tc.reason)
			}
			h.quiet(tc.reason)
			h.edit(withPower(v1beta1.PowerOff))
			h.settle()
			if h.prober.watched {
				t.Errorf("\n%s\nthe guest of a VM that is off is not to be asked", tc.reason)
			}
		})
	}
}

// TestReadinessOfNewProcess expects that a ready VM stays ready while a new process has not asked its guest yet.
func TestReadinessOfNewProcess(t *testing.T) {
	h := newHouse(t, newConfig(), newVM(func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.ReadinessProbe = &v1beta1.ReadinessProbe{TCP: &v1beta1.TCPProbe{Port: 22}}
	}))
	h.prober.result = probe.Result{Known: true, Ready: true}
	h.settle()
	h.hypervisor.Edit(ExternalName(testUID), func(vm *fake.VM) { vm.IPAddresses = []string{"10.0.0.5"} })
	h.settle()
	for _, s := range []struct {
		result probe.Result
		ready  string
	}{
		{probe.Result{Why: "the guest was not asked yet"}, "True/Available"},
		{probe.Result{Known: true, Why: "no answer"}, "False/ReadinessProbeFailed"},
		{probe.Result{Why: "the guest was not asked yet"}, "False/ReadinessProbeFailed"},
	} {
		h.restart()
		h.prober.result = s.result
		h.reconcile()
		if diff := cmp.Diff(s.ready, h.ready()); diff != "" {
			t.Errorf("%+v: Ready: -want, +got:\n%s", s.result, diff)
		}
	}
}

// TestDrift changes the VM by hand.
func TestDrift(t *testing.T) {
	placed := func(vm *v1beta1.VirtualMachine) {
		p := &vm.Spec.ForProvider
		p.Placement = &v1beta1.VMPlacement{Cluster: ptr.To("one"), Host: ptr.To("esxi-01"), Datastore: ptr.To("ssd"), Folder: ptr.To("/Web")}
		p.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 5}}
		p.Networks = []v1beta1.VMNetwork{{Name: "primary", Network: "VM Network"}}
	}
	noUpdate := withPolicies(xpv2.ManagementActionObserve, xpv2.ManagementActionCreate, xpv2.ManagementActionDelete)
	cases := map[string]struct {
		reason  string
		vm      []change
		byHand  func(*fake.VM)
		calls   []fake.Method
		drifted string
		message string
	}{
		"Nothing": {reason: "A VM that is as asked has not drifted.", byHand: func(*fake.VM) {}, drifted: "False/None"},
		"CPU": {
			reason: "Hardware is repaired.", byHand: func(vm *fake.VM) { vm.CPU = 8 },
			calls: []fake.Method{fake.ShutdownVM, fake.Reconfigure, fake.PowerOnVM}, drifted: "False/None",
		},
		"Disk": {
			reason: "A disk that was taken away is added anew.", byHand: func(vm *fake.VM) { vm.Disks = vm.Disks[:1] },
			calls: []fake.Method{fake.Reconfigure}, drifted: "False/None",
		},
		"Network": {
			reason: "An interface is connected where it should be.", byHand: func(vm *fake.VM) { vm.Networks[0].Network = "elsewhere" },
			calls: []fake.Method{fake.Reconfigure}, drifted: "False/None",
		},
		"OthersDisk": {
			reason: "What others attached is theirs.", drifted: "False/None",
			byHand: func(vm *fake.VM) { vm.Disks = append(vm.Disks, clients.DiskObservation{SizeGiB: 7}) },
		},
		"Host": {
			reason: "The hypervisor may move a VM between hosts.", byHand: func(vm *fake.VM) { vm.Placement.Host = "esxi-02" }, drifted: "False/None",
		},
		"Moved": {
			reason:  "What somebody else moved is told, and left.",
			byHand:  func(vm *fake.VM) { vm.Placement = clients.Placement{Cluster: "two", Datastore: "hdd", Folder: "/Web"} },
			drifted: "True/Differs",
			message: "The VM differs from what is asked: cluster from one to two (the VM was moved); datastore from ssd to hdd (the VM was moved)",
		},
		"Larger": {
			reason: "A disk is never made smaller.", byHand: func(vm *fake.VM) { vm.Disks[1].SizeGiB = 9 },
			drifted: "True/Differs",
			message: "The VM differs from what is asked: size of disk data from 9 GiB to 5 GiB (a disk is never made smaller: the guest's data would be cut off)",
		},
		"NoUpdate": {
			reason: "Without Update all differences are told and nothing is done.", vm: []change{noUpdate}, byHand: func(vm *fake.VM) { vm.CPU = 8 },
			drifted: "True/Differs",
			message: "The VM differs from what is asked: cpu from 8 to 2; powerState from Off to On",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), newVM(append([]change{placed}, tc.vm...)...))
			h.settle()
			h.hypervisor.Calls()
			h.hypervisor.Edit(ExternalName(testUID), tc.byHand)
			h.settle()
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.drifted, h.condition(v1beta1.ConditionDrifted)); diff != "" {
				t.Errorf("\n%s\nDrifted: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.message, h.vm().GetCondition(v1beta1.ConditionDrifted).Message); diff != "" {
				t.Errorf("\n%s\nmessage: -want, +got:\n%s", tc.reason, diff)
			}
			h.quiet(tc.reason)
		})
	}
}

// TestDisks changes the list of disks of a running VM: one grows, one is new, one leaves.
func TestDisks(t *testing.T) {
	h := newRunning(t, func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 50}, {Name: "old", SizeGiB: 5}}
	})
	h.edit(func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 100}, {Name: "new", SizeGiB: 1}}
	})
	h.settle()
	want := []clients.Change{{
		GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 100}}, AddDisks: []clients.Disk{{Name: "new", SizeGiB: 1}}, DetachDisks: []string{"old"},
	}}
	if diff := cmp.Diff(want, h.hypervisor.Changes(), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("changes: -want, +got:\n%s", diff)
	}
	if n := h.events.count("Normal DiskDetached"); n != 1 {
		t.Errorf("want the user to be told of the file that is kept, got %d", n)
	}
	if m := h.machine(); m.BootID != "boot-1" {
		t.Errorf("disks change online, got %s", m.BootID)
	}
}

// TestEmulated tells that a guest is slow.
func TestEmulated(t *testing.T) {
	h := newRunning(t)
	if got := h.condition(v1beta1.ConditionAccelerated); got != "Unknown/" {
		t.Errorf("of most VMs there is nothing to tell: got %s", got)
	}
	h.hypervisor.Edit(ExternalName(testUID), func(vm *fake.VM) { vm.Emulated = true })
	h.reconcile()
	if got := h.condition(v1beta1.ConditionAccelerated); got != "False/Emulated" {
		t.Errorf("got %s", got)
	}
}

// TestCheck has CheckVM know that a VM cannot be made: nothing is tried and nothing written but the status.
func TestCheck(t *testing.T) {
	h := newHouse(t, newConfig(), newVM())
	h.hypervisor.Fail(fake.CheckVM, clients.NewError(clients.NotFound, "Network", errors.New("there is no network")))
	h.reconcile()
	h.reconcile()
	updates, statuses := h.updates, h.statuses
	h.reconcile()
	if diff := cmp.Diff("False/NetworkNotFound", h.ready()); diff != "" {
		t.Errorf("Ready: -want, +got:\n%s", diff)
	}
	if calls := h.hypervisor.Calls(); len(calls) > 0 || h.updates != updates || h.statuses != statuses {
		t.Errorf("want no calls and no writes, got %v, %d, %d", calls, h.updates-updates, h.statuses-statuses)
	}
	if got := h.vm().Status.AtProvider.Phase; got != v1beta1.PhaseFailed {
		t.Errorf("phase: want Failed, got %s", got)
	}
}
