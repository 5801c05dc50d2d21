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

// clone returns a new VM with 2 CPUs, 2048 MiB and hot-add as asked for, powered off.
func clone(t *testing.T, c *govmomi.Client, name string, hot bool) *object.VirtualMachine {
	t.Helper()
	tmpl, folder, spec := template(t, c)
	spec.Config = &types.VirtualMachineConfigSpec{
		NumCPUs: 2, MemoryMB: 2048, CpuHotAddEnabled: &hot, CpuHotRemoveEnabled: &hot, MemoryHotAddEnabled: &hot,
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "a", Value: "1"}, &types.OptionValue{Key: "b", Value: "2"}},
	}
	task, err := tmpl.Clone(t.Context(), folder, name, spec)
	ref, ok := result(t, task, err).(types.ManagedObjectReference)
	if !ok {
		t.Fatal("no VM came of the clone")
	}
	return object.NewVirtualMachine(c.Client, ref)
}

// result returns the result of a task that is to succeed.
func result(t *testing.T, task *object.Task, err error) types.AnyType {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	info, err := task.WaitForResult(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.Result
}

// switchOn powers a VM on.
func switchOn(t *testing.T, vm *object.VirtualMachine) {
	t.Helper()
	task, err := vm.PowerOn(t.Context())
	result(t, task, err)
}

// properties of a VM as a vCenter shows them.
func show(t *testing.T, vm *object.VirtualMachine) mo.VirtualMachine {
	t.Helper()
	var m mo.VirtualMachine
	if err := vm.Properties(t.Context(), vm.Reference(), []string{"name", "config", "runtime", "guest", "summary.config", "disabledMethod"}, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// change returns a change of the VM's first device of a type, which it is to have.
func change[T types.BaseVirtualDevice](m mo.VirtualMachine, op types.VirtualDeviceConfigSpecOperation, edit func(T)) []types.BaseVirtualDeviceConfigSpec {
	for _, d := range m.Config.Hardware.Device {
		if d, ok := d.(T); ok {
			if edit != nil {
				edit(d)
			}
			return []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{Operation: op, Device: d}}
		}
	}
	return nil
}

// newDisk adds a disk beside the VM's first.
func newDisk(m mo.VirtualMachine, unit int32, sizeGiB int64, thin bool) []types.BaseVirtualDeviceConfigSpec {
	changes := change(m, types.VirtualDeviceConfigSpecOperationAdd, func(d *types.VirtualDisk) {
		d.Key, d.UnitNumber = -100, &unit
		d.CapacityInBytes, d.CapacityInKB = sizeGiB*gib, sizeGiB*gib/1024
		d.Backing = &types.VirtualDiskFlatVer2BackingInfo{DiskMode: "persistent", ThinProvisioned: &thin}
	})
	changes[0].GetVirtualDeviceConfigSpec().FileOperation = types.VirtualDeviceConfigSpecFileOperationCreate
	return changes
}

// edited gives the VM's first disk other capacities.
func edited(m mo.VirtualMachine, bytes, kib int64) types.VirtualMachineConfigSpec {
	return types.VirtualMachineConfigSpec{DeviceChange: change(m, types.VirtualDeviceConfigSpecOperationEdit, func(d *types.VirtualDisk) {
		d.CapacityInBytes, d.CapacityInKB = bytes, kib
	})}
}

func TestReconfigure(t *testing.T) {
	_, c := start(t)
	yes, no := types.NewBool(true), types.NewBool(false)
	type spec = types.VirtualMachineConfigSpec
	just := func(s spec) func(mo.VirtualMachine) spec {
		return func(mo.VirtualMachine) spec { return s }
	}
	cases := map[string]struct {
		reason string
		hot    bool
		power  types.VirtualMachinePowerState
		change func(mo.VirtualMachine) spec
		// want is the fault, nil for none.
		want types.BaseMethodFault
	}{
		"OfflineCPU":      {reason: "CPUs of a VM that is off change freely.", power: off, change: just(spec{NumCPUs: 4, MemoryMB: 1024})},
		"HotCPU":          {reason: "cpuHotAddEnabled: 'whether virtual processors can be added while this virtual machine is running'.", hot: true, power: on, change: just(spec{NumCPUs: 4})},
		"NoHotCPU":        {reason: "CpuHotPlugNotSupported: 'when virtual CPUs cannot be hot-added'.", power: on, change: just(spec{NumCPUs: 4}), want: &types.CpuHotPlugNotSupported{}},
		"HotRemoveCPU":    {reason: "cpuHotRemoveEnabled: 'whether virtual processors can be removed'.", hot: true, power: on, change: just(spec{NumCPUs: 1})},
		"NoHotRemoveCPU":  {reason: "CpuHotPlugNotSupported: 'or hot-removed'.", power: on, change: just(spec{NumCPUs: 1}), want: &types.CpuHotPlugNotSupported{}},
		"HotMemory":       {reason: "memoryHotAddEnabled, within hotPlugMemoryLimit and by increments.", hot: true, power: on, change: just(spec{MemoryMB: 4096})},
		"HotMemoryLimit":  {reason: "KB 2020846: up to 16 times the memory at power-on.", hot: true, power: on, change: just(spec{MemoryMB: 16 * 2048})},
		"BeyondLimit":     {reason: "hotPlugMemoryLimit: 'the maximum amount of memory'.", hot: true, power: on, change: just(spec{MemoryMB: 16*2048 + 128}), want: &types.MemoryHotPlugNotSupported{}},
		"NoIncrement":     {reason: "hotPlugMemoryIncrementSize: 'must be in increments of this value'.", hot: true, power: on, change: just(spec{MemoryMB: 2048 + 64}), want: &types.MemoryHotPlugNotSupported{}},
		"NoHotMemory":     {reason: "MemoryHotPlugNotSupported: 'when memory cannot be hot-added'.", power: on, change: just(spec{MemoryMB: 4096}), want: &types.MemoryHotPlugNotSupported{}},
		"HotRemoveMemory": {reason: "There is no flag for removal of memory.", hot: true, power: on, change: just(spec{MemoryMB: 1024}), want: &types.MemoryHotPlugNotSupported{}},
		"HotFlag":         {reason: "cpuHotAddEnabled: 'can only be set when the virtual machine is powered-off'.", power: on, change: just(spec{CpuHotAddEnabled: yes}), want: &types.InvalidPowerState{}},
		"SameFlag":        {reason: "A flag that stays as it is is no change.", hot: true, power: on, change: just(spec{CpuHotAddEnabled: yes, NumCPUs: 4})},
		"OfflineFlag":     {reason: "Off, the flags can be set.", hot: true, power: off, change: just(spec{CpuHotAddEnabled: no, MemoryHotAddEnabled: no})},
		"Firmware":        {reason: "The firmware is not changed under a running guest.", power: on, change: just(spec{Firmware: "efi"}), want: &types.InvalidPowerState{}},
		"SecureBoot":      {reason: "Secure boot needs EFI.", power: off, change: just(spec{BootOptions: &types.VirtualMachineBootOptions{EfiSecureBootEnabled: yes}}), want: &types.InvalidVmConfig{}},
		"EFISecureBoot":   {reason: "With EFI it is possible.", power: off, change: just(spec{Firmware: "efi", BootOptions: &types.VirtualMachineBootOptions{EfiSecureBootEnabled: yes}})},
		"Cores":           {reason: "CPUs fill sockets.", power: off, change: just(spec{NumCPUs: 3, NumCoresPerSocket: types.NewInt32(2)}), want: &types.InvalidArgument{}},
		"HotCores":        {reason: "Sockets do not change under a running guest.", hot: true, power: on, change: just(spec{NumCoresPerSocket: types.NewInt32(2)}), want: &types.InvalidPowerState{}},
		"TooManyCPUs":     {reason: "Configuration Maximums: 128 CPUs.", power: off, change: just(spec{NumCPUs: 10000}), want: &types.NumVirtualCpusNotSupported{}},
		"OddMemory":       {reason: "'The memory size must be a multiple of 4 MB'.", power: off, change: just(spec{MemoryMB: 1026}), want: &types.InvalidArgument{}},
		"TooMuchMemory":   {reason: "Configuration Maximums: 6128 GB.", power: off, change: just(spec{MemoryMB: 6129 << 10}), want: &types.MemorySizeNotSupported{}},
		"Stale":           {reason: "changeVersion: 'the changes are only applied if the current changeVersion matches'.", power: off, change: just(spec{ChangeVersion: "stale", NumCPUs: 4}), want: &types.ConcurrentAccess{}},
		"Current": {reason: "With the current one they are.", power: off, change: func(m mo.VirtualMachine) spec {
			return spec{ChangeVersion: m.Config.ChangeVersion, NumCPUs: 4}
		}},
		"DuplicateName":    {reason: "DuplicateName: 'a name already exists in the same name space'.", power: off, change: just(spec{Name: "other"}), want: &types.DuplicateName{}},
		"Shrink":           {reason: "A disk cannot shrink, and the VM keeps all its devices.", power: off, change: func(m mo.VirtualMachine) spec { return edited(m, gib, gib/1024) }, want: &types.InvalidDeviceOperation{}},
		"Mismatch":         {reason: "Two sizes contradict each other.", power: off, change: func(m mo.VirtualMachine) spec { return edited(m, 8*gib, 9*gib/1024) }, want: &types.InvalidDeviceOperation{}},
		"GrowInBytes":      {reason: "capacityInBytes is the one to set.", power: on, change: func(m mo.VirtualMachine) spec { return edited(m, 8*gib, 4*gib/1024) }},
		"GrowInKB":         {reason: "Old clients set capacityInKB alone.", power: on, change: func(m mo.VirtualMachine) spec { return edited(m, 4*gib, 8*gib/1024) }},
		"HotDisk":          {reason: "Disks can be added at any time.", power: on, change: func(m mo.VirtualMachine) spec { return spec{DeviceChange: newDisk(m, 1, 1, true)} }},
		"TakenUnit":        {reason: "Two disks cannot have one place.", power: on, change: func(m mo.VirtualMachine) spec { return spec{DeviceChange: newDisk(m, 0, 1, true)} }, want: &types.InvalidDeviceSpec{}},
		"ReservedUnit":     {reason: "scsiCtlrUnitNumber is the controller's own.", power: on, change: func(m mo.VirtualMachine) spec { return spec{DeviceChange: newDisk(m, 7, 1, true)} }, want: &types.InvalidDeviceSpec{}},
		"ThickBeyondSpace": {reason: "NoDiskSpace: a thick disk takes its space at once.", power: off, change: func(m mo.VirtualMachine) spec { return spec{DeviceChange: newDisk(m, 1, 4096, false)} }, want: &types.NoDiskSpace{}},
		"ThinBeyondSpace":  {reason: "A thin one 'allocates on demand'.", power: off, change: func(m mo.VirtualMachine) spec { return spec{DeviceChange: newDisk(m, 1, 4096, true)} }},
		"HotNIC": {reason: "Network cards can be removed at any time.", power: on, change: func(m mo.VirtualMachine) spec {
			return spec{DeviceChange: change[*types.VirtualVmxnet3](m, types.VirtualDeviceConfigSpecOperationRemove, nil)}
		}},
		"UnknownNetwork": {reason: "InvalidDeviceBacking: the host has no such network.", power: off, change: func(m mo.VirtualMachine) spec {
			return spec{DeviceChange: change(m, types.VirtualDeviceConfigSpecOperationEdit, func(d *types.VirtualVmxnet3) {
				d.Backing = &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "none"}}
			})}
		}, want: &types.InvalidDeviceBacking{}},
		"SecondChangeFails": {reason: "A change is made whole or not at all.", power: off, change: func(m mo.VirtualMachine) spec {
			s := edited(m, gib, gib/1024)
			s.NumCPUs, s.Annotation = 4, "changed"
			return s
		}, want: &types.InvalidDeviceOperation{}},
	}
	clone(t, c, "other", false)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			vm := clone(t, c, name, tc.hot)
			if tc.power == on {
				switchOn(t, vm)
			}
			before := show(t, vm)
			task, err := vm.Reconfigure(t.Context(), tc.change(show(t, vm)))
			if err == nil {
				err = task.Wait(t.Context())
			}
			after := show(t, vm)
			if tc.want == nil {
				if err != nil || after.Config.ChangeVersion == before.Config.ChangeVersion {
					t.Errorf("%s\nReconfigure: %v, change version before and after: %s, %s", tc.reason, err, before.Config.ChangeVersion, after.Config.ChangeVersion)
				}
				return
			}
			if !fault.Is(err, tc.want) {
				t.Errorf("%s\nReconfigure: %v, want %T", tc.reason, err, tc.want)
			}
			if diff := cmp.Diff(before.Config, after.Config); diff != "" {
				t.Errorf("%s\na refused change left its marks: -before, +after:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestReconfigureSuspended(t *testing.T) {
	_, c := start(t)
	vm := clone(t, c, "a", true)
	switchOn(t, vm)
	task, err := vm.Suspend(t.Context())
	result(t, task, err)
	task, err = vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{NumCPUs: 4})
	if err == nil {
		err = task.Wait(t.Context())
	}
	if !fault.Is(err, &types.InvalidPowerState{}) {
		t.Errorf("a suspended VM got other hardware: %v", err)
	}
}

// TestExtraConfig merges keys: "To remove a key, set its value to an empty string" (vSphere API).
func TestExtraConfig(t *testing.T) {
	_, c := start(t)
	vm := clone(t, c, "a", false)
	task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: "a", Value: ""}, &types.OptionValue{Key: "c", Value: "3"}, &types.OptionValue{Key: "none", Value: ""},
	}})
	result(t, task, err)
	got := map[string]any{}
	for _, o := range show(t, vm).Config.ExtraConfig {
		if v := o.GetOptionValue(); v.Key != "govcsim" {
			got[v.Key] = v.Value
		}
	}
	if diff := cmp.Diff(map[string]any{"b": "2", "c": "3"}, got); diff != "" {
		t.Errorf("extraConfig: -want, +got:\n%s", diff)
	}
}

