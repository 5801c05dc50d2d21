// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// TestFeedByHand changes a VM as administrators, guests and DRS do, and expects each change in the feed as a change of the
// property itself.
func TestFeedByHand(t *testing.T) {
	s, c := start(t)
	ctx := t.Context()
	vm := clone(t, c, "a", true)
	finder := find.NewFinder(c.Client)
	folder, err := finder.Folder(ctx, "/prod-dc/vm/Production")
	if err != nil {
		t.Fatal(err)
	}
	host, err := finder.HostSystem(ctx, "/prod-dc/host/prod-cluster-2/esxi-06")
	if err != nil {
		t.Fatal(err)
	}
	cv, err := view.NewManager(c.Client).CreateContainerView(ctx, c.ServiceContent.RootFolder, []string{"VirtualMachine", "HostSystem", "Folder"}, true)
	if err != nil {
		t.Fatal(err)
	}
	pc, err := property.DefaultCollector(c.Client).Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pc.CreateFilter(ctx, types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: cv.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ContainerView", Path: "view"},
		}}},
		PropSet: []types.PropertySpec{
			{Type: "VirtualMachine", PathSet: []string{"name", "parent", "config.hardware.memoryMB", "config.extraConfig", "config.instanceUuid", "runtime.host", "runtime.powerState", "guest.ipAddress", "guest.toolsRunningStatus"}},
			{Type: "HostSystem", PathSet: []string{"runtime.inMaintenanceMode"}},
			{Type: "Folder", PathSet: []string{"name"}},
		},
	}}); err != nil {
		t.Fatal(err)
	}
	version, wait := "", int32(10)
	next := func() []string {
		var paths []string
		res, err := methods.WaitForUpdatesEx(ctx, c.Client, &types.WaitForUpdatesEx{This: pc.Reference(), Version: version, Options: &types.WaitOptions{MaxWaitSeconds: &wait}})
		if err != nil {
			t.Fatal(err)
		}
		if res.Returnval == nil {
			return nil
		}
		version = res.Returnval.Version
		for _, f := range res.Returnval.FilterSet {
			for _, o := range f.ObjectSet {
				for _, ch := range o.ChangeSet {
					paths = append(paths, o.Obj.Type+" "+ch.Name)
				}
			}
		}
		slices.Sort(paths)
		return paths
	}
	next()
	task := func(task *object.Task, err error) func() { return func() { result(t, task, err) } }
	for _, step := range []struct {
		name string
		do   func()
		want []string
	}{
		{"memory", func() { task(vm.Reconfigure(ctx, types.VirtualMachineConfigSpec{MemoryMB: 4096}))() }, []string{"VirtualMachine config.hardware.memoryMB"}},
		{"rename", func() { task(vm.Rename(ctx, "b"))() }, []string{"VirtualMachine name"}},
		{"move", func() { task(folder.MoveInto(ctx, []types.ManagedObjectReference{vm.Reference()}))() }, []string{"VirtualMachine parent"}},
		{"rename of the folder", func() { task(folder.Rename(ctx, "Prod"))() }, []string{"Folder name"}},
		{"migration by DRS", func() {
			if err := s.Migrate(vm.Reference(), host.Reference()); err != nil {
				t.Fatal(err)
			}
		}, []string{"VirtualMachine runtime.host"}},
		{"power-on", func() { switchOn(t, vm) }, []string{"VirtualMachine guest.ipAddress", "VirtualMachine guest.toolsRunningStatus", "VirtualMachine runtime.powerState"}},
		{"address", func() { s.SetGuest(vm.Reference(), Guest{Addresses: []string{"192.0.2.1"}}) }, []string{"VirtualMachine guest.ipAddress"}},
		{"maintenance", func() { task(host.EnterMaintenanceMode(ctx, 0, false, nil))() }, []string{"HostSystem runtime.inMaintenanceMode", "VirtualMachine runtime.host"}},
	} {
		step.do()
		got := next()
		for len(got) < len(step.want) {
			more := next()
			if more == nil {
				break
			}
			got = append(got, more...)
		}
		slices.Sort(got)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", step.name, diff)
		}
	}
}

