// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// linkedClone returns a VM with a snapshot, and a linked clone of that.
func linkedClone(t *testing.T, s *Server, c *govmomi.Client) (base, clone *object.VirtualMachine) {
	t.Helper()
	base = newVM(t, c, "base")
	disk, _ := diskOf(t, vmOf(t, base))
	if err := s.WriteDisk(base.Reference(), disk.Key, "image"); err != nil {
		t.Fatal(err)
	}
	task, err := base.CreateSnapshot(t.Context(), "a", "", false, false)
	snap := made(t, task, err)
	_, folder, spec := template(t, c)
	spec.Snapshot = &snap
	spec.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	task, err = base.Clone(t.Context(), folder, "linked", spec)
	return base, object.NewVirtualMachine(c.Client, made(t, task, err))
}

func TestLinkedClone(t *testing.T) {
	s, c := start(t)
	base, clone := linkedClone(t, s, c)
	_, baseFiles := diskOf(t, vmOf(t, base))
	disk, files := diskOf(t, vmOf(t, clone))
	if len(files) != 2 || files[1] != baseFiles[1] {
		t.Errorf("the clone's files are %v, want one of its own on top of the snapshot's %s", files, baseFiles[1])
	}
	if !hasParent(disk) {
		t.Error("the clone's disk has no parent")
	}
	if got, err := s.ReadDisk(clone.Reference(), disk.Key); err != nil || got != "image" {
		t.Errorf("the clone's disk holds %q, %v, want what the snapshot's does", got, err)
	}
	// Each goes on by itself.
	if err := s.WriteDisk(base.Reference(), disk.Key, "base goes on"); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteDisk(clone.Reference(), disk.Key, "clone goes on"); err != nil {
		t.Fatal(err)
	}
	task, err := clone.PowerOn(t.Context())
	made(t, task, err)
	task, err = clone.CreateSnapshot(t.Context(), "b", "", false, false)
	made(t, task, err)
	task, err = clone.RemoveSnapshot(t.Context(), "b", false, nil)
	made(t, task, err)
	if _, now := diskOf(t, vmOf(t, clone)); !cmp.Equal(files, now) {
		t.Errorf("after a snapshot of the clone came and went its files are %v, want %v: a merge never crosses to another VM's", now, files)
	}
}

func TestLinkedCloneSpace(t *testing.T) {
	s, c := start(t)
	_, folder, spec := template(t, c)
	ds := object.NewDatastore(c.Client, *spec.Location.Datastore)
	free := func() int64 {
		var m mo.Datastore
		if err := ds.Properties(t.Context(), ds.Reference(), []string{"summary"}, &m); err != nil {
			t.Fatal(err)
		}
		return m.Summary.FreeSpace
	}
	empty := free()
	base, clone := linkedClone(t, s, c)
	before := free()
	spec.Snapshot = vmOf(t, base).Snapshot.CurrentSnapshot
	spec.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	task, err := base.Clone(t.Context(), folder, "another", spec)
	another := object.NewVirtualMachine(c.Client, made(t, task, err))
	if got := before - free(); got != deltaBytes {
		t.Errorf("a linked clone takes %d bytes, want %d", got, deltaBytes)
	}
	for _, vm := range []*object.VirtualMachine{clone, another, base} {
		task, err := vm.Destroy(t.Context())
		made(t, task, err)
	}
	if got := free(); got != empty {
		t.Errorf("destroyed VMs leave %d bytes taken", empty-got)
	}
}

func TestLinkedCloneRefused(t *testing.T) {
	s, c := start(t)
	base, _ := linkedClone(t, s, c)
	snap := vmOf(t, base).Snapshot.CurrentSnapshot
	other := newVM(t, c, "other")
	link := string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	disk, _ := diskOf(t, vmOf(t, base))
	larger := *disk
	larger.CapacityInBytes *= 2
	larger.CapacityInKB *= 2
	larger.Backing = &flatBacking{DiskMode: string(types.VirtualDiskModePersistent)}

	cases := map[string]struct {
		reason string
		source *object.VirtualMachine
		change func(*types.VirtualMachineCloneSpec)
		want   types.BaseMethodFault
	}{
		"NoSnapshot": {
			reason: "'for a clone this option is only valid when cloning from a snapshot'",
			source: base,
			change: func(s *types.VirtualMachineCloneSpec) { s.Location.DiskMoveType = link },
			want:   &types.NotSupported{},
		},
		"SnapshotOfAnotherVM": {
			reason: "The snapshot is to be one of the source.",
			source: other,
			change: func(s *types.VirtualMachineCloneSpec) { s.Snapshot, s.Location.DiskMoveType = snap, link },
			want:   &types.InvalidArgument{},
		},
		"UnknownMove": {
			reason: "The ways to move disks are an enumeration.",
			source: base,
			change: func(s *types.VirtualMachineCloneSpec) { s.Location.DiskMoveType = "link" },
			want:   &types.InvalidArgument{},
		},
		"LargerDisk": {
			reason: "'Disks with parents cannot be expanded'",
			source: base,
			change: func(s *types.VirtualMachineCloneSpec) {
				s.Snapshot, s.Location.DiskMoveType = snap, link
				s.Location.DeviceChange = []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: &larger}}
			},
			want: &types.InvalidDeviceOperation{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, folder, spec := template(t, c)
			tc.change(&spec)
			task, err := tc.source.Clone(t.Context(), folder, name, spec)
			if err := failed(t, task, err); !fault.Is(err, tc.want) {
				t.Errorf("%s\nClone: %v, want %T", tc.reason, err, tc.want)
			}
		})
	}
}

