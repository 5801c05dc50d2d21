// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// size is what libvirt says that a domain has.
type size struct {
	CPU       int32
	MemoryMiB int64
	Disks     []string
	NICs      int
}

// sizeOf asks libvirt, not the client under test.
func sizeOf(t *testing.T, h libvirthosts.Host, name string, flags ...string) size {
	t.Helper()
	x := &libvirtxml.Domain{}
	if err := x.Unmarshal(virsh(t, h, append([]string{"dumpxml", name}, flags...)...)); err != nil {
		t.Fatal(err)
	}
	e := parseEquipment(x)
	out := size{CPU: e.cpu, MemoryMiB: e.memoryMiB, NICs: len(e.interfaces)}
	for _, d := range e.disks {
		if !d.readOnly {
			out.Disks = append(out.Disks, filepath.Base(d.path))
		}
	}
	return out
}

// assertSize fails when what runs of a domain, or what is kept of it, is anything else.
func assertSize(t *testing.T, h libvirthosts.Host, name string, want size) {
	t.Helper()
	for _, flags := range [][]string{nil, {"--inactive"}} {
		got := sizeOf(t, h, name, flags...)
		slices.Sort(got.Disks)
		slices.Sort(want.Disks)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("dumpxml %v: -want, +got:\n%s", flags, diff)
		}
	}
}

// growable returns the specification of a VM that can be changed while it runs.
func growable(name string) clients.VMSpec {
	spec := newVM(name, "kvm-01")
	spec.Linked = true
	spec.HotAdd = &clients.HotAdd{CPU: true, Memory: true, MaxCPU: 8, MaxMemoryMiB: 2048}
	spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1}}
	spec.Networks = []clients.Network{{Name: "primary", Network: "default"}}
	return spec
}

// TestChangeInterrupted ends the client, or cuts its connection, between any two steps of a change. The same change then
// finishes it, of a VM that runs and of one that does not.
func TestChangeInterrupted(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	for _, on := range []bool{false, true} {
		t.Run(fmt.Sprintf("running=%t", on), func(t *testing.T) {
			spec := growable("web")
			c := open(t, fleetConfig(f), hooks{})
			create(t, c, spec)
			if on {
				powerOn(t, c, spec.Identity)
			}
			disks := []string{rootVolume(spec.UUID), dataVolume(spec.UUID, spec.Disks[0])}
			for i, last := range []string{"volumes", "seed", "kept", "live", "grown", "cut"} {
				// A running VM has room for a few devices more, and not for one at each step.
				var added []clients.Disk
				if i%2 == 0 {
					added = []clients.Disk{{Name: "extra-" + last, SizeGiB: 1}}
					disks = append(disks, dataVolume(spec.UUID, added[0]))
				}
				want := size{CPU: 2, MemoryMiB: 256 + 128*int64(i+1), Disks: disks, NICs: 1}
				ch := clients.Change{
					CPU: want.CPU, MemoryMiB: want.MemoryMiB, AddDisks: added, GrowDisks: []clients.Disk{{Name: "data", SizeGiB: int64(i + 2)}},
					SetGuestData: true, GuestData: clients.GuestData{Hostname: last}, Networks: spec.Networks,
				}
				interrupt(t, f, spec.Identity, ch, last)
				c := open(t, fleetConfig(f), hooks{})
				vm := reconfigure(t, c, spec.Identity, ch)
				assertSize(t, h, "web", want)
				if vm.CPU != want.CPU || vm.MemoryMiB != want.MemoryMiB || sizes(vm)["data"] != int64(i+2) || vm.GuestDataHash != ch.GuestData.Hash(ch.Networks) {
					t.Errorf("%s: it is observed as %+v", last, vm)
				}
				c.Close()
			}
			remove(t, c, spec.Identity)
			assertEmpty(t, h)
		})
	}
}

// interrupt begins a change and ends it after a step; after "cut" libvirtd is killed in the midst of it.
func interrupt(t *testing.T, f *libvirthosts.Fleet, id clients.Identity, ch clients.Change, last string) {
	t.Helper()
	reached := make(chan struct{})
	c := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
		if last == "cut" && step == "kept" {
			return errors.Join(f.Crash(t.Context(), 0), f.Restart(t.Context(), 0))
		}
		if step != last {
			return nil
		}
		close(reached)
		return errAbandoned
	}})
	if err := c.ReconfigureVM(t.Context(), id, ch); err != nil {
		t.Fatal(err)
	}
	if last == "cut" {
		eventually(t, "the change has come to an end", func() bool { return !c.jobs.get(id.UUID).running() })
	} else {
		<-reached
	}
	c.Close()
}

