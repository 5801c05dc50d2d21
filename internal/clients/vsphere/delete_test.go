// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// files says of files on datastores whether they exist.
func (s *site) files(paths ...string) map[string]bool {
	s.t.Helper()
	exist := map[string]bool{}
	for _, p := range paths {
		var at object.DatastorePath
		if !at.FromString(p) {
			s.t.Fatalf("%q is no path on a datastore", p)
		}
		ds, err := find.NewFinder(s.admin.Client).Datastore(context.Background(), "/prod-dc/datastore/"+at.Datastore)
		if err != nil {
			s.t.Fatal(err)
		}
		_, err = ds.Stat(context.Background(), at.Path)
		exist[p] = err == nil
	}
	return exist
}

// remove deletes a VM with options, as a controller does. Crashing replaces the client before each step.
func (s *site) remove(c *Client, id clients.Identity, o clients.DeleteOptions, crashing bool) {
	s.t.Helper()
	s.await("the VM to be absent", func() bool {
		if crashing {
			c.Close()
			c = s.connect()
		}
		vm, err := c.ObserveVM(context.Background(), id, o.Task)
		if err == nil && vm.State == clients.VMAbsent {
			return true
		}
		if err := c.DeleteVM(context.Background(), id, o); err != nil && clients.ClassOf(err) != clients.Busy && clients.ClassOf(err) != clients.Unreachable {
			s.t.Fatalf("DeleteVM(%q): %v", id.Name, err)
		}
		return false
	})
}

// attach gives a VM a disk by hand, in a directory of its own, and returns the path of its file.
func (s *site) attach(name string) string {
	s.t.Helper()
	devices := object.VirtualDeviceList(s.vm(name).Config.Hardware.Device)
	unit := int32(9)
	s.byHand(name, types.VirtualMachineConfigSpec{DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
		Operation: types.VirtualDeviceConfigSpecOperationAdd, FileOperation: types.VirtualDeviceConfigSpecFileOperationCreate,
		Device: &types.VirtualDisk{
			VirtualDevice: types.VirtualDevice{Key: -1, ControllerKey: virtualDisks(devices)[0].ControllerKey, UnitNumber: &unit, Backing: &types.VirtualDiskFlatVer2BackingInfo{
				VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{FileName: "[ssd-datastore-2]"},
				DiskMode:                     "persistent", ThinProvisioned: types.NewBool(true),
			}},
			CapacityInBytes: gib, CapacityInKB: gib / 1024,
		},
	}}})
	for _, d := range virtualDisks(s.vm(name).Config.Hardware.Device) {
		if *d.UnitNumber == unit {
			return newDiskRecord(d).file
		}
	}
	s.t.Fatalf("VM %q was given no disk", name)
	return ""
}

