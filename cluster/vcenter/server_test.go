// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	username = "administrator@vsphere.local"
	password = "correct horse"
)

// start starts a vCenter and returns it with a client of it.
func start(t *testing.T) (*Server, *govmomi.Client) {
	t.Helper()
	return startWith(t, Options{})
}

// startWith starts a vCenter with options and the usual account.
func startWith(t *testing.T, o Options) (*Server, *govmomi.Client) {
	t.Helper()
	o.Username, o.Password = username, password
	s, err := Start(o)
	if err != nil {
		t.Fatalf("Start(...): %v", err)
	}
	t.Cleanup(s.Close)
	c, err := s.Client(t.Context())
	if err != nil {
		t.Fatalf("Client(...): %v", err)
	}
	return s, c
}

// template returns a template and a clone spec for host esxi-04, which is not where the template is.
func template(t *testing.T, c *govmomi.Client) (*object.VirtualMachine, *object.Folder, types.VirtualMachineCloneSpec) {
	t.Helper()
	f := find.NewFinder(c.Client)
	vm, err := f.VirtualMachine(t.Context(), "/prod-dc/vm/Templates/nginx-image")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := f.Folder(t.Context(), "/prod-dc/vm/Production/WebServers")
	if err != nil {
		t.Fatal(err)
	}
	host, err := f.HostSystem(t.Context(), "/prod-dc/host/prod-cluster-2/esxi-04")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := host.ResourcePool(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ds, err := f.Datastore(t.Context(), "/prod-dc/datastore/ssd-datastore-1")
	if err != nil {
		t.Fatal(err)
	}
	h, p, d := host.Reference(), pool.Reference(), ds.Reference()
	return vm, folder, types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Host: &h, Pool: &p, Datastore: &d}}
}

func TestInventory(t *testing.T) {
	_, c := start(t)
	f := find.NewFinder(c.Client)

	var hosts []mo.HostSystem
	list, err := f.HostSystemList(t.Context(), "/prod-dc/host/*/*")
	if err != nil {
		t.Fatal(err)
	}
	refs := make([]types.ManagedObjectReference, 0, len(list))
	for _, h := range list {
		refs = append(refs, h.Reference())
	}
	pc := property.DefaultCollector(c.Client)
	if err := pc.Retrieve(t.Context(), refs, []string{"name", "summary.hardware"}, &hosts); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, h := range hosts {
		got[h.Name] = h.Summary.Hardware.MemorySize / gib
	}
	want := map[string]int64{"esxi-01": 64, "esxi-02": 64, "esxi-03": 64, "esxi-04": 64, "esxi-05": 64, "esxi-06": 64}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hosts and their memory: -want, +got:\n%s", diff)
	}

	for _, p := range []string{"/prod-dc/vm/Templates/nginx-image", "/prod-dc/vm/Templates/ubuntu-22-04"} {
		vm, err := f.VirtualMachine(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if is, err := vm.IsTemplate(t.Context()); err != nil || !is {
			t.Errorf("IsTemplate of %s: %t, %v", p, is, err)
		}
		task, err := vm.PowerOn(t.Context())
		if err == nil {
			err = task.Wait(t.Context())
		}
		if err == nil {
			t.Errorf("template %s was powered on", p)
		}
	}
	for _, p := range []string{"VM Network", "web-tier"} {
		if _, err := f.Network(t.Context(), p); err != nil {
			t.Errorf("network %s: %v", p, err)
		}
	}
}

