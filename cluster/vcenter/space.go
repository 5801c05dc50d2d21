// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// need notes the space that a disk takes at once: all of it, but nothing of a thin disk, which "allocates on demand" (vSphere
// API, VirtualDiskFlatVer2BackingInfo.thinProvisioned). A thin disk still has no place on a datastore that is full.
//
// The disk of a VM on a host is where its backing says, or else on the VM's own datastore, named home.
func (w *world) need(sum map[types.ManagedObjectReference]int64, host types.ManagedObjectReference, home string, b *flatBacking, size int64) types.BaseMethodFault {
	ref := b.Datastore
	if ref == nil {
		var at object.DatastorePath
		if at.FromString(b.FileName) && at.Datastore != "" {
			home = at.Datastore
		}
		h, ok := w.reg.Get(host).(*simulator.HostSystem)
		if !ok {
			return &types.ManagedObjectNotFound{Obj: host}
		}
		ds := w.reg.FindByName(home, h.Datastore)
		if ds == nil {
			return &types.InvalidDatastorePath{DatastorePath: "[" + home + "]"}
		}
		self := ds.Reference()
		ref = &self
	}
	if isTrue(b.ThinProvisioned) {
		size = 0
	}
	sum[*ref] += size
	return nil
}

// checkSpace returns the fault that a datastore has no room: "when an operation fails because of insufficient disk space"
// (vSphere API, NoDiskSpace).
func (w *world) checkSpace(need map[types.ManagedObjectReference]int64) types.BaseMethodFault {
	for ref, size := range need {
		ds, ok := w.reg.Get(ref).(*simulator.Datastore)
		if !ok {
			return &types.ManagedObjectNotFound{Obj: ref}
		}
		if free := ds.Summary.FreeSpace; size > free || free <= 0 {
			return &types.NoDiskSpace{Datastore: ds.Name}
		}
	}
	return nil
}

// disksOf returns the sizes of a VM's disks that have files of their own, by file: of a child, the file below all others.
func disksOf(devices []types.BaseVirtualDevice) map[diskFile]thinDisk {
	sizes := map[diskFile]thinDisk{}
	for _, d := range devices {
		disk, b, ok := flatDisk(d)
		if !ok {
			continue
		}
		child := b.Parent != nil
		for b.Parent != nil {
			b = b.Parent
		}
		sizes[fileOf(b)] = thinDisk{size: disk.CapacityInBytes, thin: isTrue(b.ThinProvisioned), child: child}
	}
	return sizes
}

// A thinDisk is a disk of which the space is counted.
type thinDisk struct {
	size        int64
	thin, child bool
}

// thinDisks corrects the free space after a VM's disks changed: vcsim takes the whole size of each new disk, and gives it back with
// the disk, but a thin one takes nothing.
func (w *world) thinDisks(before, after map[diskFile]thinDisk) {
	for f, d := range after {
		if _, known := w.thin[f]; d.child || !d.thin || (!known && before[f].size > 0) {
			continue
		}
		w.refund(f, d.size-w.thin[f])
		w.thin[f] = d.size
	}
	for f := range before {
		if _, stays := after[f]; !stays && w.thin[f] > 0 {
			w.refund(f, -w.thin[f])
			delete(w.thin, f)
		}
	}
}

// refund gives space back to the datastore of a file.
func (w *world) refund(f diskFile, size int64) {
	if ds, ok := w.reg.Get(f.datastore).(*simulator.Datastore); ok {
		useSpace(ds, -size)
	}
}
