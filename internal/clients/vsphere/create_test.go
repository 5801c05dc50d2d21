// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// described writes a VM's disks and interfaces down as its administrator sees them.
func described(vm mo.VirtualMachine) []string {
	devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
	var all []string
	for _, d := range devices {
		switch d := d.(type) {
		case *types.VirtualDisk:
			at, _ := slotOf(devices, d)
			b, _ := d.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
			var path object.DatastorePath
			path.FromString(b.FileName)
			all = append(all, fmt.Sprintf("disk %s %dGiB thin=%t on %s", at, d.CapacityInBytes/gib, *b.ThinProvisioned, path.Datastore))
		case types.BaseVirtualEthernetCard:
			card := d.GetVirtualEthernetCard()
			all = append(all, fmt.Sprintf("nic %s %s %s", strings.TrimPrefix(fmt.Sprintf("%T", d), "*types.Virtual"), card.AddressType, strings.TrimPrefix(fmt.Sprintf("%T", card.Backing), "*types.VirtualEthernetCard")))
		}
	}
	return all
}

// theVM returns the only VM that is no template.
func (s *site) theVM() mo.VirtualMachine {
	s.t.Helper()
	vms := s.vms()
	if len(vms) != 1 {
		s.t.Fatalf("VMs are %v, want one", s.paths())
	}
	for _, vm := range vms {
		return vm
	}
	return mo.VirtualMachine{}
}

// networked is a datacenter with networks of all kinds.
func networked() vcenter.Datacenter {
	dc := vcenter.Production()
	dc.Networks, dc.OpaqueNetworks = []string{"backup"}, []string{"segment-1"}
	return dc
}

func TestHardware(t *testing.T) {
	s := newSite(t, networked())
	v := spec("web-1")
	v.Firmware, v.SecureBoot, v.HotAdd = clients.UEFI, true, &clients.HotAdd{CPU: true, Memory: true}
	v.Disks = []clients.Disk{
		{Name: clients.RootDisk, SizeGiB: 20},
		{Name: "data", SizeGiB: 5, Thick: true, Datastore: "ssd-datastore-2"},
		{Name: "fast", SizeGiB: 6, Controller: "nvme"},
		{Name: "slow", SizeGiB: 7, Controller: "sata"},
	}
	v.Networks = []clients.Network{
		{Name: "a", Network: "backup", Model: "E1000"}, {Name: "b", Network: "web-tier", Model: "E1000E"},
		{Name: "c", Network: "segment-1", MACAddress: "00:50:56:00:00:07"}, {Name: "d", Network: "/prod-dc/network/VM Network"},
	}
	v.Placement = clients.Placement{Datastore: "ssd-datastore-1"}
	observed := s.create(s.connect(), v)

	vm := s.theVM()
	want := []string{
		"disk 0:0 20GiB thin=true on ssd-datastore-1", "disk 0:1 5GiB thin=false on ssd-datastore-2",
		"disk nvme0:0 6GiB thin=true on ssd-datastore-1", "disk sata0:0 7GiB thin=true on ssd-datastore-1",
		"nic E1000 generated NetworkBackingInfo", "nic E1000e generated DistributedVirtualPortBackingInfo",
		"nic Vmxnet3 generated NetworkBackingInfo", "nic Vmxnet3 manual OpaqueNetworkBackingInfo",
	}
	got := described(vm)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("devices: -want, +got:\n%s", diff)
	}
	flags := []any{vm.Config.Firmware, *vm.Config.BootOptions.EfiSecureBootEnabled, *vm.Config.CpuHotAddEnabled, *vm.Config.MemoryHotAddEnabled}
	if diff := cmp.Diff([]any{"efi", true, true, true}, flags); diff != "" {
		t.Errorf("firmware, secure boot and hot-add: -want, +got:\n%s", diff)
	}
	var names []string
	for _, n := range observed.Networks {
		names = append(names, n.Name+"="+n.Network)
	}
	for _, d := range observed.Disks {
		names = append(names, d.Name)
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"a=backup", "b=web-tier", "c=segment-1", "d=VM Network", "data", "fast", "root", "slow"}, names); diff != "" {
		t.Errorf("names as observed: -want, +got:\n%s", diff)
	}
	if observed.GuestDataHash != v.GuestData.Hash(v.Networks) {
		t.Errorf("the hash of the guest data is %q, want what was given", observed.GuestDataHash)
	}
}

// boot powers a VM on and returns what its guest says.
func (s *site) boot(c *Client, id clients.Identity) clients.VM {
	s.t.Helper()
	if err := c.PowerVM(context.Background(), id, clients.ActionPowerOn); err != nil {
		s.t.Fatalf("PowerVM(%q): %v", id.Name, err)
	}
	var vm clients.VM
	s.await("the guest to answer", func() bool {
		var err error
		vm, err = c.ObserveVM(context.Background(), id, "")
		return err == nil && vm.PowerState == clients.PoweredOn && len(vm.IPAddresses) > 0
	})
	return vm
}