// TestDeletionInterrupted ends the client between the steps of a deletion.
func TestDeletionInterrupted(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	for _, last := range []string{"off", "volumes"} {
		spec := growable("web")
		reached := make(chan struct{})
		killed := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
			if step != last {
				return nil
			}
			close(reached)
			return errAbandoned
		}})
		create(t, killed, spec)
		powerOn(t, killed, spec.Identity)
		if err := killed.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		<-reached
		killed.Close()
		remove(t, open(t, fleetConfig(f), hooks{}), spec.Identity)
		assertEmpty(t, h)
	}
}

// TestDaemonKilledWhileDeleting kills libvirtd between the steps of a deletion, which the same client then goes on with.
func TestDaemonKilledWhileDeleting(t *testing.T) {
	f := fleet(t)
	for _, last := range []string{"off", "volumes"} {
		spec := growable("web")
		var killed atomic.Bool
		c := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
			if step != last || killed.Swap(true) {
				return nil
			}
			return errors.Join(f.Crash(t.Context(), 0), f.Restart(t.Context(), 0))
		}})
		create(t, c, spec)
		powerOn(t, c, spec.Identity)
		eventually(t, "the VM is gone", func() bool {
			vm, err := c.ObserveVM(t.Context(), spec.Identity, "")
			if err == nil && vm.State != clients.VMAbsent {
				_ = c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{})
			}
			return err == nil && vm.State == clients.VMAbsent && len(vm.Leftovers) == 0
		})
		assertEmpty(t, f.Hosts()[0])
		if !killed.Load() {
			t.Errorf("a deletion has no step %q", last)
		}
		c.Close()
	}
}

