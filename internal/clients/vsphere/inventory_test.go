// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestInventory(t *testing.T) {
	s := newSite(t)

	// One host has a zone of its own, which wins over its cluster's.
	esxi06, err := find.NewFinder(s.admin.Client).HostSystem(t.Context(), "/prod-dc/host/prod-cluster-2/esxi-06")
	if err != nil {
		t.Fatal(err)
	}
	rc := rest.NewClient(s.admin.Client)
	if err := rc.Login(t.Context(), s.server.URL().User); err != nil {
		t.Fatal(err)
	}
	m := tags.NewManager(rc)
	zone, err := m.CreateTag(t.Context(), &tags.Tag{Name: "zone-c", CategoryID: vcenter.ZoneCategory})
	if err == nil {
		err = m.AttachTag(t.Context(), zone, esxi06.Reference())
	}
	if err != nil {
		t.Fatal(err)
	}
	maintenance, err := find.NewFinder(s.admin.Client).HostSystem(t.Context(), "/prod-dc/host/prod-cluster-1/esxi-02")
	if err != nil {
		t.Fatal(err)
	}
	task, err := maintenance.EnterMaintenanceMode(t.Context(), 0, false, nil)
	if err == nil {
		err = task.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}

	c := s.connect()
	v := spec("web-1")
	v.Placement = clients.Placement{Host: "esxi-05", Datastore: "ssd-datastore-1"}
	v.Disks = []clients.Disk{{Name: "data", SizeGiB: 100, Thick: true}}
	s.create(c, v)

	hosts := []string{"esxi-01", "esxi-02", "esxi-03", "esxi-04", "esxi-05", "esxi-06"}
	host := func(name, cluster, zone string) clients.Host {
		return clients.Host{Name: name, Cluster: cluster, Zone: zone, CPUs: 16, MemoryMiB: 65536}
	}
	want := clients.Inventory{
		Clusters: []string{"prod-cluster-1", "prod-cluster-2"},
		Hosts: []clients.Host{
			host("esxi-01", "prod-cluster-1", "zone-a"), host("esxi-02", "prod-cluster-1", "zone-a"), host("esxi-03", "prod-cluster-1", "zone-a"),
			host("esxi-04", "prod-cluster-2", "zone-b"), host("esxi-05", "prod-cluster-2", "zone-b"), host("esxi-06", "prod-cluster-2", "zone-c"),
		},
		Datastores: []clients.Datastore{
			{Name: "images-datastore", Hosts: hosts, CapacityGiB: 1024, FreeGiB: 1010},
			{Name: "ssd-datastore-1", Hosts: hosts, CapacityGiB: 2048, FreeGiB: 1940},
			{Name: "ssd-datastore-2", Hosts: hosts, CapacityGiB: 2048, FreeGiB: 2040},
		},
		Folders: []string{"/Production", "/Production/WebServers", "/Templates"},
	}
	want.Hosts[1].Unavailable = "maintenance"
	want.Hosts[4].AllocatedMemoryMiB, want.Hosts[4].VMs = 2048, 1
	var got clients.Inventory
	s.await("the inventory to follow", func() bool {
		got, err = c.Inventory(t.Context())
		return err == nil && got.Hosts[4].VMs == 1 && got.Datastores[1].FreeGiB != got.Datastores[2].FreeGiB
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Inventory: -want, +got:\n%s", diff)
	}
}

func TestTwoDatacenters(t *testing.T) {
	other := vcenter.Production()
	other.Name = "test-dc"
	other.Clusters = []vcenter.Cluster{{Name: "test-cluster", Hosts: []string{"test-01"}}}
	other.Templates = nil
	other.Folders = append(other.Folders, "/Test")
	s := newSite(t, vcenter.Production(), other)
	c := s.connect()

	cases := map[string]struct {
		reason string
		at     clients.Placement
		want   string
	}{
		"Image":  {"Without more the VM is made in the image's datacenter.", clients.Placement{}, "/prod-dc/vm/"},
		"Folder": {"A folder of both datacenters is that of the image's.", clients.Placement{Folder: "/Production/WebServers"}, "/prod-dc/vm/Production/WebServers/"},
		"Host":   {"The host decides.", clients.Placement{Host: "test-01", Folder: "/Production/WebServers"}, "/test-dc/vm/Production/WebServers/"},
		"Only":   {"A folder of one datacenter decides.", clients.Placement{Folder: "/Test", Datastore: "ssd-datastore-1"}, "/test-dc/vm/Test/"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := spec("web-" + name)
			v.Placement = tc.at
			v.Networks = []clients.Network{{Name: "a", Network: "web-tier"}}
			s.create(c, v)
			if _, ok := s.vms()[tc.want+v.Name]; !ok {
				t.Errorf("%s\nVMs are %v, want %s", tc.reason, s.paths(), tc.want+v.Name)
			}
		})
	}
	v := spec("nowhere")
	v.Placement = clients.Placement{Host: "test-01", Cluster: "prod-cluster-1"}
	if _, err := c.CreateVM(t.Context(), v); clients.ClassOf(err) != clients.NotFound || clients.SubjectOf(err) != "Host" {
		t.Errorf("a host of another datacenter than the cluster: %v, want NotFound Host", err)
	}
}