func TestFullCloneOfVMWithSnapshots(t *testing.T) {
	cases := map[string]struct {
		reason string
		move   types.VirtualMachineRelocateDiskMoveOptions
		files  int
	}{
		"Default":     {reason: "'During a clone operation any delta disk backings will be consolidated.'", files: 1},
		"Disallow":    {reason: "The default, named.", move: types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndDisallowSharing, files: 1},
		"Consolidate": {reason: "All backings are consolidated.", move: types.VirtualMachineRelocateDiskMoveOptionsMoveAllDiskBackingsAndConsolidate, files: 1},
		"ChildMost":   {reason: "'the parent disks will now be shared'", move: types.VirtualMachineRelocateDiskMoveOptionsMoveChildMostDiskBacking, files: 2},
	}
	s, c := start(t)
	vm := newVM(t, c, "source")
	disk, _ := diskOf(t, vmOf(t, vm))
	task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
	made(t, task, err)
	if err := s.WriteDisk(vm.Reference(), disk.Key, "data"); err != nil {
		t.Fatal(err)
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, folder, spec := template(t, c)
			spec.Location.DiskMoveType = string(tc.move)
			task, err := vm.Clone(t.Context(), folder, name, spec)
			clone := object.NewVirtualMachine(c.Client, made(t, task, err))
			m := vmOf(t, clone)
			d, files := diskOf(t, m)
			content, err := s.ReadDisk(clone.Reference(), d.Key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{tc.files, "data", true}, []any{len(files), content, m.Snapshot == nil}); diff != "" {
				t.Errorf("%s\nfiles, content, no snapshots: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestCloneOfSnapshot(t *testing.T) {
	_, c := start(t)
	vm := newVM(t, c, "source")
	task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
	snap := made(t, task, err)
	task, err = vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{NumCPUs: 4})
	made(t, task, err)
	_, folder, spec := template(t, c)
	spec.Snapshot = &snap
	task, err = vm.Clone(t.Context(), folder, "clone", spec)
	clone := object.NewVirtualMachine(c.Client, made(t, task, err))
	if got := vmOf(t, clone).Config.Hardware.NumCPU; got != 1 {
		t.Errorf("the clone has %d CPUs, want 1: it 'will have the same configuration as the virtual machine at the time the snapshot was taken'", got)
	}
}

func TestBrokenLinkedClone(t *testing.T) {
	cases := map[string]struct {
		reason string
		harm   func(*testing.T, *object.VirtualMachine)
		want   types.BaseMethodFault
	}{
		"SourceDestroyed": {
			reason: "The disk of a linked clone is nothing without its parent.",
			harm: func(t *testing.T, base *object.VirtualMachine) {
				t.Helper()
				task, err := base.Destroy(t.Context())
				made(t, task, err)
			},
			want: &types.FileNotFound{},
		},
		"SnapshotRemoved": {
			reason: "A merge writes to the file that the clone builds on.",
			harm: func(t *testing.T, base *object.VirtualMachine) {
				t.Helper()
				task, err := base.RemoveSnapshot(t.Context(), "a", false, nil)
				made(t, task, err)
			},
			want: &types.GenericVmConfigFault{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, c := start(t)
			base, clone := linkedClone(t, s, c)
			tc.harm(t, base)
			task, err := clone.PowerOn(t.Context())
			if err := failed(t, task, err); !fault.Is(err, tc.want) {
				t.Errorf("%s\nPowerOn: %v, want %T", tc.reason, err, tc.want)
			}
		})
	}
}

func TestRunningLinkedCloneLocksItsParent(t *testing.T) {
	s, c := start(t)
	base, clone := linkedClone(t, s, c)
	task, err := clone.PowerOn(t.Context())
	made(t, task, err)
	task, err = base.RemoveSnapshot(t.Context(), "a", false, nil)
	if err := failed(t, task, err); !fault.Is(err, &types.FileLocked{}) {
		t.Errorf("RemoveSnapshot: %v, want FileLocked", err)
	}
	if m := vmOf(t, base); m.Snapshot != nil || !m.Runtime.ConsolidationNeeded {
		t.Error("the snapshot is gone and its disk is not merged: consolidation is needed")
	}
	for _, vm := range []*object.VirtualMachine{clone} {
		task, err := vm.PowerOff(t.Context())
		made(t, task, err)
		task, err = vm.PowerOn(t.Context())
		made(t, task, err)
	}
}
