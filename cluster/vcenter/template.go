// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// Hardware of each template.
const (
	templateCPUs      = 1
	templateMemoryMiB = 1024
)

// templates adds the templates.
func (b *builder) templates(ctx context.Context) error {
	for _, t := range b.spec.Templates {
		if err := b.template(ctx, t); err != nil {
			return fmt.Errorf("cannot create template %q: %w", t.Name, err)
		}
	}
	return nil
}

func (b *builder) template(ctx context.Context, t Template) error {
	folder := b.folders.VmFolder
	if f := b.inFolder[t.Folder]; f != nil {
		folder = f
	}
	config, err := templateConfig(t)
	if err != nil {
		return err
	}
	pool, err := b.hosts[0].ResourcePool(ctx)
	if err != nil {
		return fmt.Errorf("cannot find a resource pool: %w", err)
	}
	task, err := folder.CreateVM(ctx, config, pool, b.hosts[0])
	if err != nil {
		return fmt.Errorf("cannot create a VM: %w", err)
	}
	info, err := task.WaitForResult(ctx)
	if err != nil {
		return fmt.Errorf("cannot create a VM: %w", err)
	}
	ref, ok := info.Result.(types.ManagedObjectReference)
	if !ok {
		return fmt.Errorf("cannot create a VM: none came of it")
	}
	if err := object.NewVirtualMachine(b.client, ref).MarkAsTemplate(ctx); err != nil {
		return fmt.Errorf("cannot mark the VM as template: %w", err)
	}
	return nil
}

// templateConfig describes a template: a paravirtual SCSI controller with one thin disk, and one VMXNET3 interface.
func templateConfig(t Template) (types.VirtualMachineConfigSpec, error) {
	config := types.VirtualMachineConfigSpec{
		Name:     t.Name,
		GuestId:  string(types.VirtualMachineGuestOsIdentifierOther3xLinux64Guest),
		NumCPUs:  templateCPUs,
		MemoryMB: templateMemoryMiB,
		Files:    &types.VirtualMachineFileInfo{VmPathName: "[" + t.Datastore + "]"},
	}
	var devices object.VirtualDeviceList
	scsi, err := devices.CreateSCSIController("pvscsi")
	if err != nil {
		return config, fmt.Errorf("cannot describe a SCSI controller: %w", err)
	}
	controller, ok := scsi.(types.BaseVirtualController)
	if !ok {
		return config, fmt.Errorf("cannot describe a SCSI controller: %T is none", scsi)
	}
	disk := devices.CreateDisk(controller, types.ManagedObjectReference{}, "["+t.Datastore+"] "+t.Name+"/disk.vmdk")
	disk.CapacityInBytes = t.DiskGiB * gib
	disk.CapacityInKB = t.DiskGiB * gib / 1024
	nic, err := devices.CreateEthernetCard("vmxnet3", &types.VirtualEthernetCardNetworkBackingInfo{
		VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"},
	})
	if err != nil {
		return config, fmt.Errorf("cannot describe an interface: %w", err)
	}
	config.DeviceChange, err = append(devices, scsi, disk, nic).ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	if err != nil {
		return config, fmt.Errorf("cannot describe the devices: %w", err)
	}
	return config, nil
}
