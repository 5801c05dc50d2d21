// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"maps"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// virtualDisks returns the disks among devices, in their order.
func virtualDisks(devices object.VirtualDeviceList) []*types.VirtualDisk {
	var disks []*types.VirtualDisk
	for _, d := range devices {
		if v, ok := d.(*types.VirtualDisk); ok {
			disks = append(disks, v)
		}
	}
	return disks
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
func disksOf(devices object.VirtualDeviceList, names map[slot]string) []disk {
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

func has(names map[slot]string, s slot) bool {
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
