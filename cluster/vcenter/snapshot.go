// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"strconv"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// maxSnapshotLevels is how deep a tree of snapshots may be: "A maximum of 32 snapshots is supported in a chain" (vSphere
// Virtual Machine Administration, "Snapshot Limitations").
const maxSnapshotLevels = 32

// createSnapshot takes a snapshot: a copy of the VM's configuration whose disks nobody writes to any more, because the VM goes
// on with a child of each.
//
// "When set to FALSE, the power state of the snapshot is set to powered off"; "If the virtual machine is powered off or VMware
// Tools are not available, the quiesce spec is ignored" (vSphere API, CreateSnapshotEx_Task): a memory of a VM that is off is
// likewise none. A caller who wants to be sure has to look before.
func (w *world) createSnapshot(vm *simulator.VirtualMachine, req *types.CreateSnapshotEx_Task) (types.AnyType, types.BaseMethodFault) {
	power := vm.Runtime.PowerState
	if power == types.VirtualMachinePowerStatePoweredOn && !req.Memory {
		power = types.VirtualMachinePowerStatePoweredOff
	}
	if fault := w.snapshotRefused(vm, power != types.VirtualMachinePowerStatePoweredOff); fault != nil {
		return nil, fault
	}
	config, err := deepCopy(*vm.Config)
	if err != nil {
		return nil, &types.SystemError{Reason: err.Error()}
	}
	devices, fault := w.children(vm, config.Hardware.Device)
	if fault != nil {
		return nil, fault
	}

	snap := &simulator.VirtualMachineSnapshot{}
	snap.Vm, snap.Config = vm.Self, config
	w.reg.Put(snap)
	w.snapshots++
	if w.snapshotsOf[vm.Self] == nil {
		w.snapshotsOf[vm.Self] = map[types.ManagedObjectReference]bool{}
	}
	w.snapshotsOf[vm.Self][snap.Self] = true
	node := types.VirtualMachineSnapshotTree{
		Snapshot: snap.Self, Vm: vm.Self, Name: req.Name, Description: req.Description, Id: w.snapshots,
		CreateTime: time.Now(), State: power,
		Quiesced:        req.QuiesceSpec != nil && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn && toolsRun(vm),
		ReplaySupported: types.NewBool(false),
	}
	info := snapshotInfo(vm)
	if info.CurrentSnapshot == nil {
		info.RootSnapshotList = append(info.RootSnapshotList, node)
	} else {
		info.RootSnapshotList = replaceNode(info.RootSnapshotList, *info.CurrentSnapshot, func(parent snapshotNode) []snapshotNode {
			parent.ChildSnapshotList = append(parent.ChildSnapshotList[:len(parent.ChildSnapshotList):len(parent.ChildSnapshotList)], node)
			return []snapshotNode{parent}
		})
	}
	info.CurrentSnapshot = &snap.Self
	w.setSnapshots(vm, info)
	w.setDevices(vm, devices)
	return snap.Self, nil
}

// snapshotRefused returns why a snapshot cannot be taken, nil if it can.
func (w *world) snapshotRefused(vm *simulator.VirtualMachine, memory bool) types.BaseMethodFault {
	if vm.Config.Template {
		return &types.NotSupported{}
	}
	if vm.Snapshot != nil && vm.Snapshot.CurrentSnapshot != nil && len(pathTo(vm.Snapshot.RootSnapshotList, *vm.Snapshot.CurrentSnapshot)) >= maxSnapshotLevels {
		return &types.TooManySnapshotLevels{}
	}
	for _, d := range vm.Config.Hardware.Device {
		// "a snapshot with memory is requested for a virtual machine with an independent disk" (vSphere API,
		// MemorySnapshotOnIndependentDisk).
		if _, b, ok := flatDisk(d); ok && memory && isIndependent(b) {
			return &types.MemorySnapshotOnIndependentDisk{}
		}
	}
	return w.brokenDisk(vm)
}

// children returns copies of devices in which each disk that snapshots care for is a new child of the one given.
func (w *world) children(vm *simulator.VirtualMachine, of []types.BaseVirtualDevice) (object.VirtualDeviceList, types.BaseMethodFault) {
	devices, fault := copyOfDevices(of)
	if fault != nil {
		return nil, fault
	}
	for _, d := range devices {
		disk, b, ok := flatDisk(d)
		if !ok || isIndependent(b) {
			continue
		}
		child, fault := w.child(vm, disk, b)
		if fault != nil {
			return nil, fault
		}
		disk.Backing = child
	}
	return devices, nil
}

