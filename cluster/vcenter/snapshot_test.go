// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// made returns what a task made.
func made(t *testing.T, task *object.Task, err error) types.ManagedObjectReference {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	info, err := task.WaitForResult(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref, _ := info.Result.(types.ManagedObjectReference)
	return ref
}

// failed returns how a call or its task failed.
func failed(t *testing.T, task *object.Task, err error) error {
	t.Helper()
	if err == nil {
		err = task.Wait(t.Context())
	}
	return err
}

// newVM clones a template.
func newVM(t *testing.T, c *govmomi.Client, name string) *object.VirtualMachine {
	t.Helper()
	src, folder, spec := template(t, c)
	task, err := src.Clone(t.Context(), folder, name, spec)
	return object.NewVirtualMachine(c.Client, made(t, task, err))
}

// properties of a VM.
func vmOf(t *testing.T, vm *object.VirtualMachine) mo.VirtualMachine {
	t.Helper()
	var m mo.VirtualMachine
	if err := vm.Properties(t.Context(), vm.Reference(), nil, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// diskOf returns a VM's disk and its files from the head down.
func diskOf(t *testing.T, m mo.VirtualMachine) (*types.VirtualDisk, []string) {
	t.Helper()
	for _, d := range m.Config.Hardware.Device {
		if disk, b, ok := flatDisk(d); ok {
			var files []string
			for ; b != nil; b = b.Parent {
				files = append(files, b.FileName)
			}
			return disk, files
		}
	}
	t.Fatal("the VM has no disk")
	return nil, nil
}

// forest prints a VM's snapshots; the current one has a star.
func forest(info *types.VirtualMachineSnapshotInfo) string {
	if info == nil {
		return ""
	}
	var show func([]snapshotNode) string
	show = func(list []snapshotNode) string {
		s := ""
		for _, n := range list {
			s += n.Name
			if n.Snapshot == *info.CurrentSnapshot {
				s += "*"
			}
			if len(n.ChildSnapshotList) > 0 {
				s += "(" + show(n.ChildSnapshotList) + ")"
			}
			s += " "
		}
		if s != "" {
			s = s[:len(s)-1]
		}
		return s
	}
	return show(info.RootSnapshotList)
}

func TestSnapshotsKeepAndRevertBringsBack(t *testing.T) {
	s, c := start(t)
	vm := newVM(t, c, "web")
	before := vmOf(t, vm)
	disk, files := diskOf(t, before)
	write := func(content string) {
		if err := s.WriteDisk(vm.Reference(), disk.Key, content); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		content, err := s.ReadDisk(vm.Reference(), disk.Key)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	write("one")
	task, err := vm.CreateSnapshot(t.Context(), "a", "first", false, false)
	a := made(t, task, err)

	m := vmOf(t, vm)
	_, after := diskOf(t, m)
	want := append([]string{files[0][:len(files[0])-len(".vmdk")] + "-000001.vmdk"}, files...)
	if diff := cmp.Diff(want, after); diff != "" {
		t.Errorf("the disk's files after a snapshot: -want, +got:\n%s", diff)
	}
	if forest(m.Snapshot) != "a*" || len(m.RootSnapshot) != 1 || m.RootSnapshot[0] != a {
		t.Errorf("snapshots %q, roots %v", forest(m.Snapshot), m.RootSnapshot)
	}
	var snap mo.VirtualMachineSnapshot
	if err := vm.Properties(t.Context(), a, nil, &snap); err != nil {
		t.Fatal(err)
	}
	if got := snap.Config.Hardware.Device; len(got) != len(before.Config.Hardware.Device) {
		t.Errorf("the snapshot has %d devices, want %d", len(got), len(before.Config.Hardware.Device))
	}

	write("two")
	task, err = vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{
		NumCPUs: 7, MemoryMB: 3072, ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "guestinfo.x", Value: "y"}},
	})
	made(t, task, err)
	task, err = vm.PowerOn(t.Context())
	made(t, task, err)

	task, err = vm.RevertToSnapshot(t.Context(), "a", false)
	made(t, task, err)
	m = vmOf(t, vm)
	got := []any{m.Config.Hardware.NumCPU, m.Config.Hardware.MemoryMB, m.Summary.Config.NumCpu, m.Summary.Config.MemorySizeMB, len(m.Config.ExtraConfig), m.Runtime.PowerState, read(), m.Guest.IpAddress}
	if diff := cmp.Diff([]any{int32(1), int32(1024), int32(1), int32(1024), len(before.Config.ExtraConfig), off, "one", ""}, got); diff != "" {
		t.Errorf("after the revert: -want, +got:\n%s", diff)
	}
	if _, now := diskOf(t, m); len(now) != 2 {
		t.Errorf("the disk's files after the revert: %v, want a new child and the base", now)
	}
}

func TestSnapshotPower(t *testing.T) {
	cases := map[string]struct {
		reason   string
		memory   bool
		offAfter bool
		suppress bool
		want     types.VirtualMachinePowerState
	}{
		"Memory":         {reason: "A VM resumes from a snapshot with memory.", memory: true, want: on},
		"MemoryWhileOff": {reason: "A revert 'causes the virtual machine to power on to reach the snapshot state'.", memory: true, offAfter: true, want: on},
		"Suppressed":     {reason: "With suppressPowerOn it 'will not be powered on regardless'.", memory: true, suppress: true, want: off},
		"NoMemory":       {reason: "'When set to FALSE, the power state of the snapshot is set to powered off.'", want: off},
	}
	_, c := start(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			vm := newVM(t, c, name)
			task, err := vm.PowerOn(t.Context())
			made(t, task, err)
			task, err = vm.CreateSnapshot(t.Context(), "a", "", tc.memory, false)
			made(t, task, err)
			if tc.offAfter {
				task, err = vm.PowerOff(t.Context())
				made(t, task, err)
			}
			res, err := methods.RevertToCurrentSnapshot_Task(t.Context(), c.Client, &types.RevertToCurrentSnapshot_Task{This: vm.Reference(), SuppressPowerOn: &tc.suppress})
			if err != nil {
				t.Fatal(err)
			}
			made(t, object.NewTask(c.Client, res.Returnval), nil)
			m := vmOf(t, vm)
			if m.Runtime.PowerState != tc.want || m.Summary.Runtime.PowerState != tc.want || (m.Guest.IpAddress != "") != (tc.want == on) {
				t.Errorf("%s\npower is %s, want %s, address %q", tc.reason, m.Runtime.PowerState, tc.want, m.Guest.IpAddress)
			}
		})
	}
}

