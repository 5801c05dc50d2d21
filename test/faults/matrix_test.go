// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/vsphere"
)

// A parameter changes what is asked of a VM.
type parameter = func(*v1beta1.VirtualMachineParameters)

// A scenario is one thing that a user asks, from asking to having it.
type scenario struct {
	reason string
	// before is what is asked and had already when the scenario begins; nil for a VM that does not exist.
	before []parameter
	// create, change and delete are what the user does; one of them.
	create, change []parameter
	delete         bool
	// want is what the VM is in the end; nil for none.
	want *hardware
}

// imageGiB is the size of the disk that the images have.
const imageGiB = 4

func size(cpu int32, memoryMiB int64) parameter {
	return func(p *v1beta1.VirtualMachineParameters) {
		p.Resources = &v1beta1.VMResources{CPU: &cpu, MemoryMiB: &memoryMiB}
	}
}

func hotAdd(p *v1beta1.VirtualMachineParameters) {
	p.Hardware = &v1beta1.VMHardware{HotAdd: &v1beta1.HotAdd{CPU: true, Memory: true}}
}

func disk(sizeGiB int64) parameter {
	return func(p *v1beta1.VirtualMachineParameters) {
		p.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: sizeGiB}}
	}
}

func retainedDisk(p *v1beta1.VirtualMachineParameters) {
	p.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1, Retain: true}}
}

func linked(p *v1beta1.VirtualMachineParameters) {
	p.ImageRef, p.Linked = &v1beta1.ImageReference{Name: golden}, true
}

func power(s v1beta1.DesiredPowerState) parameter {
	return func(p *v1beta1.VirtualMachineParameters) { p.PowerState = s }
}

func restart(p *v1beta1.VirtualMachineParameters) { p.RestartToken = "again" }

func scenarios() map[string]scenario {
	return map[string]scenario{
		"create":  {reason: "A VM is made once, complete, and powered on.", create: []parameter{disk(1)}, want: &hardware{2, 1024, []int64{1, imageGiB}, true}},
		"linked":  {reason: "A linked clone is made once, and its source stays as it is.", create: []parameter{linked}, want: &hardware{2, 1024, []int64{imageGiB}, true}},
		"online":  {reason: "A running VM gets what it can have.", before: []parameter{hotAdd}, change: []parameter{size(4, 2048)}, want: &hardware{4, 2048, []int64{imageGiB}, true}},
		"offline": {reason: "A VM that has to be stopped for a change runs again afterwards.", before: []parameter{size(2, 1024)}, change: []parameter{size(4, 2048)}, want: &hardware{4, 2048, []int64{imageGiB}, true}},
		"grow":    {reason: "A disk grows once, and no other does.", before: []parameter{disk(1)}, change: []parameter{disk(3)}, want: &hardware{2, 1024, []int64{3, imageGiB}, true}},
		"add":     {reason: "A disk is added once.", before: []parameter{size(2, 1024)}, change: []parameter{disk(2)}, want: &hardware{2, 1024, []int64{2, imageGiB}, true}},
		"restart": {reason: "A VM that is restarted runs afterwards.", before: []parameter{size(2, 1024)}, change: []parameter{restart}, want: &hardware{2, 1024, []int64{imageGiB}, true}},
		"off":     {reason: "A VM that is shut down stays off.", before: []parameter{size(2, 1024)}, change: []parameter{power(v1beta1.PowerOffGraceful)}, want: &hardware{2, 1024, []int64{imageGiB}, false}},
		"delete":  {reason: "Nothing of a VM is left.", before: []parameter{disk(1)}, delete: true},
		"retain":  {reason: "Nothing of a VM is left but the disk that is kept.", before: []parameter{retainedDisk}, delete: true},
	}
}

