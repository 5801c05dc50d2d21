// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// TestChangedByHand lets an administrator of the hypervisor interfere with a VM.
func TestChangedByHand(t *testing.T) {
	t.Run("VSphere", func(t *testing.T) {
		w := newWorld(t, "e2e-hand-vsphere")
		spec := vsphereSpec()
		// Where a foreign VM of the same name would be in the way.
		spec.ForProvider.Placement = &v1beta1.VMPlacement{Folder: ptr.To(lab.ForeignFolder)}
		w.changeByHand(w.vcenter, spec)
	})
	t.Run("Libvirt", func(t *testing.T) {
		w := newWorld(t, "e2e-hand-libvirt")
		guests := w.guests()
		spec := libvirtSpec()
		spec.ForProvider.Placement = &v1beta1.VMPlacement{Host: ptr.To(w.env.LibvirtHosts[0].Name)}
		w.changeByHand(guests, spec)
	})
}

func (w *world) changeByHand(h lab.Hypervisor, spec v1beta1.VirtualMachineSpec) {
	w.Helper()
	cpus := int(*spec.ForProvider.Resources.CPU)
	before := w.traces(h)
	w.guard(h, lab.Bounds{MaxExist: 1})
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)
	made := w.vms(h)
	if !running(1, cpus)(made) {
		w.Fatalf("want one running VM, got %v", made)
	}

	w.Log("powered off")
	if err := h.PowerOff(w.Context(), made[0]); err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(made, w.awaitVMs(h, "the VM powered on again", running(1, cpus))); diff != "" {
		w.Errorf("A VM whose power was cut is powered on, and not replaced. -before, +after:\n%s", diff)
	}
	w.awaitReady(vm)

	w.Log("destroyed")
	if err := h.Destroy(w.Context(), made[0]); err != nil {
		w.Fatal(err)
	}
	w.awaitVMs(h, "another VM in place of the destroyed one", running(1, cpus))
	w.awaitReady(vm)
	w.delete(vm)
	w.awaitGone(vm)
	w.awaitVMs(h, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
	w.assertTraces(h, before)

	w.Log("somebody else has the name")
	foreign, err := h.CreateForeign(w.Context(), vm.Name)
	if err != nil {
		w.Fatal(err)
	}
	vm = w.vm("", spec)
	w.create(vm)
	w.awaitTrouble(vm, "conflict", vm.Name)
	if diff := cmp.Diff([]lab.VM{foreign}, w.vms(h)); diff != "" {
		w.Errorf("A VM of somebody else is not touched. -before, +after:\n%s", diff)
	}
	w.delete(vm)
	w.awaitGone(vm)
	if diff := cmp.Diff([]lab.VM{foreign}, w.vms(h)); diff != "" {
		w.Errorf("A VM of somebody else does not go with our object. -before, +after:\n%s", diff)
	}
	if err := h.Destroy(w.Context(), foreign); err != nil {
		w.Fatal(err)
	}
}

// TestVMSurvivesItsObject deletes an object that may not delete its VM.
func TestVMSurvivesItsObject(t *testing.T) {
	w := newWorld(t, "e2e-survive")
	spec := vsphereSpec()
	spec.ManagementPolicies = xpv2.ManagementPolicies{
		xpv2.ManagementActionObserve, xpv2.ManagementActionCreate, xpv2.ManagementActionUpdate, xpv2.ManagementActionLateInitialize,
	}
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)
	before := w.vms(w.vcenter)
	w.delete(vm)
	w.awaitGone(vm)
	if diff := cmp.Diff(before, w.vms(w.vcenter)); diff != "" || !running(1, 2)(before) {
		t.Errorf("Without the policy Delete the VM goes on running. -before, +after:\n%s", diff)
	}
	for _, left := range before {
		if err := w.vcenter.Destroy(t.Context(), left); err != nil {
			t.Error(err)
		}
	}
}

// TestPolicyStatus reads from a policy which places qualify, what it asks for that is not there, and who uses it.
func TestPolicyStatus(t *testing.T) {
	w := newWorld(t, "e2e-policy")
	policy := w.policy("", v1beta1.VMPlacementPolicySpec{Hard: v1beta1.PlacementTargets{
		Clusters:   []string{"prod-cluster-1", "prod-cluster-2"},
		Hosts:      []string{"esxi-01", "esxi-04", "esxi-99"},
		Datastores: []string{"ssd-datastore-1"},
	}})
	w.create(policy)
	w.awaitReady(policy)
	wantEndpoint := v1beta1.PolicyEndpoint{
		Kind: v1beta1.ClusterProviderConfigKind, Name: vsphereEndpoint,
		Hosts: []string{"esxi-01", "esxi-04"}, Datastores: []string{"ssd-datastore-1"}, Missing: []string{"host esxi-99"},
	}
	w.awaitPolicy(policy, func(s v1beta1.VMPlacementPolicyStatus) string {
		i := slices.IndexFunc(s.Endpoints, func(e v1beta1.PolicyEndpoint) bool { return e.Name == vsphereEndpoint })
		if i < 0 {
			return "the endpoint is not listed"
		}
		return cmp.Diff(wantEndpoint, s.Endpoints[i]) + cmp.Diff([]int32{2, 1, 0}, []int32{s.QualifyingHosts, s.QualifyingDatastores, s.Users})
	})

	set := w.set("-set", 2, vsphereSpec(), 1, 1)
	set.Spec.PlacementRef = &v1beta1.LocalReference{Name: policy.Name}
	w.create(set)
	w.awaitSet(set, 2)
	w.awaitPolicy(policy, func(s v1beta1.VMPlacementPolicyStatus) string {
		return cmp.Diff([]v1beta1.PolicyUser{{Kind: v1beta1.VMSetKind, Name: set.Name, VMs: 2}}, s.UsedBy)
	})
	w.delete(set)
	w.awaitPolicy(policy, func(s v1beta1.VMPlacementPolicyStatus) string { return cmp.Diff([]v1beta1.PolicyUser(nil), s.UsedBy) })
}

// awaitPolicy waits until nothing differs from what is wanted in a policy's status.
func (w *world) awaitPolicy(policy *v1beta1.VMPlacementPolicy, differs func(v1beta1.VMPlacementPolicyStatus) string) {
	w.Helper()
	w.await("the policy's status is as wanted", func() (string, bool) {
		fresh := &v1beta1.VMPlacementPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: policy.Namespace, Name: policy.Name}}
		w.get(fresh)
		diff := differs(fresh.Status)
		return "-want, +got:\n" + diff, diff == ""
	})
}