// TestPowerCycleInterrupted ends the client after each order of a power cycle, and kills libvirtd meanwhile: the next one goes on, the
// VM stays one and the same, and has in the end what was asked.
func TestPowerCycleInterrupted(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	for name, crash := range map[string]func() error{
		"Client": func() error { return nil },
		"Daemon": func() error { return errors.Join(f.Crash(t.Context(), 0), f.Restart(t.Context(), 0)) },
	} {
		t.Run(name, func(t *testing.T) {
			spec := growable("web")
			first := open(t, fleetConfig(f), hooks{})
			create(t, first, spec)
			powerOn(t, first, spec.Identity)
			first.Close()

			change := clients.Change{MemoryMiB: 320}
			for _, order := range []func(c *Client) error{
				func(c *Client) error { return c.PowerVM(t.Context(), spec.Identity, clients.ActionPowerOff) },
				func(c *Client) error { return c.ReconfigureVM(t.Context(), spec.Identity, change) },
				func(c *Client) error { return c.PowerVM(t.Context(), spec.Identity, clients.ActionPowerOn) },
			} {
				c := open(t, fleetConfig(f), hooks{})
				if err := order(c); err != nil && clients.ClassOf(err) != clients.Busy {
					t.Fatal(err)
				}
				if err := crash(); err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
			last := open(t, fleetConfig(f), hooks{})
			eventually(t, "the VM runs with what was asked", func() bool {
				vm, err := last.ObserveVM(t.Context(), spec.Identity, "")
				switch {
				case err != nil || vm.State != clients.VMPresent:
					return false
				case vm.MemoryMiB != 320 && vm.PowerState == clients.PoweredOn:
					_ = last.PowerVM(t.Context(), spec.Identity, clients.ActionPowerOff)
				case vm.MemoryMiB != 320:
					_ = last.ReconfigureVM(t.Context(), spec.Identity, change)
				case vm.PowerState != clients.PoweredOn:
					_ = last.PowerVM(t.Context(), spec.Identity, clients.ActionPowerOn)
				default:
					return true
				}
				return false
			})
			if got := domains(t, h); len(got) != 1 {
				t.Errorf("want the one domain, got %v", got)
			}
			remove(t, last, spec.Identity)
			assertEmpty(t, h)
		})
	}
}

// TestDrift has somebody change a VM with virsh: what runs, or only what is kept for its next start. It is seen, and the change
// that a controller asks for then mends both.
func TestDrift(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := newClient(fleetConfig(f), Options{RefreshInterval: 200 * time.Millisecond}, hooks{})
	t.Cleanup(c.Close)
	eventually(t, "it is connected", func() bool { return c.hosts[0].ready() == nil })
	spec := growable("web")
	create(t, c, spec)
	powerOn(t, c, spec.Identity)
	mac := macAddress(spec.UUID, 0)
	normal := size{CPU: 1, MemoryMiB: 256, Disks: []string{rootVolume(spec.UUID), dataVolume(spec.UUID, spec.Disks[0])}, NICs: 1}
	nic := spec.Networks[0]
	steps := []struct {
		reason string
		virsh  []string
		seen   func(clients.VM) bool
		mend   clients.Change
		want   size
	}{
		{
			"CPUs of the next start.", []string{"setvcpus", "web", "3", "--config"},
			func(vm clients.VM) bool { return vm.CPU == 3 }, clients.Change{CPU: 1}, normal,
		},
		{
			"Memory of the next start.", []string{"setmem", "web", "200M", "--config"},
			func(vm clients.VM) bool { return vm.MemoryMiB == 200 }, clients.Change{MemoryMiB: 256}, normal,
		},
		{
			"A disk of the next start.", []string{"detach-disk", "web", "vdb", "--config"},
			func(vm clients.VM) bool { return sizes(vm)["data"] == 0 }, clients.Change{AddDisks: spec.Disks}, normal,
		},
		{
			"An interface of the next start.", []string{"detach-interface", "web", "network", "--mac", mac, "--config"},
			func(vm clients.VM) bool { return vm.Networks[0].Name == "" }, clients.Change{AddNetworks: []clients.Network{nic}}, normal,
		},
		{
			"CPUs of what runs.", []string{"setvcpus", "web", "2", "--live"},
			func(vm clients.VM) bool { return vm.CPU == 2 }, clients.Change{CPU: 2}, size{CPU: 2, MemoryMiB: 256, Disks: normal.Disks, NICs: 1},
		},
	}
	for _, s := range steps {
		virsh(t, h, s.virsh...)
		eventually(t, s.reason, func() bool { return s.seen(observe(t, c, spec.Identity)) })
		reconfigure(t, c, spec.Identity, s.mend)
		assertSize(t, h, "web", s.want)
	}
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
}

// TestOnTwoHosts has a VM on two hosts: nothing is done to it.
func TestOnTwoHosts(t *testing.T) {
	f := fleet(t)
	one, two := f.Hosts()[0], f.Hosts()[1]
	c := open(t, fleetConfig(f), hooks{})
	spec := growable("web")
	create(t, c, spec)
	redefineOn(t, one, two, "web")
	calls := map[string]func() error{
		"ObserveVM":     func() error { _, err := c.ObserveVM(t.Context(), spec.Identity, ""); return err },
		"PowerVM":       func() error { return c.PowerVM(t.Context(), spec.Identity, clients.ActionPowerOn) },
		"ReconfigureVM": func() error { return c.ReconfigureVM(t.Context(), spec.Identity, clients.Change{CPU: 2}) },
		"DeleteVM":      func() error { return c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}) },
	}
	eventually(t, "it is seen to be there twice", func() bool { return calls["ObserveVM"]() != nil })
	for name, fn := range calls {
		err := fn()
		if clients.ClassOf(err) != clients.Conflict || !strings.Contains(err.Error(), "kvm-01") || !strings.Contains(err.Error(), "kvm-02") {
			t.Errorf("%s: want a Conflict that names both hosts, got %v", name, err)
		}
	}
	virsh(t, two, "undefine", "web")
	eventually(t, "it is there once", func() bool { return calls["ObserveVM"]() == nil })
	remove(t, c, spec.Identity)
	assertEmpty(t, one)
	assertEmpty(t, two)
}

// redefineOn defines a domain of one host on another.
func redefineOn(t *testing.T, from, to libvirthosts.Host, name string) {
	t.Helper()
	virsh(t, to, "define", writeFile(t, virsh(t, from, "dumpxml", "--inactive", name)))
}

