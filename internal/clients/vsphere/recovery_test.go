// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func heldClone(gate <-chan struct{}) vcenter.Rule {
	return vcenter.Rule{Method: "CloneVM_Task", Gate: gate}
}

// one expects exactly the VM "web-1".
func (s *site) one() {
	s.t.Helper()
	if diff := cmp.Diff([]string{"/prod-dc/vm/web-1"}, s.paths()); diff != "" {
		s.t.Errorf("VMs: -want, +got:\n%s", diff)
	}
}

func TestLostReply(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.server.Inject(vcenter.Rule{Method: "CloneVM_Task", Times: 1, LoseReply: true})
	if _, err := c.CreateVM(t.Context(), spec("web-1")); clients.ClassOf(err) != clients.Unreachable {
		t.Fatalf("CreateVM: %v, want class Unreachable", err)
	}
	// A controller observes, and creates what it takes for absent.
	s.await("the VM to be there", func() bool {
		vm, err := c.ObserveVM(t.Context(), spec("web-1").Identity, "")
		if err == nil && vm.State == clients.VMAbsent {
			_, err = c.CreateVM(t.Context(), spec("web-1"))
		}
		return err == nil && vm.State == clients.VMPresent
	})
	s.one()
	if n := s.server.Calls()["CloneVM_Task"]; n != 1 {
		t.Errorf("there were %d clone tasks, want one", n)
	}
}

func TestLostReplyOfSlowClone(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	gate := make(chan struct{})
	s.server.Inject(vcenter.Rule{Method: "CloneVM_Task", Times: 1, LoseReply: true, Gate: gate})
	if _, err := c.CreateVM(t.Context(), spec("web-1")); clients.ClassOf(err) != clients.Unreachable {
		t.Fatalf("CreateVM: %v, want class Unreachable", err)
	}
	id := spec("web-1").Identity
	for what, err := range map[string]error{
		"ObserveVM": func() error { _, err := c.ObserveVM(t.Context(), id, ""); return err }(),
		"CreateVM":  func() error { _, err := c.CreateVM(t.Context(), spec("web-1")); return err }(),
		"DeleteVM":  c.DeleteVM(t.Context(), id, clients.DeleteOptions{}),
	} {
		if clients.ClassOf(err) != clients.Busy {
			t.Errorf("%s while the clone may be under way: %v, want class Busy", what, err)
		}
	}
	close(gate)
	s.awaitState(c, id, "", clients.VMPresent)
	s.one()
}

// TestCrash lets a new client go on after each step of a VM's making, with and without the reference that was left.
func TestCrash(t *testing.T) {
	cases := map[string]struct {
		reason string
		// held keeps the clone task from ending until the new client is there.
		held bool
		// forgotten says that the crash came before the task's reference was written down.
		forgotten bool
		poweredOn bool
	}{
		"WhileCloning":           {reason: "The reference leads to the task, whose VM is awaited.", held: true},
		"WhileCloningForgotten":  {reason: "A clone task that may be ours is awaited.", held: true, forgotten: true},
		"AfterCloning":           {reason: "The VM is found by its UUID."},
		"AfterCloningForgotten":  {reason: "The VM is found by its UUID.", forgotten: true},
		"WhileOrAfterPoweringOn": {reason: "Powering on again changes nothing.", poweredOn: true},
		"PoweredOnTaskForgotten": {reason: "Powering on again changes nothing.", poweredOn: true, forgotten: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			id := spec("web-1").Identity
			first := s.connect()
			gate := make(chan struct{})
			if tc.held {
				s.server.Inject(heldClone(gate))
			}
			task, err := first.CreateVM(t.Context(), spec("web-1"))
			if err != nil {
				t.Fatal(err)
			}
			if !tc.held {
				s.awaitState(first, id, task, clients.VMPresent)
				if tc.poweredOn {
					if err := first.PowerVM(t.Context(), id, clients.ActionPowerOn); err != nil {
						t.Fatal(err)
					}
				}
			}
			first.Close()
			if tc.forgotten {
				task = ""
			}

			second := s.connect()
			for range 3 {
				vm, err := second.ObserveVM(t.Context(), id, task)
				if tc.held && err == nil && vm.State == clients.VMAbsent {
					t.Errorf("%s\nObserveVM says absent while the VM is being made", tc.reason)
				}
				if _, err := second.CreateVM(t.Context(), spec("web-1")); err != nil && clients.ClassOf(err) != clients.Busy {
					t.Errorf("%s\nCreateVM: %v", tc.reason, err)
				}
			}
			if tc.held {
				close(gate)
			}
			s.awaitState(second, id, task, clients.VMPresent)
			if err := second.PowerVM(t.Context(), id, clients.ActionPowerOn); err != nil {
				t.Errorf("%s\nPowerOnVM: %v", tc.reason, err)
			}
			s.await("the VM to be on", func() bool {
				vm, err := second.ObserveVM(t.Context(), id, task)
				return err == nil && vm.PowerState == clients.PoweredOn
			})
			s.one()
		})
	}
}

