// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// settle waits until no job of ours is at work on a VM, and returns what is known of it then.
func settle(t *testing.T, c *Client, id clients.Identity) clients.VM {
	t.Helper()
	var vm clients.VM
	eventually(t, id.Name+" is left alone", func() bool {
		vm = observe(t, c, id)
		return vm.State == clients.VMPresent
	})
	return vm
}

// reconfigure does what a controller does until a change is made.
func reconfigure(t *testing.T, c *Client, id clients.Identity, ch clients.Change) clients.VM {
	t.Helper()
	if err := c.ReconfigureVM(t.Context(), id, ch); err != nil {
		t.Fatalf("cannot reconfigure %s: %v", id.Name, err)
	}
	vm := settle(t, c, id)
	if vm.Failure != nil {
		t.Fatalf("cannot reconfigure %s: %v", id.Name, vm.Failure)
	}
	return vm
}

// power does what a controller does until a VM's power is as wanted.
func power(t *testing.T, c *Client, id clients.Identity, a clients.PowerAction, want clients.PowerState) clients.VM {
	t.Helper()
	if err := c.PowerVM(t.Context(), id, a); err != nil {
		t.Fatalf("%s %s: %v", a, id.Name, err)
	}
	var vm clients.VM
	eventually(t, id.Name+" is "+string(want), func() bool {
		vm = observe(t, c, id)
		if vm.Failure != nil {
			t.Fatalf("%s %s: %v", a, id.Name, vm.Failure)
		}
		return vm.State == clients.VMPresent && vm.PowerState == want
	})
	return vm
}

// awaitGuest waits until the guest's agent answers and says how the guest is reached.
func awaitGuest(t *testing.T, c *Client, id clients.Identity) clients.VM {
	t.Helper()
	var vm clients.VM
	eventually(t, "the guest of "+id.Name+" answers", func() bool {
		vm = observe(t, c, id)
		return vm.GuestTools && vm.Hostname != "" && len(vm.IPAddresses) > 0
	})
	return vm
}

// guestSize is what a guest says it has.
type guestSize struct {
	CPUs      int
	MemoryMiB int64
	// Disks in GiB, by device.
	Disks map[string]int64
	// NICs are MAC addresses.
	NICs []string
}

// kernelMiB is how much of its memory a guest's kernel keeps to itself, at most.
const kernelMiB = 110

// askSize asks a guest what it has.
func askSize(t *testing.T, h libvirthosts.Host, name string) guestSize {
	t.Helper()
	out := guestExec(t, h, name, `grep -c ^processor /proc/cpuinfo; awk '/MemTotal/ {print $2}' /proc/meminfo; cat /sys/class/net/eth*/address | sort | tr '\n' ' '; echo; `+
		`for d in /sys/block/vd* /sys/block/sd*; do [ -e $d/size ] && echo $(basename $d) $(cat $d/size) $(cat $d/ro); done`)
	lines := strings.Split(out, "\n")
	number := func(s string) int64 {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		return n
	}
	size := guestSize{CPUs: int(number(lines[0])), MemoryMiB: number(lines[1]) / 1024, NICs: strings.Fields(lines[2]), Disks: map[string]int64{}}
	for _, l := range lines[3:] {
		if f := strings.Fields(l); f[2] == "0" { // the seed is not counted
			size.Disks[f[0]] = (number(f[1])*512 + gib - 1) / gib
		}
	}
	return size
}

