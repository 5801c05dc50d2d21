// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"sort"
	"strings"
)

// A VM is a virtual machine as its hypervisor shows it.
type VM struct {
	// Name shown on the hypervisor.
	Name string
	// ID is the hypervisor's own handle: a managed object reference, or a domain's UUID.
	ID string
	// On says whether the VM is powered on.
	On bool
	// CPUs is the number of virtual CPUs.
	CPUs int
	// Cluster the VM's host is in. Empty for libvirt, which knows no clusters.
	Cluster string
	// Host the VM is on.
	Host string
	// Disk says where the first disk is: a datastore's name, or an image file's path on the host.
	Disk string
}

// A Hypervisor is an administrator's view of one endpoint: all its hosts, all its VMs, no matter who made them.
type Hypervisor interface {
	// VMs lists the VMs whose name starts with prefix, by name. Templates are left out.
	VMs(ctx context.Context, prefix string) ([]VM, error)
	// Traces names everything that VMs consist of, sorted: VMs, folders on datastores, storage volumes. When nothing of
	// anybody's VMs is left, it returns what it returned before they were made.
	Traces(ctx context.Context) ([]string, error)
	// Hardware returns what a VM consists of.
	Hardware(ctx context.Context, vm VM) (Hardware, error)
	// PowerOff cuts a VM's power.
	PowerOff(ctx context.Context, vm VM) error
	// Destroy removes a VM, as somebody would who knows nothing of the product.
	Destroy(ctx context.Context, vm VM) error
	// CreateForeign makes a VM, powered off, that is none of the product's.
	CreateForeign(ctx context.Context, name string) (VM, error)
}

// A Tally is a count of VMs.
type Tally struct {
	// Exist is how many there are, On how many of them are powered on.
	Exist, On int
	// ByCPUs, ByHost and ByDisk count them by number of CPUs, host and place of the disk.
	ByCPUs map[int]int
	ByHost map[string]int
	ByDisk map[string]int
}

// Count tallies VMs.
func Count(vms []VM) Tally {
	t := Tally{Exist: len(vms), ByCPUs: map[int]int{}, ByHost: map[string]int{}, ByDisk: map[string]int{}}
	for _, vm := range vms {
		if vm.On {
			t.On++
		}
		t.ByCPUs[vm.CPUs]++
		t.ByHost[vm.Host]++
		t.ByDisk[vm.Disk]++
	}
	return t
}

// String describes the tally in one line that is equal for equal tallies.
func (t Tally) String() string {
	s := fmt.Sprintf("exist %d, available %d", t.Exist, t.On)
	for _, n := range sortedKeys(t.ByCPUs) {
		s += fmt.Sprintf(", %d with %d CPUs", t.ByCPUs[n], n)
	}
	for _, h := range sortedKeys(t.ByHost) {
		s += fmt.Sprintf(", %s: %d", h, t.ByHost[h])
	}
	return s
}

// Bounds is what a set must keep to at every moment of a change.
type Bounds struct {
	// MaxExist is how many VMs may exist.
	MaxExist int
	// MinOn is how many must be powered on.
	MinOn int
	// MaxPerHost is how many may share a host; 0 for any number.
	MaxPerHost int
}

// Check returns an error that says which bound a tally breaks.
func (b Bounds) Check(t Tally) error {
	var broken []string
	if t.Exist > b.MaxExist {
		broken = append(broken, fmt.Sprintf("%d VMs exist and at most %d may", t.Exist, b.MaxExist))
	}
	if t.On < b.MinOn {
		broken = append(broken, fmt.Sprintf("%d VMs are powered on and at least %d must be", t.On, b.MinOn))
	}
	for _, h := range sortedKeys(t.ByHost) {
		if b.MaxPerHost > 0 && t.ByHost[h] > b.MaxPerHost {
			broken = append(broken, fmt.Sprintf("host %s has %d VMs and at most %d may share a host", h, t.ByHost[h], b.MaxPerHost))
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return fmt.Errorf("out of bounds: %s (%s)", strings.Join(broken, "; "), t)
}

// Uneven returns by how many VMs the fullest of the named places differs from the emptiest; 0 and 1 are even.
func Uneven(places []string, count map[string]int) int {
	if len(places) == 0 {
		return 0
	}
	least, most := count[places[0]], count[places[0]]
	for _, p := range places[1:] {
		least, most = min(least, count[p]), max(most, count[p])
	}
	return most - least
}

func sortedKeys[K int | string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return keys[i] < keys[j] })
	return keys
}