func TestSnapshotOfStoppedVM(t *testing.T) {
	_, c := start(t)
	vm := newVM(t, c, "web")
	task, err := vm.CreateSnapshot(t.Context(), "a", "", true, true)
	made(t, task, err)
	n := vmOf(t, vm).Snapshot.RootSnapshotList[0]
	if n.State != off || n.Quiesced {
		t.Errorf("memory and quiescing of a VM that is off are ignored, not refused (vSphere API, CreateSnapshotEx_Task): state %s, quiesced %t", n.State, n.Quiesced)
	}
}

func TestSnapshotRefused(t *testing.T) {
	_, c := start(t)
	t.Run("Template", func(t *testing.T) {
		vm, _, _ := template(t, c)
		task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
		if err := failed(t, task, err); !fault.Is(err, &types.NotSupported{}) {
			t.Errorf("a template has no snapshots: %v", err)
		}
	})
	t.Run("TooDeep", func(t *testing.T) {
		vm := newVM(t, c, "deep")
		for range maxSnapshotLevels {
			task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
			made(t, task, err)
		}
		task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
		if err := failed(t, task, err); !fault.Is(err, &types.TooManySnapshotLevels{}) {
			t.Errorf("a chain of snapshots has 32 of them at most: %v", err)
		}
	})
	t.Run("MemoryOfIndependentDisk", func(t *testing.T) {
		src, folder, spec := template(t, c)
		devices, err := src.Device(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		disk, _, ok := flatDisk(devices.SelectByType((*types.VirtualDisk)(nil))[0])
		if !ok {
			t.Fatal("the template's disk has no file")
		}
		disk.Backing = &flatBacking{DiskMode: string(types.VirtualDiskModeIndependent_persistent)}
		spec.Location.DeviceChange = []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: disk}}
		spec.PowerOn = true
		task, err := src.Clone(t.Context(), folder, "independent", spec)
		vm := object.NewVirtualMachine(c.Client, made(t, task, err))
		task, err = vm.CreateSnapshot(t.Context(), "a", "", true, false)
		if err := failed(t, task, err); !fault.Is(err, &types.MemorySnapshotOnIndependentDisk{}) {
			t.Errorf("MemorySnapshotOnIndependentDisk: %v", err)
		}
		task, err = vm.CreateSnapshot(t.Context(), "a", "", false, false)
		made(t, task, err)
		if _, files := diskOf(t, vmOf(t, vm)); len(files) != 1 {
			t.Errorf("a snapshot leaves an independent disk alone: %v", files)
		}
	})
}

