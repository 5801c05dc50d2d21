// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Kinds of controllers that disks are attached to, by the names of clients.Disk.
const (
	scsi = "scsi"
	sata = "sata"
	nvme = "nvme"
	ide  = "ide"
)

// A controllerKind is what can be added of a kind of controller: so many to a VM, with so many units each.
// https://configmax.broadcom.com lists the limits; those of old hardware versions are taken.
type controllerKind struct {
	controllers, units int32
	// itself is the unit that the controller takes, -1 for none.
	itself int32
	// key of the first one to add; negative as of what does not exist yet.
	key int32
	add func(types.VirtualController) types.BaseVirtualDevice
}

// controllerKinds are those that we add; disks of an image may be attached to others.
func controllerKinds() map[string]controllerKind {
	return map[string]controllerKind{
		scsi: {controllers: 4, units: 16, itself: 7, key: -100, add: func(c types.VirtualController) types.BaseVirtualDevice {
			return &types.ParaVirtualSCSIController{VirtualSCSIController: types.VirtualSCSIController{
				SharedBus: types.VirtualSCSISharingNoSharing, VirtualController: c,
			}}
		}},
		sata: {controllers: 4, units: 30, itself: -1, key: -110, add: func(c types.VirtualController) types.BaseVirtualDevice {
			return &types.VirtualAHCIController{VirtualSATAController: types.VirtualSATAController{VirtualController: c}}
		}},
		nvme: {controllers: 4, units: 15, itself: -1, key: -120, add: func(c types.VirtualController) types.BaseVirtualDevice {
			return &types.VirtualNVMEController{VirtualController: c}
		}},
	}
}

// A bus is a controller of a VM, by its kind and number.
type bus struct {
	kind   string
	number int32
}

// busOf returns which bus a controller is, false for other devices.
func busOf(d types.BaseVirtualDevice) (bus, bool) {
	switch c := d.(type) {
	case types.BaseVirtualSCSIController:
		return bus{scsi, c.GetVirtualSCSIController().BusNumber}, true
	case types.BaseVirtualSATAController:
		return bus{sata, c.GetVirtualSATAController().BusNumber}, true
	case *types.VirtualNVMEController:
		return bus{nvme, c.BusNumber}, true
	case *types.VirtualIDEController:
		return bus{ide, c.BusNumber}, true
	}
	return bus{}, false
}

// A slot is where a disk is attached: a unit of a bus. It stays the same while device keys may change.
type slot struct {
	bus
	unit int32
}

// String writes a slot as in "0:1" for SCSI, "sata0:1" for others.
func (s slot) String() string {
	kind := s.kind
	if kind == scsi {
		kind = ""
	}
	return fmt.Sprintf("%s%d:%d", kind, s.number, s.unit)
}

// parseSlot reads what String wrote.
func parseSlot(text string) (slot, bool) {
	kind, at := scsi, text
	for _, k := range []string{sata, nvme, ide} {
		if rest, ok := strings.CutPrefix(text, k); ok {
			kind, at = k, rest
		}
	}
	s := slot{bus: bus{kind: kind}}
	n, err := fmt.Sscanf(at, "%d:%d", &s.number, &s.unit)
	return s, err == nil && n == 2
}

// compareSlots orders slots by kind, bus and unit.
func compareSlots(a, b slot) int {
	return cmp.Or(strings.Compare(a.kind, b.kind), cmp.Compare(a.number, b.number), cmp.Compare(a.unit, b.unit))
}

// slotOf returns where a disk is attached, false when that is on no bus that we know.
func slotOf(devices object.VirtualDeviceList, d *types.VirtualDisk) (slot, bool) {
	b, ok := busOf(devices.FindByKey(d.ControllerKey))
	if !ok || d.UnitNumber == nil {
		return slot{}, false
	}
	return slot{bus: b, unit: *d.UnitNumber}, true
}

// diskNames says which disks are ours, by where they are attached. A disk of the image other than its first has no name.
type diskNames map[slot]string

// imageDisks returns the names of an image's disks: the first is RootDisk.
func imageDisks(devices object.VirtualDeviceList) diskNames {
	names := diskNames{}
	name := clients.RootDisk
	for _, d := range virtualDisks(devices) {
		if s, ok := slotOf(devices, d); ok {
			names[s] = name
		}
		name = ""
	}
	return names
}

// String writes down which disk is where, as in "root=0:0,data=0:1,logs=sata0:2".
func (n diskNames) String() string {
	var text []string
	for _, s := range slices.SortedFunc(maps.Keys(n), compareSlots) {
		text = append(text, n[s]+"="+s.String())
	}
	return strings.Join(text, ",")
}

// parseDiskNames reads what String wrote. What it does not understand it leaves out.
func parseDiskNames(text string) diskNames {
	names := diskNames{}
	for _, one := range strings.Split(text, ",") {
		name, at, ok := strings.Cut(one, "=")
		if s, valid := parseSlot(at); ok && valid {
			names[s] = name
		}
	}
	return names
}

// virtualDisks returns the disks among devices, in the order of their keys: that of the list changes when one is changed.
func virtualDisks(devices object.VirtualDeviceList) []*types.VirtualDisk {
	var disks []*types.VirtualDisk
	for _, d := range devices {
		if v, ok := d.(*types.VirtualDisk); ok {
			disks = append(disks, v)
		}
	}
	slices.SortStableFunc(disks, func(a, b *types.VirtualDisk) int { return cmp.Compare(a.Key, b.Key) })
	return disks
}

// A place is where a disk will be attached, and the key of the controller there.
type place struct {
	slot
	controller int32
}