func TestZoneTags(t *testing.T) {
	s, c := start(t)
	rc := rest.NewClient(c.Client)
	if err := rc.Login(t.Context(), url.UserPassword(username, "wrong")); err == nil {
		t.Error("the tagging service accepts a wrong password")
	}
	if err := rc.Login(t.Context(), s.URL().User); err != nil {
		t.Fatal(err)
	}
	m := tags.NewManager(rc)
	got := map[string]string{}
	for _, name := range []string{"prod-cluster-1", "prod-cluster-2"} {
		cl, err := find.NewFinder(c.Client).ClusterComputeResource(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		attached, err := m.GetAttachedTags(t.Context(), cl.Reference())
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range attached {
			got[name] += tag.Name
		}
	}
	want := map[string]string{"prod-cluster-1": "zone-a", "prod-cluster-2": "zone-b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("zones: -want, +got:\n%s", diff)
	}
}

func TestWrongPassword(t *testing.T) {
	s, _ := start(t)
	c, err := s.anonymous(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = session.NewManager(c).Login(t.Context(), url.UserPassword(username, "wrong"))
	if !fault.Is(err, &types.InvalidLogin{}) {
		t.Errorf("Login with a wrong password: %v, want InvalidLogin", err)
	}
}

func TestClone(t *testing.T) {
	_, c := start(t)
	vm, folder, spec := template(t, c)
	spec.Config = &types.VirtualMachineConfigSpec{
		NumCPUs: 3, MemoryMB: 2048, InstanceUuid: "00000000-0000-4000-8000-000000000001", Annotation: "a note",
		ExtraConfig: []types.BaseOptionValue{&types.OptionValue{Key: "virtrigaud.owner", Value: "me"}},
	}
	task, err := vm.Clone(t.Context(), folder, "web-1", spec)
	if err != nil {
		t.Fatal(err)
	}
	info, err := task.WaitForResult(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ref, _ := info.Result.(types.ManagedObjectReference)
	clone := object.NewVirtualMachine(c.Client, ref)
	on, err := clone.PowerOn(t.Context())
	if err == nil {
		err = on.Wait(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}

	var got, src mo.VirtualMachine
	if err := clone.Properties(t.Context(), clone.Reference(), []string{"config", "guest", "runtime", "datastore"}, &got); err != nil {
		t.Fatal(err)
	}
	if err := vm.Properties(t.Context(), vm.Reference(), []string{"config"}, &src); err != nil {
		t.Fatal(err)
	}
	disks := object.VirtualDeviceList(got.Config.Hardware.Device).SelectByType(&types.VirtualDisk{})
	nics := object.VirtualDeviceList(got.Config.Hardware.Device).SelectByType(&types.VirtualVmxnet3{})
	if len(disks) != 1 || len(nics) != 1 {
		t.Fatalf("the clone has %d disks and %d interfaces, want one of each", len(disks), len(nics))
	}
	srcNIC := object.VirtualDeviceList(src.Config.Hardware.Device).SelectByType(&types.VirtualVmxnet3{})[0]
	mac := func(d types.BaseVirtualDevice) string {
		card, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			t.Fatalf("%T is no interface", d)
		}
		return card.GetVirtualEthernetCard().MacAddress
	}
	if mac(nics[0]) == "" || mac(nics[0]) == mac(srcNIC) {
		t.Errorf("the clone's MAC address is %q, the template's %q: want its own", mac(nics[0]), mac(srcNIC))
	}
	want := []any{int32(3), int32(2048), "a note", *spec.Location.Host, []types.ManagedObjectReference{*spec.Location.Datastore}, guestIP(spec.Config.InstanceUuid, 0)}
	if diff := cmp.Diff(want, []any{got.Config.Hardware.NumCPU, got.Config.Hardware.MemoryMB, got.Config.Annotation, *got.Runtime.Host, got.Datastore, got.Guest.IpAddress}); diff != "" {
		t.Errorf("the clone: -want, +got:\n%s", diff)
	}
}

func TestCloneRefused(t *testing.T) {
	_, c := start(t)
	vm, folder, good := template(t, c)
	if task, err := vm.Clone(t.Context(), folder, "taken", good); err != nil || task.Wait(t.Context()) != nil {
		t.Fatalf("cannot clone: %v", err)
	}
	other, err := find.NewFinder(c.Client).HostSystem(t.Context(), "/prod-dc/host/prod-cluster-1/esxi-01")
	if err != nil {
		t.Fatal(err)
	}
	otherRef := other.Reference()

	cases := map[string]struct {
		reason string
		name   string
		change func(*types.VirtualMachineCloneSpec)
		want   types.BaseMethodFault
	}{
		"DuplicateName": {
			reason: "Two VMs of one folder cannot have one name.",
			name:   "taken",
			change: func(*types.VirtualMachineCloneSpec) {},
			want:   &types.DuplicateName{},
		},
		"HostOfOtherCluster": {
			reason: "A host must belong to the resource pool's cluster.",
			name:   "a",
			change: func(s *types.VirtualMachineCloneSpec) { s.Location.Host = &otherRef },
			want:   &types.InvalidArgument{},
		},
		"NoPool": {
			reason: "A template has no resource pool that a clone could get.",
			name:   "b",
			change: func(s *types.VirtualMachineCloneSpec) { s.Location.Pool = nil },
			want:   &types.InvalidArgument{},
		},
		"Linked": {
			reason: "A linked clone is made from a snapshot.",
			name:   "c",
			change: func(s *types.VirtualMachineCloneSpec) {
				s.Location.DiskMoveType = string(types.VirtualMachineRelocateDiskMoveOptionsCreateNewChildDiskBacking)
			},
			want: &types.NotSupported{},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			spec := good
			tc.change(&spec)
			task, err := vm.Clone(t.Context(), folder, tc.name, spec)
			if err == nil {
				err = task.Wait(t.Context())
			}
			if !fault.Is(err, tc.want) {
				t.Errorf("%s\nClone: %v, want %T", tc.reason, err, tc.want)
			}
		})
	}
}

func TestTerminateSessions(t *testing.T) {
	s, c := start(t)
	c.UserAgent = "somebody/1"
	if err := c.Login(t.Context(), s.URL().User); err == nil {
		t.Fatal("a second login of one session is not refused")
	}
	if _, err := object.NewRootFolder(c.Client).Children(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := s.TerminateSessions(t.Context(), "somebody")
	if n != 1 || err != nil {
		t.Fatalf("TerminateSessions: %d, %v", n, err)
	}
	if _, err := object.NewRootFolder(c.Client).CreateFolder(t.Context(), "x"); !fault.Is(err, &types.NotAuthenticated{}) {
		t.Errorf("CreateFolder: %v, want NotAuthenticated", err)
	}
}

func TestConcurrentClones(t *testing.T) {
	_, c := start(t)
	vm, folder, spec := template(t, c)
	const n = 8
	errs := make(chan error, n)
	for i := range n {
		go func() {
			// Two for each name: one of them must win.
			task, err := vm.Clone(context.Background(), folder, string(rune('a'+i/2)), spec)
			if err == nil {
				err = task.Wait(context.Background())
			}
			errs <- err
		}()
	}
	var duplicates int
	for range n {
		if err := <-errs; fault.Is(err, &types.DuplicateName{}) {
			duplicates++
		} else if err != nil {
			t.Error(errors.Unwrap(err), err)
		}
	}
	vms, err := find.NewFinder(c.Client).VirtualMachineList(t.Context(), "/prod-dc/vm/Production/WebServers/*")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(vms))
	for _, v := range vms {
		names = append(names, v.Name())
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, names); diff != "" || duplicates != n/2 {
		t.Errorf("%d duplicates refused, VMs: -want, +got:\n%s", duplicates, diff)
	}
}