// snapshot takes a snapshot of a VM by hand.
func (s *site) snapshot(name string) {
	s.t.Helper()
	task, err := object.NewVirtualMachine(s.admin.Client, s.vm(name).Self).CreateSnapshot(context.Background(), "by-hand", "", false, false)
	if err == nil {
		err = task.Wait(context.Background())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestDeleteSpares deletes a VM with a disk to retain and one that somebody attached, in one go and with a crash between any
// two steps.
func TestDeleteSpares(t *testing.T) {
	cases := map[string]struct {
		reason               string
		on, snapshot, crash  bool
		lose                 string
		retain               []string
		wantData, wantByHand bool
	}{
		"ByHand":       {reason: "What somebody attached outlives the VM, what we made does not.", wantByHand: true},
		"Retained":     {reason: "So does what is to be retained.", retain: []string{"data"}, wantData: true, wantByHand: true},
		"Running":      {reason: "A VM that is on is switched off first.", on: true, retain: []string{"data"}, wantData: true, wantByHand: true},
		"Snapshots":    {reason: "Disks are detached whole: snapshots go first.", snapshot: true, retain: []string{"data"}, wantData: true, wantByHand: true},
		"Crashes":      {reason: "Each step in another process.", on: true, snapshot: true, crash: true, retain: []string{"data"}, wantData: true, wantByHand: true},
		"LostDetach":   {reason: "A reply that is lost is no step that is lost.", lose: "ReconfigVM_Task", retain: []string{"data"}, wantData: true, wantByHand: true},
		"LostDestroy":  {reason: "Nor here.", lose: "Destroy_Task", retain: []string{"data"}, wantData: true, wantByHand: true},
		"LostPowerOff": {reason: "Nor here.", on: true, lose: "PowerOffVM_Task", wantByHand: true},
		"LostUnsnap":   {reason: "Nor here.", snapshot: true, lose: "RemoveAllSnapshots_Task", wantByHand: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c := s.connect()
			id := spec("web-1").Identity
			vm := s.create(c, larger("web-1", false))
			root, data := vm.Disks[0].Path, vm.Disks[1].Path
			byHand := s.attach("web-1")
			if tc.snapshot {
				s.snapshot("web-1")
			}
			if tc.on {
				s.power(c, id, clients.ActionPowerOn, clients.PoweredOn)
			}
			s.await("what was done by hand", func() bool { return len(s.settle(c, id).Disks) == 3 && s.hasSnapshots(c, id) == tc.snapshot })
			if tc.lose != "" {
				s.server.Inject(vcenter.Rule{Method: tc.lose, Times: 1, LoseReply: true})
			}
			s.remove(c, id, clients.DeleteOptions{Retain: tc.retain}, tc.crash)
			want := map[string]bool{root: false, data: tc.wantData, byHand: tc.wantByHand}
			if diff := cmp.Diff(want, s.files(root, data, byHand)); diff != "" {
				t.Errorf("%s\nfiles that are left: -want, +got:\n%s", tc.reason, diff)
			}
			if left := s.paths(); len(left) != 0 {
				t.Errorf("%s\nVMs are left: %v", tc.reason, left)
			}
		})
	}
}

// hasSnapshots says whether the client knows of snapshots.
func (s *site) hasSnapshots(c *Client, id clients.Identity) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	r, err := c.cache.one(id)
	return err == nil && r != nil && r.snapshots
}

// linked makes a linked clone of a VM.
func (s *site) linked(c *Client, name, of string) {
	s.t.Helper()
	v := spec(name)
	v.Image.Name, v.Linked = of, true
	s.await("the linked clone to be begun", func() bool {
		_, err := c.CreateVM(context.Background(), v)
		if err != nil && clients.ClassOf(err) != clients.Busy {
			s.t.Fatalf("CreateVM(%q): %v", name, err)
		}
		return err == nil
	})
	s.settle(c, v.Identity)
}

// TestDeleteWithLinkedClones deletes VMs whose disks those of others build on, and those others.
func TestDeleteWithLinkedClones(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	vm := s.create(c, spec("base"))
	root := vm.Disks[0].Path
	s.linked(c, "clone-1", "base")
	s.linked(c, "clone-2", "base")
	s.power(c, spec("base").Identity, clients.ActionPowerOn, clients.PoweredOn)

	err := c.DeleteVM(t.Context(), spec("base").Identity, clients.DeleteOptions{})
	if clients.ClassOf(err) != clients.Conflict || !strings.Contains(err.Error(), "/prod-dc/vm/clone-1, /prod-dc/vm/clone-2") {
		t.Errorf("DeleteVM of what clones are linked to: %v, want a conflict that names both", err)
	}
	if is := s.settle(c, spec("base").Identity); is.PowerState != clients.PoweredOn {
		t.Errorf("the VM is %s, want it untouched", is.PowerState)
	}
	// A clone goes without what it is linked to, and without the other.
	s.delete(c, spec("clone-1").Identity, "")
	if diff := cmp.Diff([]string{"/prod-dc/vm/base", "/prod-dc/vm/clone-2"}, s.paths()); diff != "" {
		t.Errorf("VMs: -want, +got:\n%s", diff)
	}
	if !s.files(root)[root] {
		t.Error("the disk that clones are linked to is gone")
	}
	s.delete(c, spec("clone-2").Identity, "")
	s.await("nobody to depend on the VM", func() bool {
		return c.DeleteVM(t.Context(), spec("base").Identity, clients.DeleteOptions{}) == nil
	})
	s.delete(c, spec("base").Identity, "")
	if s.files(root)[root] {
		t.Error("the disk of the VM that is gone is left")
	}
}

