// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A machine is a VM's hardware as the vCenter's administrator sees it.
type machine struct {
	CPU, Cores int32
	MemoryMiB  int32
	HotAdd     string
	// Disks by controller and unit with their sizes, as in "0:0 4GiB".
	Disks string
	// NICs by the networks that they are connected to.
	NICs string
}

func machineOf(vm mo.VirtualMachine) machine {
	h := vm.Config.Hardware
	m := machine{CPU: h.NumCPU, MemoryMiB: h.MemoryMB}
	if h.NumCoresPerSocket != nil {
		m.Cores = *h.NumCoresPerSocket
	}
	for _, f := range []struct {
		set  *bool
		name string
	}{{vm.Config.CpuHotAddEnabled, "cpu"}, {vm.Config.MemoryHotAddEnabled, "memory"}} {
		if f.set != nil && *f.set {
			m.HotAdd = strings.TrimSpace(m.HotAdd + " " + f.name)
		}
	}
	var disks, nics []string
	for _, d := range virtualDisks(h.Device) {
		at, _ := slotOf(h.Device, d)
		if d.CapacityInBytes != d.CapacityInKB*1024 {
			disks = append(disks, "contradicting sizes")
		}
		disks = append(disks, fmt.Sprintf("%s %dGiB", at, d.CapacityInBytes/gib))
	}
	for _, d := range h.Device {
		if v, ok := d.(types.BaseVirtualEthernetCard); ok {
			if b, ok := v.GetVirtualEthernetCard().Backing.(*types.VirtualEthernetCardNetworkBackingInfo); ok {
				nics = append(nics, b.DeviceName)
			} else {
				nics = append(nics, "port group")
			}
		}
	}
	m.Disks, m.NICs = strings.Join(disks, ", "), strings.Join(nics, ", ")
	return m
}

// vm returns a VM by name as the administrator sees it.
func (s *site) vm(name string) mo.VirtualMachine {
	s.t.Helper()
	for path, vm := range s.vms() {
		if strings.HasSuffix(path, "/"+name) {
			return vm
		}
	}
	s.t.Fatalf("there is no VM %q", name)
	return mo.VirtualMachine{}
}

// settle waits until no work is under way on a VM, and returns it.
func (s *site) settle(c *Client, id clients.Identity) clients.VM {
	s.t.Helper()
	return s.awaitState(c, id, "", clients.VMPresent)
}

// power changes a VM's power and waits until it has.
func (s *site) power(c *Client, id clients.Identity, a clients.PowerAction, want clients.PowerState) clients.VM {
	s.t.Helper()
	if err := c.PowerVM(context.Background(), id, a); err != nil {
		s.t.Fatalf("PowerVM(%q, %s): %v", id.Name, a, err)
	}
	var vm clients.VM
	s.await(fmt.Sprintf("VM %q to be %s", id.Name, want), func() bool {
		var err error
		vm, err = c.ObserveVM(context.Background(), id, "")
		return err == nil && vm.State == clients.VMPresent && vm.PowerState == want
	})
	return vm
}

// larger returns the spec of a VM with data disks and an interface of ours, and head room if asked for.
func larger(name string, hotAdd bool) clients.VMSpec {
	v := spec(name)
	v.HotAdd = &clients.HotAdd{CPU: hotAdd, Memory: hotAdd}
	v.Networks = []clients.Network{{Name: "primary", Network: "VM Network"}}
	v.Disks = []clients.Disk{{Name: "data", SizeGiB: 10}}
	return v
}