func TestGuestData(t *testing.T) {
	static := []clients.Network{
		{Name: "front", Network: "VM Network", Address: "192.168.1.100/24", Gateway: "192.168.1.1", DNS: []string{"192.168.1.2"}},
		{Name: "back", Network: "web-tier", Address: "10.0.0.5/16"},
	}
	cases := map[string]struct {
		reason   string
		data     clients.GuestData
		hostname string
	}{
		"CloudInit": {"cloud-init gives name and addresses.", clients.GuestData{Domain: "example.org", TimeZone: "Europe/Berlin"}, "web-1.example.org"},
		"Hostname":  {"A hostname is not the VM's name.", clients.GuestData{Hostname: "frontend"}, "frontend"},
		"LinuxPrep": {"VMware Tools give name and addresses.", clients.GuestData{Prep: clients.PrepLinux, Domain: "example.org"}, "web-1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c := s.connect()
			v := spec("web-1")
			v.GuestData, v.Networks = tc.data, static
			s.create(c, v)
			vm := s.boot(c, v.Identity)
			if short, _, _ := strings.Cut(vm.Hostname, "."); vm.Hostname != tc.hostname && short != tc.hostname {
				t.Errorf("%s\nthe guest is called %q, want %q", tc.reason, vm.Hostname, tc.hostname)
			}
			if diff := cmp.Diff([]string{"10.0.0.5", "192.168.1.100"}, slices.Sorted(slices.Values(vm.IPAddresses))); diff != "" {
				t.Errorf("%s\naddresses of the guest: -want, +got:\n%s", tc.reason, diff)
			}
			for _, n := range vm.Networks {
				if !strings.HasPrefix(n.MACAddress, "00:50:56:") || n.MACAddress[9] > '3' {
					t.Errorf("%s\ninterface %q has the address %s, which is not of the range for administrators", tc.reason, n.Name, n.MACAddress)
				}
			}
		})
	}
}

func TestSysprep(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	v := spec("a-name-that-is-too-long-for-windows")
	v.GuestData = clients.GuestData{Prep: clients.PrepWindows, Sysprep: &clients.Sysprep{
		FullName: "A", Organization: "B", AdminPassword: "s3cret-admin", Domain: "corp.example.org", Username: "joiner", UserPassword: "s3cret-joiner",
		RunOnce: []string{"cmd /c echo"},
	}}
	custom, err := customization(v.Identity, v.GuestData, make([]clients.Network, 1))
	if err != nil {
		t.Fatal(err)
	}
	identity, ok := custom.Identity.(*types.CustomizationSysprep)
	if !ok {
		t.Fatalf("the identity is a %T", custom.Identity)
	}
	name, ok := identity.UserData.ComputerName.(*types.CustomizationFixedName)
	if want := "a-name-tha-" + v.UUID[:4]; !ok || name.Name != want {
		t.Errorf("the computer's name is %v, want %q", identity.UserData.ComputerName, want)
	}
	// The template is of a Linux guest, which the vCenter does not sysprep.
	task, err := c.CreateVM(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	vm := s.awaitState(c, v.Identity, task, clients.VMAbsent)
	if vm.Failure == nil || strings.Contains(vm.Failure.Error(), "s3cret") {
		t.Errorf("Failure is %v, want one that tells no password", vm.Failure)
	}
}

func TestMACAddresses(t *testing.T) {
	static := []clients.Network{{Name: "a", Address: "10.0.0.1/8"}, {Name: "b"}, {Name: "c", MACAddress: "00:50:56:00:00:01"}}
	first := withMACs("uuid", static, nil)
	if diff := cmp.Diff(first, withMACs("uuid", static, nil)); diff != "" {
		t.Errorf("a repeated creation has other addresses: -first, +second:\n%s", diff)
	}
	if first[2].MACAddress != "00:50:56:00:00:01" || first[1].MACAddress == "" {
		t.Errorf("addresses are %v, want the given one and one for each other", first)
	}
	second := withMACs("uuid", static, map[string]bool{first[0].MACAddress: true})
	if second[0].MACAddress == first[0].MACAddress || second[0].MACAddress == "" {
		t.Errorf("the address %s is taken and given again", first[0].MACAddress)
	}
	dhcp := []clients.Network{{Name: "a"}}
	if diff := cmp.Diff(dhcp, withMACs("uuid", dhcp, nil)); diff != "" {
		t.Errorf("with DHCP the vCenter's own addresses do: -want, +got:\n%s", diff)
	}
}

func TestLargeUserData(t *testing.T) {
	s := newSite(t)
	v := spec("web-1")
	v.GuestData.UserData = "#cloud-config\n" + strings.Repeat("# many words that compress well\n", 5000)
	s.create(s.connect(), v)
	vm := s.theVM()
	if got := optionOf(vm, "guestinfo.userdata.encoding"); got != "gzip+base64" || len(optionOf(vm, "guestinfo.userdata")) > maxGuestInfo {
		t.Errorf("user data are encoded as %q, with %d bytes", got, len(optionOf(vm, "guestinfo.userdata")))
	}
}

func TestFolderIsMade(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			v := spec(fmt.Sprintf("web-%d", i))
			v.Placement.Folder = "/Production/New/Deeper"
			if _, err := c.CreateVM(t.Context(), v); err != nil {
				t.Errorf("CreateVM(%q): %v", v.Name, err)
			}
		})
	}
	wg.Wait()
	for i := range 6 {
		vm := s.awaitState(c, spec(fmt.Sprintf("web-%d", i)).Identity, "", clients.VMPresent)
		if vm.Placement.Folder != "/Production/New/Deeper" {
			t.Errorf("VM %q is in %q", vm.Name, vm.Placement.Folder)
		}
	}
	folders, err := find.NewFinder(s.admin.Client).FolderList(t.Context(), "/prod-dc/vm/Production/*")
	if err != nil || len(folders) != 2 {
		t.Errorf("folders are %v, %v: want one more", folders, err)
	}
	if got := s.server.Calls()["CreateFolder"]; got > 12 {
		t.Errorf("there were %d calls to make two folders", got)
	}
}