// revert brings a VM back to a snapshot: hardware, disks, extra configuration, and power. The state it was in is lost.
//
// "If a snapshot was taken while a virtual machine was powered on, and this operation is invoked after the virtual machine was
// powered off, the operation causes the virtual machine to power on to reach the snapshot state"; with suppressPowerOn it
// "will not be powered on regardless of the power state when the snapshot was created" (vSphere API, RevertToSnapshot_Task).
func (w *world) revert(vm *simulator.VirtualMachine, ref types.ManagedObjectReference, suppressPowerOn bool) (types.AnyType, types.BaseMethodFault) {
	snap, fault := w.snapshot(ref)
	if fault != nil {
		return nil, fault
	}
	path := pathTo(vm.Snapshot.RootSnapshotList, ref)
	if len(path) == 0 {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	config, err := deepCopy(snap.Config)
	if err != nil {
		return nil, &types.SystemError{Reason: err.Error()}
	}
	before := w.files(vm)
	devices, fault := w.children(vm, config.Hardware.Device)
	if fault != nil {
		return nil, fault
	}
	// What belongs to the inventory and not to the machine stays.
	config.Name, config.Template, config.Files = vm.Config.Name, vm.Config.Template, vm.Config.Files
	*vm.Config = config
	info := snapshotInfo(vm)
	info.CurrentSnapshot = &ref
	w.setSnapshots(vm, info)
	w.setDevices(vm, devices)
	w.summarize(vm)
	w.sweep(vm, before)

	state := path[len(path)-1].State
	if state == types.VirtualMachinePowerStatePoweredOn && suppressPowerOn {
		state = types.VirtualMachinePowerStatePoweredOff
	}
	w.setPower(vm, state)
	return nil, nil
}

// revertToCurrent brings a VM back to its current snapshot.
func (w *world) revertToCurrent(vm *simulator.VirtualMachine, suppressPowerOn bool) (types.AnyType, types.BaseMethodFault) {
	if vm.Snapshot == nil || vm.Snapshot.CurrentSnapshot == nil {
		return nil, &types.NotFound{}
	}
	return w.revert(vm, *vm.Snapshot.CurrentSnapshot, suppressPowerOn)
}

// snapshot returns a snapshot, or the fault that there is none.
func (w *world) snapshot(ref types.ManagedObjectReference) (*simulator.VirtualMachineSnapshot, types.BaseMethodFault) {
	snap, ok := w.reg.Get(ref).(*simulator.VirtualMachineSnapshot)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	return snap, nil
}

// setDevices gives a VM its devices and what follows from them.
func (w *world) setDevices(vm *simulator.VirtualMachine, devices []types.BaseVirtualDevice) {
	now := time.Now()
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "config.hardware.device", Val: devices},
		{Name: "config.modified", Val: now},
		{Name: "config.changeVersion", Val: strconv.FormatInt(now.UnixNano(), 10)},
	})
	vm.RefreshStorageInfo(w.ctx, nil)
}

// summarize makes what a VM shows of its configuration elsewhere follow the configuration.
func (w *world) summarize(vm *simulator.VirtualMachine) {
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	nics := devices.SelectByType((*types.VirtualEthernetCard)(nil))
	disks := devices.SelectByType((*types.VirtualDisk)(nil))
	nets, networks := guestNICs(nics)
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "summary.config.numCpu", Val: vm.Config.Hardware.NumCPU},
		{Name: "summary.config.memorySizeMB", Val: vm.Config.Hardware.MemoryMB},
		{Name: "summary.config.numEthernetCards", Val: int32(len(nics))}, //nolint:gosec // They are few.
		{Name: "summary.config.numVirtualDisks", Val: int32(len(disks))}, //nolint:gosec // They are few.
		{Name: "summary.config.uuid", Val: vm.Config.Uuid},
		{Name: "summary.config.instanceUuid", Val: vm.Config.InstanceUuid},
		{Name: "summary.config.annotation", Val: vm.Config.Annotation},
		{Name: "guest.net", Val: nets},
		{Name: "network", Val: networks},
	})
}

// guestNICs returns what the guest and the inventory see of network interfaces.
func guestNICs(nics object.VirtualDeviceList) ([]types.GuestNicInfo, []types.ManagedObjectReference) {
	var nets []types.GuestNicInfo
	var networks []types.ManagedObjectReference
	for _, d := range nics {
		card, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		c := card.GetVirtualEthernetCard()
		nic := types.GuestNicInfo{MacAddress: c.MacAddress, DeviceConfigId: c.Key}
		switch b := c.Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			nic.Network = b.DeviceName
			if b.Network != nil {
				networks = append(networks, *b.Network)
			}
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			networks = append(networks, types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey})
		}
		nets = append(nets, nic)
	}
	return nets, networks
}

// setPower puts a VM into a power state without a boot: its memory is as it was.
func (w *world) setPower(vm *simulator.VirtualMachine, state types.VirtualMachinePowerState) {
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "runtime.powerState", Val: state},
		{Name: "summary.runtime.powerState", Val: state},
	})
}

// toolsRun says whether VMware Tools run in a VM's guest.
func toolsRun(vm *simulator.VirtualMachine) bool {
	return vm.Guest != nil && vm.Guest.ToolsRunningStatus == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
}

// renameSnapshot changes what a snapshot is called. Empty arguments change nothing.
func (w *world) renameSnapshot(vm *simulator.VirtualMachine, req *types.RenameSnapshot) {
	info := snapshotInfo(vm)
	info.RootSnapshotList = replaceNode(info.RootSnapshotList, req.This, func(n snapshotNode) []snapshotNode {
		if req.Name != "" {
			n.Name = req.Name
		}
		if req.Description != "" {
			n.Description = req.Description
		}
		return []snapshotNode{n}
	})
	w.setSnapshots(vm, info)
}

// locked is the fault that a file is in use.
func locked(f diskFile, by string) types.BaseMethodFault {
	fault := &types.FileLocked{FileFault: types.FileFault{File: f.name}}
	fault.FaultMessage = []types.LocalizableMessage{{Key: "msg.fileio.lock", Message: fmt.Sprintf("Unable to access file %s since it is locked by %s", f.name, by)}}
	return fault
}
