// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A goal is what a VM is to become.
type goal struct {
	cpu     int32
	dataGiB int64
	on      bool
}

// step takes the next step towards a goal, as a controller does, and says whether nothing is left to do.
func (g goal) step(c *Client, id clients.Identity) (bool, error) {
	ctx := context.Background()
	vm, err := c.ObserveVM(ctx, id, "")
	if err != nil || vm.State != clients.VMPresent {
		return false, err
	}
	var change clients.Change
	if vm.CPU != g.cpu {
		change.CPU = g.cpu
	}
	for _, d := range vm.Disks {
		if d.Name == "data" && d.SizeGiB != g.dataGiB {
			change.GrowDisks = []clients.Disk{{Name: "data", SizeGiB: g.dataGiB}}
		}
	}
	switch {
	case change.CPU != 0 && (change.CPU > vm.Plug.MaxCPU || change.CPU < vm.Plug.MinCPU):
		return false, c.PowerVM(ctx, id, clients.ActionPowerOff)
	case change.CPU != 0 || change.GrowDisks != nil:
		return false, c.ReconfigureVM(ctx, id, change)
	case g.on && vm.PowerState != clients.PoweredOn:
		return false, c.PowerVM(ctx, id, clients.ActionPowerOn)
	}
	return true, nil
}

// TestInterruptedChange brings VMs to what they are to be while everything that can go wrong does. Whatever it is, in the end
// there is exactly the one VM, as it is to be, and the VM of somebody else is untouched.
func TestInterruptedChange(t *testing.T) {
	const renamed, moved = "/prod-dc/vm/renamed", "/prod-dc/vm/Production/WebServers/web-1"
	type rule = vcenter.Rule
	cases := map[string]struct {
		reason string
		hotAdd bool
		// crash replaces the client before each step.
		crash bool
		rules []rule
		// meanwhile is done by hand before the first and each later step, until it was done.
		meanwhile func(s *site, vm *object.VirtualMachine)
		path      string
	}{
		"Online":             {reason: "With head room nothing is switched off.", hotAdd: true},
		"Cycle":              {reason: "Without, the VM is."},
		"OnlineCrashes":      {reason: "Each step in another process.", hotAdd: true, crash: true},
		"CycleCrashes":       {reason: "Each step in another process.", crash: true},
		"LostReconfigure":    {reason: "A reply that is lost.", hotAdd: true, rules: []rule{{Method: "ReconfigVM_Task", Times: 1, LoseReply: true}}},
		"LostRequests":       {reason: "Requests that are lost.", rules: []rule{{Method: "ReconfigVM_Task", Times: 2, LoseRequest: true}, {Method: "PowerOnVM_Task", Times: 1, LoseRequest: true}}},
		"LostCycle":          {reason: "All replies of a power cycle.", rules: []rule{{Method: "PowerOffVM_Task", Times: 1, LoseReply: true}, {Method: "ReconfigVM_Task", Times: 1, LoseReply: true}, {Method: "PowerOnVM_Task", Times: 1, LoseReply: true}}},
		"LostCycleCrashes":   {reason: "And each step in another process.", crash: true, rules: []rule{{Method: "PowerOffVM_Task", Times: 1, LoseReply: true}, {Method: "ReconfigVM_Task", Times: 1, LoseReply: true}, {Method: "PowerOnVM_Task", Times: 1, LoseReply: true}}},
		"LostFollowing":      {reason: "A task that cannot be followed is found again.", rules: []rule{{Method: "ModifyListView", Times: 1, LoseReply: true}}},
		"FailingTasks":       {reason: "Tasks that fail are tried again.", rules: []rule{{Method: "PowerOffVM_Task", Times: 1, TaskFault: &types.SystemError{}}, {Method: "ReconfigVM_Task", Times: 2, TaskFault: &types.SystemError{}}, {Method: "PowerOnVM_Task", Times: 1, TaskFault: &types.InsufficientMemoryResourcesFault{}}}},
		"FailingHalfway":     {reason: "Half-way too.", hotAdd: true, rules: []rule{{Method: "ReconfigVM_Task", Times: 1, TaskFault: &types.SystemError{}, Midway: true}}},
		"ConcurrentAccess":   {reason: "Somebody changes the VM at the same time.", hotAdd: true, rules: []rule{{Method: "ReconfigVM_Task", Times: 2, Fault: &types.ConcurrentAccess{}}}},
		"BusyForOthers":      {reason: "Somebody works on the VM.", rules: []rule{{Method: "PowerOffVM_Task", Times: 1, Fault: &types.TaskInProgress{}}, {Method: "ReconfigVM_Task", Times: 1, Fault: &types.TaskInProgress{}}}},
		"DroppedSession":     {reason: "The session ends in between.", rules: []rule{{Method: "ReconfigVM_Task", Times: 1, DropSession: true}, {Method: "PowerOnVM_Task", Times: 1, DropSession: true}}},
		"HotPlugRefused":     {reason: "A refusal of what was allowed leaves the VM as it was, and is not the last word.", hotAdd: true, rules: []rule{{Method: "ReconfigVM_Task", Times: 1, TaskFault: &types.CpuHotPlugNotSupported{}}}},
		"RenamedMeanwhile":   {reason: "Somebody renames the VM.", path: renamed, meanwhile: func(s *site, vm *object.VirtualMachine) { s.done(vm.Rename(context.Background(), "renamed")) }},
		"MovedMeanwhile":     {reason: "Somebody moves the VM.", path: moved, meanwhile: func(s *site, vm *object.VirtualMachine) { s.move(vm, "/prod-dc/vm/Production/WebServers") }},
		"SwitchedOff":        {reason: "Somebody switches the VM off.", meanwhile: func(s *site, vm *object.VirtualMachine) { s.done(vm.PowerOff(context.Background())) }},
		"ChangedByHand":      {reason: "Somebody gives the VM something else.", hotAdd: true, meanwhile: func(s *site, _ *object.VirtualMachine) { s.byHand("web-1", types.VirtualMachineConfigSpec{NumCPUs: 3}) }},
		"RenamedAndCrashing": {reason: "Somebody renames the VM while processes die.", crash: true, path: renamed, meanwhile: func(s *site, vm *object.VirtualMachine) { s.done(vm.Rename(context.Background(), "renamed")) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c := s.connect()
			foreign := larger("foreign", false)
			foreign.Owner = "somebody-else"
			s.create(c, foreign)
			theirs := machineOf(s.vm("foreign"))
			v := larger("web-1", tc.hotAdd)
			s.create(c, v)
			s.power(c, v.Identity, clients.ActionPowerOn, clients.PoweredOn)
			vm := object.NewVirtualMachine(s.admin.Client, s.vm("web-1").Self)
			for _, r := range tc.rules {
				s.server.Inject(r)
			}
			if tc.meanwhile != nil {
				tc.meanwhile(s, vm)
			}
			g := goal{cpu: 4, dataGiB: 20, on: true}
			s.await("the goal", func() bool {
				if tc.crash {
					c.Close()
					c = s.connect()
				}
				reached, err := g.step(c, v.Identity)
				patient := []clients.Class{"", clients.Busy, clients.Unreachable, clients.Invalid}
				if !slices.Contains(patient, clients.ClassOf(err)) {
					t.Fatalf("%s\na step failed: %v of class %q", tc.reason, err, clients.ClassOf(err))
				}
				return reached
			})
			path := "/prod-dc/vm/web-1"
			if tc.path != "" {
				path = tc.path
			}
			all := s.vms()
			got := all[path]
			want := machine{CPU: 4, Cores: 1, MemoryMiB: 2048, Disks: "0:0 4GiB, 0:1 20GiB", NICs: "VM Network"}
			if tc.hotAdd {
				want.HotAdd = "cpu memory"
			}
			if len(all) != 2 || got.Config == nil {
				t.Fatalf("%s\nVMs are %v", tc.reason, s.paths())
			}
			if diff := cmp.Diff(want, machineOf(got)); diff != "" || got.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
				t.Errorf("%s\nthe VM is %s; -want, +got:\n%s", tc.reason, got.Runtime.PowerState, diff)
			}
			if diff := cmp.Diff(theirs, machineOf(s.vm("foreign"))); diff != "" {
				t.Errorf("%s\nthe VM of somebody else was changed: -before, +after:\n%s", tc.reason, diff)
			}
		})
	}
}

