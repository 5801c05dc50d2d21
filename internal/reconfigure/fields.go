// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A field is something of a VM that can differ from what is asked.
type field struct {
	name string
	// differences returns what is not as asked: nothing, or one for the VM, or one for each of its disks or interfaces.
	differences func(clients.VMSpec, clients.VM) []difference
	// cycle says that a difference which has to wait for the VM to be off is worth stopping it for.
	cycle bool
	// held says that the field is left alone also while the VM is off when it is not to be changed by way of its power.
	held bool
}

// A difference of a VM from what is asked.
type difference struct {
	// of names the disk or interface that differs.
	of string
	// from and to are what is and what is asked, for people.
	from, to string
	// never says why this is not done to any existing VM; empty when it is.
	never string
	// blocked says why it cannot be done in the VM's present power state; empty when it can.
	blocked string
	// apply puts what is asked into a change.
	apply func(*clients.Change)
}

// fields returns the table of all there is to compare, in the order in which it is told.
//
// What decides when a field can change, per hypervisor:
//   - CPU and memory: clients.HotPlug. vSphere: cpuHotAddEnabled, cpuHotRemoveEnabled, memoryHotAddEnabled, hotPlugMemoryLimit
//     and hotPlugMemoryIncrementSize of VirtualMachineConfigInfo
//     (https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.vm.ConfigInfo.html). libvirt: the domain's
//     maximum of vCPUs, and its <memory> and <maxMemory> (https://libvirt.org/formatdomain.html#memory-allocation).
//   - Hot-add settings: only while the VM is off, on both.
//   - Sizes of disks: DiskObservation.Growable. vSphere refuses to grow a disk that has a parent.
//   - Guest data, tags and attributes are no hardware: they can always change.
func fields() []field {
	return []field{
		{name: "cpu", differences: cpu, cycle: true, held: true},
		{name: "memoryMiB", differences: memory, cycle: true, held: true},
		{name: "hotAdd", differences: hotAdd, held: true},
		{name: "firmware", differences: firmware},
		{name: "size of disk", differences: diskSizes, cycle: true, held: true},
		{name: "disk", differences: newDisks, cycle: true},
		{name: "disk", differences: oldDisks, cycle: true},
		{name: "type of disk", differences: diskTypes},
		{name: "datastore of disk", differences: diskDatastores},
		{name: "controller of disk", differences: diskControllers},
		{name: "format of disk", differences: diskFormats},
		{name: "network", differences: newNetworks, cycle: true},
		{name: "network", differences: oldNetworks, cycle: true},
		{name: "connection of network", differences: connections, cycle: true},
		{name: "model of network", differences: models},
		{name: "macAddress of network", differences: macAddresses},
		{name: "guest data", differences: guestData},
		{name: "tags", differences: tags},
		{name: "customAttributes", differences: attributes},
	}
}
