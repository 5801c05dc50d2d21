// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vapi/library"
	"github.com/vmware/govmomi/vapi/vcenter"
)

func TestLibrary(t *testing.T) {
	dc := Production()
	dc.Library = ProductionLibrary()
	s, c := startWith(t, Options{Datacenters: []Datacenter{dc}})
	rc := restClient(t, s, c)
	lm, vm := library.NewManager(rc), vcenter.NewManager(rc)
	lib, err := lm.GetLibraryByName(t.Context(), "vm-images")
	if err != nil {
		t.Fatal(err)
	}
	items, err := lm.GetLibraryItems(t.Context(), lib.ID)
	if err != nil {
		t.Fatal(err)
	}
	ids, kinds := map[string]string{}, map[string]string{}
	for _, i := range items {
		ids[i.Name], kinds[i.Name] = i.ID, i.Type
	}
	want := map[string]string{"ubuntu-22-04-ovf": library.ItemTypeOVF, "ubuntu-22-04-vmtx": library.ItemTypeVMTX}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Fatalf("items: -want, +got:\n%s", diff)
	}
	_, folder, spec := template(t, c)

	deploy := map[string]func() (*object.VirtualMachine, error){
		"ubuntu-22-04-ovf": func() (*object.VirtualMachine, error) {
			ref, err := vm.DeployLibraryItem(t.Context(), ids["ubuntu-22-04-ovf"], vcenter.Deploy{
				DeploymentSpec: vcenter.DeploymentSpec{Name: "from-ovf", DefaultDatastoreID: spec.Location.Datastore.Value, AcceptAllEULA: true},
				Target:         vcenter.Target{ResourcePoolID: spec.Location.Pool.Value, FolderID: folder.Reference().Value, HostID: spec.Location.Host.Value},
			})
			if err != nil {
				return nil, err
			}
			return object.NewVirtualMachine(c.Client, *ref), nil
		},
		"ubuntu-22-04-vmtx": func() (*object.VirtualMachine, error) {
			ref, err := vm.DeployTemplateLibraryItem(t.Context(), ids["ubuntu-22-04-vmtx"], vcenter.DeployTemplate{
				Name: "from-template", DiskStorage: &vcenter.DiskStorage{Datastore: spec.Location.Datastore.Value},
				Placement: &vcenter.Placement{Folder: folder.Reference().Value, ResourcePool: spec.Location.Pool.Value, Host: spec.Location.Host.Value},
			})
			if err != nil {
				return nil, err
			}
			return object.NewVirtualMachine(c.Client, *ref), nil
		},
	}
	for item, do := range deploy {
		t.Run(item, func(t *testing.T) {
			made, err := do()
			if err != nil {
				t.Fatal(err)
			}
			m := vmOf(t, made)
			if diff := cmp.Diff([]any{false, off, *spec.Location.Pool, *spec.Location.Host, *spec.Location.Datastore}, []any{m.Config.Template, m.Runtime.PowerState, *m.ResourcePool, *m.Runtime.Host, m.Datastore[0]}); diff != "" {
				t.Errorf("what is deployed is a VM where it was asked for: -want, +got:\n%s", diff)
			}
			if _, files := diskOf(t, m); len(files) != 1 {
				t.Errorf("the VM's disk has files %v", files)
			}
			if _, err := do(); err == nil {
				t.Error("a second VM of that name in the folder is not refused")
			}
			task, err := made.PowerOn(t.Context())
			if err := failed(t, task, err); err != nil {
				t.Error(err)
			}
		})
	}
}