func TestReconfigure(t *testing.T) {
	hw := func(change func(*machine)) machine {
		m := machine{CPU: 2, Cores: 1, MemoryMiB: 2048, Disks: "0:0 4GiB, 0:1 10GiB", NICs: "VM Network"}
		if change != nil {
			change(&m)
		}
		return m
	}
	cases := map[string]struct {
		reason string
		hotAdd bool
		on     bool
		change clients.Change
		// class of the refusal, if there is one.
		class clients.Class
		want  machine
	}{
		"Nothing":      {reason: "What a VM has already changes nothing.", change: clients.Change{CPU: 2, MemoryMiB: 2048}, want: hw(nil)},
		"OfflineMore":  {reason: "A VM that is off can have more of both.", change: clients.Change{CPU: 4, MemoryMiB: 8192}, want: hw(func(m *machine) { m.CPU, m.MemoryMiB = 4, 8192 })},
		"OfflineLess":  {reason: "And less.", change: clients.Change{CPU: 1, MemoryMiB: 1024}, want: hw(func(m *machine) { m.CPU, m.MemoryMiB = 1, 1024 })},
		"OfflineOdd":   {reason: "Memory comes in steps of 4 MiB.", change: clients.Change{MemoryMiB: 4095}, class: clients.Invalid, want: hw(nil)},
		"OnlineMore":   {reason: "Head room is used while the VM runs.", hotAdd: true, on: true, change: clients.Change{CPU: 4, MemoryMiB: 8192}, want: hw(func(m *machine) { m.CPU, m.MemoryMiB, m.HotAdd = 4, 8192, "cpu memory" })},
		"OnlineLess":   {reason: "CPUs are not removed while the VM runs.", hotAdd: true, on: true, change: clients.Change{CPU: 1}, class: clients.Invalid, want: hw(func(m *machine) { m.HotAdd = "cpu memory" })},
		"OnlineShrink": {reason: "Memory neither.", hotAdd: true, on: true, change: clients.Change{MemoryMiB: 1024}, class: clients.Invalid, want: hw(func(m *machine) { m.HotAdd = "cpu memory" })},
		"OnlineStep":   {reason: "Memory is added in the VM's steps.", hotAdd: true, on: true, change: clients.Change{MemoryMiB: 2052}, class: clients.Invalid, want: hw(func(m *machine) { m.HotAdd = "cpu memory" })},
		"OnlineLimit":  {reason: "Memory is added up to the VM's limit.", hotAdd: true, on: true, change: clients.Change{MemoryMiB: 2048*16 + 128}, class: clients.Invalid, want: hw(func(m *machine) { m.HotAdd = "cpu memory" })},
		"NoHotAdd":     {reason: "Without head room it takes a power cycle.", on: true, change: clients.Change{CPU: 4}, class: clients.Invalid, want: hw(nil)},
		"NoHotMemory":  {reason: "For memory as well.", on: true, change: clients.Change{MemoryMiB: 4096}, class: clients.Invalid, want: hw(nil)},
		"HotAddOff":    {reason: "Head room is switched while the VM is off.", change: clients.Change{HotAdd: &clients.HotAdd{CPU: true, Memory: true}}, want: hw(func(m *machine) { m.HotAdd = "cpu memory" })},
		"HotAddOn":     {reason: "And not while it runs.", on: true, change: clients.Change{HotAdd: &clients.HotAdd{CPU: true}}, class: clients.Invalid, want: hw(nil)},
		"GrowOnline":   {reason: "Disks of SCSI controllers grow while the VM runs.", on: true, change: clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 20}, {Name: clients.RootDisk, SizeGiB: 8}}}, want: hw(func(m *machine) { m.Disks = "0:0 8GiB, 0:1 20GiB" })},
		"GrowLater":    {reason: "Unless they are to grow offline.", on: true, change: clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 20, OfflineOnly: true}}}, class: clients.Invalid, want: hw(nil)},
		"GrowOffline":  {reason: "Which they do.", change: clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 20, OfflineOnly: true}}}, want: hw(func(m *machine) { m.Disks = "0:0 4GiB, 0:1 20GiB" })},
		"Shrink":       {reason: "A disk that is larger is left.", change: clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 5}}}, want: hw(nil)},
		"GrowUnknown":  {reason: "A disk must be known by name.", change: clients.Change{GrowDisks: []clients.Disk{{Name: "x", SizeGiB: 50}}}, class: clients.NotFound, want: hw(nil)},
		"AddDisks": {
			reason: "Disks are added while the VM runs, those that are there left out.", on: true,
			change: clients.Change{AddDisks: []clients.Disk{{Name: "data", SizeGiB: 10}, {Name: "logs", SizeGiB: 3, Datastore: "ssd-datastore-2"}}},
			want:   hw(func(m *machine) { m.Disks += ", 0:2 3GiB" }),
		},
		"AddDiskNowhere": {reason: "A datastore must be the host's.", change: clients.Change{AddDisks: []clients.Disk{{Name: "logs", SizeGiB: 3, Datastore: "x"}}}, class: clients.NotFound, want: hw(nil)},
		"DetachDisk":     {reason: "A disk is detached by name.", change: clients.Change{DetachDisks: []string{"data", "gone"}}, want: hw(func(m *machine) { m.Disks = "0:0 4GiB" })},
		"DetachRoot":     {reason: "Not that which the VM starts from.", change: clients.Change{DetachDisks: []string{clients.RootDisk}}, class: clients.Invalid, want: hw(nil)},
		"AddNetwork":     {reason: "Interfaces are added while the VM runs.", on: true, change: clients.Change{AddNetworks: []clients.Network{{Name: "web", Network: "web-tier"}}}, want: hw(func(m *machine) { m.NICs = "VM Network, port group" })},
		"MoveNetwork":    {reason: "And connected elsewhere.", on: true, change: clients.Change{UpdateNetworks: []clients.Network{{Name: "primary", Network: "web-tier"}}}, want: hw(func(m *machine) { m.NICs = "port group" })},
		"NoNetwork":      {reason: "To networks that exist.", change: clients.Change{UpdateNetworks: []clients.Network{{Name: "primary", Network: "x"}}}, class: clients.NotFound, want: hw(nil)},
		"RemoveNetwork":  {reason: "And removed, by name.", on: true, change: clients.Change{RemoveNetworks: []string{"primary", "gone"}}, want: hw(func(m *machine) { m.NICs = "" })},
		"AllAtOnce": {
			reason: "Everything goes together.",
			change: clients.Change{
				CPU: 4, MemoryMiB: 4096, GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 12}}, AddDisks: []clients.Disk{{Name: "logs", SizeGiB: 1, Controller: "sata"}},
				AddNetworks: []clients.Network{{Name: "web", Network: "web-tier"}}, RemoveNetworks: []string{"primary"}, HotAdd: &clients.HotAdd{CPU: true},
			},
			want: machine{CPU: 4, Cores: 1, MemoryMiB: 4096, HotAdd: "cpu", Disks: "0:0 4GiB, 0:1 12GiB, sata0:0 1GiB", NICs: "port group"},
		},
	}
	s := newSite(t)
	c := s.connect()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := larger(strings.ToLower(name), tc.hotAdd)
			s.create(c, v)
			if tc.on {
				s.power(c, v.Identity, clients.ActionPowerOn, clients.PoweredOn)
			}
			before := s.server.Calls()
			err := c.ReconfigureVM(t.Context(), v.Identity, tc.change)
			if got := clients.ClassOf(err); got != tc.class {
				t.Fatalf("%s\nReconfigureVM: %v of class %q, want %q", tc.reason, err, got, tc.class)
			}
			vm := s.settle(c, v.Identity)
			if vm.Failure != nil {
				t.Fatalf("%s\nthe task failed: %v", tc.reason, vm.Failure)
			}
			if diff := cmp.Diff(tc.want, machineOf(s.vm(v.Name))); diff != "" {
				t.Errorf("%s\nhardware in the vCenter: -want, +got:\n%s", tc.reason, diff)
			}
			if vm.PowerState == clients.PoweredOn != tc.on {
				t.Errorf("%s\nthe VM is %s", tc.reason, vm.PowerState)
			}
			// The same change again is no change, and costs nothing; a refused one cost nothing either.
			if tc.class == "" {
				err = c.ReconfigureVM(t.Context(), v.Identity, withoutGone(tc.change))
			}
			if tc.class == "" && err != nil {
				t.Errorf("%s\nReconfigureVM again: %v", tc.reason, err)
			}
			got := s.calls(before)
			want := 1
			if tc.class != "" || name == "Nothing" || name == "Shrink" {
				want = 0
			}
			if got["ReconfigVM_Task"] != want || got["ModifyListView"] != want {
				t.Errorf("%s\ncalls of two changes: %v, want %d to reconfigure", tc.reason, got, want)
			}
		})
	}
}

