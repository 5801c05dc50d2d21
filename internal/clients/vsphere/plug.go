// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// memoryStepMiB is what a VM's memory is a multiple of.
	memoryStepMiB = 4
	// maxMemoryMiB is the most that any VM can have, 24 TiB: https://configmax.broadcom.com.
	maxMemoryMiB = int64(24) << 20
)

// maxCPUs returns how many CPUs a hardware version knows of: https://knowledge.broadcom.com/external/article/315655
func maxCPUs(version string) int32 {
	n, err := strconv.Atoi(strings.TrimPrefix(version, "vmx-"))
	switch {
	case err != nil || n >= 18:
		return 768
	case n == 17:
		return 256
	case n >= 11:
		return 128
	case n >= 9:
		return 64
	default:
		return 32
	}
}

// plug says what can be changed of a VM in its present power state. hostCPUs is how many its host has, 0 for unknown. The
// rules are those of VirtualMachineConfigInfo: cpuHotAddEnabled, cpuHotRemoveEnabled, memoryHotAddEnabled,
// hotPlugMemoryLimit and hotPlugMemoryIncrementSize.
func (r *record) plug(hostCPUs int32) clients.HotPlug {
	h := r.hardware
	if r.power == clients.PoweredOff {
		most := maxCPUs(h.version)
		return clients.HotPlug{
			MinCPU: 1, MaxCPU: most, CPUWhy: fmt.Sprintf("hardware version %s has at most %d CPUs", h.version, most),
			MinMemoryMiB: memoryStepMiB, MaxMemoryMiB: maxMemoryMiB, MemoryStepMiB: memoryStepMiB,
			MemoryWhy: fmt.Sprintf("a VM has at most %d MiB of memory, in steps of %d MiB", maxMemoryMiB, memoryStepMiB),
			HotAdd:    true, Disks: true, Networks: true,
		}
	}
	p := clients.HotPlug{MinCPU: h.cpus, MaxCPU: h.cpus, MinMemoryMiB: h.memoryMiB, MaxMemoryMiB: h.memoryMiB}
	if r.power == clients.Suspended {
		p.CPUWhy = "the VM is suspended"
		p.MemoryWhy = p.CPUWhy
		return p
	}
	p.Disks, p.Networks = true, true
	r.plugCPU(&p, hostCPUs)
	r.plugMemory(&p)
	return p
}

func (r *record) plugCPU(p *clients.HotPlug, hostCPUs int32) {
	h := r.hardware
	if h.cpuHotRemove {
		p.MinCPU = 1
	}
	if !h.cpuHotAdd {
		p.CPUWhy = "the VM was made without CPU hot-add"
		return
	}
	most := maxCPUs(h.version)
	p.CPUWhy = fmt.Sprintf("hardware version %s has at most %d CPUs", h.version, most)
	if hostCPUs > 0 && hostCPUs < most {
		most, p.CPUWhy = hostCPUs, fmt.Sprintf("the VM's host has %d CPUs", hostCPUs)
	}
	p.MaxCPU = max(h.cpus, most)
	if !h.cpuHotRemove {
		p.CPUWhy += ", and CPUs are not removed while the VM runs"
	}
}

func (r *record) plugMemory(p *clients.HotPlug) {
	h := r.hardware
	switch {
	case !h.memoryHotAdd:
		p.MemoryWhy = "the VM was made without memory hot-add"
	case h.hotPlugLimitMiB <= h.memoryMiB:
		p.MemoryWhy = "the VM has no room for more memory while it runs"
	default:
		p.MaxMemoryMiB, p.MemoryStepMiB = h.hotPlugLimitMiB, h.hotPlugStepMiB
		p.MemoryWhy = fmt.Sprintf("while the VM runs its memory can only grow, to at most %d MiB in steps of %d MiB", p.MaxMemoryMiB, max(1, p.MemoryStepMiB))
	}
}

// growWhy says why a disk cannot be made larger in the VM's present state, "" when it can.
func (r *record) growWhy(d disk) string {
	switch {
	case !d.extensible:
		return "the disk is not a file that can grow"
	case r.snapshots:
		return "the VM has snapshots"
	case len(d.parents) > 0:
		return "the disk builds on another one, as of a linked clone"
	case r.power == clients.Suspended:
		return "the VM is suspended"
	case r.power == clients.PoweredOn && (!d.attached || d.slot.kind != scsi):
		return "only disks of SCSI controllers grow while the VM runs"
	}
	return ""
}
