// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// inheritSettings gives a clone the settings of its source that its spec does not name: "the configuration of the cloned virtual
// machine is the same as of the source, unless changed by the spec" (vSphere API, VirtualMachineCloneSpec.config).
func inheritSettings(spec *types.VirtualMachineConfigSpec, src types.VirtualMachineConfigInfo) {
	text := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	flag := func(to **bool, from *bool) {
		if *to == nil {
			*to = from
		}
	}
	text(&spec.Firmware, src.Firmware)
	text(&spec.Annotation, src.Annotation)
	flag(&spec.CpuHotAddEnabled, src.CpuHotAddEnabled)
	flag(&spec.CpuHotRemoveEnabled, src.CpuHotRemoveEnabled)
	flag(&spec.MemoryHotAddEnabled, src.MemoryHotAddEnabled)
	flag(&spec.NestedHVEnabled, src.NestedHVEnabled)
	if src.BootOptions != nil {
		options := *src.BootOptions
		if spec.BootOptions != nil {
			options = *spec.BootOptions
			inherit(&options, *src.BootOptions)
		}
		spec.BootOptions = &options
	}
	if spec.Flags != nil {
		flags := *spec.Flags
		inherit(&flags, src.Flags)
		spec.Flags = &flags
	}
	own := map[string]bool{"govcsim": true}
	for _, o := range spec.ExtraConfig {
		own[o.GetOptionValue().Key] = true
	}
	for _, o := range src.ExtraConfig {
		if !own[o.GetOptionValue().Key] {
			spec.ExtraConfig = append(slices.Clip(spec.ExtraConfig), o)
		}
	}
}

// checkNew returns why a VM cannot be created on a host.
func (w *world) checkNew(host types.ManagedObjectReference, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	cores := int32(1)
	if spec.NumCoresPerSocket != nil {
		cores = max(*spec.NumCoresPerSocket, 1)
	}
	if fault := countCPUs(spec.NumCPUs, cores); fault != nil {
		return fault
	}
	if fault := countMemory(spec.MemoryMB); fault != nil {
		return fault
	}
	blank := &simulator.VirtualMachine{}
	blank.Config = &types.VirtualMachineConfigInfo{Firmware: string(types.GuestOsDescriptorFirmwareTypeBios)}
	if fault := checkBoot(blank, spec); fault != nil {
		return fault
	}
	var home object.DatastorePath
	home.FromString(spec.Files.VmPathName)
	need := map[types.ManagedObjectReference]int64{}
	for _, c := range spec.DeviceChange {
		switch d := c.GetVirtualDeviceConfigSpec().Device.(type) {
		case types.BaseVirtualEthernetCard:
			if fault := w.checkNetwork(host, d); fault != nil {
				return fault
			}
		case *types.VirtualDisk:
			b, ok := d.Backing.(*flatBacking)
			if !ok {
				continue
			}
			size := max(d.CapacityInBytes, d.CapacityInKB*1024)
			if b.Parent != nil {
				size = deltaBytes
			}
			if fault := w.need(need, host, home.Datastore, b, size); fault != nil {
				return fault
			}
		}
	}
	return w.checkSpace(need)
}