// withoutGone leaves out what cannot be asked twice: an interface that was moved has nothing to be moved to.
func withoutGone(c clients.Change) clients.Change {
	c.UpdateNetworks = nil
	return c
}

// TestCoresPerSocket lets an image with two cores per socket have numbers of CPUs that they do and do not divide.
func TestCoresPerSocket(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, larger("web-1", true))
	s.byHand("web-1", types.VirtualMachineConfigSpec{NumCPUs: 4, NumCoresPerSocket: types.NewInt32(4)})
	s.await("the change by hand", func() bool { vm := s.settle(c, id); return vm.CPU == 4 })
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 6}); err != nil {
		t.Fatal(err)
	}
	s.settle(c, id)
	if m := machineOf(s.vm("web-1")); m.CPU != 6 || m.Cores != 2 {
		t.Errorf("the VM has %d CPUs, %d in each socket: want 6 and 2", m.CPU, m.Cores)
	}
	s.power(c, id, clients.ActionPowerOn, clients.PoweredOn)
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 7}); clients.ClassOf(err) != clients.Invalid {
		t.Errorf("ReconfigureVM to half a socket: %v, want class Invalid", err)
	}
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 8}); err != nil {
		t.Errorf("ReconfigureVM to four sockets: %v", err)
	}
}