func TestRemoveSnapshot(t *testing.T) {
	cases := map[string]struct {
		reason   string
		remove   string
		children bool
		keep     bool
		forest   string
		files    int
		needed   bool
		// snapshotsSee are the disk contents after a revert to each snapshot that is left.
		snapshotsSee map[string]string
	}{
		"Root":         {reason: "The children of a removed snapshot move up.", remove: "a", forest: "b(c*)", files: 3, snapshotsSee: map[string]string{"b": "2", "c": "3"}},
		"Middle":       {reason: "Removing a snapshot does not change the others.", remove: "b", forest: "a(c*)", files: 3, snapshotsSee: map[string]string{"a": "1", "c": "3"}},
		"Current":      {reason: "The parent of a removed current snapshot is the current one.", remove: "c", forest: "a(b*)", files: 3, snapshotsSee: map[string]string{"a": "1", "b": "2"}},
		"WithChildren": {reason: "removeChildren: 'removal of the entire snapshot subtree'.", remove: "b", children: true, forest: "a*", files: 2, snapshotsSee: map[string]string{"a": "1"}},
		"All":          {reason: "Without snapshots the disk is one file again.", remove: "a", children: true, forest: "", files: 1},
		"Unmerged":     {reason: "consolidate=false leaves disks that need consolidation.", remove: "b", keep: true, forest: "a(c*)", files: 4, needed: true, snapshotsSee: map[string]string{"a": "1", "c": "3"}},
	}
	s, c := start(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			vm := newVM(t, c, name)
			disk, _ := diskOf(t, vmOf(t, vm))
			for i, snap := range []string{"a", "b", "c"} {
				if err := s.WriteDisk(vm.Reference(), disk.Key, fmt.Sprint(i+1)); err != nil {
					t.Fatal(err)
				}
				task, err := vm.CreateSnapshot(t.Context(), snap, "", false, false)
				made(t, task, err)
			}
			if err := s.WriteDisk(vm.Reference(), disk.Key, "now"); err != nil {
				t.Fatal(err)
			}
			merge := !tc.keep
			task, err := vm.RemoveSnapshot(t.Context(), tc.remove, tc.children, &merge)
			made(t, task, err)

			m := vmOf(t, vm)
			_, files := diskOf(t, m)
			content, err := s.ReadDisk(vm.Reference(), disk.Key)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]any{tc.forest, tc.files, tc.needed, "now"}, []any{forest(m.Snapshot), len(files), m.Runtime.ConsolidationNeeded, content}); diff != "" {
				t.Errorf("%s\nsnapshots, files, consolidation needed, content: -want, +got:\n%s", tc.reason, diff)
			}
			for snap, want := range tc.snapshotsSee {
				task, err := vm.RevertToSnapshot(t.Context(), snap, true)
				made(t, task, err)
				if content, err := s.ReadDisk(vm.Reference(), disk.Key); err != nil || content != want {
					t.Errorf("%s\nafter a revert to %s the disk holds %q, %v, want %q", tc.reason, snap, content, err, want)
				}
			}
		})
	}
}