// play plays a scenario on a VM of its own, with an incident at a step, and checks on the vCenter how it ends. It returns how many
// steps the provider took, and the methods of the vCenter that were called meanwhile.
func (s *site) play(t *testing.T, sc scenario, name string, at int, incident func(*provider)) (steps int, methods []string) {
	t.Helper()
	p := newProvider(t, s, name)
	owner := "uid-of-" + name
	defer func() {
		for _, vm := range s.owned(owner) {
			s.destroy(vm)
		}
	}()
	if sc.before != nil {
		p.create(sc.before...)
		p.until("the VM to be ready", p.ready)
	}
	p.meet(at, func() { incident(p) })
	before := s.server.Calls()
	switch {
	case sc.delete:
		p.delete()
		p.until("the object to be gone", func() bool { return p.vm() == nil })
		s.assertNone(t, owner)
	default:
		if sc.change != nil {
			p.change(sc.change...)
		} else {
			p.create(sc.create...)
		}
		p.until(fmt.Sprintf("the VM to be as asked: %+v", *sc.want), func() bool { return p.has(*sc.want) && s.has(owner, *sc.want) })
		s.assertOne(t, owner, *sc.want)
	}
	for method, n := range s.server.Calls() {
		if n > before[method] {
			methods = append(methods, method)
		}
	}
	slices.Sort(methods)
	return p.taken(), methods
}

// has says whether the object shows that the VM is as asked, and that nothing is left to do.
func (p *provider) has(want hardware) bool {
	vm := p.vm()
	at := vm.Status.AtProvider
	if at.CPU != want.CPUs || at.MemoryMiB != int64(want.MemoryMiB) || len(at.Disks) != len(want.Disks) || at.RestartToken != vm.Spec.ForProvider.RestartToken {
		return false
	}
	total := int64(0)
	for _, d := range at.Disks {
		total += d.SizeGiB
	}
	for _, d := range want.Disks {
		total -= d
	}
	if total != 0 || at.PowerOperation != nil {
		return false
	}
	if !want.On {
		return at.PowerState == v1beta1.PoweredOff && vm.GetCondition("Synced").ObservedGeneration == vm.Generation
	}
	return p.ready()
}

// TestKilledBetweenAnyTwoSteps kills the provider before and after each thing it does.
func TestKilledBetweenAnyTwoSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("plays each scenario as often as it has steps")
	}
	for name, sc := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			steps, _ := s.play(t, sc, name, 0, nil)
			for k := 1; k <= steps; k++ {
				t.Run(fmt.Sprint(k), func(t *testing.T) {
					s.play(t, sc, fmt.Sprintf("%s-%d", name, k), k, func(*provider) { die() })
				})
			}
			t.Logf("%s Killed at each of %d steps.", sc.reason, steps)
		})
	}
}

// TestLostAndFailed loses the request and the reply of each kind of call that a scenario makes, refuses it, and lets its task fail.
func TestLostAndFailed(t *testing.T) {
	if testing.Short() {
		t.Skip("plays each scenario as often as it makes kinds of calls, four times")
	}
	for name, sc := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			_, methods := s.play(t, sc, name, 0, nil)
			for _, method := range slices.DeleteFunc(methods, func(m string) bool { return !disturbed(m) }) {
				for fault, rule := range faults(method) {
					t.Run(method+"/"+fault, func(t *testing.T) {
						var remove func()
						defer func() { remove() }()
						// The rule is put in force by the first step of the scenario, so that what comes before is not disturbed.
						remove = func() {}
						s.play(t, sc, fmt.Sprintf("%s-%s-%s", name, short(method), fault), 1, func(*provider) { remove = s.server.Inject(rule) })
					})
				}
			}
		})
	}
}

// faults that a call can meet, once.
func faults(method string) map[string]vcenter.Rule {
	f := map[string]vcenter.Rule{
		"lost-request": {Method: method, Times: 1, LoseRequest: true},
		"lost-reply":   {Method: method, Times: 1, LoseReply: true},
		"busy":         {Method: method, Times: 1, Fault: &types.TaskInProgress{}},
		"no-session":   {Method: method, Times: 1, DropSession: true},
	}
	if strings.HasSuffix(method, "_Task") {
		f["task-fails"] = vcenter.Rule{Method: method, Times: 1, TaskFault: &types.GenericVmConfigFault{Reason: "no luck"}}
		f["task-fails-midway"] = vcenter.Rule{Method: method, Times: 1, TaskFault: &types.GenericVmConfigFault{Reason: "no luck"}, Midway: true}
	}
	return f
}

