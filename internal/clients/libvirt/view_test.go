// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// asSpecified returns of an observation what the VM's specification says too, without what the host and the run add.
func asSpecified(vm clients.VM) clients.VM {
	vm.Plug, vm.HotAdd, vm.GuestDataHash, vm.BootID = clients.HotPlug{}, clients.HotAdd{}, "", ""
	vm.Firmware, vm.Emulated, vm.GuestTools, vm.Hostname = "", false, false, ""
	for i := range vm.Networks {
		vm.Networks[i].Name, vm.Networks[i].Model = "", ""
	}
	for i, d := range vm.Disks {
		vm.Disks[i] = clients.DiskObservation{Name: d.Name, SizeGiB: d.SizeGiB, Datastore: d.Datastore}
	}
	return vm
}
