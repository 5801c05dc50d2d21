// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

const importedUUID = "11111111-2222-3333-4444-555555555555"

// TestImport has a user name an existing VM.
func TestImport(t *testing.T) {
	existing := func(owner string) fake.VM {
		return fake.VM{UUID: importedUUID, VM: clients.VM{
			State: clients.VMPresent, Owner: owner, Name: "legacy", PowerState: clients.PoweredOn, BootID: "boot-0", CPU: 2, MemoryMiB: 1024,
			Disks: []clients.DiskObservation{{SizeGiB: 10}, {SizeGiB: 5}},
		}}
	}
	named := func(name string, policies ...xpv2.ManagementAction) []change {
		c := []change{withAnnotation(meta.AnnotationKeyExternalName, name)}
		if len(policies) > 0 {
			c = append(c, withPolicies(policies...))
		}
		return c
	}
	cases := map[string]struct {
		reason string
		vm     []change
		put    fake.VM
		ready  string
		calls  []fake.Method
		events []string
		owner  string
		uuid   string
	}{
		"UUID": {
			reason: "A VM without a mark is marked.",
			vm:     named(importedUUID), put: existing(""),
			ready: "True/Available", calls: []fake.Method{fake.AdoptVM}, events: []string{"Normal Imported"}, owner: string(testUID), uuid: importedUUID,
		},
		"Path": {
			reason: "A VM is found by its name, once.",
			vm:     named("legacy"), put: existing(""),
			ready: "True/Available", calls: []fake.Method{fake.AdoptVM}, events: []string{"Normal Imported"}, owner: string(testUID), uuid: importedUUID,
		},
		"PathToLookAt": {
			reason: "Who only looks writes nothing to the hypervisor.",
			vm:     named("legacy", xpv2.ManagementActionObserve), put: existing(""),
			ready: "True/Available", uuid: importedUUID,
		},
		"NoUpdate": {
			reason: "Without Update a VM without a mark is only looked at.",
			vm:     named(importedUUID, xpv2.ManagementActionObserve, xpv2.ManagementActionCreate), put: existing(""),
			ready: "True/Available", uuid: importedUUID,
		},
		"DeleteOnly": {
			reason: "A VM without a mark is not deleted.",
			vm:     named(importedUUID, xpv2.ManagementActionObserve, xpv2.ManagementActionDelete), put: existing(""),
			ready: "False/NotOwned", uuid: importedUUID,
		},
		"Others": {
			reason: "A VM with another's mark is not touched.",
			vm:     named(importedUUID), put: existing("somebody"),
			ready: "False/NotOwned", owner: "somebody", uuid: importedUUID,
		},
		"NotFound": {
			reason: "A VM that is not found is not made.",
			vm:     named("nowhere"), put: existing(""),
			ready: "Unknown/VMNotFound", uuid: "nowhere",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, newConfig(), newVM(tc.vm...))
			h.hypervisor.Put(tc.put)
			h.settle()
			if diff := cmp.Diff(tc.ready, h.ready()); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.calls, h.hypervisor.Calls(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			for _, e := range tc.events {
				if n := h.events.count(e); n != 1 {
					t.Errorf("\n%s\nevent %s: want 1, got %d", tc.reason, e, n)
				}
			}
			if diff := cmp.Diff(tc.owner, h.machine().Owner); diff != "" {
				t.Errorf("\n%s\nowner: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.uuid, meta.GetExternalName(h.vm())); diff != "" {
				t.Errorf("\n%s\nexternal name: -want, +got:\n%s", tc.reason, diff)
			}
			h.quiet(tc.reason)
		})
	}
}

// TestImportFails has the hypervisor not mark a VM: nothing else is done to it.
func TestImportFails(t *testing.T) {
	h := newHouse(t, newConfig(), newVM(withAnnotation(meta.AnnotationKeyExternalName, importedUUID)))
	h.hypervisor.Put(fake.VM{UUID: importedUUID, VM: clients.VM{State: clients.VMPresent, PowerState: clients.PoweredOff, CPU: 8}})
	h.hypervisor.Fail(fake.AdoptVM, clients.NewError(clients.Unauthorized, "", errors.New("no permission")))
	for range 3 {
		h.reconcile()
	}
	if diff := cmp.Diff("False/Importing", h.ready()); diff != "" {
		t.Errorf("Ready: -want, +got:\n%s", diff)
	}
	for _, c := range h.hypervisor.Calls() {
		if c != fake.AdoptVM {
			t.Errorf("want nothing but AdoptVM, got %s", c)
		}
	}
	h.hypervisor.Fail(fake.AdoptVM, nil)
	h.settle()
	if m := h.machine(); m.Owner != string(testUID) || m.PowerState != clients.PoweredOn || m.CPU != 2 {
		t.Errorf("in the end: got %+v", m.VM)
	}
}

