// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

// Unlimited as an amount of free memory or space says that it is unknown, and therefore not a limit.
const Unlimited int64 = -1

// A Host of the inventory. Names are unique in an Inventory.
type Host struct {
	// Name of the host.
	Name string
	// Cluster the host is in. A host in no cluster is a cluster of its own.
	Cluster string
	// Zone the host is in, empty when it is in none.
	Zone string
	// FreeMemoryMiB is the memory that new VMs can have, in MiB. Below zero it is unknown, and not a limit.
	FreeMemoryMiB int64
	// Unavailable says why nothing can be placed on the host, such as "maintenance". Empty when something can.
	Unavailable string
}

// A Datastore of the inventory. Several may share a name, as the storage pools of libvirt hosts do: each is a failure domain of
// its own, and at most one of them is mounted on any one host.
type Datastore struct {
	// Name of the datastore.
	Name string
	// Hosts that can use the datastore, by name. Hosts that are not in the inventory are ignored.
	Hosts []string
	// FreeGiB is the space that new disks can have, in GiB. Below zero it is unknown, and not a limit.
	FreeGiB int64
	// Unavailable says why nothing can be placed on the datastore, such as "maintenance". Empty when something can.
	Unavailable string
}

// An Inventory is what Plan chooses from. The order of its lists does not matter.
type Inventory struct {
	Hosts      []Host
	Datastores []Datastore
	// Folders that VMs can be put in. Empty when the hypervisor has none.
	Folders []string
}

// Targets are places by name. A list that is empty does not restrict. Only the order of Folders matters: the first that exists
// is taken.
type Targets struct {
	Clusters   []string
	Hosts      []string
	Datastores []string
	Folders    []string
	Zones      []string
}

// A Scope says how much an anti-affinity rule binds.
type Scope string

// Scopes of anti-affinity.
const (
	// Off does not keep VMs apart.
	Off Scope = ""
	// Preferred spreads VMs as evenly as can be, and leaves none out.
	Preferred Scope = "preferred"
	// Strict never has more than a maximum in one place, rather leaves a VM out, and spreads evenly below the maximum.
	Strict Scope = "strict"
)

// A Spread is one anti-affinity rule: how the VMs of a set share hosts, or clusters, or datastores.
type Spread struct {
	// Scope of the rule. The zero value is Off.
	Scope Scope
	// Max is how many VMs of the set one place may have. It is read with scope Strict only; below one it is taken as one.
	Max int
}

// Rules of a placement policy.
type Rules struct {
	// Hard targets: a VM is in all of them, or is not placed.
	Hard Targets
	// Soft targets: preferred, and never the reason that a VM is not placed.
	Soft Targets
	// Host, Cluster and Datastore keep the VMs of a set apart.
	Host, Cluster, Datastore Spread
}

// A Place is where a VM is or goes. A field that is empty is unknown, unwanted, or does not exist on the hypervisor.
type Place struct {
	Cluster   string
	Host      string
	Datastore string
	Folder    string
}

// A Member is a VM that the set already has.
type Member struct {
	// Name of the VM.
	Name string
	// Place of the VM: where it was seen, else where it was told to be. A cluster that is left out is that of the host.
	Place Place
	// Leaving VMs are of an old revision or being deleted. They count for every limit, and not for even spreading.
	Leaving bool
	// ReserveMemoryMiB and ReserveDiskGiB are what the VM will take and the inventory does not count yet, as for a VM that is
	// still being created. Zero once the inventory counts the VM.
	ReserveMemoryMiB int64
	ReserveDiskGiB   int64
}

// A Request asks for places for new VMs, all alike.
type Request struct {
	// Names of the VMs. When not all can be placed, the first are.
	Names []string
	// MemoryMiB is the memory of each VM in MiB. Zero or less needs none.
	MemoryMiB int64
	// DiskGiB is the space of each VM's disks in GiB. Zero or less needs none.
	DiskGiB int64
	// Pin is the placement that the VMs ask for themselves. Each field that is not empty must be met, besides the hard rules.
	Pin Place
}

// An Assignment is the place of one new VM. Cluster, Host and Datastore are those of the inventory (a cluster is empty when the
// host is in none); Folder is empty when neither rules nor pin name one that exists.
type Assignment struct {
	Name  string
	Place Place
}

// An Unplaced VM has no place for now.
type Unplaced struct {
	// Name of the VM.
	Name string
	// Reason says why, for people. It depends on the inventory, the rules and the set as the plan leaves it, so that it stays the
	// same as long as they do.
	Reason string
}

// A Result has each requested name once, in the order of the request, in one of its lists.
type Result struct {
	Assignments []Assignment
	Unplaced    []Unplaced
}

// A Qualification says what of an inventory satisfies the hard rules of a policy, whether it has room at the moment or not. All
// lists are sorted and free of duplicates.
type Qualification struct {
	// Hosts that match the hard rules and mount a datastore that does.
	Hosts []string
	// Datastores that match the hard rules and are mounted on a host that does.
	Datastores []string
	// Missing are names in the hard rules that the inventory does not have, with their kind, such as "host esxi-09".
	Missing []string
}
