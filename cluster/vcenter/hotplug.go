// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	// hotPlugFactor times the memory that a VM was powered on with is what it can have while it is on (VMware KB 2020846).
	hotPlugFactor = 16
	// hotPlugIncrementMiB is in what steps; the API leaves the value to the VM, and this one is common.
	hotPlugIncrementMiB = 128

	// Memory is "a multiple of 4 MB" (vSphere Virtual Machine Administration, Virtual Machine Memory Configuration), at most that
	// of virtual hardware version 13 (VMware Configuration Maximums for vSphere 6.5), which is that of vcsim's VMs.
	memoryStepMiB = 4
	maxMemoryMiB  = 6128 << 10
	maxCPUs       = 128
)

// plugMemory gives a VM the limits of memory that can be added while it is on. They are "determined by the virtual machine and
// specified only if memoryHotAddEnabled is set to true" (vSphere API, VirtualMachineConfigInfo.hotPlugMemoryLimit).
func (w *world) plugMemory(vm *simulator.VirtualMachine) {
	var limit, increment int64
	if isTrue(vm.Config.MemoryHotAddEnabled) {
		limit, increment = int64(vm.Config.Hardware.MemoryMB)*hotPlugFactor, hotPlugIncrementMiB
	}
	if vm.Config.HotPlugMemoryLimit == limit && vm.Config.HotPlugMemoryIncrementSize == increment {
		return
	}
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "config.hotPlugMemoryLimit", Val: limit},
		{Name: "config.hotPlugMemoryIncrementSize", Val: increment},
	})
}

// checkCPUs returns why a VM cannot get that many CPUs.
func checkCPUs(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	now := vm.Config.Hardware
	cpus, cores := now.NumCPU, int32(1)
	if now.NumCoresPerSocket != nil {
		cores = max(*now.NumCoresPerSocket, 1)
	}
	if spec.NumCoresPerSocket != nil {
		cores = max(*spec.NumCoresPerSocket, 1)
	}
	if spec.NumCPUs != 0 {
		cpus = spec.NumCPUs
	}
	if fault := countCPUs(cpus, cores); fault != nil {
		return fault
	}
	if vm.Runtime.PowerState != on {
		return nil
	}
	// "Thrown when virtual CPUs cannot be hot-added or hot-removed from the virtual machine": cpuHotAddEnabled and
	// cpuHotRemoveEnabled say whether they can (vSphere API).
	if (cpus > now.NumCPU && !isTrue(vm.Config.CpuHotAddEnabled)) || (cpus < now.NumCPU && !isTrue(vm.Config.CpuHotRemoveEnabled)) {
		return &types.CpuHotPlugNotSupported{}
	}
	return nil
}

// countCPUs returns why no VM can have that many CPUs in sockets of that many cores.
func countCPUs(cpus, cores int32) types.BaseMethodFault {
	switch {
	case cpus < 1 || cpus > maxCPUs:
		return &types.NumVirtualCpusNotSupported{MaxSupportedVcpusDest: maxCPUs, NumCpuVm: cpus}
	case cpus%cores != 0:
		return &types.InvalidArgument{InvalidProperty: "spec.numCoresPerSocket"}
	}
	return nil
}

// checkMemory returns why a VM cannot get that much memory.
func checkMemory(vm *simulator.VirtualMachine, spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	wanted, now := spec.MemoryMB, int64(vm.Config.Hardware.MemoryMB)
	if wanted == 0 || wanted == now {
		return nil
	}
	if fault := countMemory(wanted); fault != nil {
		return fault
	}
	if vm.Runtime.PowerState != on {
		return nil
	}
	// "Thrown when memory cannot be hot-added or hot-removed from the virtual machine." There is no flag that lets memory be
	// removed; hotPlugMemoryLimit is "the maximum amount of memory", and what is added "must be in increments of"
	// hotPlugMemoryIncrementSize (vSphere API).
	c := vm.Config
	if wanted < now || !isTrue(c.MemoryHotAddEnabled) || wanted > c.HotPlugMemoryLimit ||
		c.HotPlugMemoryIncrementSize == 0 || (wanted-now)%c.HotPlugMemoryIncrementSize != 0 {
		return &types.MemoryHotPlugNotSupported{}
	}
	return nil
}

// countMemory returns why no VM can have that much memory.
func countMemory(mib int64) types.BaseMethodFault {
	switch {
	case mib < memoryStepMiB || mib > maxMemoryMiB:
		return &types.MemorySizeNotSupported{MinMemorySizeMB: memoryStepMiB, MaxMemorySizeMB: maxMemoryMiB}
	case mib%memoryStepMiB != 0:
		return &types.InvalidArgument{InvalidProperty: "spec.memoryMB"}
	}
	return nil
}

// offline are the settings that change only while a VM is powered off, and whether a spec changes one.
//
// "This attribute can only be set when the virtual machine is powered-off" says the vSphere API of the hot-add flags
// (VirtualMachineConfigSpec). The vSphere Client asks to power the VM off for the others (vSphere Virtual Machine
// Administration: Configure Virtual CPU Resources, Change the Firmware of a Virtual Machine, Enable or Disable UEFI Secure
// Boot, Change the Guest Operating System).
func offline(now *types.VirtualMachineConfigInfo, spec *types.VirtualMachineConfigSpec) bool {
	flag := func(have, want *bool) bool { return want != nil && isTrue(have) != *want }
	text := func(have, want string) bool { return want != "" && have != want }
	secure := func(o *types.VirtualMachineBootOptions) *bool {
		if o == nil {
			return nil
		}
		return o.EfiSecureBootEnabled
	}
	cores := spec.NumCoresPerSocket
	return flag(now.CpuHotAddEnabled, spec.CpuHotAddEnabled) ||
		flag(now.CpuHotRemoveEnabled, spec.CpuHotRemoveEnabled) ||
		flag(now.MemoryHotAddEnabled, spec.MemoryHotAddEnabled) ||
		flag(now.NestedHVEnabled, spec.NestedHVEnabled) ||
		flag(secure(now.BootOptions), secure(spec.BootOptions)) ||
		text(now.Firmware, spec.Firmware) ||
		text(now.GuestId, spec.GuestId) ||
		text(now.Version, spec.Version) ||
		(cores != nil && (now.Hardware.NumCoresPerSocket == nil || *now.Hardware.NumCoresPerSocket != *cores))
}
