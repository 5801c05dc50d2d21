// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

var _ clients.Hypervisor = &Client{}

func TestLife(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	ctx := t.Context()

	want := spec("web-1")
	want.CPU, want.MemoryMiB = 4, 4096
	want.GuestData.UserData = "#cloud-config\nhostname: web-1\n"
	want.Networks = []clients.Network{
		{Name: "primary", Network: "VM Network", MACAddress: "00:50:56:00:00:01"},
		{Name: "web", Network: "web-tier"},
	}
	want.Disks = []clients.Disk{{Name: "data", SizeGiB: 10}, {Name: "logs", SizeGiB: 3, Thick: true}}
	want.Placement = clients.Placement{Cluster: "prod-cluster-2", Host: "esxi-05", Datastore: "ssd-datastore-2", Folder: "/Production/WebServers", Datacenter: "prod-dc"}
	id := want.Identity

	vm, err := c.ObserveVM(ctx, id, "")
	if err != nil || vm.State != clients.VMAbsent {
		t.Fatalf("before its creation the VM is %q, %v: want it absent", vm.State, err)
	}
	vm = s.create(c, want)
	if err := c.PowerVM(ctx, id, clients.ActionPowerOn); err != nil {
		t.Fatal(err)
	}
	s.await("the VM to be on", func() bool {
		vm, err = c.ObserveVM(ctx, id, "")
		return err == nil && vm.State == clients.VMPresent && vm.PowerState == clients.PoweredOn && len(vm.IPAddresses) == 2
	})

	observed := clients.VM{
		State: clients.VMPresent, Owner: id.Owner, Name: "web-1", PowerState: clients.PoweredOn, CPU: 4, MemoryMiB: 4096,
		Firmware: clients.BIOS, GuestTools: true, GuestDataHash: want.GuestData.Hash(want.Networks),
		Placement: want.Placement,
		Plug: clients.HotPlug{
			MinCPU: 4, MaxCPU: 4, CPUWhy: "the VM was made without CPU hot-add",
			MinMemoryMiB: 4096, MaxMemoryMiB: 4096, MemoryWhy: "the VM was made without memory hot-add",
			Disks: true, Networks: true,
		},
		Networks: []clients.NetworkObservation{
			{Name: "primary", Network: "VM Network", Model: "VMXNET3", MACAddress: "00:50:56:00:00:01"},
			{Name: "web", Network: "web-tier", Model: "VMXNET3"},
		},
		Disks: []clients.DiskObservation{
			{Name: clients.RootDisk, SizeGiB: 4, Datastore: "ssd-datastore-2", Controller: "scsi", Growable: true},
			{Name: "data", SizeGiB: 10, Datastore: "ssd-datastore-2", Controller: "scsi", Growable: true},
			{Name: "logs", SizeGiB: 3, Datastore: "ssd-datastore-2", Controller: "scsi", Thick: true, Growable: true},
		},
	}
	ignore := cmp.Options{
		cmpopts.IgnoreFields(clients.VM{}, "ID", "IPAddresses", "BootID", "Hostname"),
		cmpopts.IgnoreFields(clients.DiskObservation{}, "Path"),
		cmpopts.IgnoreFields(clients.NetworkObservation{}, "IPAddresses"),
		cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".MACAddress" }, cmp.Comparer(func(a, b string) bool { return a == b || a == "" || b == "" })),
	}
	if diff := cmp.Diff(observed, vm, ignore); diff != "" {
		t.Errorf("ObserveVM: -want, +got:\n%s", diff)
	}

	// The same as the vCenter's administrator sees it.
	const path = "/prod-dc/vm/Production/WebServers/web-1"
	got, ok := s.vms()[path]
	if !ok {
		t.Fatalf("there is no %s: %v", path, s.paths())
	}
	devices := object.VirtualDeviceList(got.Config.Hardware.Device)
	var thin []bool
	for _, d := range devices.SelectByType(&types.VirtualDisk{}) {
		if b, ok := d.(*types.VirtualDisk).Backing.(*types.VirtualDiskFlatVer2BackingInfo); ok {
			thin = append(thin, *b.ThinProvisioned)
		}
	}
	seen := []any{
		got.Config.InstanceUuid, optionOf(got, KeyOwner), optionOf(got, KeyNamespace), optionOf(got, "guestinfo.userdata.encoding"),
		len(devices.SelectByType(&types.VirtualVmxnet3{})), thin,
	}
	if diff := cmp.Diff([]any{id.UUID, id.Owner, "default", "base64", 2, []bool{true, true, false}}, seen); diff != "" {
		t.Errorf("the VM in the vCenter: -want, +got:\n%s", diff)
	}
	if data, err := base64.StdEncoding.DecodeString(optionOf(got, "guestinfo.userdata")); err != nil || string(data) != want.GuestData.UserData {
		t.Errorf("the guest's user data is %q, %v", data, err)
	}
	if data, err := base64.StdEncoding.DecodeString(optionOf(got, "guestinfo.metadata")); err != nil || !strings.Contains(string(data), id.UUID) {
		t.Errorf("the guest's metadata is %q, %v", data, err)
	}

	s.delete(c, id, "")
	if left := s.paths(); len(left) != 0 {
		t.Errorf("VMs are left: %v", left)
	}
	if templates, err := find.NewFinder(s.admin.Client).VirtualMachineList(ctx, "/prod-dc/vm/Templates/*"); err != nil || len(templates) != 2 {
		t.Errorf("templates are %v, %v: want both", templates, err)
	}
}