// byHand changes a VM past our client.
func (s *site) byHand(name string, change types.VirtualMachineConfigSpec) {
	s.t.Helper()
	task, err := object.NewVirtualMachine(s.admin.Client, s.vm(name).Self).Reconfigure(context.Background(), change)
	if err == nil {
		err = task.Wait(context.Background())
	}
	if err != nil {
		s.t.Fatalf("cannot reconfigure VM %q by hand: %v", name, err)
	}
}

// TestNamesLast lets names of disks and interfaces survive changes, and leaves what somebody attached alone.
func TestNamesLast(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, larger("web-1", false))
	unit := int32(5)
	controller := virtualDisks(s.vm("web-1").Config.Hardware.Device)[0].ControllerKey
	s.byHand("web-1", types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{
		&types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationAdd, FileOperation: types.VirtualDeviceConfigSpecFileOperationCreate,
			Device: &types.VirtualDisk{
				VirtualDevice: types.VirtualDevice{Key: -1, ControllerKey: controller, UnitNumber: &unit, Backing: &types.VirtualDiskFlatVer2BackingInfo{
					VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[ssd-datastore-1]"},
					DiskMode:                     "persistent", ThinProvisioned: types.NewBool(true),
				}},
				CapacityInBytes: gib, CapacityInKB: gib / 1024,
			},
		},
		addDevice(&types.VirtualE1000{VirtualEthernetCard: types.VirtualEthernetCard{VirtualDevice: types.VirtualDevice{
			Key: -2, Backing: &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{DeviceName: "VM Network"}},
		}}}),
	}})
	named := func(vm clients.VM) string {
		var names []string
		for _, d := range vm.Disks {
			names = append(names, fmt.Sprintf("%q", d.Name))
		}
		for _, n := range vm.Networks {
			names = append(names, fmt.Sprintf("%q", n.Name))
		}
		return strings.Join(names, " ")
	}
	s.await("what was attached", func() bool { return named(s.settle(c, id)) == `"root" "data" "" "primary" ""` })
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{
		AddDisks: []clients.Disk{{Name: "logs", SizeGiB: 2}}, AddNetworks: []clients.Network{{Name: "web", Network: "web-tier"}},
		RemoveNetworks: []string{""}, DetachDisks: []string{""},
	}); err != nil {
		t.Fatal(err)
	}
	const want = `"root" "data" "" "logs" "primary" "" "web"`
	if got := named(s.settle(c, id)); got != want {
		t.Errorf("names are %s, want %s", got, want)
	}
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{RemoveNetworks: []string{"primary"}, DetachDisks: []string{"data"}}); err != nil {
		t.Fatal(err)
	}
	const left = `"root" "" "logs" "" "web"`
	if got := named(s.settle(c, id)); got != left {
		t.Errorf("names are %s, want %s", got, left)
	}
}