func TestResourcePools(t *testing.T) {
	s := newSite(t)
	root, err := find.NewFinder(s.admin.Client).ResourcePool(t.Context(), "/prod-dc/host/prod-cluster-2/Resources")
	if err != nil {
		t.Fatal(err)
	}
	production, err := root.Create(t.Context(), "Production", types.DefaultResourceConfigSpec())
	if err == nil {
		_, err = production.Create(t.Context(), "Web", types.DefaultResourceConfigSpec())
	}
	if err != nil {
		t.Fatal(err)
	}
	c := s.connect()
	for name, pool := range map[string]string{"by-name": "Web", "by-path": "Production/Web"} {
		v := spec(name)
		v.Placement.ResourcePool = pool
		vm := s.create(c, v)
		if vm.Placement.ResourcePool != "Web" || vm.Placement.Cluster != "prod-cluster-2" {
			t.Errorf("resource pool %q: placement is %+v", pool, vm.Placement)
		}
	}
}

// snapshots returns the names of a VM's snapshots, as the administrator sees them.
func (s *site) snapshots(path string) []string {
	s.t.Helper()
	vm, err := find.NewFinder(s.admin.Client).VirtualMachine(s.t.Context(), path)
	if err != nil {
		s.t.Fatal(err)
	}
	var p mo.VirtualMachine
	if err := property.DefaultCollector(s.admin.Client).RetrieveOne(s.t.Context(), vm.Reference(), []string{"snapshot"}, &p); err != nil {
		s.t.Fatal(err)
	}
	var names []string
	if p.Snapshot != nil {
		for _, root := range p.Snapshot.RootSnapshotList {
			names = append(names, root.Name)
		}
	}
	return names
}

// createLinked creates a linked clone as a controller does, again while the vCenter is busy with its snapshot.
func (s *site) createLinked(c *Client, v clients.VMSpec) {
	s.t.Helper()
	v.Linked = true
	s.await("the linked clone to be accepted", func() bool {
		_, err := c.CreateVM(context.Background(), v)
		if err != nil && clients.ClassOf(err) != clients.Busy {
			s.t.Fatalf("CreateVM(%q): %v", v.Name, err)
		}
		return err == nil
	})
}

func TestLinkedClones(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.create(c, spec("golden"))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			v := spec(fmt.Sprintf("web-%d", i))
			v.Image.Name = "golden"
			s.createLinked(c, v)
		})
	}
	wg.Wait()
	for i := range 4 {
		s.awaitState(c, spec(fmt.Sprintf("web-%d", i)).Identity, "", clients.VMPresent)
	}
	if diff := cmp.Diff([]string{baseSnapshot}, s.snapshots("/prod-dc/vm/golden")); diff != "" {
		t.Errorf("snapshots of the image: -want, +got:\n%s", diff)
	}
	for path, vm := range s.vms() {
		disk := virtualDisks(vm.Config.Hardware.Device)[0]
		if linked := len(newDiskRecord(disk).parents) > 0; !linked && path != "/prod-dc/vm/golden" {
			t.Errorf("%s is a full clone", path)
		}
	}
	grown := spec("grown")
	grown.Image.Name, grown.Linked, grown.Disks = "golden", true, []clients.Disk{{Name: clients.RootDisk, SizeGiB: 40}}
	if _, err := c.CreateVM(t.Context(), grown); clients.ClassOf(err) != clients.Invalid {
		t.Errorf("growing a linked clone's disk: %v, want class Invalid", err)
	}
}

func TestRunningImage(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.create(c, spec("golden"))
	s.boot(c, spec("golden").Identity)
	v := spec("web-1")
	v.Image.Name = "golden"
	if vm := s.create(c, v); vm.PowerState != clients.PoweredOff || vm.Owner != v.Owner {
		t.Errorf("the clone of a running VM is %s and of %q, want it off and its own", vm.PowerState, vm.Owner)
	}
}