// disturbed says whether a method is given faults here. Connecting and following have theirs in the client's own tests.
func disturbed(method string) bool {
	return strings.HasSuffix(method, "_Task") || method == "ShutdownGuest" || method == "FindAllByUuid" || method == "ModifyListView"
}

func short(method string) string {
	if len(method) > 16 {
		return method[:16]
	}
	return method
}

// TestInterference lets something happen at each step of a change that has to stop the VM.
func TestInterference(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a scenario as often as it has steps, for each incident")
	}
	sc := scenarios()["offline"]
	incidents := map[string]func(s *site, p *provider){
		"SessionsTerminated": func(s *site, _ *provider) {
			if _, err := s.server.TerminateSessions(context.Background(), vsphere.UserAgent); err != nil {
				s.t.Error(err)
			}
		},
		"VCenterAway": func(s *site, _ *provider) {
			s.server.Inject(vcenter.Rule{Method: vcenter.AnyMethod, Times: 10, LoseRequest: true})
		},
		"Renamed": func(s *site, p *provider) {
			s.byHand(p, func(vm *object.VirtualMachine) (*object.Task, error) {
				return vm.Rename(context.Background(), p.key.Name+"-renamed")
			})
		},
		"Moved": func(s *site, p *provider) {
			folder, err := find.NewFinder(s.admin.Client).Folder(context.Background(), "/prod-dc/vm/Production")
			if err != nil {
				s.t.Error(err)
				return
			}
			s.byHand(p, func(vm *object.VirtualMachine) (*object.Task, error) {
				return folder.MoveInto(context.Background(), []types.ManagedObjectReference{vm.Reference()})
			})
		},
		"PasswordChanged": func(s *site, p *provider) {
			s.password += "!"
			if err := s.server.SetPassword(username, s.password); err != nil {
				s.t.Error(err)
			}
			if _, err := s.server.TerminateSessions(context.Background(), vsphere.UserAgent); err != nil {
				s.t.Error(err)
			}
			p.rotate(s.secret())
		},
		"CertificateRenewed": func(s *site, p *provider) {
			if err := s.server.RenewCertificate(); err != nil {
				s.t.Error(err)
			}
			s.login()
			p.rotate(s.config())
		},
		"PoweredOff": func(s *site, p *provider) {
			s.byHand(p, func(vm *object.VirtualMachine) (*object.Task, error) { return vm.PowerOff(context.Background()) })
		},
		"ChangedByHand": func(s *site, p *provider) {
			s.byHand(p, func(vm *object.VirtualMachine) (*object.Task, error) {
				return vm.Reconfigure(context.Background(), types.VirtualMachineConfigSpec{Annotation: "somebody was here", NumCPUs: 1})
			})
		},
		"Destroyed": func(s *site, p *provider) {
			for _, vm := range s.owned("uid-of-" + p.key.Name) {
				s.destroy(vm)
			}
		},
	}
	for name, incident := range incidents {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			steps, _ := s.play(t, sc, "undisturbed", 0, nil)
			for k := 1; k <= steps; k++ {
				t.Run(fmt.Sprint(k), func(t *testing.T) {
					s.play(t, sc, fmt.Sprintf("incident-%d", k), k, func(p *provider) { incident(s, p) })
				})
			}
		})
	}
}

// byHand does something to the provider's VM, as far as the vCenter lets somebody.
func (s *site) byHand(p *provider, do func(*object.VirtualMachine) (*object.Task, error)) {
	for _, vm := range s.owned("uid-of-" + p.key.Name) {
		task, err := do(object.NewVirtualMachine(s.admin.Client, vm.Self))
		if err == nil {
			err = task.Wait(context.Background())
		}
		if err != nil {
			s.t.Logf("by hand: %v", err)
		}
	}
}