func TestFailingTask(t *testing.T) {
	cases := map[string]struct {
		reason string
		fault  types.BaseMethodFault
		want   clients.Class
	}{
		"NoSpace":    {reason: "A full datastore is a matter of capacity.", fault: &types.NoDiskSpace{Datastore: "x"}, want: clients.Capacity},
		"NoMemory":   {reason: "A member of the family of insufficient resources.", fault: &types.InsufficientMemoryResourcesFault{}, want: clients.Capacity},
		"Refused":    {reason: "An argument that the vCenter refuses must be changed.", fault: &types.InvalidArgument{InvalidProperty: "x"}, want: clients.Invalid},
		"Permission": {reason: "The account may not do this.", fault: &types.NoPermission{}, want: clients.Unauthorized},
		"Strange":    {reason: "What is not known is tried again.", fault: &types.SystemError{Reason: "x"}, want: clients.Unknown},
	}
	s := newSite(t)
	c := s.connect()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			id := spec("web-1").Identity
			s.server.Inject(vcenter.Rule{Method: "CloneVM_Task", Times: 1, TaskFault: tc.fault})
			task, err := c.CreateVM(t.Context(), spec("web-1"))
			if err != nil {
				t.Fatal(err)
			}
			vm := s.awaitState(c, id, task, clients.VMAbsent)
			if got := clients.ClassOf(vm.Failure); got != tc.want {
				t.Errorf("%s\nFailure is %v of class %q, want %q", tc.reason, vm.Failure, got, tc.want)
			}
			// The reference also tells another process, which has seen nothing of it.
			vm = s.awaitState(s.connect(), id, task, clients.VMAbsent)
			if got := clients.ClassOf(vm.Failure); got != tc.want {
				t.Errorf("%s\nby reference: Failure is %v of class %q, want %q", tc.reason, vm.Failure, got, tc.want)
			}
		})
	}
	s.create(c, spec("web-1"))
	s.one()
}

func TestDeleteDuringClone(t *testing.T) {
	cases := map[string]struct {
		reason    string
		crash     bool
		forgotten bool
	}{
		"SameProcess":    {reason: "The task is cancelled."},
		"AfterCrash":     {reason: "The task is cancelled by its reference.", crash: true},
		"AfterForgetful": {reason: "The task is not known to be ours: its end is awaited, and its VM removed.", crash: true, forgotten: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c := s.connect()
			gate := make(chan struct{})
			s.server.Inject(heldClone(gate))
			id := spec("web-1").Identity
			task, err := c.CreateVM(t.Context(), spec("web-1"))
			if err != nil {
				t.Fatal(err)
			}
			if tc.crash {
				c.Close()
				c = s.connect()
			}
			if tc.forgotten {
				task = ""
			}
			if err := c.DeleteVM(t.Context(), id, clients.DeleteOptions{Task: task}); err != nil && clients.ClassOf(err) != clients.Busy {
				t.Fatalf("%s\nDeleteVM: %v", tc.reason, err)
			}
			close(gate)
			s.delete(c, id, task)
			if left := s.paths(); len(left) != 0 {
				t.Errorf("%s\nVMs are left: %v", tc.reason, left)
			}
		})
	}
}

// TestDeleteAcrossCrashes takes each step of a deletion in another process.
func TestDeleteAcrossCrashes(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	if err := c.PowerVM(t.Context(), id, clients.ActionPowerOn); err != nil {
		t.Fatal(err)
	}
	for steps := 0; ; steps++ {
		c.Close()
		c = s.connect()
		vm, err := c.ObserveVM(t.Context(), id, "")
		if err != nil {
			t.Fatal(err)
		}
		if vm.State == clients.VMAbsent {
			break
		}
		if err := c.DeleteVM(t.Context(), id, clients.DeleteOptions{}); err != nil || steps > 5 {
			t.Fatalf("after %d steps: DeleteVM: %v", steps, err)
		}
	}
	if left := s.paths(); len(left) != 0 {
		t.Errorf("VMs are left: %v", left)
	}
}

func TestPowerOnUnderWay(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))

	s.server.Inject(vcenter.Rule{Method: "PowerOnVM_Task", Times: 1, TaskFault: &types.InsufficientMemoryResourcesFault{}})
	if err := c.PowerVM(t.Context(), id, clients.ActionPowerOn); err != nil {
		t.Fatal(err)
	}
	var vm clients.VM
	s.await("the failure", func() bool {
		var err error
		vm, err = c.ObserveVM(t.Context(), id, "")
		return err == nil && vm.Failure != nil
	})
	if vm.State != clients.VMPresent || clients.ClassOf(vm.Failure) != clients.Capacity {
		t.Errorf("after a failed power on: state %q, failure %v: want the VM present and class Capacity", vm.State, vm.Failure)
	}

	gate := make(chan struct{})
	s.server.Inject(vcenter.Rule{Method: "PowerOnVM_Task", Times: 1, Gate: gate})
	before := s.server.Calls()["PowerOnVM_Task"]
	if err := c.PowerVM(t.Context(), id, clients.ActionPowerOn); err != nil {
		t.Fatal(err)
	}
	vm, err := c.ObserveVM(t.Context(), id, "")
	if err != nil || vm.State != clients.VMBusy || vm.Failure != nil {
		t.Errorf("ObserveVM while powering on: %q, failure %v, %v: want it busy", vm.State, vm.Failure, err)
	}
	if err := c.PowerVM(t.Context(), id, clients.ActionPowerOn); clients.ClassOf(err) != clients.Busy {
		t.Errorf("PowerOnVM while powering on: %v, want class Busy", err)
	}
	if err := c.DeleteVM(t.Context(), id, clients.DeleteOptions{}); err != nil {
		t.Errorf("DeleteVM while powering on: %v, want it to wait", err)
	}
	if n := s.server.Calls()["PowerOnVM_Task"] - before; n != 1 {
		t.Errorf("there were %d tasks to power on, want one", n)
	}
	close(gate)
	s.delete(c, id, "")
	if left := s.paths(); len(left) != 0 {
		t.Errorf("VMs are left: %v", left)
	}
}
