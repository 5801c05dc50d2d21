// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// newCloneSpec describes the clone: all of the VM at once, so that there is no VM of ours that is half made.
func newCloneSpec(spec clients.VMSpec, t target) (types.VirtualMachineCloneSpec, error) {
	config, err := newConfigSpec(spec, t)
	if err != nil {
		return types.VirtualMachineCloneSpec{}, err
	}
	custom, err := customization(spec.Identity, spec.GuestData, t.interfaces())
	if err != nil {
		return types.VirtualMachineCloneSpec{}, err
	}
	clone := types.VirtualMachineCloneSpec{
		Location:      types.VirtualMachineRelocateSpec{Host: &t.host, Pool: &t.pool, Datastore: &t.datastore},
		Config:        config,
		Customization: custom,
	}
	if t.snapshot != nil {
		clone.Snapshot = t.snapshot
		clone.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
	}
	return clone, nil
}

// newConfigSpec describes all of a VM that is not its place, to one that has the target's devices.
func newConfigSpec(spec clients.VMSpec, t target) (*types.VirtualMachineConfigSpec, error) {
	record, disks, err := diskChanges(spec, t)
	if err != nil {
		return nil, err
	}
	guest, err := guestInfo(spec.Identity, spec.GuestData, t.interfaces())
	if err != nil {
		return nil, err
	}
	cards, err := cardChanges(t)
	if err != nil {
		return nil, err
	}
	config := &types.VirtualMachineConfigSpec{
		InstanceUuid: spec.UUID,
		NumCPUs:      spec.CPU,
		MemoryMB:     spec.MemoryMiB,
		DeviceChange: append(cards, disks...),
		ExtraConfig: append([]types.BaseOptionValue{
			&types.OptionValue{Key: KeyOwner, Value: spec.Owner},
			&types.OptionValue{Key: KeyNamespace, Value: spec.Namespace},
			&types.OptionValue{Key: keyDisks, Value: record.String()},
			&types.OptionValue{Key: keyNetworks, Value: wantedNICs(t.networks).String()},
			&types.OptionValue{Key: keyGuestData, Value: spec.GuestData.Hash(spec.Networks)},
		}, guest...),
	}
	if cores := t.image.hardware.cores; cores > 1 && spec.CPU%cores != 0 {
		// vCenter refuses a number of CPUs that does not fill the sockets.
		config.NumCoresPerSocket = types.NewInt32(1)
	}
	if h := spec.HotAdd; h != nil {
		config.CpuHotAddEnabled, config.MemoryHotAddEnabled = types.NewBool(h.CPU), types.NewBool(h.Memory)
	}
	if err := setFirmware(spec, t, config); err != nil {
		return nil, err
	}
	return config, nil
}

// setFirmware says what starts the VM. Secure boot and a TPM are UEFI's.
func setFirmware(spec clients.VMSpec, t target, config *types.VirtualMachineConfigSpec) error {
	firmware := spec.Firmware
	if firmware == "" {
		firmware = t.image.hardware.firmware
	}
	if (spec.SecureBoot || spec.TPM) && firmware != clients.UEFI {
		return clients.NewError(clients.Invalid, "Firmware", fmt.Errorf("cannot create VM %q: secure boot and a TPM need firmware uefi, and the VM's is %s", spec.Name, firmware))
	}
	switch spec.Firmware {
	case clients.UEFI:
		config.Firmware = string(types.GuestOsDescriptorFirmwareTypeEfi)
	case clients.BIOS:
		config.Firmware = string(types.GuestOsDescriptorFirmwareTypeBios)
	}
	if spec.Firmware != "" || spec.SecureBoot {
		config.BootOptions = &types.VirtualMachineBootOptions{EfiSecureBootEnabled: types.NewBool(spec.SecureBoot)}
	}
	if spec.TPM {
		config.DeviceChange = append(config.DeviceChange, addDevice(&types.VirtualTPM{VirtualDevice: types.VirtualDevice{Key: -400}}))
	}
	return nil
}

// diskChanges grows the root disk and adds data disks. It returns what to write down of where each is.
func diskChanges(spec clients.VMSpec, t target) (diskNames, []types.BaseVirtualDeviceConfigSpec, error) {
	names := imageDisks(t.devices)
	var data []clients.Disk
	var changes []types.BaseVirtualDeviceConfigSpec
	for _, d := range spec.Disks {
		if d.Name != clients.RootDisk {
			data = append(data, d)
			continue
		}
		change, err := growRoot(d, t)
		if err != nil {
			return nil, nil, err
		}
		if change != nil {
			changes = append(changes, change)
		}
	}
	at, controllers, err := freePlaces(t.devices, data)
	if err != nil {
		return nil, nil, clients.NewError(clients.Invalid, "VM", err)
	}
	for _, c := range controllers {
		changes = append(changes, addDevice(c))
	}
	for i, d := range data {
		names[at[i].slot] = d.Name
		store := t.store(d)
		changes = append(changes, newDisk(i, d, at[i], store.ref, store.name))
	}
	return names, changes, nil
}

// growRoot makes the image's first disk as large as wanted; nil when it is.
func growRoot(wanted clients.Disk, t target) (types.BaseVirtualDeviceConfigSpec, error) {
	disks := virtualDisks(t.devices)
	if len(disks) == 0 {
		return nil, clients.NewError(clients.Invalid, "Disk", fmt.Errorf("image %q has no disk to be the disk %q", t.image.name, wanted.Name))
	}
	root := *disks[0]
	is := newDiskRecord(&root)
	want := wanted.SizeGiB * gib
	switch {
	case want == is.bytes:
		return nil, nil
	case want < is.bytes:
		return nil, clients.NewError(clients.Invalid, "Disk", fmt.Errorf("disk %q cannot be of %d GiB: that of image %q has %d bytes, and disks do not shrink", wanted.Name, wanted.SizeGiB, t.image.name, is.bytes))
	case t.snapshot != nil || len(is.parents) > 0:
		return nil, clients.NewError(clients.Invalid, "Disk", fmt.Errorf("disk %q cannot be of %d GiB: that of image %q has %d bytes and is shared with a snapshot, and such disks do not grow", wanted.Name, wanted.SizeGiB, t.image.name, is.bytes))
	}
	root.CapacityInBytes, root.CapacityInKB = want, want/1024
	return &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: &root}, nil
}

func addDevice(d types.BaseVirtualDevice) types.BaseVirtualDeviceConfigSpec {
	return &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: d}
}
