// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"maps"
	"reflect"
	"slices"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ReconfigVMTask starts to change a VM. A change is made whole or not at all.
func (m *machine) ReconfigVMTask(ctx *simulator.Context, req *types.ReconfigVM_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "reconfigVm", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		return nil, m.world.reconfigure(ctx, vm, &req.Spec)
	})
	return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: ref}, Fault_: fault}
}

// reconfigure changes a VM if nothing speaks against it.
func (w *world) reconfigure(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	// "If specified, the changes are only applied if the current changeVersion matches the specified changeVersion" (vSphere API).
	if spec.ChangeVersion != "" && spec.ChangeVersion != vm.Config.ChangeVersion {
		return &types.ConcurrentAccess{}
	}
	for _, check := range []func(*simulator.VirtualMachine, *types.VirtualMachineConfigSpec) types.BaseMethodFault{
		checkTemplate, checkState, checkBoot, checkCPUs, checkMemory, w.checkName, w.checkDevices,
	} {
		if fault := check(vm, spec); fault != nil {
			return fault
		}
	}
	w.ownUUID(vm.Self, spec)
	complete(vm.Config, spec)
	disks := disksOf(vm.Config.Hardware.Device)
	if fault := w.apply(ctx, vm, spec); fault != nil {
		return fault
	}
	w.thinDisks(disks, disksOf(vm.Config.Hardware.Device))
	w.remember(vm.Self)
	if vm.Runtime.PowerState == off {
		w.plugMemory(vm)
	}
	return nil
}

// apply lets vcsim make the change, and undoes what it did if it fails, because vcsim changes a VM step by step.
func (w *world) apply(ctx *simulator.Context, vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	name, config, summary, network, nets := vm.Name, *vm.Config, vm.Summary.Config, slices.Clone(vm.Network), slices.Clone(vm.Guest.Net)
	// vcsim changes lists in place.
	vm.Config.Hardware.Device, vm.Config.ExtraConfig = slices.Clone(config.Hardware.Device), slices.Clone(config.ExtraConfig)
	free := map[*simulator.Datastore]int64{}
	for _, ref := range vm.Datastore {
		if ds, ok := w.reg.Get(ref).(*simulator.Datastore); ok {
			free[ds] = ds.Summary.FreeSpace
		}
	}
	done := keepOpaque(spec.DeviceChange)
	_, fault := w.outcome(vm.ReconfigVMTask(ctx, &types.ReconfigVM_Task{This: vm.Self, Spec: *spec}))
	done()
	if fault == nil {
		w.listNetworks(vm)
		return nil
	}
	vm.Name, *vm.Config, vm.Summary.Config, vm.Network, vm.Guest.Net = name, config, summary, network, nets
	for ds, n := range free {
		useSpace(ds, ds.Summary.FreeSpace-n)
	}
	return fault
}

// checkTemplate returns why a template cannot be changed so: of a template, the name and the notes can be (vSphere Virtual
// Machine Administration: to edit a template, convert it to a virtual machine).
func checkTemplate(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	allowed := types.VirtualMachineConfigSpec{Name: spec.Name, Annotation: spec.Annotation, ChangeVersion: spec.ChangeVersion}
	if vm.Config.Template && !reflect.DeepEqual(*spec, allowed) {
		return &types.NotSupported{}
	}
	return nil
}

// checkState returns why a VM in its power state cannot be changed so.
func checkState(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	state := vm.Runtime.PowerState
	hardware := spec.NumCPUs != 0 || spec.MemoryMB != 0 || len(spec.DeviceChange) > 0
	if (state != off && offline(vm.Config, spec)) || (state == suspended && hardware) {
		return &types.InvalidPowerState{RequestedState: off, ExistingState: state}
	}
	return nil
}