// TestTemplateReconfigure changes a template, of which only name and notes change.
func TestTemplateReconfigure(t *testing.T) {
	_, c := start(t)
	vm, _, _ := template(t, c)
	for name, tc := range map[string]struct {
		spec types.VirtualMachineConfigSpec
		want types.BaseMethodFault
	}{
		"Annotation": {spec: types.VirtualMachineConfigSpec{Annotation: "golden"}},
		"CPU":        {spec: types.VirtualMachineConfigSpec{NumCPUs: 4}, want: &types.NotSupported{}},
	} {
		task, err := vm.Reconfigure(t.Context(), tc.spec)
		if err == nil {
			err = task.Wait(t.Context())
		}
		if (tc.want == nil) != (err == nil) || (tc.want != nil && !fault.Is(err, tc.want)) {
			t.Errorf("%s: %v, want %T", name, err, tc.want)
		}
	}
}

// TestHotPlugLimits follows the limits that a VM has for memory: "specified only if memoryHotAddEnabled is set to true".
func TestHotPlugLimits(t *testing.T) {
	_, c := start(t)
	for hot, want := range map[bool][]int64{true: {16 * 2048, 128}, false: {0, 0}} {
		vm := clone(t, c, map[bool]string{true: "hot", false: "cold"}[hot], hot)
		switchOn(t, vm)
		m := show(t, vm)
		if diff := cmp.Diff(want, []int64{m.Config.HotPlugMemoryLimit, m.Config.HotPlugMemoryIncrementSize}); diff != "" {
			t.Errorf("limits of a VM with hot-add %t: -want, +got:\n%s", hot, diff)
		}
	}
}