// done waits for what was started by hand.
func (s *site) done(task *object.Task, err error) {
	s.t.Helper()
	if _, err := result(task, err); err != nil {
		s.t.Fatal(err)
	}
}

// move moves a VM by hand.
func (s *site) move(vm *object.VirtualMachine, folder string) {
	s.t.Helper()
	f, err := find.NewFinder(s.admin.Client).Folder(context.Background(), folder)
	if err != nil {
		s.t.Fatal(err)
	}
	s.done(f.MoveInto(context.Background(), []types.ManagedObjectReference{vm.Reference()}))
}

// TestDriftIsNoticed changes VMs by hand in each way that is observed: each shows without any call but the feed's own.
func TestDriftIsNoticed(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	v := larger("web-1", true)
	id := v.Identity
	s.create(c, v)
	steps := []struct {
		reason string
		change types.VirtualMachineConfigSpec
		shows  func(clients.VM) bool
	}{
		{"CPUs", types.VirtualMachineConfigSpec{NumCPUs: 8}, func(vm clients.VM) bool { return vm.CPU == 8 }},
		{"memory", types.VirtualMachineConfigSpec{MemoryMB: 1024}, func(vm clients.VM) bool { return vm.MemoryMiB == 1024 }},
		{"head room", types.VirtualMachineConfigSpec{CpuHotAddEnabled: types.NewBool(false)}, func(vm clients.VM) bool { return !vm.HotAdd.CPU && vm.HotAdd.Memory }},
		{"a lost mark", types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: KeyOwner, Value: ""}}}, func(vm clients.VM) bool { return vm.Owner == "" }},
		{"the mark of somebody else", types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: KeyOwner, Value: "x"}}}, func(vm clients.VM) bool { return vm.Owner == "x" }},
	}
	for _, step := range steps {
		before := s.server.Calls()
		s.byHand("web-1", step.change)
		s.await(step.reason, func() bool {
			vm, err := c.ObserveVM(t.Context(), id, "")
			return err == nil && step.shows(vm)
		})
		got := s.calls(before)
		// Those of the administrator.
		for _, method := range []string{"ReconfigVM_Task", "CreateContainerView", "DestroyView", "CreatePropertyCollector", "CreateFilter", "DestroyPropertyCollector", "DestroyPropertyFilter", "FindByInventoryPath"} {
			delete(got, method)
		}
		if n := got["WaitForUpdatesEx"]; n > 4 {
			t.Errorf("%s took %d waits, want at most two, and two of the administrator", step.reason, n)
		}
		delete(got, "WaitForUpdatesEx")
		if len(got) > 0 {
			t.Errorf("%s took calls: %v", step.reason, got)
		}
	}
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 2}); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("ReconfigureVM of a VM that somebody took: %v, want class Conflict", err)
	}
	if err := c.DeleteVM(t.Context(), id, clients.DeleteOptions{}); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("DeleteVM of a VM that somebody took: %v, want class Conflict", err)
	}
	s.one()
}
