// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

// A Datacenter describes one datacenter to simulate. Each of its datastores is mounted by each of its hosts, and each of
// its hosts has the network "VM Network".
type Datacenter struct {
	Name       string
	Clusters   []Cluster
	Datastores []Datastore
	// DatastoreClusters of the datastores. The path of a member leads through its cluster.
	DatastoreClusters []DatastoreCluster
	// Folders are paths below the VM folder, such as "/Production/WebServers"; missing parents are made.
	Folders   []string
	Templates []Template
	// Networks are standard port groups beside "VM Network".
	Networks []string
	// OpaqueNetworks are networks of NSX.
	OpaqueNetworks []string
	// Switch is the name of a distributed switch of all hosts; empty for none.
	Switch string
	// Library is a content library; without a name there is none.
	Library Library
	// PortGroups of the switch.
	PortGroups []string
}

// A Cluster describes a cluster and its hosts.
type Cluster struct {
	Name  string
	Hosts []string
	// Zone is the tag of category ZoneCategory on the cluster; empty for none.
	Zone string
}

// A Datastore describes a datastore.
type Datastore struct {
	Name        string
	CapacityGiB int64
}

// A Template describes a VM template: powered off, one disk, one interface on "VM Network".
type Template struct {
	Name      string
	Folder    string
	Datastore string
	DiskGiB   int64
}

// ZoneCategory is the category of the tags that name a zone.
const ZoneCategory = "k8s-zone"

// Capacity of each simulated host.
const (
	HostCPUs      = 16
	HostMemoryGiB = 64
)

// Production is the datacenter of the feature document.
func Production() Datacenter {
	return Datacenter{
		Name: "prod-dc",
		Clusters: []Cluster{
			{Name: "prod-cluster-1", Hosts: []string{"esxi-01", "esxi-02", "esxi-03"}, Zone: "zone-a"},
			{Name: "prod-cluster-2", Hosts: []string{"esxi-04", "esxi-05", "esxi-06"}, Zone: "zone-b"},
		},
		Datastores: []Datastore{
			{Name: "ssd-datastore-1", CapacityGiB: 2048},
			{Name: "ssd-datastore-2", CapacityGiB: 2048},
			{Name: "images-datastore", CapacityGiB: 1024},
		},
		Folders: []string{"/Production/WebServers", "/Templates"},
		Templates: []Template{
			{Name: "nginx-image", Folder: "/Templates", Datastore: "images-datastore", DiskGiB: 4},
			{Name: "ubuntu-22-04", Folder: "/Templates", Datastore: "images-datastore", DiskGiB: 4},
		},
		Switch:     "prod-dvs",
		PortGroups: []string{"web-tier"},
	}
}
