// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	gibibyte = 1024
	noHotAdd = "the VM was made without CPU hot-add"
)

// running returns a VM that runs, without hot-add, and is what asked() asks.
func running(changes ...func(*clients.VM)) clients.VM {
	vm := clients.VM{
		State: clients.VMPresent, PowerState: clients.PoweredOn, CPU: 2, MemoryMiB: 4 * gibibyte, Firmware: clients.BIOS,
		Plug: clients.HotPlug{
			MinCPU: 2, MaxCPU: 2, CPUWhy: noHotAdd, MinMemoryMiB: 4 * gibibyte, MaxMemoryMiB: 4 * gibibyte, MemoryWhy: "no memory hot-add",
			Disks: true, Networks: true,
		},
		Disks: []clients.DiskObservation{
			{Name: clients.RootDisk, SizeGiB: 10, Growable: true},
			{Name: "data", SizeGiB: 50, Growable: true, Datastore: "ssd", Controller: "scsi", Format: "qcow2"},
			{SizeGiB: 7},
		},
		Networks: []clients.NetworkObservation{
			{Name: "primary", Network: "VM Network", Model: "VMXNET3", MACAddress: "02:00:00:00:00:01"},
			{Network: "by hand"},
		},
	}
	for _, c := range changes {
		c(&vm)
	}
	return vm
}

// hot makes a VM one with hot-add.
func hot(vm *clients.VM) {
	vm.Plug.MaxCPU, vm.Plug.MaxMemoryMiB, vm.Plug.MemoryStepMiB = 8, 64*gibibyte, 128
	vm.HotAdd = clients.HotAdd{CPU: true, Memory: true}
}

// off makes a VM one that is off.
func off(vm *clients.VM) {
	vm.PowerState = clients.PoweredOff
	vm.Plug = clients.HotPlug{MinCPU: 1, MaxCPU: 64, CPUWhy: "at most 64", MinMemoryMiB: 4, MaxMemoryMiB: 1024 * gibibyte, HotAdd: true, Disks: true, Networks: true}
}

// suspend makes a VM one that is suspended.
func suspend(vm *clients.VM) {
	vm.PowerState, vm.Plug = clients.Suspended, clients.HotPlug{}
	for i := range vm.Disks {
		vm.Disks[i].Growable = false
	}
}

func asked(changes ...func(*clients.VMSpec)) clients.VMSpec {
	s := clients.VMSpec{
		CPU: 2, MemoryMiB: 4 * gibibyte,
		Disks:    []clients.Disk{{Name: "data", SizeGiB: 50}},
		Networks: []clients.Network{{Name: "primary", Network: "VM Network"}},
	}
	for _, c := range changes {
		c(&s)
	}
	return s
}

