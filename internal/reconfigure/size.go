// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Reasons for people where the hypervisor gives none.
const (
	whyNotAllowed = "the hypervisor does not allow it in this state of the VM"
	whySuspended  = "the VM is suspended"
	whyHotAdd     = "changed when the VM is next off"
	whyFirmware   = "an installed system starts with no other firmware than its own"
	whyShrink     = "a disk is never made smaller: the guest's data would be cut off"
	whyDiskMade   = "decided when the disk is made"
	whyNetMade    = "decided when the interface is made"
	whyFirstBoot  = "a guest is customized at its first boot only"
	whyOffline    = "expandPolicy is Offline"
)

// because returns the first reason there is.
func because(vm clients.VM, why string) string {
	if vm.PowerState == clients.Suspended {
		return cmp.Or(why, whySuspended)
	}
	return cmp.Or(why, whyNotAllowed)
}

func cpu(s clients.VMSpec, vm clients.VM) []difference {
	if s.CPU == 0 || vm.CPU == 0 || s.CPU == vm.CPU {
		return nil
	}
	d := difference{
		from: strconv.Itoa(int(vm.CPU)), to: strconv.Itoa(int(s.CPU)),
		apply: func(c *clients.Change) { c.CPU = s.CPU },
	}
	if s.CPU < vm.Plug.MinCPU || s.CPU > vm.Plug.MaxCPU {
		d.blocked = because(vm, vm.Plug.CPUWhy)
	}
	return []difference{d}
}

func memory(s clients.VMSpec, vm clients.VM) []difference {
	if s.MemoryMiB == 0 || vm.MemoryMiB == 0 || s.MemoryMiB == vm.MemoryMiB {
		return nil
	}
	d := difference{
		from: strconv.FormatInt(vm.MemoryMiB, 10), to: strconv.FormatInt(s.MemoryMiB, 10),
		apply: func(c *clients.Change) { c.MemoryMiB = s.MemoryMiB },
	}
	switch step := max(1, vm.Plug.MemoryStepMiB); {
	case s.MemoryMiB < vm.Plug.MinMemoryMiB || s.MemoryMiB > vm.Plug.MaxMemoryMiB:
		d.blocked = because(vm, vm.Plug.MemoryWhy)
	case (s.MemoryMiB-vm.MemoryMiB)%step != 0:
		d.blocked = fmt.Sprintf("memory changes by multiples of %d MiB in this state of the VM", step)
	}
	return []difference{d}
}

func hotAdd(s clients.VMSpec, vm clients.VM) []difference {
	if s.HotAdd == nil {
		return nil
	}
	want, have := *s.HotAdd, vm.HotAdd
	// A maximum that is not asked for, or not told, is no difference.
	if want.MaxCPU == 0 || have.MaxCPU == 0 {
		want.MaxCPU, have.MaxCPU = 0, 0
	}
	if want.MaxMemoryMiB == 0 || have.MaxMemoryMiB == 0 {
		want.MaxMemoryMiB, have.MaxMemoryMiB = 0, 0
	}
	if want == have {
		return nil
	}
	d := difference{from: headroom(have), to: headroom(want), apply: func(c *clients.Change) { c.HotAdd = s.HotAdd }}
	if !vm.Plug.HotAdd {
		d.blocked = whyHotAdd
	}
	return []difference{d}
}

// headroom returns hot-add settings for people.
func headroom(h clients.HotAdd) string {
	var s []string
	if h.CPU {
		s = append(s, "cpu")
	}
	if h.Memory {
		s = append(s, "memory")
	}
	if h.MaxCPU > 0 {
		s = append(s, fmt.Sprintf("at most %d CPUs", h.MaxCPU))
	}
	if h.MaxMemoryMiB > 0 {
		s = append(s, fmt.Sprintf("at most %d MiB", h.MaxMemoryMiB))
	}
	return cmp.Or(strings.Join(s, ", "), "none")
}

func firmware(s clients.VMSpec, vm clients.VM) []difference {
	if s.Firmware == "" || vm.Firmware == "" || s.Firmware == vm.Firmware && s.SecureBoot == vm.SecureBoot {
		return nil
	}
	return []difference{{from: starter(vm.Firmware, vm.SecureBoot), to: starter(s.Firmware, s.SecureBoot), never: whyFirmware}}
}

// starter returns a firmware for people.
func starter(f clients.Firmware, secureBoot bool) string {
	if secureBoot {
		return string(f) + " with secure boot"
	}
	return string(f)
}
