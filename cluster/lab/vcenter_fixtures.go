// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// ForeignFolder is the folder that CreateForeign makes VMs in.
const ForeignFolder = "/Production/WebServers"

// CreateForeign makes an empty VM in ForeignFolder.
func (v *VCenter) CreateForeign(ctx context.Context, name string) (VM, error) {
	f, dc, err := v.finder(ctx)
	if err != nil {
		return VM{}, err
	}
	folder, err := f.Folder(ctx, dc.InventoryPath+"/vm"+ForeignFolder)
	if err != nil {
		return VM{}, fmt.Errorf("cannot find the folder: %w", err)
	}
	pools, err := f.ResourcePoolList(ctx, "*/Resources")
	if err != nil {
		return VM{}, fmt.Errorf("cannot find a resource pool: %w", err)
	}
	task, err := folder.CreateVM(ctx, types.VirtualMachineConfigSpec{
		Name: name, NumCPUs: 1, MemoryMB: 32, GuestId: string(types.VirtualMachineGuestOsIdentifierOtherGuest),
		Files: &types.VirtualMachineFileInfo{VmPathName: "[ssd-datastore-1]"},
	}, pools[0], nil)
	if err := finish(ctx, task, err); err != nil {
		return VM{}, fmt.Errorf("cannot create VM %q: %w", name, err)
	}
	vms, err := v.VMs(ctx, name)
	if err != nil || len(vms) != 1 {
		return VM{}, fmt.Errorf("cannot find the VM %q just made: %d VMs of this name: %w", name, len(vms), err)
	}
	return vms[0], nil
}

// CreateTemplate makes a template without disks in ForeignFolder.
func (v *VCenter) CreateTemplate(ctx context.Context, name string) (VM, error) {
	vm, err := v.CreateForeign(ctx, name)
	if err != nil {
		return VM{}, err
	}
	if err := v.vm(vm).MarkAsTemplate(ctx); err != nil {
		return VM{}, fmt.Errorf("cannot make VM %q a template: %w", name, err)
	}
	return vm, nil
}

// CreateNetwork makes a distributed port group on the datacenter's first distributed switch.
func (v *VCenter) CreateNetwork(ctx context.Context, name string) error {
	f, _, err := v.finder(ctx)
	if err != nil {
		return err
	}
	networks, err := f.NetworkList(ctx, "*")
	if err != nil {
		return fmt.Errorf("cannot list networks: %w", err)
	}
	for _, n := range networks {
		if dvs, ok := n.(*object.DistributedVirtualSwitch); ok {
			task, err := dvs.AddPortgroup(ctx, []types.DVPortgroupConfigSpec{{
				Name: name, NumPorts: 8, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding),
			}})
			if err := finish(ctx, task, err); err != nil {
				return fmt.Errorf("cannot add port group %q: %w", name, err)
			}
			return nil
		}
	}
	return fmt.Errorf("cannot add port group %q: the datacenter has no distributed switch", name)
}

// DeleteNetwork removes a network.
func (v *VCenter) DeleteNetwork(ctx context.Context, name string) error {
	f, _, err := v.finder(ctx)
	if err != nil {
		return err
	}
	n, err := f.Network(ctx, name)
	if err != nil {
		return fmt.Errorf("cannot find network %q: %w", name, err)
	}
	task, err := object.NewCommon(v.client.Client, n.Reference()).Destroy(ctx)
	if err := finish(ctx, task, err); err != nil {
		return fmt.Errorf("cannot remove network %q: %w", name, err)
	}
	return nil
}

func (v *VCenter) finder(ctx context.Context) (*find.Finder, *object.Datacenter, error) {
	f := find.NewFinder(v.client.Client)
	dc, err := f.DefaultDatacenter(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot find the datacenter: %w", err)
	}
	return f.SetDatacenter(dc), dc, nil
}
