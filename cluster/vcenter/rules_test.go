// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/vim25/types"
)

func TestInject(t *testing.T) {
	s, c := start(t)
	vm, folder, spec := template(t, c)
	exists := func(name string) bool {
		_, err := find.NewFinder(c.Client).VirtualMachine(t.Context(), "/prod-dc/vm/Production/WebServers/"+name)
		return err == nil
	}

	t.Run("TaskFault", func(t *testing.T) {
		s.Inject(Rule{Method: "CloneVM_Task", Times: 1, TaskFault: &types.NoDiskSpace{}})
		task, err := vm.Clone(t.Context(), folder, "fails", spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := task.Wait(t.Context()); !fault.Is(err, &types.NoDiskSpace{}) || exists("fails") {
			t.Errorf("Wait: %v, VM exists: %t", err, exists("fails"))
		}
	})
	t.Run("Fault", func(t *testing.T) {
		s.Inject(Rule{Method: "CloneVM_Task", Times: 1, Fault: &types.NoPermission{}})
		if _, err := vm.Clone(t.Context(), folder, "refused", spec); !fault.Is(err, &types.NoPermission{}) {
			t.Errorf("Clone: %v, want NoPermission", err)
		}
	})
	t.Run("LoseReply", func(t *testing.T) {
		s.Inject(Rule{Method: "CloneVM_Task", Times: 1, LoseReply: true})
		if _, err := vm.Clone(t.Context(), folder, "unheard", spec); err == nil {
			t.Error("Clone: want an error")
		}
		// The task is on its way, and done when a later one is.
		task, err := vm.Clone(t.Context(), folder, "heard", spec)
		if err == nil {
			err = task.Wait(t.Context())
		}
		if err != nil || !exists("unheard") {
			t.Errorf("Clone: %v, VM exists: %t, want it to", err, exists("unheard"))
		}
	})
	t.Run("LoseRequest", func(t *testing.T) {
		remove := s.Inject(Rule{Method: AnyMethod, LoseRequest: true})
		if _, err := vm.Clone(t.Context(), folder, "lost", spec); err == nil {
			t.Error("Clone: want an error")
		}
		remove()
		if exists("lost") {
			t.Error("a lost request was carried out")
		}
	})
	t.Run("CancelHeldTask", func(t *testing.T) {
		gate := make(chan struct{})
		s.Inject(Rule{Method: "CloneVM_Task", Times: 1, Gate: gate})
		task, err := vm.Clone(t.Context(), folder, "cancelled", spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := task.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(gate)
		if err := task.Wait(t.Context()); !fault.Is(err, &types.RequestCanceled{}) || exists("cancelled") {
			t.Errorf("Wait: %v, VM exists: %t", err, exists("cancelled"))
		}
	})
	t.Run("HeldPowerOn", func(t *testing.T) {
		heard, err := find.NewFinder(c.Client).VirtualMachine(t.Context(), "/prod-dc/vm/Production/WebServers/heard")
		if err != nil {
			t.Fatal(err)
		}
		gate := make(chan struct{})
		s.Inject(Rule{Method: "PowerOnVM_Task", Times: 1, Gate: gate})
		task, err := heard.PowerOn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if state, err := heard.PowerState(t.Context()); err != nil || state != types.VirtualMachinePowerStatePoweredOff {
			t.Errorf("PowerState before the gate opens: %s, %v", state, err)
		}
		close(gate)
		if err := task.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if state, err := heard.PowerState(t.Context()); err != nil || state != types.VirtualMachinePowerStatePoweredOn {
			t.Errorf("PowerState after: %s, %v", state, err)
		}
	})
}