// freePlaces returns a place for each disk beside the devices given, and the controllers to add for them.
func freePlaces(devices object.VirtualDeviceList, disks []clients.Disk) (at []place, add []types.BaseVirtualDevice, err error) {
	controllers, taken := usedSlots(devices)
	kinds := controllerKinds()
	for _, d := range disks {
		name := cmp.Or(d.Controller, scsi)
		kind, ok := kinds[name]
		if !ok {
			return nil, nil, fmt.Errorf("cannot attach disk %q to a controller of kind %q", d.Name, name)
		}
		s, ok := kind.free(name, taken)
		if !ok {
			return nil, nil, fmt.Errorf("cannot attach disk %q: %d controllers of kind %q have no more room", d.Name, kind.controllers, name)
		}
		taken[s] = true
		if _, exists := controllers[s.bus]; !exists {
			controllers[s.bus] = kind.key - s.number
			add = append(add, kind.add(types.VirtualController{
				BusNumber: s.number, VirtualDevice: types.VirtualDevice{Key: controllers[s.bus]},
			}))
		}
		at = append(at, place{slot: s, controller: controllers[s.bus]})
	}
	return at, add, nil
}

// free returns the first slot that is not taken.
func (k controllerKind) free(name string, taken map[slot]bool) (slot, bool) {
	for number := range k.controllers {
		for unit := range k.units {
			s := slot{bus: bus{name, number}, unit: unit}
			if unit != k.itself && !taken[s] {
				return s, true
			}
		}
	}
	return slot{}, false
}

// usedSlots returns the keys of controllers, and what is attached to them.
func usedSlots(devices object.VirtualDeviceList) (controllers map[bus]int32, taken map[slot]bool) {
	controllers, taken = map[bus]int32{}, map[slot]bool{}
	buses := map[int32]bus{}
	for _, d := range devices {
		if b, ok := busOf(d); ok {
			key := d.GetVirtualDevice().Key
			controllers[b], buses[key] = key, b
		}
	}
	for _, d := range devices {
		base := d.GetVirtualDevice()
		if b, ok := buses[base.ControllerKey]; ok && base.UnitNumber != nil {
			taken[slot{bus: b, unit: *base.UnitNumber}] = true
		}
	}
	return controllers, taken
}

// newDisk describes a disk to add, by the number of it among those added.
func newDisk(n int, d clients.Disk, at place, datastore types.ManagedObjectReference, datastoreName string) *types.VirtualDeviceConfigSpec {
	return &types.VirtualDeviceConfigSpec{
		Operation:     types.VirtualDeviceConfigSpecOperationAdd,
		FileOperation: types.VirtualDeviceConfigSpecFileOperationCreate,
		Device: &types.VirtualDisk{
			VirtualDevice: types.VirtualDevice{
				Key:           int32(-300 - n), //nolint:gosec // There are few disks.
				ControllerKey: at.controller,
				UnitNumber:    &at.unit,
				Backing: &types.VirtualDiskFlatVer2BackingInfo{
					VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{
						FileName: "[" + datastoreName + "]", Datastore: &datastore,
					},
					DiskMode:        string(types.VirtualDiskModePersistent),
					ThinProvisioned: types.NewBool(!d.Thick),
				},
			},
			CapacityInBytes: d.SizeGiB * gib,
			CapacityInKB:    d.SizeGiB * gib / 1024,
		},
	}
}

// A disk is a virtual disk of a VM. Its name is that of clients.DiskObservation.
type disk struct {
	name string
	// ours says that the disk came with the image or was added by us.
	ours bool
	key  int32
	// slot and whether it is known.
	slot      slot
	attached  bool
	bytes     int64
	datastore types.ManagedObjectReference
	// file is where the disk writes to, parents are the files that this one builds on.
	file    string
	parents []string
	thick   bool
	// extensible says that the file is of a kind that can be made larger.
	extensible bool
}

// disksOf returns the disks among devices. A VM of which no root disk was written down has the first that is not a data disk
// for one.
func disksOf(devices object.VirtualDeviceList, names diskNames) []disk {
	rooted := slices.Contains(slices.Collect(maps.Values(names)), clients.RootDisk)
	var disks []disk
	for _, v := range virtualDisks(devices) {
		one := newDiskRecord(v)
		if one.slot, one.attached = slotOf(devices, v); one.attached {
			one.name, one.ours = names[one.slot], has(names, one.slot)
		}
		if !rooted && !one.ours {
			rooted, one.name, one.ours = true, clients.RootDisk, true
		}
		disks = append(disks, one)
	}
	return disks
}

func has(names diskNames, s slot) bool {
	_, ok := names[s]
	return ok
}

// newDiskRecord reads a disk, all but its name.
func newDiskRecord(v *types.VirtualDisk) disk {
	d := disk{key: v.Key, bytes: v.CapacityInBytes}
	if d.bytes == 0 {
		d.bytes = v.CapacityInKB * 1024
	}
	if b, ok := v.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok {
		file := b.GetVirtualDeviceFileBackingInfo()
		d.file = file.FileName
		if file.Datastore != nil {
			d.datastore = *file.Datastore
		}
	}
	switch b := v.Backing.(type) {
	case *types.VirtualDiskFlatVer2BackingInfo:
		d.extensible, d.thick = true, isFalse(b.ThinProvisioned)
		for p := b.Parent; p != nil; p = p.Parent {
			d.parents = append(d.parents, p.FileName)
		}
	case *types.VirtualDiskSeSparseBackingInfo:
		d.extensible = true
		for p := b.Parent; p != nil; p = p.Parent {
			d.parents = append(d.parents, p.FileName)
		}
	}
	return d
}