// TestUnresolvedIsLetGo deletes a resource whose VM was never found.
func TestUnresolvedIsLetGo(t *testing.T) {
	h := newHouse(t, newConfig(), newVM(withAnnotation(meta.AnnotationKeyExternalName, "nowhere")))
	h.settle()
	h.delete()
	h.settle()
	if h.vm() != nil {
		t.Errorf("want no resource, got %v", h.vm().Status)
	}
}

// TestDelete deletes a running VM.
func TestDelete(t *testing.T) {
	tools := func(vm *fake.VM) { vm.GuestTools = true }
	ignores := func(vm *fake.VM) { vm.GuestTools, vm.Guest = true, fake.GuestIgnores }
	missing := func(vm *fake.VM) { vm.GuestTools, vm.Guest = true, fake.GuestMissing }
	cases := map[string]struct {
		reason string
		policy v1beta1.DeletePolicy
		guest  func(*fake.VM)
		do     func(*house)
		calls  []fake.Method
		events []string
	}{
		"Graceful": {
			reason: "The guest is asked, and the VM is deleted when it is off.", guest: tools,
			calls: []fake.Method{fake.ShutdownVM, fake.DeleteVM}, events: []string{"Normal ShutdownRequested", "Normal PoweredOff"},
		},
		"TimesOut": {
			reason: "A guest that does not is deleted at the deadline.", guest: ignores, do: (*house).timeOut,
			calls: []fake.Method{fake.ShutdownVM, fake.DeleteVM}, events: []string{"Normal ShutdownRequested", "Warning ShutdownTimedOut"},
		},
		"NoTools": {
			reason: "Who cannot be asked is not.", guest: func(*fake.VM) {},
			calls: []fake.Method{fake.DeleteVM},
		},
		"ToolsGone": {
			reason: "Nor waited for.", guest: missing,
			calls: []fake.Method{fake.ShutdownVM, fake.DeleteVM}, events: []string{"Warning ShutdownRefused"},
		},
		"Hard": {
			reason: "Who deletes hard does not ask.", policy: v1beta1.DeleteHard, guest: tools,
			calls: []fake.Method{fake.DeleteVM},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := newRunning(t, func(vm *v1beta1.VirtualMachine) {
				vm.Spec.ForProvider.DeletePolicy = tc.policy
				vm.Spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1, Retain: true}, {Name: "scratch", SizeGiB: 1}}
			})
			h.hypervisor.Edit(ExternalName(testUID), tc.guest)
			h.delete()
			for range 3 {
				h.reconcile()
			}
			if h.vm() == nil {
				t.Fatalf("\n%s\nthe resource is gone before its VM", tc.reason)
			}
			if tc.do != nil {
				tc.do(h)
			}
			h.settle()
			if h.vm() != nil {
				t.Fatalf("\n%s\nwant no resource, got %v", tc.reason, h.vm().Status)
			}
			calls := h.hypervisor.Calls()
			if diff := cmp.Diff(tc.calls, unique(calls)); diff != "" {
				t.Errorf("\n%s\ncalls: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.events, h.ourEvents(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nevents: -want, +got:\n%s", tc.reason, diff)
			}
			if got := unique(h.hypervisor.Deleted(ExternalName(testUID)).Retained); !cmp.Equal(got, []string{"data"}) {
				t.Errorf("\n%s\nretained: want data, got %v", tc.reason, got)
			}
		})
	}
}

// unique returns a list without what repeats the item before.
func unique[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if len(out) == 0 || out[len(out)-1] != v {
			out = append(out, v)
		}
	}
	return out
}

// TestDeleteWithDependants has the hypervisor refuse to delete a VM that others need.
func TestDeleteWithDependants(t *testing.T) {
	h := newRunning(t)
	h.hypervisor.Fail(fake.DeleteVM, clients.NewError(clients.Conflict, "VM", errors.New("linked clones web-2 and web-3 need its disks")))
	h.delete()
	h.reconcile()
	if h.vm() == nil {
		t.Fatal("the resource is gone before its VM")
	}
	if diff := cmp.Diff("delete failed: cannot delete VM: linked clones web-2 and web-3 need its disks", h.vm().GetCondition("Synced").Message); diff != "" {
		t.Errorf("Synced: -want, +got:\n%s", diff)
	}
}
