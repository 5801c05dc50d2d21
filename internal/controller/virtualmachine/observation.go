// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"cmp"
	"slices"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// observationOf returns what status.atProvider says of a VM. What is remembered there is taken over from what it said before.
func observationOf(id clients.Identity, vm clients.VM, before v1beta1.VirtualMachineObservation) v1beta1.VirtualMachineObservation {
	o := v1beta1.VirtualMachineObservation{
		UUID:        id.UUID,
		ID:          vm.ID,
		PowerState:  v1beta1.PowerState(vm.PowerState),
		CPU:         vm.CPU,
		MemoryMiB:   vm.MemoryMiB,
		Cluster:     vm.Placement.Cluster,
		Host:        vm.Placement.Host,
		Datastore:   vm.Placement.Datastore,
		Folder:      vm.Placement.Folder,
		Firmware:    v1beta1.FirmwareType(vm.Firmware),
		Hostname:    vm.Hostname,
		GuestTools:  vm.GuestTools,
		IPAddresses: slices.Clone(vm.IPAddresses),

		Phase:               before.Phase,
		LastReconfigureTime: before.LastReconfigureTime,
		RestartToken:        before.RestartToken,
		PowerOperation:      before.PowerOperation,
	}
	for _, n := range vm.Networks {
		o.Networks = append(o.Networks, v1beta1.VMNetworkObservation{
			Name: n.Name, Network: cmp.Or(n.Network, n.Bridge), Model: n.Model, MACAddress: n.MACAddress, IPAddresses: slices.Clone(n.IPAddresses),
		})
	}
	for _, d := range vm.Disks {
		o.Disks = append(o.Disks, v1beta1.VMDiskObservation{Name: d.Name, SizeGiB: d.SizeGiB, Datastore: d.Datastore, Path: d.Path})
	}
	return o
}
