// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// TestEndpointTrouble takes an endpoint away from its VMs in each way there is. It is a condition of the config and of the
// VMs; the VMs stay the same ones, and everything is well again when the endpoint is.
func TestEndpointTrouble(t *testing.T) {
	w := newWorld(t, "e2e-trouble")
	way := w.wire("tcp", "", w.vcenterURL().Host)
	account := w.account("account", w.password())
	config := w.vcenterConfig("own", way.address, account.Name)
	w.create(account)
	w.create(config)
	w.awaitReady(config)

	spec := vsphereSpec()
	spec.ProviderConfigReference = ownConfig(config.Name)
	vm := w.vm("-vm", spec)
	set := w.set("-set", 2, spec, 1, 1)
	w.create(vm)
	w.create(set)
	w.awaitReady(vm)
	w.awaitSet(set, 2)
	before := w.vms(w.vcenter)
	if len(before) != 3 {
		t.Fatalf("want 3 VMs, got %v", before)
	}

	otherCA := string(w.foreignCA())
	cases := []struct {
		name, reason string
		hurt, heal   func(w *world)
		words        []string
	}{
		{
			name:   "WrongPassword",
			reason: "A changed password is not the end of the VMs.",
			hurt:   func(w *world) { w.setPassword(account, "wrong") },
			heal:   func(w *world) { w.setPassword(account, w.password()) },
			words:  []string{"Unauthorized"},
		},
		{
			name:   "UntrustedCertificate",
			reason: "A vCenter that nobody vouches for does not get the account's password.",
			hurt:   func(w *world) { w.setCA(config, otherCA) },
			heal:   func(w *world) { w.setCA(config, w.vcenterCA()) },
			words:  []string{"Untrusted"},
		},
		{
			name:   "Unreachable",
			reason: "An outage says nothing about the VMs.",
			hurt:   func(*world) { way.cut() },
			heal:   way.mend,
			words:  []string{"Unreachable"},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := w.with(t)
			tc.hurt(w)
			w.awaitTrouble(config, tc.words...)
			w.awaitTrouble(vm, tc.words...)
			if diff := cmp.Diff(before, w.vms(w.vcenter)); diff != "" {
				t.Errorf("%s\nThe VMs must stay as they are. -before, +during:\n%s", tc.reason, diff)
			}
			if !w.exists(vm) || !w.exists(set) {
				t.Errorf("%s\nNo object may vanish.", tc.reason)
			}
			tc.heal(w)
			w.awaitReady(config)
			w.awaitReady(vm)
			w.awaitSet(set, 2)
			if diff := cmp.Diff(before, w.vms(w.vcenter)); diff != "" {
				t.Errorf("%s\nThe VMs must be the same ones afterwards. -before, +after:\n%s", tc.reason, diff)
			}
		})
	}

	t.Run("DeletedDuringOutage", func(t *testing.T) {
		w := w.with(t)
		way.cut()
		w.awaitTrouble(config, "Unreachable")
		w.delete(vm)
		w.awaitTrouble(vm, "Unreachable")
		if !w.exists(vm) {
			t.Error("An object must not vanish while nobody knows whether its VM did.")
		}
		way.mend(w)
		w.awaitGone(vm)
		if vms := w.vmsOf(w.vcenter, vm.Name); len(vms) > 0 {
			t.Errorf("want no VM when its object is gone, got %v", vms)
		}
	})
}

// TestLibvirtHostTrouble loses one of two hosts. The VMs of the other do not notice; the VM of the lost one is not made anew
// anywhere else.
func TestLibvirtHostTrouble(t *testing.T) {
	w := newWorld(t, "e2e-trouble-kvm")
	guests := w.guests()
	dir, err := os.MkdirTemp("", "e2e-") //nolint:usetesting // The path of a socket must be short.
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })

	config := &v1beta1.ProviderConfig{ObjectMeta: w.meta("-hosts")}
	config.Spec.Type = v1beta1.ProviderLibvirt
	config.Spec.Libvirt = &v1beta1.LibvirtEndpoint{}
	ways := map[string]*wire{}
	for _, h := range w.env.LibvirtHosts {
		socket := filepath.Join(dir, h.Name)
		ways[h.Name] = w.wire("unix", socket, socketOf(t, h.URI))
		config.Spec.Libvirt.Hosts = append(config.Spec.Libvirt.Hosts, v1beta1.LibvirtHost{Name: h.Name, URI: "qemu:///system?socket=" + socket, Cluster: "own"})
	}
	w.create(config)
	w.awaitReady(config)

	var vms []*v1beta1.VirtualMachine
	for _, h := range w.env.LibvirtHosts {
		spec := libvirtSpec()
		spec.ProviderConfigReference = ownConfig(config.Name)
		spec.ForProvider.Placement = &v1beta1.VMPlacement{Host: ptr.To(h.Name)}
		vm := w.vm("-"+h.Name, spec)
		w.create(vm)
		vms = append(vms, vm)
	}
	for _, vm := range vms {
		w.awaitReady(vm)
	}
	before := w.vms(guests)
	lost, kept := vms[0], vms[1]

	ways[w.env.LibvirtHosts[0].Name].cut()
	w.awaitTrouble(lost, "Unreachable")
	w.await("the inventory says that the host is not available", func() (string, bool) {
		w.get(config)
		host := inventoryHost(config.Status.Inventory, w.env.LibvirtHosts[0].Name)
		return host.Unavailable, host.Unavailable != ""
	})
	w.awaitReady(kept)
	if diff := cmp.Diff(before, w.vms(guests)); diff != "" {
		t.Errorf("No VM may come or go because a host cannot be reached. -before, +during:\n%s", diff)
	}

	ways[w.env.LibvirtHosts[0].Name].mend(w)
	w.awaitReady(lost)
	w.awaitReady(kept)
	if diff := cmp.Diff(before, w.vms(guests)); diff != "" {
		t.Errorf("The VMs must be the same ones afterwards. -before, +after:\n%s", diff)
	}
	for _, vm := range vms {
		w.delete(vm)
	}
	w.awaitVMs(guests, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
}

func inventoryHost(inventory *v1beta1.Inventory, name string) v1beta1.InventoryHost {
	if inventory != nil {
		for _, h := range inventory.Hosts {
			if h.Name == name {
				return h
			}
		}
	}
	return v1beta1.InventoryHost{}
}

func (w *world) setPassword(account *corev1.Secret, password string) {
	w.Helper()
	change(w, account, func(s *corev1.Secret) { s.Data[v1beta1.SecretKeyPassword] = []byte(password) })
}

func (w *world) setCA(config *v1beta1.ProviderConfig, bundle string) {
	w.Helper()
	change(w, config, func(c *v1beta1.ProviderConfig) { c.Spec.VSphere.CABundle = bundle })
}
