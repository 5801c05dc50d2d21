// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestPower(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	cases := map[string]struct {
		reason string
		from   clients.PowerState
		action clients.PowerAction
		// fault that the vCenter answers with, nil for none.
		method string
		fault  types.BaseMethodFault
		class  clients.Class
		want   clients.PowerState
	}{
		"On":              {reason: "A VM that is off is powered on.", from: clients.PoweredOff, action: clients.ActionPowerOn, want: clients.PoweredOn},
		"OnAgain":         {reason: "One that is on stays on.", from: clients.PoweredOn, action: clients.ActionPowerOn, want: clients.PoweredOn},
		"Resume":          {reason: "One that is suspended goes on.", from: clients.Suspended, action: clients.ActionPowerOn, want: clients.PoweredOn},
		"Off":             {reason: "A VM that is on is switched off.", from: clients.PoweredOn, action: clients.ActionPowerOff, want: clients.PoweredOff},
		"OffAgain":        {reason: "One that is off stays off.", from: clients.PoweredOff, action: clients.ActionPowerOff, want: clients.PoweredOff},
		"OffSuspended":    {reason: "A suspended one loses what it remembers.", from: clients.Suspended, action: clients.ActionPowerOff, want: clients.PoweredOff},
		"Suspend":         {reason: "A VM that is on is suspended.", from: clients.PoweredOn, action: clients.ActionSuspend, want: clients.Suspended},
		"SuspendAgain":    {reason: "A suspended one stays so.", from: clients.Suspended, action: clients.ActionSuspend, want: clients.Suspended},
		"SuspendOff":      {reason: "What is off has nothing to remember.", from: clients.PoweredOff, action: clients.ActionSuspend, class: clients.Invalid, want: clients.PoweredOff},
		"Shutdown":        {reason: "The guest is asked.", from: clients.PoweredOn, action: clients.ActionShutdown, want: clients.PoweredOff},
		"ShutdownOff":     {reason: "There is nobody to ask.", from: clients.PoweredOff, action: clients.ActionShutdown, want: clients.PoweredOff},
		"ShutdownAsleep":  {reason: "A suspended guest does not hear.", from: clients.Suspended, action: clients.ActionShutdown, class: clients.Unsupported, want: clients.Suspended},
		"ShutdownNoTools": {reason: "A guest without tools does not either.", from: clients.PoweredOn, action: clients.ActionShutdown, method: "ShutdownGuest", fault: &types.ToolsUnavailable{}, class: clients.Unsupported, want: clients.PoweredOn},
		"ShutdownRace":    {reason: "It was faster.", from: clients.PoweredOn, action: clients.ActionShutdown, method: "ShutdownGuest", fault: &types.InvalidPowerState{ExistingState: types.VirtualMachinePowerStatePoweredOff}, want: clients.PoweredOn},
		"OnRace":          {reason: "Somebody was faster.", from: clients.PoweredOff, action: clients.ActionPowerOn, method: "PowerOnVM_Task", fault: &types.InvalidPowerState{ExistingState: types.VirtualMachinePowerStatePoweredOn}, want: clients.PoweredOff},
		"OnBusy":          {reason: "Somebody is at work on the VM.", from: clients.PoweredOff, action: clients.ActionPowerOn, method: "PowerOnVM_Task", fault: &types.TaskInProgress{}, class: clients.Busy, want: clients.PoweredOff},
		"OnNoRoom":        {reason: "The host is full.", from: clients.PoweredOff, action: clients.ActionPowerOn, method: "PowerOnVM_Task", fault: &types.InsufficientCpuResourcesFault{}, class: clients.Capacity, want: clients.PoweredOff},
		"Unknown":         {reason: "There is no such action.", from: clients.PoweredOff, action: "Reset", class: clients.Unsupported, want: clients.PoweredOff},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := spec("vm-" + name)
			s.create(c, v)
			if tc.from != clients.PoweredOff {
				s.power(c, v.Identity, clients.ActionPowerOn, clients.PoweredOn)
			}
			if tc.from == clients.Suspended {
				s.power(c, v.Identity, clients.ActionSuspend, clients.Suspended)
			}
			if tc.fault != nil {
				defer s.server.Inject(vcenter.Rule{Method: tc.method, Times: 1, Fault: tc.fault})()
			}
			if err := c.PowerVM(t.Context(), v.Identity, tc.action); clients.ClassOf(err) != tc.class {
				t.Fatalf("%s\nPowerVM: %v of class %q, want %q", tc.reason, err, clients.ClassOf(err), tc.class)
			}
			s.await("the VM to be "+string(tc.want), func() bool {
				vm := s.settle(c, v.Identity)
				return vm.PowerState == tc.want && vm.Failure == nil
			})
			if got := powerState(s.vm(v.Name).Runtime.PowerState); got != tc.want {
				t.Errorf("%s\nthe VM in the vCenter is %s, want %s", tc.reason, got, tc.want)
			}
		})
	}
}

// TestBootID lets each time that a VM is on have a name of its own.
func TestBootID(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	if vm := s.create(c, spec("web-1")); vm.BootID != "" {
		t.Errorf("a VM that was never on has boot ID %q", vm.BootID)
	}
	first := s.power(c, id, clients.ActionPowerOn, clients.PoweredOn).BootID
	s.power(c, id, clients.ActionSuspend, clients.Suspended)
	resumed := s.power(c, id, clients.ActionPowerOn, clients.PoweredOn).BootID
	off := s.power(c, id, clients.ActionPowerOff, clients.PoweredOff).BootID
	second := s.power(c, id, clients.ActionPowerOn, clients.PoweredOn).BootID
	if first == "" || resumed != first || off != "" || second == "" || second == first {
		t.Errorf("boot IDs are %q, %q after it was resumed, %q while it is off and %q after that", first, resumed, off, second)
	}
}

// A recording remembers tasks.
type recording struct {
	clients.NopRecorder

	mu    sync.Mutex
	tasks []string
}

// Task implements clients.Recorder.
func (r *recording) Task(kind clients.TaskKind, took time.Duration, class clients.Class) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if took <= 0 {
		class += " in no time"
	}
	r.tasks = append(r.tasks, string(kind)+" "+string(class))
}

func (r *recording) seen() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tasks)
}

func TestTasksAreRecorded(t *testing.T) {
	s := newSite(t)
	r := &recording{}
	c, err := New(s.config(), Options{MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond, Recorder: r})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s.await("the client to be in sync", func() bool { return c.Check(t.Context()) == nil })
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	s.server.Inject(vcenter.Rule{Method: "ReconfigVM_Task", Times: 1, TaskFault: &types.NoDiskSpace{}})
	for range 2 {
		if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 4}); err != nil {
			t.Fatal(err)
		}
		s.settle(c, id)
	}
	s.power(c, id, clients.ActionPowerOn, clients.PoweredOn)
	s.power(c, id, clients.ActionSuspend, clients.Suspended)
	s.power(c, id, clients.ActionPowerOff, clients.PoweredOff)
	s.delete(c, id, "")
	want := []string{"Create ", "Reconfigure Capacity", "Reconfigure ", "PowerOn ", "Suspend ", "PowerOff ", "Delete "}
	s.await("the last task to be recorded", func() bool { return len(r.seen()) == len(want) })
	if diff := cmp.Diff(want, r.seen()); diff != "" {
		t.Errorf("tasks: -want, +got:\n%s", diff)
	}
}