// assertGuest fails when the guest has anything else.
func assertGuest(t *testing.T, h libvirthosts.Host, name, when string, want guestSize) {
	t.Helper()
	slices.Sort(want.NICs)
	var got guestSize
	eventually(t, "the guest has its CPUs "+when, func() bool { // which it takes some time to start
		got = askSize(t, h, name)
		if got.MemoryMiB <= want.MemoryMiB && got.MemoryMiB > want.MemoryMiB-kernelMiB {
			got.MemoryMiB = want.MemoryMiB
		}
		return got.CPUs == want.CPUs && got.MemoryMiB == want.MemoryMiB
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the guest has %s: -want, +got:\n%s", when, diff)
	}
}

// sizes returns the disks of an observation by name.
func sizes(vm clients.VM) map[string]int64 {
	out := map[string]int64{}
	for _, d := range vm.Disks {
		out[d.Name] = d.SizeGiB
	}
	return out
}

// TestLife leads one guest through all that can be done to it, and asks the guest, libvirt and the client each time.
func TestLife(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	base := checksum(t, h)
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("life", "kvm-01")
	spec.Linked = true
	spec.HotAdd = &clients.HotAdd{CPU: true, Memory: true, MaxCPU: 3, MaxMemoryMiB: 640}
	spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1}}
	spec.Networks = []clients.Network{{Name: "primary", Network: "default", MACAddress: "52:54:00:00:0f:01"}}
	spec.GuestData = clients.GuestData{Hostname: "living"}
	create(t, c, spec)
	id := spec.Identity
	powerOn(t, c, id)
	vm := awaitGuest(t, c, id)

	t.Run("Observed", func(t *testing.T) {
		want := clients.VM{
			State: clients.VMPresent, Owner: id.Owner, ID: "kvm-01/life", Name: "life", PowerState: clients.PoweredOn, BootID: vm.BootID,
			CPU: 1, MemoryMiB: 256, Firmware: clients.BIOS, HotAdd: *spec.HotAdd, GuestTools: true, Hostname: "living", Emulated: true,
			GuestDataHash: spec.GuestData.Hash(spec.Networks), IPAddresses: vm.IPAddresses,
			Placement: clients.Placement{Cluster: "kvm-cluster", Host: "kvm-01", Datastore: "default"},
			Plug: clients.HotPlug{
				MinCPU: 1, MaxCPU: 3, CPUWhy: whyFewerCPUs + ", and this one has at most 3 CPUs until it is off",
				MinMemoryMiB: 256, MaxMemoryMiB: 640, MemoryWhy: whyLessMemory + ", and this one has at most 640 MiB until it is off",
				Disks: true, Networks: true,
			},
			Networks: []clients.NetworkObservation{{Name: "primary", Network: "default", Model: "VIRTIO", MACAddress: "52:54:00:00:0f:01", IPAddresses: vm.IPAddresses}},
			Disks: []clients.DiskObservation{
				{Name: "root", SizeGiB: 1, Datastore: "default", Path: h.PoolDir + "/" + rootVolume(id.UUID), Controller: "virtio", Format: "qcow2", Growable: true},
				{Name: "data", SizeGiB: 1, Datastore: "default", Path: h.PoolDir + "/" + dataVolume(id.UUID, spec.Disks[0]), Controller: "virtio", Format: "qcow2", Growable: true},
			},
		}
		if diff := cmp.Diff(want, vm); diff != "" {
			t.Errorf("-want, +got:\n%s", diff)
		}
		if vm.BootID == "" {
			t.Error("the run has no identity")
		}
		assertGuest(t, h, "life", "at first", guestSize{CPUs: 1, MemoryMiB: 256, Disks: map[string]int64{"vda": 1, "vdb": 1}, NICs: []string{"52:54:00:00:0f:01"}})
	})

	refused := map[string]struct {
		reason string
		change clients.Change
		class  clients.Class
	}{
		"FewerCPUs":   {"QEMU crashes when a CPU is taken away.", clients.Change{CPU: -1}, clients.Invalid},
		"TooManyCPUs": {"The guest was started with less.", clients.Change{CPU: 4}, clients.Invalid},
		"LessMemory":  {"The guest may need it.", clients.Change{MemoryMiB: 200}, clients.Invalid},
		"TooMuch":     {"The guest was started with less.", clients.Change{MemoryMiB: 1024}, clients.Invalid},
		"HotAdd":      {"The headroom is decided at the start.", clients.Change{HotAdd: &clients.HotAdd{}}, clients.Invalid},
		"NoSuchDisk":  {"There is none of that name.", clients.Change{GrowDisks: []clients.Disk{{Name: "x", SizeGiB: 9}}}, clients.NotFound},
		"NoNetwork":   {"The host has none of that name.", clients.Change{AddNetworks: []clients.Network{{Name: "x", Network: "x"}}}, clients.NotFound},
		"DetachRoot":  {"The guest runs from it.", clients.Change{DetachDisks: []string{"root"}}, clients.Invalid},
		"Tags":        {"libvirt has none.", clients.Change{SetTags: true, Tags: []clients.Tag{{}}}, clients.Unsupported},
	}
	for name, tc := range refused {
		t.Run("Refused"+name, func(t *testing.T) {
			if err := c.ReconfigureVM(t.Context(), id, tc.change); clients.ClassOf(err) != tc.class {
				t.Errorf("\n%s\nReconfigureVM(...): want %q, got %q: %v", tc.reason, tc.class, clients.ClassOf(err), err)
			}
		})
	}

	networks := []clients.Network{spec.Networks[0], {Name: "second", Network: "default", MACAddress: "52:54:00:00:0f:02"}}
	larger := guestSize{CPUs: 2, MemoryMiB: 512, Disks: map[string]int64{"vda": 2, "vdb": 3, "vdd": 1}, NICs: []string{"52:54:00:00:0f:01", "52:54:00:00:0f:02"}}
	t.Run("Online", func(t *testing.T) {
		ch := clients.Change{
			CPU: 2, MemoryMiB: 512, GrowDisks: []clients.Disk{{Name: "root", SizeGiB: 2}, {Name: "data", SizeGiB: 3}},
			AddDisks: []clients.Disk{{Name: "log", SizeGiB: 1, Thick: true}}, AddNetworks: networks[1:],
			SetGuestData: true, GuestData: clients.GuestData{Hostname: "grown"}, Networks: networks,
		}
		for range 2 { // a change that was made already is none
			vm = reconfigure(t, c, id, ch)
		}
		if diff := cmp.Diff(map[string]int64{"root": 2, "data": 3, "log": 1}, sizes(vm)); diff != "" {
			t.Errorf("disks: -want, +got:\n%s", diff)
		}
		if vm.CPU != 2 || vm.MemoryMiB != 512 || len(vm.Networks) != 2 || vm.GuestDataHash != ch.GuestData.Hash(networks) {
			t.Errorf("it is observed as %+v", vm)
		}
		if err := c.ReconfigureVM(t.Context(), id, clients.Change{GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 2}}}); clients.ClassOf(err) != clients.Invalid {
			t.Errorf("a disk is never made smaller, but: %v", err)
		}
		assertGuest(t, h, "life", "after it was changed", larger)
	})

	t.Run("Restarted", func(t *testing.T) {
		boot := vm.BootID
		power(t, c, id, clients.ActionShutdown, clients.PoweredOff)
		power(t, c, id, clients.ActionPowerOn, clients.PoweredOn)
		vm = awaitGuest(t, c, id)
		if vm.BootID == boot || vm.BootID == "" {
			t.Errorf("the new run's identity is %q, and was %q", vm.BootID, boot)
		}
		if diff := cmp.Diff("grown", vm.Hostname); diff != "" {
			t.Errorf("its new data: -want, +got:\n%s", diff)
		}
		assertGuest(t, h, "life", "after it was restarted", larger)
	})

	t.Run("Suspended", func(t *testing.T) {
		boot := vm.BootID
		guestExec(t, h, "life", "sleep 10000 >/dev/null 2>&1 & echo $! >/tmp/pid")
		power(t, c, id, clients.ActionSuspend, clients.Suspended)
		if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 3}); clients.ClassOf(err) != clients.Invalid {
			t.Errorf("the hardware of what is on disk cannot change, but: %v", err)
		}
		if err := c.PowerVM(t.Context(), id, clients.ActionShutdown); clients.ClassOf(err) != clients.Unsupported {
			t.Errorf("a guest that does not run cannot be asked, but: %v", err)
		}
		power(t, c, id, clients.ActionPowerOn, clients.PoweredOn)
		vm = awaitGuest(t, c, id)
		if diff := cmp.Diff("yes", guestExec(t, h, "life", "kill -0 $(cat /tmp/pid) && echo yes")); diff != "" {
			t.Errorf("its process goes on: -want, +got:\n%s", diff)
		}
		if diff := cmp.Diff(boot, vm.BootID); diff != "" {
			t.Errorf("it is the same run: -want, +got:\n%s", diff)
		}
	})

	t.Run("Detached", func(t *testing.T) {
		vm = reconfigure(t, c, id, clients.Change{DetachDisks: []string{"log"}, RemoveNetworks: []string{"second"}})
		if diff := cmp.Diff(map[string]int64{"root": 2, "data": 3}, sizes(vm)); diff != "" || len(vm.Networks) != 1 {
			t.Errorf("disks: -want, +got:\n%s\nnetworks: %v", diff, vm.Networks)
		}
		if !slices.Contains(volumes(t, h), dataVolume(id.UUID, clients.Disk{Name: "log"})) {
			t.Error("the file of a disk that was detached is gone")
		}
		assertGuest(t, h, "life", "after a disk was detached", guestSize{CPUs: 2, MemoryMiB: 512, Disks: map[string]int64{"vda": 2, "vdb": 3}, NICs: []string{"52:54:00:00:0f:01"}})
	})

	t.Run("Offline", func(t *testing.T) {
		power(t, c, id, clients.ActionPowerOff, clients.PoweredOff)
		vm = reconfigure(t, c, id, clients.Change{
			CPU: 1, MemoryMiB: 320, HotAdd: &clients.HotAdd{CPU: true, MaxCPU: 4}, GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 4}},
			AddDisks: []clients.Disk{{Name: "log", SizeGiB: 1}},
		})
		if diff := cmp.Diff(clients.HotAdd{CPU: true, MaxCPU: 4, MaxMemoryMiB: 320}, vm.HotAdd); diff != "" {
			t.Errorf("headroom: -want, +got:\n%s", diff)
		}
		power(t, c, id, clients.ActionPowerOn, clients.PoweredOn)
		vm = awaitGuest(t, c, id)
		if diff := cmp.Diff(map[string]int64{"root": 2, "data": 4, "log": 1}, sizes(vm)); diff != "" {
			t.Errorf("disks: -want, +got:\n%s", diff)
		}
		assertGuest(t, h, "life", "after it was changed while off", guestSize{CPUs: 1, MemoryMiB: 320, Disks: map[string]int64{"vda": 2, "vdb": 4, "vdd": 1}, NICs: []string{"52:54:00:00:0f:01"}})
	})

	t.Run("Deleted", func(t *testing.T) {
		eventually(t, "it is gone, except for what is retained", func() bool {
			if err := c.DeleteVM(t.Context(), id, clients.DeleteOptions{Retain: []string{"log"}}); err != nil {
				t.Fatal(err)
			}
			vm = observe(t, c, id)
			return vm.State == clients.VMAbsent
		})
		kept := dataVolume(id.UUID, clients.Disk{Name: "log"})
		if diff := cmp.Diff(want(kept), volumes(t, h)); diff != "" {
			t.Errorf("what is left: -want, +got:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"log"}, vm.Leftovers); diff != "" {
			t.Errorf("leftovers: -want, +got:\n%s", diff)
		}
		virsh(t, h, "vol-delete", "--pool", "default", kept)
		assertEmpty(t, h)
		if diff := cmp.Diff(base, checksum(t, h)); diff != "" {
			t.Errorf("the base volume has changed: -before, +after:\n%s", diff)
		}
	})
}
