// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// A Guest says how the operating system in a VM behaves. The zero Guest has running tools as soon as the VM is on, and an
// address for each interface that follows from the VM's instance UUID; it shuts down at once when asked to.
type Guest struct {
	// Tools of the guest.
	Tools Tools
	// BootTime passes between power-on or a restart and the tools' start.
	BootTime time.Duration
	// NoAddress leaves the guest without any address.
	NoAddress bool
	// Addresses of the first interface, instead of the one that it would have.
	Addresses []string
	// HostName that the tools tell; empty for none.
	HostName string
	// FailsCustomization says that the guest cannot apply a customization.
	FailsCustomization bool
	// ShutdownTime passes between the request to shut down or stand by and its end.
	ShutdownTime time.Duration
	// IgnoresShutdown says that the guest takes requests to shut down or stand by and never follows them.
	IgnoresShutdown bool
}

// Tools are the state of the VMware Tools in a guest that is up.
type Tools int

// States of tools.
const (
	ToolsRunning Tools = iota
	ToolsStopped
	ToolsMissing
)

// SetGuest changes how a VM's guest behaves. What of it shows, changes at once.
func (s *Server) SetGuest(vm types.ManagedObjectReference, g Guest) {
	w := s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.guests[vm] = g
	w.show(vm, w.booted[vm] > 0)
	w.finish()
}

// guest returns how a VM's guest behaves.
func (w *world) guest(vm types.ManagedObjectReference) Guest {
	if g, ok := w.guests[vm]; ok {
		return g
	}
	return w.anyGuest
}

// followPower lets a VM's guest boot when the VM was powered on, and takes its tools and addresses when it is not.
func (w *world) followPower(ref types.ManagedObjectReference) {
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if ok {
		stampBoot(vm)
	}
	if !ok || vm.Runtime.PowerState != on {
		delete(w.booted, ref)
		w.show(ref, false)
		return
	}
	w.boot(ref)
}

// stampBoot says when a VM was powered on: "updated when the virtual machine is powered on from the poweredOff state, and is
// cleared when the virtual machine is powered off" (vSphere API, VirtualMachineRuntimeInfo.bootTime).
func stampBoot(vm *simulator.VirtualMachine) {
	switch {
	case vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff:
		vm.Runtime.BootTime = nil
	case vm.Runtime.BootTime == nil:
		now := time.Now()
		vm.Runtime.BootTime = &now
	}
}

// boot lets a guest start. Another boot, and power-off, make this one void.
func (w *world) boot(ref types.ManagedObjectReference) {
	w.boots++
	n := w.boots
	up := func() {
		if vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine); ok {
			w.identify(vm)
		}
		w.booted[ref] = n
		w.show(ref, true)
	}
	wait := w.guest(ref).BootTime
	if wait == 0 {
		up()
		return
	}
	w.booted[ref] = -n
	w.show(ref, false)
	w.later(wait, func() {
		if w.booted[ref] == -n {
			up()
		}
	})
}

// later does something after a time, with the world's lock held, unless the server is closed before.
func (w *world) later(wait time.Duration, do func()) {
	go func() {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-w.closed:
			return
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		do()
		w.finish()
	}()
}

// show gives a VM the properties of its guest, which is up or not.
func (w *world) show(ref types.ManagedObjectReference, up bool) {
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok || vm.Guest == nil {
		return
	}
	g := w.guest(ref)
	running := up && g.Tools == ToolsRunning
	nets := append([]types.GuestNicInfo(nil), vm.Guest.Net...)
	first := ""
	identity, told := w.identities[ref]
	for i := range nets {
		nets[i].IpAddress, nets[i].Connected = nil, up
		if !running || g.NoAddress {
			continue
		}
		nets[i].IpAddress = []string{guestIP(vm.Config.InstanceUuid, i)}
		if told {
			nets[i].IpAddress = identity.of(i, nets[i].IpAddress[0])
		}
		if i == 0 && len(g.Addresses) > 0 {
			nets[i].IpAddress = g.Addresses
		}
		if first == "" && len(nets[i].IpAddress) > 0 {
			first = nets[i].IpAddress[0]
		}
	}
	status, state := types.VirtualMachineToolsStatusToolsNotRunning, types.VirtualMachineToolsRunningStatusGuestToolsNotRunning
	guestState := types.VirtualMachineGuestStateNotRunning
	host := ""
	switch {
	case g.Tools == ToolsMissing:
		status = types.VirtualMachineToolsStatusToolsNotInstalled
	case running:
		status, state = types.VirtualMachineToolsStatusToolsOk, types.VirtualMachineToolsRunningStatusGuestToolsRunning
		guestState, host = types.VirtualMachineGuestStateRunning, cmp.Or(g.HostName, identity.hostName)
	}
	// vcsim cannot apply a change of a pointer.
	vm.Guest.GuestStateChangeSupported = &running
	changes := []types.PropertyChange{
		{Name: "guest.toolsStatus", Val: status},
		{Name: "guest.toolsRunningStatus", Val: string(state)},
		{Name: "guest.guestState", Val: string(guestState)},
		{Name: "guest.ipAddress", Val: first},
		{Name: "guest.net", Val: nets},
		{Name: "summary.guest.ipAddress", Val: first},
		{Name: "summary.guest.toolsRunningStatus", Val: string(state)},
	}
	if host != "" {
		changes = append(changes, types.PropertyChange{Name: "guest.hostName", Val: host}, types.PropertyChange{Name: "summary.guest.hostName", Val: host})
	}
	w.reg.Update(w.ctx, vm, changes)
}

// guestIP returns the address of a VM's n-th interface. It follows from the instance UUID, so that it is the same in each run.
func guestIP(uuid string, n int) string {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s/%d", uuid, n)
	sum := h.Sum32()
	return fmt.Sprintf("10.%d.%d.%d", sum>>16&0xff, sum>>8&0xff, 1+sum&0xff%254)
}
