// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestDatastoreCluster(t *testing.T) {
	dc := Production()
	dc.DatastoreClusters = []DatastoreCluster{{Name: "ssd", Datastores: []string{"ssd-datastore-1", "ssd-datastore-2"}}}
	dc.Datastores[1].CapacityGiB *= 2
	_, c := startWith(t, Options{Datacenters: []Datacenter{dc}})
	f := find.NewFinder(c.Client)
	pod, err := f.DatastoreCluster(t.Context(), "/prod-dc/datastore/ssd")
	if err != nil {
		t.Fatal(err)
	}
	ds := map[string]*object.Datastore{}
	for _, name := range []string{"ssd-datastore-1", "ssd-datastore-2"} {
		if ds[name], err = f.Datastore(t.Context(), "/prod-dc/datastore/ssd/"+name); err != nil {
			t.Fatal(err)
		}
	}
	src, err := f.VirtualMachine(t.Context(), "/prod-dc/vm/Templates/nginx-image")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := f.Folder(t.Context(), "/prod-dc/vm/Production/WebServers")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := f.ResourcePool(t.Context(), "/prod-dc/host/prod-cluster-1/Resources")
	if err != nil {
		t.Fatal(err)
	}
	p, fo, vm, podRef, poolRef := pod.Reference(), folder.Reference(), src.Reference(), pod.Reference(), pool.Reference()
	recommended := func() []string {
		res, err := object.NewStorageResourceManager(c.Client).RecommendDatastores(t.Context(), types.StoragePlacementSpec{
			Type: string(types.StoragePlacementSpecPlacementTypeClone), Vm: &vm, Folder: &fo, CloneName: "a",
			CloneSpec:        &types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &poolRef}},
			PodSelectionSpec: types.StorageDrsPodSelectionSpec{StoragePod: &podRef},
		})
		if err != nil {
			t.Fatal(err)
		}
		names := []string{}
		for _, r := range res.Recommendations {
			a, ok := r.Action[0].(*types.StoragePlacementAction)
			if !ok || *r.Target != p {
				t.Fatalf("action %T for %v", r.Action[0], r.Target)
			}
			for name, d := range ds {
				if d.Reference() == a.Destination {
					names = append(names, name)
				}
			}
		}
		if (len(names) == 0) != (res.DrsFault != nil) {
			t.Errorf("recommendations %v with fault %v", names, res.DrsFault)
		}
		return names
	}
	maintain := func(name string) {
		res, err := methods.DatastoreEnterMaintenanceMode(t.Context(), c.Client, &types.DatastoreEnterMaintenanceMode{This: ds[name].Reference()})
		if err != nil {
			t.Fatal(err)
		}
		made(t, object.NewTask(c.Client, *res.Returnval.Task), nil)
	}

	if diff := cmp.Diff([]string{"ssd-datastore-2", "ssd-datastore-1"}, recommended()); diff != "" {
		t.Errorf("the member with the most free space comes first: -want, +got:\n%s", diff)
	}
	one := ds["ssd-datastore-1"].Reference()
	task, err := src.Clone(t.Context(), folder, "a", types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: &poolRef, Datastore: &one}})
	made(t, task, err)

	maintain("ssd-datastore-2")
	if diff := cmp.Diff([]string{"ssd-datastore-1"}, recommended()); diff != "" {
		t.Errorf("a member in maintenance mode is not recommended: -want, +got:\n%s", diff)
	}
	exit, err := methods.DatastoreExitMaintenanceMode_Task(t.Context(), c.Client, &types.DatastoreExitMaintenanceMode_Task{This: ds["ssd-datastore-2"].Reference()})
	if err != nil {
		t.Fatal(err)
	}
	made(t, object.NewTask(c.Client, exit.Returnval), nil)
	if got := recommended(); len(got) != 2 {
		t.Errorf("after maintenance: %v", got)
	}
}
