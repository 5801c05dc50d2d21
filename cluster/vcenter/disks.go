// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
	"github.com/vmware/govmomi/vmdk"
)

// deltaBytes is the space on the datastore that a new delta disk takes.
const deltaBytes = 16 << 20

// deltaNumber is what a snapshot appends to the name of a disk's file.
var deltaNumber = regexp.MustCompile(`-\d{6}$`)

// A flatBacking is the file of a virtual disk, with those below it.
type flatBacking = types.VirtualDiskFlatVer2BackingInfo

// A diskFile names one file of a virtual disk: the datastore, and the path there, such as "[ssd] web-1/web-1.vmdk".
type diskFile struct {
	datastore types.ManagedObjectReference
	name      string
}

// A diskRecord is what the world knows of a file beyond vcsim.
type diskRecord struct {
	// content is what tests wrote into the file; without written, the file shows what its parent holds.
	content string
	written bool
	// version is the content ID: it changes with each write to the file.
	version int
	// parent is the version that the parent had when the file was made on top of it.
	parent int
	// owner is the VM that a delta disk was made for.
	owner types.ManagedObjectReference
	// foreign says that the parent was made for another VM.
	foreign bool
	// refund is the space to give back when the file goes with its VM, beside what vcsim gives back then.
	refund int64
}

// A storage is what the world knows of disks and snapshots beyond vcsim.
type storage struct {
	disks map[diskFile]*diskRecord
	// linked are the VMs whose disks build on another VM's.
	linked map[types.ManagedObjectReference]bool
	// snapshotsOf are the snapshots of each VM that has some.
	snapshotsOf map[types.ManagedObjectReference]map[types.ManagedObjectReference]bool
	// snapshots is how many were taken.
	snapshots int32
	// ruled are the clusters with rules or groups, and ruleKeys the last key given to a rule.
	ruled    map[types.ManagedObjectReference]*simulator.ClusterComputeResource
	ruleKeys int32
	// customizations that VMs wait for, by the ID in config.tools.pendingCustomization.
	customizations map[string]types.CustomizationSpec
	// customized is what guests were customized to, and identities what those that are up show.
	customized, identities map[types.ManagedObjectReference]guestIdentity
}

func newStorage() storage {
	return storage{
		disks:       map[diskFile]*diskRecord{},
		linked:      map[types.ManagedObjectReference]bool{},
		snapshotsOf: map[types.ManagedObjectReference]map[types.ManagedObjectReference]bool{},
		ruled:       map[types.ManagedObjectReference]*simulator.ClusterComputeResource{},

		customizations: map[string]types.CustomizationSpec{},
		customized:     map[types.ManagedObjectReference]guestIdentity{},
		identities:     map[types.ManagedObjectReference]guestIdentity{},
	}
}

// forgetVM removes what a VM that left the inventory leaves behind: its snapshots, its place in rules, and, if it was destroyed,
// its delta disks. Their space is given back.
func (w *world) forgetVM(vm types.ManagedObjectReference) {
	for ref := range w.snapshotsOf[vm] {
		w.reg.Remove(w.ctx, ref)
	}
	delete(w.snapshotsOf, vm)
	delete(w.linked, vm)
	delete(w.customized, vm)
	delete(w.identities, vm)
	w.leaveRules(vm)
	for f, r := range w.disks {
		if r.owner != vm {
			continue
		}
		ds, ok := w.reg.Get(f.datastore).(*simulator.Datastore)
		if !ok {
			continue
		}
		if _, err := os.Stat(localPath(ds, f)); os.IsNotExist(err) {
			useSpace(ds, -r.refund)
			delete(w.disks, f)
		}
	}
}

// fileOf returns the name of a backing's file.
func fileOf(b *flatBacking) diskFile {
	f := diskFile{name: b.FileName}
	if b.Datastore != nil {
		f.datastore = *b.Datastore
	}
	return f
}

// record returns what is known of a file.
func (w *world) record(f diskFile) *diskRecord {
	r := w.disks[f]
	if r == nil {
		r = &diskRecord{}
		w.disks[f] = r
	}
	return r
}

// flatDisk returns a device as a disk with a file, if it is one.
func flatDisk(d types.BaseVirtualDevice) (*types.VirtualDisk, *flatBacking, bool) {
	disk, ok := d.(*types.VirtualDisk)
	if !ok {
		return nil, nil, false
	}
	b, ok := disk.Backing.(*flatBacking)
	return disk, b, ok
}

// hasParent says whether a disk is a child of another: one of a linked clone, or of a VM with snapshots. Such a disk cannot
// grow.
func hasParent(disk *types.VirtualDisk) bool {
	b, ok := disk.Backing.(*flatBacking)
	return ok && b.Parent != nil
}

// isIndependent says whether snapshots leave a disk alone.
func isIndependent(b *flatBacking) bool { return strings.HasPrefix(b.DiskMode, "independent") }

// diskContent returns what a disk shows.
func (w *world) diskContent(b *flatBacking) string {
	for ; b != nil; b = b.Parent {
		if r := w.disks[fileOf(b)]; r != nil && r.written {
			return r.content
		}
	}
	return ""
}

// write writes to a disk's file.
func (w *world) write(b *flatBacking, content string) {
	r := w.record(fileOf(b))
	r.content, r.written = content, true
	r.version++
}

// adopt records that a file is a new child of its parent, made for a VM.
func (w *world) adopt(b *flatBacking, vm types.ManagedObjectReference) {
	r := w.record(fileOf(b))
	r.owner = vm
	r.parent = w.record(fileOf(b.Parent)).version
}