// TestNetworks connects cards to each kind of network, in the second of two datacenters that have the same names in them.
func TestNetworks(t *testing.T) {
	one, two := Production(), Production()
	two.Name = "dr-dc"
	for i := range two.Clusters {
		two.Clusters[i].Name = "dr-" + two.Clusters[i].Name
	}
	for _, dc := range []*Datacenter{&one, &two} {
		dc.Networks, dc.OpaqueNetworks = []string{"backup"}, []string{"segment"}
	}
	_, c := startWith(t, Options{Datacenters: []Datacenter{one, two}})
	f := find.NewFinder(c.Client)
	ctx := t.Context()
	tmpl, err := f.VirtualMachine(ctx, "/dr-dc/vm/Templates/nginx-image")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := f.Folder(ctx, "/dr-dc/vm/Production/WebServers")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := f.ResourcePool(ctx, "/dr-dc/host/dr-prod-cluster-1/Resources")
	if err != nil {
		t.Fatal(err)
	}
	ds, err := f.Datastore(ctx, "/dr-dc/datastore/ssd-datastore-1")
	if err != nil {
		t.Fatal(err)
	}
	p, d := pool.Reference(), ds.Reference()
	spec := types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &p, Datastore: &d}, Config: &types.VirtualMachineConfigSpec{}}
	var want []types.ManagedObjectReference
	add := func(path string) {
		n, err := f.Network(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		backing, err := n.EthernetCardBackingInfo(ctx)
		if err != nil {
			t.Fatal(err)
		}
		card, err := object.EthernetCardTypes().CreateEthernetCard("vmxnet3", backing)
		if err != nil {
			t.Fatal(err)
		}
		card.GetVirtualDevice().Key = int32(-1 - len(want))
		want = append(want, n.Reference())
		spec.Config.DeviceChange = append(spec.Config.DeviceChange, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: card})
	}
	add("/dr-dc/network/backup")
	add("/dr-dc/network/web-tier")
	add("/dr-dc/network/segment")
	own, err := f.Network(ctx, "/dr-dc/network/VM Network")
	if err != nil {
		t.Fatal(err)
	}
	task, err := tmpl.Clone(ctx, folder, "a", spec)
	ref, _ := result(t, task, err).(types.ManagedObjectReference)
	var vm mo.VirtualMachine
	if err := tmpl.Properties(ctx, ref, []string{"network", "datastore", "config.hardware.device"}, &vm); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(append([]types.ManagedObjectReference{own.Reference()}, want...), vm.Network); diff != "" {
		t.Errorf("networks: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff([]types.ManagedObjectReference{d}, vm.Datastore); diff != "" {
		t.Errorf("datastores: -want, +got:\n%s", diff)
	}
	var opaque []string
	for _, d := range vm.Config.Hardware.Device {
		if b, ok := d.GetVirtualDevice().Backing.(*opaqueBacking); ok {
			opaque = append(opaque, b.OpaqueNetworkType)
		}
	}
	if diff := cmp.Diff([]string{"nsx.LogicalSwitch"}, opaque); diff != "" {
		t.Errorf("cards on opaque networks: -want, +got:\n%s", diff)
	}
	elsewhere, err := f.Network(ctx, "/prod-dc/network/web-tier")
	if err != nil {
		t.Fatal(err)
	}
	spec.Config.DeviceChange = spec.Config.DeviceChange[1:2]
	backing, err := elsewhere.EthernetCardBackingInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	spec.Config.DeviceChange[0].GetVirtualDeviceConfigSpec().Device.GetVirtualDevice().Backing = backing
	task, err = tmpl.Clone(ctx, folder, "b", spec)
	if err == nil {
		err = task.Wait(ctx)
	}
	if !fault.Is(err, &types.InvalidDeviceBacking{}) {
		t.Errorf("a card on a network of the other datacenter: %v, want InvalidDeviceBacking", err)
	}
}

// TestLabels sets what people label VMs with.
func TestLabels(t *testing.T) {
	s, c := start(t)
	ctx := t.Context()
	vm := clone(t, c, "a", false)
	fields, err := object.GetCustomFieldsManager(c.Client)
	if err != nil {
		t.Fatal(err)
	}
	def, err := fields.Add(ctx, "owner", "VirtualMachine", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := fields.Set(ctx, vm.Reference(), def.Key, "me"); err != nil {
		t.Fatal(err)
	}
	var m mo.VirtualMachine
	if err := vm.Properties(ctx, vm.Reference(), []string{"customValue"}, &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]types.BaseCustomFieldValue{&types.CustomFieldStringValue{CustomFieldValue: types.CustomFieldValue{Key: def.Key}, Value: "me"}}, m.CustomValue); diff != "" {
		t.Errorf("custom attributes: -want, +got:\n%s", diff)
	}

	rc := rest.NewClient(c.Client)
	if err := rc.Login(ctx, s.URL().User); err != nil {
		t.Fatal(err)
	}
	manager := tags.NewManager(rc)
	category, err := manager.CreateCategory(ctx, &tags.Category{Name: "team", Cardinality: "MULTIPLE", AssociableTypes: []string{"VirtualMachine"}})
	if err != nil {
		t.Fatal(err)
	}
	tag, err := manager.CreateTag(ctx, &tags.Tag{Name: "web", CategoryID: category})
	if err != nil {
		t.Fatal(err)
	}
	attached := func() int {
		all, err := manager.ListAttachedTags(ctx, vm.Reference())
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if err := manager.AttachTag(ctx, tag, vm.Reference()); err != nil || attached() != 1 {
		t.Errorf("AttachTag: %v", err)
	}
	if err := manager.DetachTag(ctx, tag, vm.Reference()); err != nil || attached() != 0 {
		t.Errorf("DetachTag: %v", err)
	}
}
