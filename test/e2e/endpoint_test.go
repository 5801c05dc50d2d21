// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// TestEndpointStatus reads from an endpoint's status what can be asked of it, and what placement chooses from.
func TestEndpointStatus(t *testing.T) {
	w := newWorld(t, "e2e-endpoint")
	t.Run("VSphere", func(t *testing.T) {
		w := w.with(t)
		status := w.endpointStatus(vsphereEndpoint)
		if c := status.Capabilities; len(c.SupportedDiskTypes) != 2 || len(c.SupportedNetworkTypes) == 0 {
			t.Errorf("want both disk types and at least one network type, got %+v", c)
		}
		if c := status.Capabilities; !c.SupportsLinkedClones || !c.SupportsReconfigureOnline {
			t.Errorf("want linked clones and changes of running VMs, got %+v", c)
		}
		w.assertLinkedClones()
		zones := map[string]string{}
		clusters := map[string]string{}
		for _, h := range status.Inventory.Hosts {
			zones[h.Name], clusters[h.Name] = h.Zone, h.Cluster
			if h.CPUs <= 0 || h.MemoryMiB <= 0 {
				t.Errorf("want host %s with CPUs and memory, got %+v", h.Name, h)
			}
		}
		one, two := "prod-cluster-1", "prod-cluster-2"
		wantClusters := map[string]string{"esxi-01": one, "esxi-02": one, "esxi-03": one, "esxi-04": two, "esxi-05": two, "esxi-06": two}
		if diff := cmp.Diff(wantClusters, clusters); diff != "" {
			t.Errorf("hosts by cluster: -want, +got:\n%s", diff)
		}
		for host, cluster := range wantClusters {
			if want := map[string]string{one: "zone-a", two: "zone-b"}[cluster]; zones[host] != want {
				t.Errorf("want host %s in %s, got %q", host, want, zones[host])
			}
		}
		names := []string{}
		for _, d := range status.Inventory.Datastores {
			names = append(names, d.Name)
			if d.CapacityGiB <= 0 || len(d.Hosts) == 0 {
				t.Errorf("want datastore %s with a capacity, and hosts that can use it, got %+v", d.Name, d)
			}
		}
		if diff := cmp.Diff([]string{"images-datastore", "ssd-datastore-1", "ssd-datastore-2"}, names); diff != "" {
			t.Errorf("datastores: -want, +got:\n%s", diff)
		}
		folders := strings.Join(status.Inventory.Folders, " ")
		if !strings.Contains(folders, "/Production/WebServers") {
			t.Errorf("want /Production/WebServers among the folders, got %s", folders)
		}
	})
	t.Run("Libvirt", func(t *testing.T) {
		w := w.with(t)
		w.guests()
		status := w.endpointStatus(libvirtEndpoint)
		if c := status.Capabilities; !c.SupportsReconfigureOnline || !c.SupportsLinkedClones {
			t.Errorf("want linked clones and changes of running VMs, got %+v", c)
		}
		hosts := map[string]v1beta1.InventoryHost{}
		for _, h := range status.Inventory.Hosts {
			hosts[h.Name] = h
		}
		for _, h := range w.env.LibvirtHosts {
			if got := hosts[h.Name]; got.Cluster != "kvm-cluster" || !strings.HasPrefix(got.Zone, "zone-") || got.CPUs <= 0 || got.MemoryMiB <= 0 {
				t.Errorf("want host %s in kvm-cluster, in a zone, with CPUs and memory, got %+v", h.Name, got)
			}
		}
		if len(status.Inventory.Datastores) == 0 {
			t.Error("want storage pools, got none")
		}
	})
}

// assertLinkedClones makes a linked clone of a VM, whose source then waits with going until the clone is gone. A template without a
// snapshot cannot be a source.
func (w *world) assertLinkedClones() {
	w.Helper()
	linked := func(suffix, image string) *v1beta1.VirtualMachine {
		spec := vsphereSpec()
		spec.ForProvider.ImageRef, spec.ForProvider.Linked = &v1beta1.ImageReference{Name: image}, true
		vm := w.vm(suffix, spec)
		w.create(vm)
		return vm
	}
	refused := linked("-refused", vsphereTemplate)
	w.awaitTrouble(refused, "snapshot")
	w.delete(refused)
	w.awaitGone(refused)

	source := w.vm("-source", vsphereSpec())
	w.create(source)
	w.awaitReady(source)
	clone := linked("-linked", source.Name)
	w.awaitReady(clone)
	w.delete(source)
	w.awaitTrouble(source, clone.Name)
	w.delete(clone)
	w.awaitGone(clone)
	w.awaitGone(source)
}

// endpointStatus returns the status of one of the local cluster's endpoints, which must be Ready and complete.
func (w *world) endpointStatus(name string) v1beta1.ProviderConfigStatus {
	w.Helper()
	config := &v1beta1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: name}}
	w.awaitReady(config)
	w.get(config)
	if config.Status.Capabilities == nil || config.Status.Inventory == nil {
		w.Fatalf("want capabilities and inventory in the status, got %+v", config.Status)
	}
	return config.Status
}
