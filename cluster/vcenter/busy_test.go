// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// TestBusy starts a second task on a VM: TaskInProgress is "when an operation tries to access an entity that already has
// another (long) operation in progress" (vSphere API).
func TestBusy(t *testing.T) {
	s, c := start(t)
	vm := clone(t, c, "a", false)
	gate := make(chan struct{})
	s.Inject(Rule{Method: "ReconfigVM_Task", Times: 1, Gate: gate})
	first, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{NumCPUs: 4})
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() (*object.Task, error){
		"PowerOn": func() (*object.Task, error) { return vm.PowerOn(t.Context()) },
		"Destroy": func() (*object.Task, error) { return vm.Destroy(t.Context()) },
		"Reconfigure": func() (*object.Task, error) {
			return vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{NumCPUs: 8})
		},
		"Rename": func() (*object.Task, error) { return vm.Rename(t.Context(), "b") },
	} {
		task, err := call()
		if err == nil {
			err = task.Wait(t.Context())
		}
		var busy *types.TaskInProgress
		if _, ok := fault.As(err, &busy); !ok || busy.Task != first.Reference() {
			t.Errorf("%s while the VM is reconfigured: %v, want TaskInProgress of %v", name, err, first.Reference())
		}
	}
	close(gate)
	if err := first.Wait(t.Context()); err != nil {
		t.Errorf("the first task: %v", err)
	}
	if got := show(t, vm).Config.Hardware.NumCPU; got != 4 {
		t.Errorf("the VM has %d CPUs, want 4", got)
	}
	task, err := vm.Rename(t.Context(), "b")
	result(t, task, err)
}

// TestCloneMidway looks at a VM whose clone is under way, and at what is left of it when the clone fails.
func TestCloneMidway(t *testing.T) {
	s, c := start(t)
	tmpl, folder, spec := template(t, c)
	gate := make(chan struct{})
	s.Inject(Rule{Method: "CloneVM_Task", Times: 1, Gate: gate, TaskFault: &types.NoDiskSpace{}, Midway: true})
	task, err := tmpl.Clone(t.Context(), folder, "half", spec)
	if err != nil {
		t.Fatal(err)
	}
	var vm *object.VirtualMachine
	for vm == nil {
		vm, _ = find.NewFinder(c.Client).VirtualMachine(t.Context(), "/prod-dc/vm/Production/WebServers/half")
	}
	if diff := cmp.Diff(unfinished(), show(t, vm).DisabledMethod); diff != "" {
		t.Errorf("what cannot be done with a VM in clone: -want, +got:\n%s", diff)
	}
	powerOn := func() error {
		task, err := vm.PowerOn(t.Context())
		if err == nil {
			err = task.Wait(t.Context())
		}
		return err
	}
	if err := powerOn(); !fault.Is(err, &types.TaskInProgress{}) {
		t.Errorf("power-on of a VM in clone: %v, want TaskInProgress", err)
	}
	other := clone(t, c, "other", false)
	switchOn(t, other)
	close(gate)
	if err := task.Wait(t.Context()); !fault.Is(err, &types.NoDiskSpace{}) {
		t.Errorf("the clone: %v, want the injected NoDiskSpace", err)
	}
	if err := powerOn(); !fault.Is(err, &types.MethodDisabled{}) {
		t.Errorf("power-on of half a VM: %v, want MethodDisabled", err)
	}
	destroy, err := vm.Destroy(t.Context())
	result(t, destroy, err)
}

// TestRulesForAnyTask fails and holds tasks that vcsim runs itself.
func TestRulesForAnyTask(t *testing.T) {
	s, c := start(t)
	vm := clone(t, c, "a", false)
	folder, err := find.NewFinder(c.Client).Folder(t.Context(), "/prod-dc/vm/Production")
	if err != nil {
		t.Fatal(err)
	}
	s.Inject(Rule{Method: "MoveIntoFolder_Task", Times: 1, TaskFault: &types.InvalidFolder{}})
	task, err := folder.MoveInto(t.Context(), []types.ManagedObjectReference{vm.Reference()})
	if err != nil {
		t.Fatal(err)
	}
	if err := task.Wait(t.Context()); !fault.Is(err, &types.InvalidFolder{}) {
		t.Errorf("MoveIntoFolder_Task: %v, want the injected fault", err)
	}
	s.Inject(Rule{Method: "MarkAsTemplate", Times: 1, DropSession: true})
	if err := vm.MarkAsTemplate(t.Context()); !fault.Is(err, &types.NotAuthenticated{}) {
		t.Errorf("a call whose session was dropped: %v, want NotAuthenticated", err)
	}
	var m mo.Folder
	if err := folder.Properties(t.Context(), folder.Reference(), []string{"name"}, &m); !fault.Is(err, &types.NotAuthenticated{}) {
		t.Errorf("the next call: %v, want NotAuthenticated", err)
	}
}

// TestHold holds a call back before it is carried out.
func TestHold(t *testing.T) {
	s, c := start(t)
	vm := clone(t, c, "a", false)
	hold := make(chan struct{})
	s.Inject(Rule{Method: "PowerOnVM_Task", Times: 1, Hold: hold})
	done := make(chan error, 1)
	go func() {
		task, err := vm.PowerOn(t.Context())
		if err == nil {
			err = task.Wait(t.Context())
		}
		done <- err
	}()
	if !isOff(show(t, vm)) {
		t.Error("the VM is on while the call is held")
	}
	close(hold)
	if err := <-done; err != nil || isOff(show(t, vm)) {
		t.Errorf("PowerOn: %v", err)
	}
}
