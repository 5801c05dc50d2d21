// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// reservedUnit is the unit number of a SCSI controller itself (vSphere API, VirtualSCSIController.scsiCtlrUnitNumber).
const reservedUnit = 7

// checkDevices returns why a VM's devices cannot be changed so. It brings sizes of disks into one form.
func (w *world) checkDevices(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	devices := slices.Clone(object.VirtualDeviceList(vm.Config.Hardware.Device))
	need := map[types.ManagedObjectReference]int64{}
	for i, c := range spec.DeviceChange {
		change := c.GetVirtualDeviceConfigSpec()
		key := change.Device.GetVirtualDevice().Key
		at := slices.IndexFunc(devices, func(d types.BaseVirtualDevice) bool { return d.GetVirtualDevice().Key == key })
		var fault types.BaseMethodFault
		switch {
		case change.Operation == types.VirtualDeviceConfigSpecOperationAdd:
			fault = w.checkAdd(vm, devices, change, int32(i), need)
			devices = append(devices, change.Device)
		case at < 0:
			fault = &types.InvalidDeviceSpec{DeviceIndex: int32(i)}
		case change.Operation == types.VirtualDeviceConfigSpecOperationRemove:
			fault = checkHot(vm, devices[at])
			devices = slices.Delete(devices, at, at+1)
		default:
			fault = w.checkEdit(vm, devices[at], change.Device, need)
		}
		if fault != nil {
			return fault
		}
	}
	return w.checkSpace(need)
}

// checkAdd returns why a device cannot be added.
func (w *world) checkAdd(vm *simulator.VirtualMachine, devices object.VirtualDeviceList, change *types.VirtualDeviceConfigSpec, index int32, need map[types.ManagedObjectReference]int64) types.BaseMethodFault {
	if fault := checkHot(vm, change.Device); fault != nil {
		return fault
	}
	if fault := checkPlace(devices, change.Device, index); fault != nil {
		return fault
	}
	switch d := change.Device.(type) {
	case types.BaseVirtualEthernetCard:
		return w.checkNetwork(*vm.Runtime.Host, d)
	case *types.VirtualDisk:
		size := max(d.CapacityInBytes, d.CapacityInKB*1024)
		switch {
		case change.FileOperation != types.VirtualDeviceConfigSpecFileOperationCreate:
			return nil
		case size == 0 || (d.CapacityInBytes > 0 && d.CapacityInKB > 0 && d.CapacityInBytes/1024 != d.CapacityInKB):
			return &types.InvalidDeviceOperation{InvalidDeviceSpec: types.InvalidDeviceSpec{DeviceIndex: index}}
		}
		d.CapacityInBytes, d.CapacityInKB = size, size/1024
		if b, ok := d.Backing.(*flatBacking); ok {
			return w.needOf(vm, need, b, size)
		}
	}
	return nil
}

// checkEdit returns why a device cannot be changed.
func (w *world) checkEdit(vm *simulator.VirtualMachine, before, after types.BaseVirtualDevice, need map[types.ManagedObjectReference]int64) types.BaseMethodFault {
	if card, ok := after.(types.BaseVirtualEthernetCard); ok {
		return w.checkNetwork(*vm.Runtime.Host, card)
	}
	old, ok := before.(*types.VirtualDisk)
	if !ok {
		return nil
	}
	disk, ok := after.(*types.VirtualDisk)
	if !ok {
		return &types.InvalidDeviceOperation{BadOp: types.VirtualDeviceConfigSpecOperationEdit}
	}
	size, ok := grown(old, disk)
	switch {
	case !ok:
		return &types.InvalidDeviceOperation{BadOp: types.VirtualDeviceConfigSpecOperationEdit}
	case size > old.CapacityInBytes && hasParent(old):
		return cannotExpand()
	}
	disk.CapacityInBytes, disk.CapacityInKB = size, size/1024
	if b, ok := old.Backing.(*flatBacking); ok && size > old.CapacityInBytes {
		return w.needOf(vm, need, b, size-old.CapacityInBytes)
	}
	return nil
}

// needOf notes the space that a VM's disk takes at once.
func (w *world) needOf(vm *simulator.VirtualMachine, need map[types.ManagedObjectReference]int64, b *flatBacking, size int64) types.BaseMethodFault {
	var home object.DatastorePath
	home.FromString(vm.Config.Files.VmPathName)
	return w.need(need, *vm.Runtime.Host, home.Datastore, b, size)
}

// grown returns the size of a disk after a change, if the change is one that can be made. A disk never shrinks. Of its two
// capacities the one that is left as it was, or out, does not count: the one in KB is deprecated, and old clients set nothing
// else (vSphere API, VirtualDisk). Two new ones must be the same.
func grown(old, disk *types.VirtualDisk) (int64, bool) {
	inBytes, inKB := disk.CapacityInBytes, disk.CapacityInKB
	if inBytes == 0 {
		inBytes = old.CapacityInBytes
	}
	if inKB == 0 {
		inKB = old.CapacityInKB
	}
	switch {
	case inBytes < old.CapacityInBytes || inKB < old.CapacityInKB:
		return 0, false
	case inKB == old.CapacityInKB:
		return inBytes, true
	case inBytes == old.CapacityInBytes:
		return inKB * 1024, true
	}
	return inBytes, inBytes/1024 == inKB
}

// checkHot returns the fault that a device can be added or removed only while the VM is off. Disks, network cards and SCSI,
// SATA and NVMe controllers can be at any time.
func checkHot(vm *simulator.VirtualMachine, d types.BaseVirtualDevice) types.BaseMethodFault {
	if vm.Runtime.PowerState != on {
		return nil
	}
	switch d.(type) {
	case types.BaseVirtualEthernetCard, *types.VirtualDisk, types.BaseVirtualSCSIController, types.BaseVirtualSATAController, *types.VirtualNVMEController:
		return nil
	}
	return requirePower(vm, off)
}

// checkPlace returns why a device cannot be where it is to be: "a device refers to a controller that cannot be found, or the
// client did not specify a controller where one is required" (vSphere API, InvalidController), or another has its unit number.
func checkPlace(devices object.VirtualDeviceList, d types.BaseVirtualDevice, index int32) types.BaseMethodFault {
	v := d.GetVirtualDevice()
	invalid := types.InvalidDeviceSpec{DeviceIndex: index}
	if _, isDisk := d.(*types.VirtualDisk); isDisk {
		c, ok := devices.FindByKey(v.ControllerKey).(types.BaseVirtualController)
		if v.ControllerKey == 0 || !ok || c == nil {
			return &types.InvalidController{InvalidDeviceSpec: invalid, ControllerKey: v.ControllerKey}
		}
		if _, isSCSI := c.(types.BaseVirtualSCSIController); isSCSI && v.UnitNumber != nil && *v.UnitNumber == reservedUnit {
			return &invalid
		}
	}
	if v.ControllerKey == 0 || v.UnitNumber == nil {
		return nil
	}
	taken := slices.ContainsFunc(devices, func(o types.BaseVirtualDevice) bool {
		other := o.GetVirtualDevice()
		return other.ControllerKey == v.ControllerKey && other.UnitNumber != nil && *other.UnitNumber == *v.UnitNumber
	})
	if taken {
		return &invalid
	}
	return nil
}
