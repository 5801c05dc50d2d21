// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// TestCloneUUID asks for the same instance UUID twice: vCenter is to "assign or change it when VirtualCenter detects an identifier
// conflict between virtual machines" (vSphere API, VirtualMachineConfigSpec.instanceUuid).
func TestCloneUUID(t *testing.T) {
	_, c := start(t)
	tmpl, folder, spec := template(t, c)
	spec.Config = &types.VirtualMachineConfigSpec{InstanceUuid: "00000000-0000-4000-8000-000000000001", Uuid: "00000000-0000-4000-8000-000000000002"}
	ids := func(name string) []string {
		task, err := tmpl.Clone(t.Context(), folder, name, spec)
		ref, _ := result(t, task, err).(types.ManagedObjectReference)
		m := show(t, object.NewVirtualMachine(c.Client, ref))
		return []string{m.Config.InstanceUuid, m.Config.Uuid}
	}
	want := []string{spec.Config.InstanceUuid, spec.Config.Uuid}
	if diff := cmp.Diff(want, ids("a")); diff != "" {
		t.Errorf("the first VM: -want, +got:\n%s", diff)
	}
	got := ids("b")
	if got[0] == want[0] || got[0] == "" || got[1] != want[1] {
		t.Errorf("the second VM has the UUIDs %v: want another instance UUID, and the same BIOS UUID", got)
	}
	found, err := object.NewSearchIndex(c.Client).FindAllByUuid(t.Context(), nil, want[0], true, types.NewBool(true))
	if err != nil || len(found) != 1 {
		t.Errorf("FindAllByUuid: %v, %v, want one VM", found, err)
	}
	vm := clone(t, c, "c", false)
	task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{InstanceUuid: want[0]})
	result(t, task, err)
	if got := show(t, vm).Config.InstanceUuid; got == want[0] {
		t.Errorf("a reconfigured VM has the UUID of another: %s", got)
	}
}

// TestCloneConfig carries out what a clone's config spec says, and takes the rest from the source.
func TestCloneConfig(t *testing.T) {
	_, c := start(t)
	_, folder, spec := template(t, c)
	source := clone(t, c, "source", true)
	yes := types.NewBool(true)
	spec.Config = &types.VirtualMachineConfigSpec{
		Firmware: "efi", CpuHotAddEnabled: types.NewBool(false), BootOptions: &types.VirtualMachineBootOptions{EfiSecureBootEnabled: yes},
		Flags:       &types.VirtualMachineFlagInfo{DiskUuidEnabled: yes},
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "a", Value: "mine"}},
	}
	task, err := source.Clone(t.Context(), folder, "clone", spec)
	ref, _ := result(t, task, err).(types.ManagedObjectReference)
	m := show(t, object.NewVirtualMachine(c.Client, ref))
	extra := map[string]any{}
	for _, o := range m.Config.ExtraConfig {
		extra[o.GetOptionValue().Key] = o.GetOptionValue().Value
	}
	h := m.Config.Hardware
	want := []any{"efi", false, true, true, true, int32(2), int32(2048), "mine", "2"}
	got := []any{
		m.Config.Firmware, *m.Config.CpuHotAddEnabled, *m.Config.MemoryHotAddEnabled, *m.Config.BootOptions.EfiSecureBootEnabled,
		*m.Config.Flags.DiskUuidEnabled, h.NumCPU, h.MemoryMB, extra["a"], extra["b"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the clone: -want, +got:\n%s", diff)
	}
}

// TestSpace counts a datastore's free space: a thick disk takes its space at once, a thin one "allocates on demand", and all is
// given back with the disk (vSphere API, VirtualDiskFlatVer2BackingInfo.thinProvisioned, NoDiskSpace).
func TestSpace(t *testing.T) {
	_, c := start(t)
	_, _, spec := template(t, c)
	free := func() int64 {
		var m mo.Datastore
		if err := object.NewDatastore(c.Client, *spec.Location.Datastore).Properties(t.Context(), *spec.Location.Datastore, []string{"summary"}, &m); err != nil {
			t.Fatal(err)
		}
		return m.Summary.FreeSpace / gib
	}
	empty := free()
	vm := clone(t, c, "a", false)
	add := func(unit int32, sizeGiB int64, thin bool) error {
		task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{DeviceChange: newDisk(show(t, vm), unit, sizeGiB, thin)})
		if err == nil {
			err = task.Wait(t.Context())
		}
		return err
	}
	steps := []struct {
		reason string
		do     func() error
		want   int64
		fault  types.BaseMethodFault
	}{
		{"a clone of a thin disk", func() error { return nil }, 0, nil},
		{"a thick disk", func() error { return add(1, 100, false) }, 100, nil},
		{"a thin disk", func() error { return add(2, 200, true) }, 100, nil},
		{"growth of the thin disk of the image", func() error {
			task, err := vm.Reconfigure(t.Context(), edited(show(t, vm), 50*gib, 50*gib/1024))
			if err == nil {
				err = task.Wait(t.Context())
			}
			return err
		}, 100, nil},
		{"more than there is", func() error { return add(3, empty, false) }, 100, &types.NoDiskSpace{}},
		{"all there is", func() error { return add(3, empty-100, false) }, empty, nil},
		{"a thin disk on a full datastore", func() error { return add(4, 1, true) }, empty, &types.NoDiskSpace{}},
		{"the VM is destroyed", func() error {
			task, err := vm.Destroy(t.Context())
			if err == nil {
				err = task.Wait(t.Context())
			}
			return err
		}, 0, nil},
	}
	for _, s := range steps {
		err := s.do()
		if (s.fault == nil) != (err == nil) || (s.fault != nil && !fault.Is(err, s.fault)) {
			t.Errorf("%s: %v, want %T", s.reason, err, s.fault)
		}
		if got := empty - free(); got != s.want {
			t.Errorf("%s: %d GiB are taken, want %d", s.reason, got, s.want)
		}
	}
}