// TestAdopt takes over a domain that somebody else made.
func TestAdopt(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	for _, name := range []string{"theirs-a.qcow2", "theirs-b.qcow2"} {
		virsh(t, h, "vol-create-as", "default", name, "1G", "--format", "qcow2")
	}
	define(t, h, "theirs", filepath.Join(h.PoolDir, "theirs-a.qcow2"), filepath.Join(h.PoolDir, "theirs-b.qcow2"))
	virsh(t, h, "attach-interface", "theirs", "network", "default", "--mac", "52:54:00:00:ad:01", "--model", "virtio", "--config")
	c := open(t, fleetConfig(f), hooks{})
	for _, name := range []string{"theirs", "kvm-01/theirs", "/kvm-01/theirs"} {
		uuid, err := c.FindVM(t.Context(), name)
		if err != nil || uuid != uuidOfDomain(t, h, "theirs") {
			t.Errorf("FindVM(%q): %q, %v", name, uuid, err)
		}
	}
	for name, class := range map[string]clients.Class{"nobodys": clients.NotFound, "kvm-02/theirs": clients.NotFound, "kvm-03/theirs": clients.NotFound} {
		if _, err := c.FindVM(t.Context(), name); clients.ClassOf(err) != class {
			t.Errorf("FindVM(%q): want %q, got %v", name, class, err)
		}
	}
	spec := newVM("theirs", "kvm-01")
	spec.UUID = uuidOfDomain(t, h, "theirs")
	spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1}}
	spec.Networks = []clients.Network{{Name: "primary", Network: "default"}}
	if err := c.AdoptVM(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	vm := settle(t, c, spec.Identity)
	if vm.Owner != spec.Owner || vm.Networks[0].Name != "primary" {
		t.Errorf("it is observed as %+v", vm)
	}
	if diff := cmp.Diff(map[string]int64{"root": 1, "data": 1}, sizes(vm)); diff != "" {
		t.Errorf("disks: -want, +got:\n%s", diff)
	}
	other := spec
	other.Owner = "somebody"
	if err := c.AdoptVM(t.Context(), other); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("what has an owner cannot be adopted, but: %v", err)
	}
	vm = reconfigure(t, c, spec.Identity, clients.Change{CPU: 2, GrowDisks: []clients.Disk{{Name: "data", SizeGiB: 2}}, RemoveNetworks: []string{"primary"}})
	if vm.CPU != 2 || sizes(vm)["data"] != 2 || len(vm.Networks) != 0 {
		t.Errorf("it is observed as %+v", vm)
	}
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
}

// TestMigrated has somebody migrate a VM to the other host, which sees the same files: it is followed there.
func TestMigrated(t *testing.T) {
	f := fleet(t)
	one, two := f.Hosts()[0], f.Hosts()[1]
	c := open(t, fleetConfig(f), hooks{})
	spec := growable("web")
	spec.Host, spec.Placement.Host = "", "kvm-01"
	create(t, c, spec)
	powerOn(t, c, spec.Identity)
	var boot string
	eventually(t, "the run has an identity", func() bool { boot = observe(t, c, spec.Identity).BootID; return boot != "" })
	socket := filepath.Join(t.TempDir(), "migration.sock")
	virsh(t, one, "migrate", "--live", "--p2p", "--persistent", "--undefinesource", "--unsafe", "--migrateuri", "unix://"+socket,
		"web", strings.Replace(two.URI, "qemu:", "qemu+unix:", 1))
	eventually(t, "it is followed", func() bool {
		vm := observe(t, c, spec.Identity)
		return vm.State == clients.VMPresent && vm.Placement.Host == "kvm-02" && vm.PowerState == clients.PoweredOn
	})
	if diff := cmp.Diff(boot, observe(t, c, spec.Identity).BootID); diff != "" {
		t.Errorf("it is the same run: -want, +got:\n%s", diff)
	}
	eventually(t, "it is gone, with the files that the other host has", func() bool {
		if err := c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		vm := observe(t, c, spec.Identity)
		return vm.State == clients.VMAbsent && len(vm.Leftovers) == 0
	})
	assertEmpty(t, one)
	assertEmpty(t, two)
}
