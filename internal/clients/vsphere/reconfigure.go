// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// ReconfigureVM implements clients.Hypervisor. It takes one call, and one more to follow the task; before it those that tags
// and custom attributes take. A change that the VM has already takes none.
//
// Tags and attributes come first: each is idempotent, and what was given is written down on the VM with the rest.
func (c *Client) ReconfigureVM(ctx context.Context, id clients.Identity, change clients.Change) error {
	s, r, err := c.idle(id)
	if err != nil {
		return err
	}
	spec, err := c.configSpec(r, id, change)
	if err != nil {
		return err
	}
	if err := c.label(ctx, s, r, change, spec); err != nil {
		return err
	}
	if isEmpty(spec) {
		return nil
	}
	return c.reconfigure(ctx, s, r, toReconfigure, spec)
}

// reconfigure starts to change a VM's configuration, unless somebody changed it since it was observed. A call whose outcome is
// not known is safe to repeat: it either finds the VM busy or changed, or what it does is what it shall have.
func (c *Client) reconfigure(ctx context.Context, s *session, r *record, p purpose, spec *types.VirtualMachineConfigSpec) error {
	spec.ChangeVersion = r.version
	res, err := methods.ReconfigVM_Task(ctx, s.vim, &types.ReconfigVM_Task{This: r.ref, Spec: *spec})
	if err != nil {
		err = fmt.Errorf("cannot %s VM %q: %w", p, r.name, err)
		if isPowerState(err) {
			return clients.NewError(clients.Invalid, "VM", err)
		}
		return classify(err)
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: p})
	return nil
}

// configSpec describes a change of a VM as the cache has it.
func (c *Client) configSpec(r *record, id clients.Identity, change clients.Change) (*types.VirtualMachineConfigSpec, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e := &edit{
		cache: c.cache, vm: r, spec: &types.VirtualMachineConfigSpec{}, disks: diskNames{},
		devices: get[types.ArrayOfVirtualDevice](c.cache.objects[r.ref], "config.hardware.device").VirtualDevice,
	}
	for _, step := range []func(clients.Change) error{e.cpu, e.memory, e.hotAdd, e.changeDisks, e.changeNICs} {
		if err := step(change); err != nil {
			return nil, err
		}
	}
	if change.SetGuestData {
		if err := e.guestData(id, change); err != nil {
			return nil, err
		}
	}
	return e.spec, nil
}

// isEmpty says whether a spec changes nothing.
func isEmpty(s *types.VirtualMachineConfigSpec) bool {
	return s.NumCPUs == 0 && s.MemoryMB == 0 && s.CpuHotAddEnabled == nil && s.MemoryHotAddEnabled == nil &&
		len(s.DeviceChange) == 0 && len(s.ExtraConfig) == 0
}

// An edit gathers what becomes different of a VM. The client's mu is held.
type edit struct {
	cache   *cache
	vm      *record
	devices object.VirtualDeviceList
	spec    *types.VirtualMachineConfigSpec
	disks   diskNames
	nics    nicNames
}

// refuse says that something cannot be changed in the VM's present state.
func (e *edit) refuse(subject, format string, args ...any) error {
	return clients.NewError(clients.Invalid, subject, fmt.Errorf("cannot reconfigure VM %q: %w", e.vm.name, fmt.Errorf(format, args...)))
}

// write sets a key of the extra configuration, an empty value removing it, unless the VM has it.
func (e *edit) write(key, value string) {
	if option(e.cache.objects[e.vm.ref], key) != value {
		e.spec.ExtraConfig = append(e.spec.ExtraConfig, &types.OptionValue{Key: key, Value: value})
	}
}

func (e *edit) cpu(change clients.Change) error {
	h, n := e.vm.hardware, change.CPU
	if n == 0 || n == h.cpus {
		return nil
	}
	plug := e.cache.plug(e.vm)
	if n < plug.MinCPU || n > plug.MaxCPU {
		return e.refuse("CPU", "it cannot have %d CPUs now: %s", n, plug.CPUWhy)
	}
	if h.cores > 1 && n%h.cores != 0 {
		if e.vm.power != clients.PoweredOff {
			return e.refuse("CPU", "it cannot have %d CPUs while it runs: they come in sockets of %d", n, h.cores)
		}
		e.spec.NumCoresPerSocket = types.NewInt32(divisor(n, h.cores))
	}
	e.spec.NumCPUs = n
	return nil
}

// divisor returns the greatest common one.
func divisor(a, b int32) int32 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (e *edit) memory(change clients.Change) error {
	now, want := e.vm.hardware.memoryMiB, change.MemoryMiB
	if want == 0 || want == now {
		return nil
	}
	plug := e.cache.plug(e.vm)
	from := now
	if e.vm.power == clients.PoweredOff {
		from = 0
	}
	if want < plug.MinMemoryMiB || want > plug.MaxMemoryMiB || (want-from)%max(1, plug.MemoryStepMiB) != 0 {
		return e.refuse("Memory", "it cannot have %d MiB of memory now: %s", want, plug.MemoryWhy)
	}
	e.spec.MemoryMB = want
	return nil
}

func (e *edit) hotAdd(change clients.Change) error {
	h, want := e.vm.hardware, change.HotAdd
	if want == nil || want.CPU == h.cpuHotAdd && want.Memory == h.memoryHotAdd {
		return nil
	}
	if e.vm.power != clients.PoweredOff {
		return e.refuse("HotAdd", "hot-add is switched while it is off")
	}
	e.spec.CpuHotAddEnabled, e.spec.MemoryHotAddEnabled = types.NewBool(want.CPU), types.NewBool(want.Memory)
	return nil
}

// guestData replaces what the guest is told.
func (e *edit) guestData(id clients.Identity, change clients.Change) error {
	if change.GuestData.Prep != clients.PrepCloudInit {
		return clients.NewError(clients.Unsupported, "GuestData", fmt.Errorf("cannot change the guest data of VM %q: VMware Tools apply them when a VM is made", e.vm.name))
	}
	options, err := guestInfo(id, change.GuestData, e.macs(change.Networks))
	if err != nil {
		return err
	}
	hash := change.GuestData.Hash(change.Networks)
	if hash == e.vm.guestData {
		return nil
	}
	e.spec.ExtraConfig = append(e.spec.ExtraConfig, options...)
	e.write(keyGuestData, hash)
	return nil
}
