// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A cloneSource is what a clone is made from: a VM as it is, or as one of its snapshots keeps it.
type cloneSource struct {
	vm     *simulator.VirtualMachine
	config types.VirtualMachineConfigInfo
	// disks says what becomes of the source's disks.
	disks diskMove
}

// A diskMove says how a clone gets its disks.
type diskMove int

const (
	// copied disks are the clone's own, without parents: "any delta disk backings will be consolidated".
	copied diskMove = iota
	// shared parents: the clone gets a copy of the last file of each disk, "the parent disks will now be shared".
	sharedParents
	// linked disks are new children of the source's.
	linked
)

// diskMoves returns the ways to get disks (vSphere API, VirtualMachineRelocateDiskMoveOptions). The first is the default.
func diskMoves() map[types.VirtualMachineRelocateDiskMoveOptions]diskMove {
	return map[types.VirtualMachineRelocateDiskMoveOptions]diskMove{
		"": copied,
		types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndDisallowSharing: copied,
		types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndConsolidate:     copied,
		types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndAllowSharing:    sharedParents,
		types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking:              sharedParents,
		types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking:             linked,
	}
}

// cloneSource returns what a clone is made from.
//
// Children of a VM's disks "are only safe if the clone was taken from a snapshot point, because snapshot points are always
// read-only. Thus for a clone this option is only valid when cloning from a snapshot" (vSphere API, createNewChildDiskBacking).
func (w *world) cloneSource(vm *simulator.VirtualMachine, spec types.VirtualMachineCloneSpec) (cloneSource, types.BaseMethodFault) {
	from := cloneSource{vm: vm}
	move, ok := diskMoves()[types.VirtualMachineRelocateDiskMoveOptions(spec.Location.DiskMoveType)]
	switch {
	case !ok:
		return from, &types.InvalidArgument{InvalidProperty: "spec.location.diskMoveType"}
	case move == linked && spec.Snapshot == nil:
		return from, &types.NotSupported{}
	}
	from.disks = move
	config := *vm.Config
	if spec.Snapshot != nil {
		snap, fault := w.snapshot(*spec.Snapshot)
		if fault != nil {
			return from, fault
		}
		if snap.Vm != vm.Self {
			return from, &types.InvalidArgument{InvalidProperty: "spec.snapshot"}
		}
		config = snap.Config
	}
	if fault := w.brokenDisk(vm); fault != nil {
		return from, fault
	}
	c, err := deepCopy(config)
	if err != nil {
		return from, &types.SystemError{Reason: err.Error()}
	}
	from.config = c
	return from, nil
}

// unshare takes from a copied device what no two VMs may share: a disk's file and UUID, a generated MAC address.
func (s cloneSource) unshare(d types.BaseVirtualDevice) {
	if _, b, ok := flatDisk(d); ok {
		parent := b.Parent
		switch {
		case s.disks == linked && !isIndependent(b):
			p := *b
			parent = &p
			b.DeltaDiskFormat = string(types.VirtualDiskDeltaDiskFormatRedoLogFormat)
		case s.disks != sharedParents:
			parent = nil
			b.DeltaDiskFormat = ""
		}
		b.FileName, b.Uuid, b.Datastore, b.Parent = "", "", nil, parent
		return
	}
	if card, ok := d.(types.BaseVirtualEthernetCard); ok {
		c := card.GetVirtualEthernetCard()
		if c.AddressType != string(types.VirtualEthernetCardMacTypeManual) {
			c.MacAddress = ""
		}
	}
}

// edited returns what a change makes of a copied device. A disk with a parent keeps it, and its size: "Disks with parents cannot
// be expanded" is a vCenter's answer to a larger one.
func (s cloneSource) edited(before, after types.BaseVirtualDevice) (types.BaseVirtualDevice, types.BaseMethodFault) {
	old, was, ok := flatDisk(before)
	if !ok {
		return after, nil
	}
	disk, b, ok := flatDisk(after)
	if !ok {
		return nil, &types.InvalidDeviceBacking{}
	}
	if was.Parent != nil && (disk.CapacityInBytes > old.CapacityInBytes || disk.CapacityInKB > old.CapacityInKB) {
		return nil, cannotExpand()
	}
	b.FileName, b.Uuid, b.Datastore = "", "", nil
	b.Parent, b.DeltaDiskFormat = was.Parent, was.DeltaDiskFormat
	return after, nil
}

// cannotExpand is the fault that a disk is a child of another and cannot grow.
func cannotExpand() types.BaseMethodFault {
	fault := &types.InvalidDeviceOperation{}
	fault.FaultMessage = []types.LocalizableMessage{{Key: "vim.hostd.vmsvc.diskParent", Message: "Disks with parents cannot be expanded."}}
	return fault
}

// fill records what a new clone's disks hold and build on.
func (w *world) fill(vm *simulator.VirtualMachine, from cloneSource) {
	sources := object.VirtualDeviceList(from.config.Hardware.Device)
	for _, d := range vm.Config.Hardware.Device {
		disk, b, ok := flatDisk(d)
		if !ok {
			continue
		}
		source, s, ok := flatDisk(sources.FindByKey(disk.Key))
		if !ok {
			continue
		}
		if b.Parent == nil || from.disks == sharedParents {
			if content := w.diskContent(s); content != "" {
				w.write(b, content)
			}
		}
		if b.Parent != nil {
			w.link(vm, disk, b, source.CapacityInBytes)
		}
	}
}

// link records that a clone's disk builds on another VM's. vcsim took the space of a whole disk and the size that the parent's
// file was made with.
func (w *world) link(vm *simulator.VirtualMachine, disk *types.VirtualDisk, b *flatBacking, capacity int64) {
	taken := disk.CapacityInBytes
	disk.CapacityInBytes, disk.CapacityInKB = capacity, capacity/1024
	w.adopt(b, vm.Self)
	r := w.record(fileOf(b))
	r.foreign = true
	r.refund = deltaBytes - capacity
	w.linked[vm.Self] = true
	if ds, ok := w.reg.Get(fileOf(b).datastore).(*simulator.Datastore); ok {
		useSpace(ds, deltaBytes-taken)
	}
}
