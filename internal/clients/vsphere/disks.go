// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A bus is a kind of controller that disks are attached to, by the names of clients.Disk.
type bus string

// Buses. Disks of images may also be on IDE, which none is added to.
const (
	busSCSI bus = "scsi"
	busSATA bus = "sata"
	busNVMe bus = "nvme"
	busIDE  bus = "ide"
)

// A limit says how many controllers of a kind a VM can have, and how many disks are attached to each. The controller's own
// unit, -1 for none, is not one of them.
type limit struct {
	controllers, units, own int32
}

// limitsOf are the limits of vSphere 7: https://configmax.broadcom.com. Paravirtual SCSI and NVMe controllers have more units
// in later versions, which an older VM has not.
func limitsOf(b bus) limit {
	switch b {
	case busSCSI:
		return limit{controllers: 4, units: 16, own: 7}
	case busSATA:
		return limit{controllers: 4, units: 30, own: -1}
	case busNVMe:
		return limit{controllers: 4, units: 15, own: -1}
	default:
		return limit{}
	}
}

// busOf returns the bus of a disk's controller by the name of clients.Disk, false when vSphere has none of that name.
func busOf(controller string) (bus, bool) {
	if controller == "" {
		return busSCSI, true
	}
	return bus(controller), limitsOf(bus(controller)).controllers > 0
}

// A slot is where a disk is attached: a unit of a controller. It stays the same while device keys may change.
type slot struct {
	on           bus
	number, unit int32
}

// controllerOf returns a device's bus and number, false when it is no controller of disks.
func controllerOf(d types.BaseVirtualDevice) (bus, int32, bool) {
	switch c := d.(type) {
	case types.BaseVirtualSCSIController:
		return busSCSI, c.GetVirtualSCSIController().BusNumber, true
	case types.BaseVirtualSATAController:
		return busSATA, c.GetVirtualSATAController().BusNumber, true
	case *types.VirtualNVMEController:
		return busNVMe, c.BusNumber, true
	case *types.VirtualIDEController:
		return busIDE, c.BusNumber, true
	}
	return "", 0, false
}

// slotOf returns where a device is attached, false when that is no controller of disks.
func slotOf(devices object.VirtualDeviceList, d types.BaseVirtualDevice) (slot, bool) {
	base := d.GetVirtualDevice()
	on, number, ok := controllerOf(devices.FindByKey(base.ControllerKey))
	if !ok || base.UnitNumber == nil {
		return slot{}, false
	}
	return slot{on: on, number: number, unit: *base.UnitNumber}, true
}

// String writes a slot down, as in "0:1" for SCSI and "nvme0:1" for others.
func (s slot) String() string {
	if s.on == busSCSI {
		return fmt.Sprintf("%d:%d", s.number, s.unit)
	}
	return fmt.Sprintf("%s%d:%d", s.on, s.number, s.unit)
}

// parseSlot reads what String wrote.
func parseSlot(s string) (slot, bool) {
	at := slot{on: busSCSI}
	for _, b := range []bus{busSATA, busNVMe, busIDE} {
		if rest, ok := strings.CutPrefix(s, string(b)); ok {
			at.on, s = b, rest
		}
	}
	n, err := fmt.Sscanf(s, "%d:%d", &at.number, &at.unit)
	return at, err == nil && n == 2
}

// A rack knows which slots of a VM are free, and adds controllers where there are too few.
type rack struct {
	// keys of controllers.
	keys  map[slot]int32
	taken map[slot]bool
	// added are the controllers to add, in order.
	added []types.BaseVirtualDevice
}

// newRack returns the rack of a VM's devices.
func newRack(devices object.VirtualDeviceList) *rack {
	r := &rack{keys: map[slot]int32{}, taken: map[slot]bool{}}
	for _, d := range devices {
		if on, number, ok := controllerOf(d); ok {
			r.keys[slot{on: on, number: number}] = d.GetVirtualDevice().Key
		}
		if at, ok := slotOf(devices, d); ok {
			r.taken[at] = true
		}
	}
	return r
}

// take returns a free slot of a bus and the key of its controller, which is negative when the controller is yet to be added.
func (r *rack) take(on bus) (slot, int32, error) {
	limits := limitsOf(on)
	for number := range limits.controllers {
		for unit := range limits.units {
			at := slot{on: on, number: number, unit: unit}
			if unit == limits.own || r.taken[at] {
				continue
			}
			r.taken[at] = true
			return at, r.controller(on, number), nil
		}
	}
	return slot{}, 0, clients.NewError(clients.Invalid, "VM", fmt.Errorf("cannot attach one more disk: %d controllers of type %s have no more room", limits.controllers, on))
}

// controller returns the key of a controller, which is added when there is none.
func (r *rack) controller(on bus, number int32) int32 {
	at := slot{on: on, number: number}
	if key, ok := r.keys[at]; ok {
		return key
	}
	key := -100 - int32(len(r.added))
	r.keys[at] = key
	base := types.VirtualController{BusNumber: number, VirtualDevice: types.VirtualDevice{Key: key}}
	switch on {
	case busSATA:
		r.added = append(r.added, &types.VirtualAHCIController{VirtualSATAController: types.VirtualSATAController{VirtualController: base}})
	case busNVMe:
		r.added = append(r.added, &types.VirtualNVMEController{VirtualController: base})
	default:
		r.added = append(r.added, &types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
			SharedBus: types.VirtualSCSISharingNoSharing, VirtualController: base,
		}})
	}
	return key
}