// TestReconfigureFaults lets the vCenter refuse a change in the call and in the task.
func TestReconfigureFaults(t *testing.T) {
	cases := map[string]struct {
		reason string
		fault  types.BaseMethodFault
		want   clients.Class
	}{
		"Concurrent":   {"Somebody changed the VM meanwhile: look again.", &types.ConcurrentAccess{}, clients.Busy},
		"InProgress":   {"Somebody works on the VM.", &types.TaskInProgress{}, clients.Busy},
		"CPUHotPlug":   {"It takes a power cycle.", &types.CpuHotPlugNotSupported{}, clients.Invalid},
		"MemoryPlug":   {"So does this.", &types.MemoryHotPlugNotSupported{}, clients.Invalid},
		"MemorySize":   {"And this.", &types.MemorySizeNotSupported{}, clients.Invalid},
		"PowerState":   {"And this.", &types.InvalidPowerState{ExistingState: types.VirtualMachinePowerStatePoweredOn}, clients.Invalid},
		"DeviceSpec":   {"What is asked cannot be.", &types.InvalidDeviceSpec{}, clients.Invalid},
		"NoSpace":      {"The datastore is full.", &types.NoDiskSpace{}, clients.Capacity},
		"NoMemory":     {"The host is full.", &types.InsufficientMemoryResourcesFault{}, clients.Capacity},
		"NoPermission": {"The account may not, and the session lasts.", &types.NoPermission{}, clients.Unauthorized},
		"Strange":      {"What nobody has heard of is tried again.", &types.SystemError{}, clients.Unknown},
	}
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, larger("web-1", false))
	logins := s.server.Calls()["Login"]
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			change := clients.Change{CPU: 4}
			remove := s.server.Inject(vcenter.Rule{Method: "ReconfigVM_Task", Times: 1, Fault: tc.fault})
			defer remove()
			if err := c.ReconfigureVM(t.Context(), id, change); clients.ClassOf(err) != tc.want {
				t.Errorf("%s\nReconfigureVM: %v of class %q, want %q", tc.reason, err, clients.ClassOf(err), tc.want)
			}
			defer s.server.Inject(vcenter.Rule{Method: "ReconfigVM_Task", Times: 1, TaskFault: tc.fault})()
			if err := c.ReconfigureVM(t.Context(), id, change); err != nil {
				t.Fatalf("%s\nReconfigureVM: %v", tc.reason, err)
			}
			vm := s.settle(c, id)
			if got := clients.ClassOf(vm.Failure); got != tc.want || vm.FailedTask != clients.TaskReconfigure {
				t.Errorf("%s\nthe failed task is %q, %v of class %q, want %q", tc.reason, vm.FailedTask, vm.Failure, got, tc.want)
			}
			if vm.CPU != 2 {
				t.Errorf("%s\nthe VM has %d CPUs", tc.reason, vm.CPU)
			}
		})
	}
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 4}); err != nil {
		t.Fatal(err)
	}
	if vm := s.settle(c, id); vm.Failure != nil || vm.FailedTask != "" || vm.CPU != 4 {
		t.Errorf("after all that: failure %v of %q, %d CPUs", vm.Failure, vm.FailedTask, vm.CPU)
	}
	if n := s.server.Calls()["Login"] - logins; n != 0 {
		t.Errorf("there were %d logins, want the session to last", n)
	}
	s.one()
}
