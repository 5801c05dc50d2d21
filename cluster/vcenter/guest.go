// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"hash/fnv"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// followPower gives a powered-on VM running tools and addresses, and takes them from one that is off.
func (w *world) followPower(ref types.ManagedObjectReference) {
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok || vm.Guest == nil {
		return
	}
	on := vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn
	nets := append([]types.GuestNicInfo(nil), vm.Guest.Net...)
	for i := range nets {
		nets[i].IpAddress, nets[i].Connected = nil, on
		if on {
			nets[i].IpAddress = []string{guestIP(vm.Config.InstanceUuid, i)}
		}
	}
	status, running, first := types.VirtualMachineToolsStatusToolsNotRunning, types.VirtualMachineToolsRunningStatusGuestToolsNotRunning, ""
	if on {
		status, running = types.VirtualMachineToolsStatusToolsOk, types.VirtualMachineToolsRunningStatusGuestToolsRunning
		if len(nets) > 0 {
			first = nets[0].IpAddress[0]
		}
	}
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: status},
		{Name: "guest.toolsRunningStatus", Val: string(running)},
		{Name: "guest.ipAddress", Val: first},
		{Name: "guest.net", Val: nets},
		{Name: "summary.guest.ipAddress", Val: first},
	})
}

// guestIP returns the address of a VM's n-th interface. It follows from the instance UUID, so that it is the same in each run.
func guestIP(uuid string, n int) string {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%d", uuid, n)
	sum := h.Sum32()
	return fmt.Sprintf("10.%d.%d.%d", sum>>16&0xff, sum>>8&0xff, 1+sum&0xff%254)
}