// delete removes a VM, as a controller does.
func (s *site) delete(c *Client, id clients.Identity, task clients.TaskRef) {
	s.t.Helper()
	s.await("the VM to be absent", func() bool {
		vm, err := c.ObserveVM(context.Background(), id, task)
		if err == nil && vm.State == clients.VMAbsent {
			return true
		}
		if err := c.DeleteVM(context.Background(), id, clients.DeleteOptions{Task: task}); err != nil && clients.ClassOf(err) != clients.Busy {
			s.t.Fatalf("DeleteVM(%q): %v", id.Name, err)
		}
		return false
	})
}

func TestImageInterfacesAreKept(t *testing.T) {
	s := newSite(t)
	vm := s.create(s.connect(), spec("plain"))
	if len(vm.Networks) != 1 || vm.Networks[0].Network != "VM Network" {
		t.Errorf("networks are %v, want that of the template", vm.Networks)
	}
	if vm.Placement.Folder != "/" || vm.Placement.Host == "" || vm.Placement.Datastore == "" {
		t.Errorf("placement is %+v, want one chosen", vm.Placement)
	}
}

func TestPlacementIsSpread(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	gate := make(chan struct{})
	s.server.Inject(heldClone(gate))
	// Six VMs at once, none of which the vCenter shows yet.
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		if _, err := c.CreateVM(t.Context(), spec(name)); err != nil {
			t.Fatal(err)
		}
	}
	close(gate)
	hosts := map[string]int{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		hosts[s.awaitState(c, spec(name).Identity, "", clients.VMPresent).Placement.Host]++
	}
	if len(hosts) != 6 {
		t.Errorf("VMs by host: %v, want one on each of the six", hosts)
	}
}

func TestManyDisks(t *testing.T) {
	s := newSite(t)
	want := spec("disks")
	for _, n := range "abcdefghijklmnopqrst" {
		want.Disks = append(want.Disks, clients.Disk{Name: string(n), SizeGiB: 1})
	}
	vm := s.create(s.connect(), want)
	var names []string
	for _, d := range vm.Disks {
		names = append(names, d.Name)
	}
	if got := strings.Join(names, ""); got != "rootabcdefghijklmnopqrst" {
		t.Errorf("disks are %q, want the image's and all twenty, on more than one controller", got)
	}
}