// TestMake goes through the table of fields: each in each power state that makes a difference.
func TestMake(t *testing.T) {
	type spec = func(*clients.VMSpec)
	data := func(d clients.Disk) spec { return func(s *clients.VMSpec) { s.Disks = []clients.Disk{d} } }
	cases := map[string]struct {
		reason string
		spec   spec
		vm     clients.VM
		facts  Facts
		want   Plan
	}{
		"Same": {reason: "A VM that is as asked is left alone, with what others attached to it.", spec: func(*clients.VMSpec) {}, vm: running()},
		"CPUHot": {
			reason: "CPUs are added online where the VM takes them.",
			spec:   func(s *clients.VMSpec) { s.CPU = 4 }, vm: running(hot),
			want: Plan{Now: clients.Change{CPU: 4}, Doing: []Item{{Field: "cpu", From: "2", To: "4"}}},
		},
		"CPUCold": {
			reason: "Where it does not, that is worth a power cycle, and the reason is told.",
			spec:   func(s *clients.VMSpec) { s.CPU = 4 }, vm: running(),
			want: Plan{Deferred: []Item{{Field: "cpu", From: "2", To: "4", Why: noHotAdd, Cycle: true}}},
		},
		"CPUDown": {
			reason: "CPUs are taken away offline.",
			spec:   func(s *clients.VMSpec) { s.CPU = 1 }, vm: running(hot),
			want: Plan{Deferred: []Item{{Field: "cpu", From: "2", To: "1", Why: noHotAdd, Cycle: true}}},
		},
		"CPUTooMany": {
			reason: "What a VM cannot have even while it is off is refused.",
			spec:   func(s *clients.VMSpec) { s.CPU = 65 }, vm: running(off),
			want: Plan{Refused: []Item{{Field: "cpu", From: "2", To: "65", Why: "at most 64", Cycle: true}}},
		},
		"CPUSuspended": {
			reason: "A suspended VM is left alone.",
			spec:   func(s *clients.VMSpec) { s.CPU = 4 }, vm: running(suspend),
			want: Plan{Deferred: []Item{{Field: "cpu", From: "2", To: "4", Why: "the VM is suspended", Cycle: true}}},
		},
		"CPUUnknown": {reason: "What is not known is no difference.", spec: func(*clients.VMSpec) {}, vm: running(func(vm *clients.VM) { vm.CPU, vm.MemoryMiB = 0, 0 })},
		"CPUNotAsked": {
			reason: "A VM that is only looked after need not say its size.",
			spec:   func(s *clients.VMSpec) { s.CPU, s.MemoryMiB = 0, 0 }, vm: running(),
		},
		"CPURefused": {
			reason: "What the hypervisor refused although it seemed possible waits for the VM to be off.",
			spec:   func(s *clients.VMSpec) { s.CPU = 4 }, vm: running(hot), facts: Facts{Refused: map[string]string{"cpu from 2 to 4": "no"}},
			want: Plan{Deferred: []Item{{Field: "cpu", From: "2", To: "4", Why: "no", Cycle: true}}},
		},
		"CPURefusedOff": {
			reason: "What it refused while the VM was off is left.",
			spec:   func(s *clients.VMSpec) { s.CPU = 4 }, vm: running(off), facts: Facts{Refused: map[string]string{"cpu from 2 to 4": "no"}},
			want: Plan{Refused: []Item{{Field: "cpu", From: "2", To: "4", Why: "no", Cycle: true}}},
		},
		"CPUOtherRefused": {
			reason: "Another value is another change.",
			spec:   func(s *clients.VMSpec) { s.CPU = 6 }, vm: running(hot), facts: Facts{Refused: map[string]string{"cpu from 2 to 4": "no"}},
			want: Plan{Now: clients.Change{CPU: 6}, Doing: []Item{{Field: "cpu", From: "2", To: "6"}}},
		},
		"CPUHeld": {
			reason: "Who never wants hardware changed by way of power has it so also while the VM is off.",
			spec:   func(s *clients.VMSpec) { s.CPU = 4 }, vm: running(off), facts: Facts{Hold: "powerCyclePolicy is Never"},
			want: Plan{Deferred: []Item{{Field: "cpu", From: "2", To: "4", Why: "powerCyclePolicy is Never", Cycle: true}}},
		},
		"MemoryHot": {
			reason: "Memory grows online in the hypervisor's steps.",
			spec:   func(s *clients.VMSpec) { s.MemoryMiB = 8 * gibibyte }, vm: running(hot),
			want: Plan{Now: clients.Change{MemoryMiB: 8 * gibibyte}, Doing: []Item{{Field: "memoryMiB", From: "4096", To: "8192"}}},
		},
		"MemoryStep": {
			reason: "And in no others.",
			spec:   func(s *clients.VMSpec) { s.MemoryMiB = 4*gibibyte + 4 }, vm: running(hot),
			want: Plan{Deferred: []Item{{Field: "memoryMiB", From: "4096", To: "4100", Why: "memory changes by multiples of 128 MiB in this state of the VM", Cycle: true}}},
		},
		"MemoryBoth": {
			reason: "What can change online does, whatever else has to wait.",
			spec:   func(s *clients.VMSpec) { s.CPU, s.MemoryMiB = 4, 2*gibibyte }, vm: running(hot),
			want: Plan{
				Now: clients.Change{CPU: 4}, Doing: []Item{{Field: "cpu", From: "2", To: "4"}},
				Deferred: []Item{{Field: "memoryMiB", From: "4096", To: "2048", Why: "no memory hot-add", Cycle: true}},
			},
		},
		"HotAdd": {
			reason: "Hot-add settings wait for the VM to be off, and never stop it.",
			spec:   func(s *clients.VMSpec) { s.HotAdd = &clients.HotAdd{CPU: true, Memory: true} }, vm: running(),
			want: Plan{Deferred: []Item{{Field: "hotAdd", From: "none", To: "cpu, memory", Why: "changed when the VM is next off"}}},
		},
		"HotAddOff": {
			reason: "Then they are changed.",
			spec:   func(s *clients.VMSpec) { s.HotAdd = &clients.HotAdd{CPU: true} }, vm: running(off),
			want: Plan{Now: clients.Change{HotAdd: &clients.HotAdd{CPU: true}}, Doing: []Item{{Field: "hotAdd", From: "none", To: "cpu"}}},
		},
		"HotAddMaximumNotTold": {
			reason: "A maximum that the hypervisor does not tell is no difference.",
			spec:   func(s *clients.VMSpec) { s.HotAdd = &clients.HotAdd{CPU: true, Memory: true, MaxCPU: 8} }, vm: running(hot),
		},
		"Firmware": {
			reason: "An installed system starts with its own firmware only.",
			spec:   func(s *clients.VMSpec) { s.Firmware, s.SecureBoot = clients.UEFI, true }, vm: running(off),
			want: Plan{Refused: []Item{{Field: "firmware", From: "bios", To: "uefi with secure boot", Why: whyFirmware}}},
		},
		"Grow": {
			reason: "A disk grows online, and is changed alone if nothing else is asked.",
			spec:   data(clients.Disk{Name: "data", SizeGiB: 100}), vm: running(),
			want: Plan{
				Now:   clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 100}}},
				Doing: []Item{{Field: "size of disk data", From: "50 GiB", To: "100 GiB"}},
			},
		},
		"GrowOffline": {
			reason: "Unless it shall not.",
			spec:   data(clients.Disk{Name: "data", SizeGiB: 100, OfflineOnly: true}), vm: running(),
			want: Plan{Deferred: []Item{{Field: "size of disk data", From: "50 GiB", To: "100 GiB", Why: "expandPolicy is Offline", Cycle: true}}},
		},
		"GrowOfflineOff": {
			reason: "Then it grows while the VM is off.",
			spec:   data(clients.Disk{Name: "data", SizeGiB: 100, OfflineOnly: true}), vm: running(off),
			want: Plan{
				Now:   clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 100, OfflineOnly: true}}},
				Doing: []Item{{Field: "size of disk data", From: "50 GiB", To: "100 GiB"}},
			},
		},
		"GrowParent": {
			reason: "Why a disk cannot grow is the hypervisor's to say.",
			spec:   data(clients.Disk{Name: "data", SizeGiB: 100}), vm: running(func(vm *clients.VM) { vm.Disks[1].Growable, vm.Disks[1].GrowWhy = false, "it has snapshots" }),
			want: Plan{Deferred: []Item{{Field: "size of disk data", From: "50 GiB", To: "100 GiB", Why: "it has snapshots", Cycle: true}}},
		},
		"GrowRoot": {
			reason: "The image's disk grows by its name.",
			spec: func(s *clients.VMSpec) {
				s.Disks = append(s.Disks, clients.Disk{Name: clients.RootDisk, SizeGiB: 20})
			}, vm: running(),
			want: Plan{
				Now:   clients.Change{GrowDisks: []clients.Disk{{Name: clients.RootDisk, SizeGiB: 20}}},
				Doing: []Item{{Field: "size of disk root", From: "10 GiB", To: "20 GiB"}},
			},
		},
		"RootNotKnown": {
			reason: "No disk is ever made in the place of the image's.",
			spec: func(s *clients.VMSpec) {
				s.Disks = append(s.Disks, clients.Disk{Name: clients.RootDisk, SizeGiB: 20})
			}, vm: running(func(vm *clients.VM) { vm.Disks[0].Name = "" }),
		},
		"Shrink": {
			reason: "A disk is never made smaller.",
			spec:   data(clients.Disk{Name: "data", SizeGiB: 20}), vm: running(off),
			want: Plan{Refused: []Item{{Field: "size of disk data", From: "50 GiB", To: "20 GiB", Why: whyShrink}}},
		},
		"AddDisk": {
			reason: "A disk that is new in the list is added, and one that left it is detached.",
			spec:   data(clients.Disk{Name: "logs", SizeGiB: 5}), vm: running(),
			want: Plan{
				Now:   clients.Change{AddDisks: []clients.Disk{{Name: "logs", SizeGiB: 5}}, DetachDisks: []string{"data"}},
				Doing: []Item{{Field: "disk logs", To: "5 GiB"}, {Field: "disk data", From: "50 GiB"}},
			},
		},
		"DisksNotKnown": {
			reason: "When no disk has a name it is not known which are there already.",
			spec:   func(*clients.VMSpec) {}, vm: running(func(vm *clients.VM) { vm.Disks = []clients.DiskObservation{{SizeGiB: 10}, {SizeGiB: 50}} }),
		},
		"DiskMade": {
			reason: "What is decided when a disk is made stays.",
			spec:   data(clients.Disk{Name: "data", SizeGiB: 50, Thick: true, Datastore: "hdd", Controller: "nvme", Format: "raw"}), vm: running(),
			want: Plan{Refused: []Item{
				{Field: "type of disk data", From: "thin", To: "thick", Why: whyDiskMade},
				{Field: "datastore of disk data", From: "ssd", To: "hdd", Why: whyDiskMade},
				{Field: "controller of disk data", From: "scsi", To: "nvme", Why: whyDiskMade},
				{Field: "format of disk data", From: "qcow2", To: "raw", Why: whyDiskMade},
			}},
		},
		"Networks": {
			reason: "Interfaces come and go by name; that of somebody else stays.",
			spec:   func(s *clients.VMSpec) { s.Networks = []clients.Network{{Name: "second", Bridge: "br0"}} }, vm: running(),
			want: Plan{
				Now:   clients.Change{AddNetworks: []clients.Network{{Name: "second", Bridge: "br0"}}, RemoveNetworks: []string{"primary"}},
				Doing: []Item{{Field: "network second", To: "bridge br0"}, {Field: "network primary", From: "VM Network"}},
			},
		},
		"NoNetworks": {reason: "Who asks for no interfaces keeps those that are there.", spec: func(s *clients.VMSpec) { s.Networks = nil }, vm: running()},
		"NetworksNotKnown": {
			reason: "A VM of an earlier version has no names: nothing is added that may be there already.",
			spec:   func(*clients.VMSpec) {}, vm: running(func(vm *clients.VM) { vm.Networks = vm.Networks[1:] }),
		},
		"Connect": {
			reason: "An interface is connected elsewhere.",
			spec: func(s *clients.VMSpec) {
				s.Networks = []clients.Network{{Name: "primary", Network: "DMZ", Model: "vmxnet3", MACAddress: "02:00:00:00:00:01"}}
			}, vm: running(),
			want: Plan{
				Now:   clients.Change{UpdateNetworks: []clients.Network{{Name: "primary", Network: "DMZ", Model: "vmxnet3", MACAddress: "02:00:00:00:00:01"}}},
				Doing: []Item{{Field: "connection of network primary", From: "VM Network", To: "DMZ"}},
			},
		},
		"Path": {
			reason: "A network's path means the network.",
			spec:   func(s *clients.VMSpec) { s.Networks[0].Network = "/prod-dc/network/VM Network" }, vm: running(),
		},
		"NetworkMade": {
			reason: "What is decided when an interface is made stays.",
			spec: func(s *clients.VMSpec) {
				s.Networks[0].Model, s.Networks[0].MACAddress = "E1000", "02:00:00:00:00:99"
			}, vm: running(off),
			want: Plan{Refused: []Item{
				{Field: "model of network primary", From: "VMXNET3", To: "E1000", Why: whyNetMade},
				{Field: "macAddress of network primary", From: "02:00:00:00:00:01", To: "02:00:00:00:00:99", Why: whyNetMade},
			}},
		},
		"GuestData": {
			reason: "New guest data is handed over, and not shown.",
			spec:   func(s *clients.VMSpec) { s.GuestData.UserData = "#cloud-config" }, vm: running(func(vm *clients.VM) { vm.GuestDataHash = "old" }),
			want: Plan{
				Now:   clients.Change{SetGuestData: true, GuestData: clients.GuestData{UserData: "#cloud-config"}, Networks: asked().Networks},
				Doing: []Item{{Field: "guest data"}},
			},
		},
		"GuestDataUnknown": {
			reason: "What a VM was given is not always known.",
			spec:   func(s *clients.VMSpec) { s.GuestData.UserData = "#cloud-config" }, vm: running(),
		},
		"Sysprep": {
			reason: "A guest is customized at its first boot only.",
			spec:   func(s *clients.VMSpec) { s.GuestData.Prep = clients.PrepWindows }, vm: running(func(vm *clients.VM) { vm.GuestDataHash = "old" }),
			want: Plan{Refused: []Item{{Field: "guest data", Why: whyFirstBoot}}},
		},
		"Tags": {
			reason: "Tags and attributes can always change.",
			spec: func(s *clients.VMSpec) {
				s.Tags, s.Attributes = []clients.Tag{{Category: "env", Name: "prod"}}, map[string]string{"owner": "web"}
			}, vm: running(suspend),
			want: Plan{
				Now:   clients.Change{SetTags: true, Tags: []clients.Tag{{Category: "env", Name: "prod"}}, SetAttributes: true, Attributes: map[string]string{"owner": "web"}},
				Doing: []Item{{Field: "tags", From: "none", To: "env/prod"}, {Field: "customAttributes", From: "none", To: "owner"}},
			},
		},
		"OneByOne": {
			reason: "After a refusal of several, one is tried at a time.",
			spec:   func(s *clients.VMSpec) { s.CPU, s.MemoryMiB = 4, 8*gibibyte }, vm: running(hot), facts: Facts{OneByOne: true},
			want: Plan{Now: clients.Change{CPU: 4}, Doing: []Item{{Field: "cpu", From: "2", To: "4"}}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Make(asked(tc.spec), tc.vm, tc.facts)
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nMake(...): -want, +got:\n%s", tc.reason, diff)
			}
			if again := Make(asked(tc.spec), tc.vm, tc.facts); !cmp.Equal(got, again) {
				t.Errorf("\n%s\nMake(...) is not the same twice:\n%s", tc.reason, cmp.Diff(got, again))
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	got := Describe([]Item{
		{Field: "cpu", From: "2", To: "4", Why: "no hot-add"}, {Field: "disk data", To: "5 GiB"}, {Field: "disk logs", From: "1 GiB"}, {Field: "guest data"},
	})
	want := "cpu from 2 to 4 (no hot-add); disk data to 5 GiB; disk logs from 1 GiB; guest data"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Describe(...): -want, +got:\n%s", diff)
	}
}