// child makes a delta disk beside a disk's file, for a snapshot, and returns its backing.
func (w *world) child(vm *simulator.VirtualMachine, disk *types.VirtualDisk, parent *flatBacking) (*flatBacking, types.BaseMethodFault) {
	ds, ok := w.reg.Get(fileOf(parent).datastore).(*simulator.Datastore)
	if !ok {
		return nil, &types.FileNotFound{FileFault: types.FileFault{File: parent.FileName}}
	}
	var at object.DatastorePath
	at.FromString(parent.FileName)
	stem := deltaNumber.ReplaceAllString(strings.TrimSuffix(at.Path, ".vmdk"), "")
	for n := 1; ; n++ {
		at.Path = fmt.Sprintf("%s-%06d.vmdk", stem, n)
		err := newDiskFile(path.Join(ds.Summary.Url, at.Path), disk.CapacityInBytes)
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return nil, &types.CannotCreateFile{FileFault: types.FileFault{File: at.String()}}
		}
		break
	}
	useSpace(ds, deltaBytes)

	b := *parent
	b.FileName, b.Parent = at.String(), parent
	b.DeltaDiskFormat = string(types.VirtualDiskDeltaDiskFormatRedoLogFormat)
	w.adopt(&b, vm.Self)
	w.record(fileOf(&b)).refund = deltaBytes
	return &b, nil
}

// newDiskFile makes the two files that are a virtual disk for vcsim.
func newDiskFile(name string, capacity int64) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	flat := simulator.VirtualDiskBackingFileName(name)
	if err := os.WriteFile(flat, nil, 0o600); err != nil {
		return err
	}
	return vmdk.NewDescriptor(vmdk.Extent{Info: filepath.Base(flat), Size: capacity / vmdk.SectorSize}).Write(f)
}

// discard deletes a delta disk.
func (w *world) discard(f diskFile) {
	delete(w.disks, f)
	ds, ok := w.reg.Get(f.datastore).(*simulator.Datastore)
	if !ok {
		return
	}
	local := localPath(ds, f)
	_, flat := os.Remove(local), os.Remove(simulator.VirtualDiskBackingFileName(local))
	if flat == nil {
		useSpace(ds, -deltaBytes)
	}
}

// localPath returns where the simulator keeps a file.
func localPath(ds *simulator.Datastore, f diskFile) string {
	var at object.DatastorePath
	at.FromString(f.name)
	return path.Join(ds.Summary.Url, at.Path)
}

// useSpace takes space from a datastore, or gives it back.
func useSpace(ds *simulator.Datastore, size int64) {
	ds.Summary.FreeSpace -= size
	ds.Info.GetDatastoreInfo().FreeSpace = ds.Summary.FreeSpace
}

// brokenDisk returns why a VM's disks cannot be opened, nil if they can: a file that one of them builds on is gone, or it was
// written to since. It costs nothing for disks without parents.
func (w *world) brokenDisk(vm *simulator.VirtualMachine) types.BaseMethodFault {
	for _, d := range vm.Config.Hardware.Device {
		_, b, ok := flatDisk(d)
		if !ok {
			continue
		}
		for ; b.Parent != nil; b = b.Parent {
			parent := fileOf(b.Parent)
			ds, ok := w.reg.Get(parent.datastore).(*simulator.Datastore)
			if ok {
				_, err := os.Stat(localPath(ds, parent))
				ok = err == nil
			}
			if !ok {
				return &types.FileNotFound{FileFault: types.FileFault{File: parent.name}}
			}
			if w.record(fileOf(b)).parent != w.record(parent).version {
				return &types.GenericVmConfigFault{Reason: "The parent virtual disk has been modified since the child was created: " + parent.name}
			}
		}
	}
	return nil
}

// deepCopy returns a copy of a data object that shares nothing with it.
func deepCopy[T any](src T) (T, error) {
	var dst T
	b, err := xml.Marshal(src)
	if err != nil {
		return dst, fmt.Errorf("cannot marshal a %T: %w", src, err)
	}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.TypeFunc = types.TypeFunc()
	if err := d.Decode(&dst); err != nil {
		return dst, fmt.Errorf("cannot unmarshal a %T: %w", src, err)
	}
	return dst, nil
}

// copyOfDevices returns copies of devices that share nothing with them.
func copyOfDevices(devices []types.BaseVirtualDevice) (object.VirtualDeviceList, types.BaseMethodFault) {
	c, err := deepCopy(types.ArrayOfVirtualDevice{VirtualDevice: devices})
	if err != nil {
		return nil, &types.SystemError{Reason: err.Error()}
	}
	return c.VirtualDevice, nil
}

// WriteDisk writes a marker into a VM's disk, as its guest would write data: snapshots keep it, reverts bring it back, and
// clones start with it. The key is the disk's device key.
func (s *Server) WriteDisk(vm types.ManagedObjectReference, key int32, content string) error {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	b, err := s.world.disk(vm, key)
	if err != nil {
		return err
	}
	s.world.write(b, content)
	return nil
}

// ReadDisk returns the marker in a VM's disk, empty if none was written.
func (s *Server) ReadDisk(vm types.ManagedObjectReference, key int32) (string, error) {
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	b, err := s.world.disk(vm, key)
	if err != nil {
		return "", err
	}
	return s.world.diskContent(b), nil
}

// disk returns the backing of a VM's disk.
func (w *world) disk(ref types.ManagedObjectReference, key int32) (*flatBacking, error) {
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return nil, fmt.Errorf("cannot find VM %q", ref.Value)
	}
	_, b, ok := flatDisk(object.VirtualDeviceList(vm.Config.Hardware.Device).FindByKey(key))
	if !ok {
		return nil, fmt.Errorf("cannot find disk %d of VM %q", key, vm.Name)
	}
	return b, nil
}
