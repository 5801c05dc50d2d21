// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// A SCSI bus has 16 units, of which the controller itself takes one.
	scsiUnits          = 16
	scsiControllerUnit = 7
	maxSCSIControllers = 4
)

// A slot is where a disk is attached: a unit of a SCSI bus. It stays the same while device keys may change.
type slot struct {
	bus, unit int32
}

// slotOf returns where a disk is attached, false when that is no SCSI bus.
func slotOf(devices object.VirtualDeviceList, d *types.VirtualDisk) (slot, bool) {
	c, ok := devices.FindByKey(d.ControllerKey).(types.BaseVirtualSCSIController)
	if !ok || d.UnitNumber == nil {
		return slot{}, false
	}
	return slot{bus: c.GetVirtualSCSIController().BusNumber, unit: *d.UnitNumber}, true
}

// formatDiskNames writes down which disk is where, as in "data=0:1,logs=0:2".
func formatDiskNames(disks []clients.Disk, at []slot) string {
	names := make([]string, 0, len(disks))
	for i, d := range disks {
		names = append(names, fmt.Sprintf("%s=%d:%d", d.Name, at[i].bus, at[i].unit))
	}
	return strings.Join(names, ",")
}

// parseDiskNames reads what formatDiskNames wrote. What it does not understand it leaves out.
func parseDiskNames(s string) map[slot]string {
	names := map[slot]string{}
	for _, one := range strings.Split(s, ",") {
		name, at, ok := strings.Cut(one, "=")
		var p slot
		if n, err := fmt.Sscanf(at, "%d:%d", &p.bus, &p.unit); ok && err == nil && n == 2 {
			names[p] = name
		}
	}
	return names
}

// freeSlots returns n places for disks beside the devices given, and the controllers to add for them. Controllers have
// negative keys, as what does not exist yet.
func freeSlots(devices object.VirtualDeviceList, n int) (at []slot, keys []int32, add []types.BaseVirtualDevice, err error) {
	controllers, taken := usedSlots(devices)
	for bus := int32(0); bus < maxSCSIControllers && len(at) < n; bus++ {
		key, exists := controllers[bus]
		if !exists {
			key = -100 - bus
			add = append(add, newController(key, bus))
		}
		for unit := int32(0); unit < scsiUnits && len(at) < n; unit++ {
			if unit == scsiControllerUnit || taken[slot{bus, unit}] {
				continue
			}
			at = append(at, slot{bus, unit})
			keys = append(keys, key)
		}
	}
	if len(at) < n {
		return nil, nil, nil, fmt.Errorf("cannot attach %d more disks: %d controllers have no more room", n, maxSCSIControllers)
	}
	return at, keys, slices.Clip(add), nil
}

// usedSlots returns the keys of SCSI controllers by bus, and what is attached to them.
func usedSlots(devices object.VirtualDeviceList) (controllers map[int32]int32, taken map[slot]bool) {
	controllers, taken = map[int32]int32{}, map[slot]bool{}
	buses := map[int32]int32{}
	for _, d := range devices {
		if c, ok := d.(types.BaseVirtualSCSIController); ok {
			key, bus := d.GetVirtualDevice().Key, c.GetVirtualSCSIController().BusNumber
			controllers[bus], buses[key] = key, bus
		}
	}
	for _, d := range devices {
		base := d.GetVirtualDevice()
		if bus, ok := buses[base.ControllerKey]; ok && base.UnitNumber != nil {
			taken[slot{bus, *base.UnitNumber}] = true
		}
	}
	return controllers, taken
}

// newController describes a SCSI controller to add.
func newController(key, bus int32) types.BaseVirtualDevice {
	return &types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
		SharedBus: types.VirtualSCSISharingNoSharing,
		VirtualController: types.VirtualController{
			BusNumber:     bus,
			VirtualDevice: types.VirtualDevice{Key: key},
		},
	}}
}