// TestCopyByHand lets somebody clone our VM with our mark on it: the copy is nobody's business.
func TestCopyByHand(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	original := object.NewVirtualMachine(s.admin.Client, s.vm("web-1").Self)
	folder, err := find.NewFinder(s.admin.Client).Folder(t.Context(), "/prod-dc/vm")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := original.ResourcePool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := pool.Reference()
	if _, err := result(original.Clone(t.Context(), folder, "copy", types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &at}})); err != nil {
		t.Fatal(err)
	}
	if mark := optionOf(s.vm("copy"), KeyOwner); mark != id.Owner {
		t.Fatalf("the copy carries mark %q", mark)
	}
	s.power(c, id, clients.ActionPowerOn, clients.PoweredOn)
	s.delete(c, id, "")
	copied := s.vm("copy")
	if diff := cmp.Diff([]string{"/prod-dc/vm/copy"}, s.paths()); diff != "" || copied.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		t.Errorf("the copy is %s; VMs: -want, +got:\n%s", copied.Runtime.PowerState, diff)
	}
}

// TestByHand renames, moves and destroys a VM past our client.
func TestByHand(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	vm := object.NewVirtualMachine(s.admin.Client, s.vm("web-1").Self)
	if _, err := result(vm.Rename(t.Context(), "renamed")); err != nil {
		t.Fatal(err)
	}
	folder, err := find.NewFinder(s.admin.Client).Folder(t.Context(), "/prod-dc/vm/Production/WebServers")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := result(folder.MoveInto(t.Context(), []types.ManagedObjectReference{vm.Reference()})); err != nil {
		t.Fatal(err)
	}
	s.await("name and folder", func() bool {
		is := s.settle(c, id)
		return is.Name == "renamed" && is.Placement.Folder == "/Production/WebServers"
	})
	before := s.server.Calls()
	s.power(c, id, clients.ActionPowerOn, clients.PoweredOn)
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{GrowDisks: []clients.Disk{{Name: clients.RootDisk, SizeGiB: 6}}}); err != nil {
		t.Fatal(err)
	}
	if is := s.settle(c, id); is.Disks[0].SizeGiB != 6 {
		t.Errorf("the disk has %d GiB, want it grown", is.Disks[0].SizeGiB)
	}
	if n := s.calls(before)["CloneVM_Task"]; n != 0 {
		t.Errorf("the VM was made %d times more", n)
	}
	if diff := cmp.Diff([]string{"/prod-dc/vm/Production/WebServers/renamed"}, s.paths()); diff != "" {
		t.Errorf("VMs: -want, +got:\n%s", diff)
	}
	for _, step := range []func(context.Context) (*object.Task, error){vm.PowerOff, vm.Destroy} {
		if _, err := result(step(t.Context())); err != nil {
			t.Fatal(err)
		}
	}
	s.awaitState(c, id, "", clients.VMAbsent)
	if n := s.server.Calls()["FindAllByUuid"] - before["FindAllByUuid"]; n == 0 {
		t.Error("the VM was taken for absent without asking the vCenter")
	}
}

// TestDetachKeepsFile lets a change detach a disk, whose file stays.
func TestDetachKeepsFile(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	data := s.create(c, larger("web-1", false)).Disks[1].Path
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{DetachDisks: []string{"data"}}); err != nil {
		t.Fatal(err)
	}
	if is := s.settle(c, id); slices.ContainsFunc(is.Disks, func(d clients.DiskObservation) bool { return d.Name == "data" }) {
		t.Errorf("disks are %v, want no data", is.Disks)
	}
	s.delete(c, id, "")
	if !s.files(data)[data] {
		t.Error("the file of the detached disk is gone")
	}
}