func TestRevertBranches(t *testing.T) {
	s, c := start(t)
	vm := newVM(t, c, "web")
	disk, _ := diskOf(t, vmOf(t, vm))
	snapshot := func(name, content string) {
		if err := s.WriteDisk(vm.Reference(), disk.Key, content); err != nil {
			t.Fatal(err)
		}
		task, err := vm.CreateSnapshot(t.Context(), name, "", false, false)
		made(t, task, err)
	}
	revert := func(name string) string {
		task, err := vm.RevertToSnapshot(t.Context(), name, true)
		made(t, task, err)
		content, err := s.ReadDisk(vm.Reference(), disk.Key)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	snapshot("a", "1")
	snapshot("b", "2")
	revert("a")
	snapshot("c", "3")
	if got := forest(vmOf(t, vm).Snapshot); got != "a(b c*)" {
		t.Errorf("snapshots: %s", got)
	}
	// The disk of a has two children: it cannot be merged, and nothing is redundant.
	task, err := vm.RemoveSnapshot(t.Context(), "a", false, nil)
	made(t, task, err)
	if got := forest(vmOf(t, vm).Snapshot); got != "b c*" {
		t.Errorf("snapshots: %s", got)
	}
	if diff := cmp.Diff([]string{"2", "3"}, []string{revert("b"), revert("c")}); diff != "" {
		t.Errorf("contents of both branches: -want, +got:\n%s", diff)
	}
	task, err = vm.RemoveAllSnapshot(t.Context(), nil)
	made(t, task, err)
	m := vmOf(t, vm)
	if _, files := diskOf(t, m); m.Snapshot != nil || len(m.RootSnapshot) != 0 || len(files) != 1 {
		t.Errorf("after the removal of all: snapshots %s, files %v", forest(m.Snapshot), files)
	}
}

func TestRenameSnapshot(t *testing.T) {
	_, c := start(t)
	vm := newVM(t, c, "web")
	task, err := vm.CreateSnapshot(t.Context(), "a", "x", false, false)
	ref := made(t, task, err)
	if _, err := methods.RenameSnapshot(t.Context(), c.Client, &types.RenameSnapshot{This: ref, Name: "b"}); err != nil {
		t.Fatal(err)
	}
	if n := vmOf(t, vm).Snapshot.RootSnapshotList[0]; n.Name != "b" || n.Description != "x" {
		t.Errorf("name %q, description %q", n.Name, n.Description)
	}
}

func TestConsolidate(t *testing.T) {
	s, c := start(t)
	vm := newVM(t, c, "web")
	task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
	made(t, task, err)
	s.Inject(Rule{Method: "RemoveSnapshot_Task", Times: 1, Unmerged: true})
	task, err = vm.RemoveSnapshot(t.Context(), "a", false, nil)
	made(t, task, err)
	if m := vmOf(t, vm); !m.Runtime.ConsolidationNeeded || m.Snapshot != nil {
		t.Fatal("consolidation is not needed after a snapshot was removed without its disks")
	}
	res, err := methods.ConsolidateVMDisks_Task(t.Context(), c.Client, &types.ConsolidateVMDisks_Task{This: vm.Reference()})
	if err != nil {
		t.Fatal(err)
	}
	made(t, object.NewTask(c.Client, res.Returnval), nil)
	m := vmOf(t, vm)
	if _, files := diskOf(t, m); m.Runtime.ConsolidationNeeded || len(files) != 1 {
		t.Errorf("after consolidation: needed %t, files %v", m.Runtime.ConsolidationNeeded, files)
	}
}

func TestSnapshotSpace(t *testing.T) {
	_, c := start(t)
	_, _, spec := template(t, c)
	ds := object.NewDatastore(c.Client, *spec.Location.Datastore)
	free := func() int64 {
		var m mo.Datastore
		if err := ds.Properties(t.Context(), ds.Reference(), []string{"summary"}, &m); err != nil {
			t.Fatal(err)
		}
		return m.Summary.FreeSpace
	}
	empty := free()
	vm := newVM(t, c, "web")
	full := free()
	for _, name := range []string{"a", "b"} {
		task, err := vm.CreateSnapshot(t.Context(), name, "", false, false)
		made(t, task, err)
	}
	if got := full - free(); got != 2*deltaBytes {
		t.Errorf("two snapshots take %d bytes, want %d", got, 2*deltaBytes)
	}
	task, err := vm.RemoveSnapshot(t.Context(), "a", false, nil)
	made(t, task, err)
	if got := full - free(); got != deltaBytes {
		t.Errorf("one snapshot takes %d bytes, want %d", got, deltaBytes)
	}
	task, err = vm.Destroy(t.Context())
	made(t, task, err)
	if got := free(); got != empty {
		t.Errorf("a destroyed VM leaves %d bytes taken", empty-got)
	}
}