// checkBoot returns why a VM cannot boot so: "To use UEFI Secure Boot, the virtual machine must use EFI firmware" (vSphere
// Security, Virtual Machine UEFI Secure Boot).
func checkBoot(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	firmware, options := vm.Config.Firmware, vm.Config.BootOptions
	if spec.Firmware != "" {
		firmware = spec.Firmware
	}
	if spec.BootOptions != nil && spec.BootOptions.EfiSecureBootEnabled != nil {
		options = spec.BootOptions
	}
	switch {
	case firmware != string(types.GuestOsDescriptorFirmwareTypeBios) && firmware != string(types.GuestOsDescriptorFirmwareTypeEfi):
		return &types.InvalidArgument{InvalidProperty: "spec.firmware"}
	case options != nil && isTrue(options.EfiSecureBootEnabled) && firmware != string(types.GuestOsDescriptorFirmwareTypeEfi):
		return &types.InvalidVmConfig{Property: "spec.bootOptions.efiSecureBootEnabled"}
	}
	return nil
}

// checkName returns the fault that another object of the VM's folder has the name.
func (w *world) checkName(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if spec.Name == "" || spec.Name == vm.Name || vm.Parent == nil {
		return nil
	}
	folder, ok := w.reg.Get(*vm.Parent).(*simulator.Folder)
	if !ok {
		return nil
	}
	if e := w.reg.FindByName(spec.Name, folder.ChildEntity); e != nil {
		return &types.DuplicateName{Name: spec.Name, Object: e.Reference()}
	}
	return nil
}

// complete brings a spec into the form that vcsim understands as a vCenter would.
func complete(now *types.VirtualMachineConfigInfo, spec *types.VirtualMachineConfigSpec) {
	// "Unset properties are left unchanged" (vSphere API, ReconfigVM_Task); vcsim replaces these as a whole.
	if spec.Flags != nil {
		inherit(spec.Flags, now.Flags)
	}
	if spec.BootOptions != nil && now.BootOptions != nil {
		inherit(spec.BootOptions, *now.BootOptions)
	}
	keys := map[string]bool{}
	for _, o := range now.ExtraConfig {
		keys[o.GetOptionValue().Key] = true
	}
	// "To remove a key, set its value to an empty string" (vSphere API, VirtualMachineConfigSpec.extraConfig): where there is none,
	// nothing happens.
	spec.ExtraConfig = slices.DeleteFunc(slices.Clone(spec.ExtraConfig), func(o types.BaseOptionValue) bool {
		v := o.GetOptionValue()
		return v.Value == "" && !keys[v.Key]
	})
}

// inherit sets the fields of a struct that are not set to those of another.
func inherit[T any](to *T, from T) {
	dst, src := reflect.ValueOf(to).Elem(), reflect.ValueOf(from)
	for i := range dst.NumField() {
		if f := dst.Field(i); f.IsZero() {
			f.Set(src.Field(i))
		}
	}
}

// ownUUID gives a VM another instance UUID than the one wanted if a VM has that already: vCenter is to "assign or change it when
// VirtualCenter detects an identifier conflict between virtual machines" (vSphere API, VirtualMachineConfigSpec.instanceUuid).
func (w *world) ownUUID(vm types.ManagedObjectReference, spec *types.VirtualMachineConfigSpec) {
	if spec.InstanceUuid == "" {
		return
	}
	if owner, taken := w.uuidOwner(spec.InstanceUuid); taken && owner != vm {
		spec.InstanceUuid = uuid.NewString()
	}
}

// uuidOwner returns the VM that has an instance UUID. It looks at VMs that are new, and remembers the others.
func (w *world) uuidOwner(id string) (types.ManagedObjectReference, bool) {
	w.state.Lock()
	fresh := maps.Clone(w.fresh)
	clear(w.fresh)
	w.state.Unlock()
	for ref := range fresh {
		if vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine); ok && vm.Config != nil {
			w.uuids[vm.Config.InstanceUuid] = ref
		}
	}
	ref, ok := w.uuids[id]
	if !ok {
		return ref, false
	}
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok || vm.Config.InstanceUuid != id {
		delete(w.uuids, id)
		return ref, false
	}
	return ref, true
}

// remember notes that a VM may have another instance UUID than before.
func (w *world) remember(ref types.ManagedObjectReference) {
	w.state.Lock()
	defer w.state.Unlock()
	w.fresh[ref] = true
}
