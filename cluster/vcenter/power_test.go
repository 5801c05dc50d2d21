// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// awaitVM waits until a VM is as wanted.
func awaitVM(t *testing.T, vm *object.VirtualMachine, what string, is func(mo.VirtualMachine) bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if is(show(t, vm)) {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

func isOff(m mo.VirtualMachine) bool { return m.Runtime.PowerState == off }

func TestGuestPower(t *testing.T) {
	type call func(*object.VirtualMachine, context.Context) error
	shutdown, reboot, standby := call((*object.VirtualMachine).ShutdownGuest), call((*object.VirtualMachine).RebootGuest), call((*object.VirtualMachine).StandbyGuest)
	cases := map[string]struct {
		reason string
		guest  Guest
		power  types.VirtualMachinePowerState
		ask    call
		want   types.BaseMethodFault
		end    types.VirtualMachinePowerState
	}{
		"Shutdown":        {reason: "The guest shuts down.", power: on, ask: shutdown, end: off},
		"SlowShutdown":    {reason: "The call does not wait for it.", guest: Guest{ShutdownTime: 50 * time.Millisecond}, power: on, ask: shutdown, end: off},
		"Standby":         {reason: "The guest stands by.", power: on, ask: standby, end: suspended},
		"Reboot":          {reason: "A VM that restarts stays on.", power: on, ask: reboot, end: on},
		"ShutdownIgnored": {reason: "A guest may ignore the request.", guest: Guest{IgnoresShutdown: true}, power: on, ask: shutdown, end: on},
		"ShutdownOff":     {reason: "InvalidPowerState: 'if the virtual machine is not powered on'.", power: off, ask: shutdown, want: &types.InvalidPowerState{}, end: off},
		"RebootOff":       {reason: "InvalidPowerState: 'if the virtual machine is not powered on'.", power: off, ask: reboot, want: &types.InvalidPowerState{}, end: off},
		"NoTools":         {reason: "ToolsUnavailable: 'if VMware Tools is not running'.", guest: Guest{Tools: ToolsMissing}, power: on, ask: shutdown, want: &types.ToolsUnavailable{}, end: on},
		"ToolsStopped":    {reason: "ToolsUnavailable: 'if VMware Tools is not running'.", guest: Guest{Tools: ToolsStopped}, power: on, ask: reboot, want: &types.ToolsUnavailable{}, end: on},
		"Booting":         {reason: "Tools run only after the boot.", guest: Guest{BootTime: time.Hour}, power: on, ask: standby, want: &types.ToolsUnavailable{}, end: on},
	}
	s, c := start(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			vm := clone(t, c, name, false)
			s.SetGuest(vm.Reference(), tc.guest)
			if tc.power == on {
				switchOn(t, vm)
			}
			err := tc.ask(vm, t.Context())
			if tc.want == nil && err != nil || tc.want != nil && !fault.Is(err, tc.want) {
				t.Errorf("%s\ngot %v, want %T", tc.reason, err, tc.want)
			}
			awaitVM(t, vm, string(tc.end), func(m mo.VirtualMachine) bool { return m.Runtime.PowerState == tc.end })
		})
	}
}

// TestGuestShown follows what the tools tell of a guest.
func TestGuestShown(t *testing.T) {
	s, c := start(t)
	vm := clone(t, c, "a", false)
	shown := func() []any {
		g := show(t, vm).Guest
		return []any{g.ToolsStatus, g.ToolsRunningStatus, g.IpAddress, g.HostName, *g.GuestStateChangeSupported}
	}
	running, stopped := string(types.VirtualMachineToolsRunningStatusGuestToolsRunning), string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)
	switchOn(t, vm)
	ip := guestIP(show(t, vm).Config.InstanceUuid, 0)
	for _, step := range []struct {
		reason string
		guest  Guest
		want   []any
	}{
		{"a guest without anything special", Guest{}, []any{types.VirtualMachineToolsStatusToolsOk, running, ip, "", true}},
		{"a guest without an address", Guest{NoAddress: true}, []any{types.VirtualMachineToolsStatusToolsOk, running, "", "", true}},
		{"a guest with another address", Guest{Addresses: []string{"192.0.2.7"}, HostName: "web"}, []any{types.VirtualMachineToolsStatusToolsOk, running, "192.0.2.7", "web", true}},
		{"a guest whose tools have stopped", Guest{Tools: ToolsStopped, HostName: "web"}, []any{types.VirtualMachineToolsStatusToolsNotRunning, stopped, "", "web", false}},
	} {
		s.SetGuest(vm.Reference(), step.guest)
		if diff := cmp.Diff(step.want, shown()); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", step.reason, diff)
		}
	}
	s.SetGuest(vm.Reference(), Guest{BootTime: 50 * time.Millisecond})
	task, err := vm.Reset(t.Context())
	result(t, task, err)
	awaitVM(t, vm, "the end of the boot", func(m mo.VirtualMachine) bool { return m.Guest.IpAddress == ip })
}

func TestPowerOnRefused(t *testing.T) {
	s, c := startWith(t, Options{AdmissionControl: true})
	host, err := find.NewFinder(c.Client).HostSystem(t.Context(), "/prod-dc/host/prod-cluster-2/esxi-04")
	if err != nil {
		t.Fatal(err)
	}
	big := clone(t, c, "big", false)
	task, err := big.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{MemoryMB: (HostMemoryGiB - 2) << 10})
	result(t, task, err)
	second, third := clone(t, c, "second", false), clone(t, c, "third", false)
	switchOn(t, big)
	switchOn(t, second)

	powerOn := func(vm *object.VirtualMachine) error {
		task, err := vm.PowerOn(t.Context())
		if err == nil {
			err = task.Wait(t.Context())
		}
		return err
	}
	if err := powerOn(third); !fault.Is(err, &types.InsufficientMemoryResourcesFault{}) {
		t.Errorf("a VM for which its host has no memory: %v, want 'memory resource admission control failed'", err)
	}
	if err := powerOn(second); !fault.Is(err, &types.InvalidPowerState{}) {
		t.Errorf("a VM that is on already: %v, want InvalidPowerState", err)
	}
	task, err = second.Destroy(t.Context())
	if err == nil {
		err = task.Wait(t.Context())
	}
	if !fault.Is(err, &types.InvalidPowerState{}) {
		t.Errorf("a running VM was destroyed: %v, want InvalidPowerState: 'if the virtual machine is running'", err)
	}

	other, err := find.NewFinder(c.Client).HostSystem(t.Context(), "/prod-dc/host/prod-cluster-2/esxi-05")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(third.Reference(), other.Reference()); err != nil {
		t.Fatal(err)
	}
	if err := powerOn(third); err != nil {
		t.Errorf("a VM on another host: %v", err)
	}
	if got := show(t, third).Runtime.Host; *got != other.Reference() {
		t.Errorf("the VM is on %v, want %v", got, other.Reference())
	}

	fourth := clone(t, c, "fourth", false)
	task, err = host.EnterMaintenanceMode(t.Context(), 0, false, nil)
	result(t, task, err)
	if err := powerOn(fourth); !fault.Is(err, &types.InvalidState{}) {
		t.Errorf("power on in maintenance mode: %v, want InvalidState", err)
	}
	tmpl, folder, spec := template(t, c)
	task, err = tmpl.Clone(t.Context(), folder, "fifth", spec)
	if err == nil {
		err = task.Wait(t.Context())
	}
	if !fault.Is(err, &types.InvalidState{}) {
		t.Errorf("clone to a host in maintenance mode: %v, want 'no provisioning operations can be performed on the host'", err)
	}
}
