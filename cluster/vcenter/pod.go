// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// A DatastoreCluster describes a datastore cluster with Storage DRS.
type DatastoreCluster struct {
	Name string
	// Datastores are its members, by name.
	Datastores []string
}

// pods adds the datastore clusters.
func (b *builder) pods(ctx context.Context) error {
	for _, p := range b.spec.DatastoreClusters {
		pod, err := b.folders.DatastoreFolder.CreateStoragePod(ctx, p.Name)
		if err != nil {
			return fmt.Errorf("cannot create datastore cluster %q: %w", p.Name, err)
		}
		var members []types.ManagedObjectReference
		for _, e := range b.reg.All("Datastore") {
			ds, ok := e.(*simulator.Datastore)
			if ok && slices.Contains(p.Datastores, ds.Name) && path.Dir(ds.Summary.Url) == path.Join(b.home, b.spec.Name) {
				members = append(members, ds.Self)
			}
		}
		if len(members) != len(p.Datastores) {
			return fmt.Errorf("cannot create datastore cluster %q: it has datastores that do not exist", p.Name)
		}
		task, err := object.NewFolder(b.client, pod.Reference()).MoveInto(ctx, members)
		if err == nil {
			err = task.Wait(ctx)
		}
		if err != nil {
			return fmt.Errorf("cannot add datastores to cluster %q: %w", p.Name, err)
		}
	}
	return nil
}

// storageManager answers calls to the storage resource manager in vcsim's place.
type storageManager struct{ shim }

// RecommendDatastores recommends the members of a datastore cluster for a VM, the one with the most free space first. Members in
// maintenance mode, and those that the VM's disks do not fit on, are none of them; "if no recommendation is possible, the result
// has the faults" (vSphere API, RecommendDatastores).
func (m *storageManager) RecommendDatastores(_ *simulator.Context, req *types.RecommendDatastores) soap.HasFault {
	body := &methods.RecommendDatastoresBody{}
	selection := req.StorageSpec.PodSelectionSpec
	ref := selection.StoragePod
	if ref == nil && len(selection.InitialVmConfig) > 0 {
		ref = &selection.InitialVmConfig[0].StoragePod
	}
	if ref == nil {
		body.Fault_ = simulator.Fault("", invalid("storageSpec.podSelectionSpec.storagePod"))
		return body
	}
	pod, ok := m.world.reg.Get(*ref).(*simulator.StoragePod)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: *ref})
		return body
	}
	if fault := checkPlacement(req.StorageSpec); fault != nil {
		body.Fault_ = simulator.Fault("", fault)
		return body
	}
	body.Res = &types.RecommendDatastoresResponse{Returnval: m.world.recommend(pod, m.world.wanted(req.StorageSpec))}
	return body
}

// checkPlacement returns what a request for recommendations lacks, nil if nothing.
func checkPlacement(spec types.StoragePlacementSpec) types.BaseMethodFault {
	switch types.StoragePlacementSpecPlacementType(spec.Type) {
	case types.StoragePlacementSpecPlacementTypeCreate:
		if spec.ConfigSpec == nil || spec.ResourcePool == nil {
			return invalid("storageSpec.configSpec")
		}
	case types.StoragePlacementSpecPlacementTypeClone:
		if spec.Vm == nil || spec.Folder == nil || spec.CloneName == "" || spec.CloneSpec == nil {
			return invalid("storageSpec.cloneSpec")
		}
	case types.StoragePlacementSpecPlacementTypeRelocate, types.StoragePlacementSpecPlacementTypeReconfigure:
		if spec.Vm == nil {
			return invalid("storageSpec.vm")
		}
	default:
		return invalid("storageSpec.type")
	}
	return nil
}

// wanted returns the space in bytes that is to be placed.
func (w *world) wanted(spec types.StoragePlacementSpec) int64 {
	var devices []types.BaseVirtualDevice
	if spec.Vm != nil {
		if vm, ok := w.reg.Get(*spec.Vm).(*simulator.VirtualMachine); ok {
			devices = vm.Config.Hardware.Device
		}
	}
	if spec.ConfigSpec != nil {
		for _, d := range spec.ConfigSpec.DeviceChange {
			devices = append(slices.Clip(devices), d.GetVirtualDeviceConfigSpec().Device)
		}
	}
	var sum int64
	for _, d := range devices {
		if disk, ok := d.(*types.VirtualDisk); ok {
			sum += max(disk.CapacityInBytes, disk.CapacityInKB*1024)
		}
	}
	return sum
}

// recommend returns the members of a datastore cluster with room for size bytes.
func (w *world) recommend(pod *simulator.StoragePod, size int64) types.StoragePlacementResult {
	var fit []*simulator.Datastore
	for _, ref := range pod.ChildEntity {
		ds, ok := w.reg.Get(ref).(*simulator.Datastore)
		if ok && ds.Summary.MaintenanceMode == string(types.DatastoreSummaryMaintenanceModeStateNormal) && ds.Summary.FreeSpace > size {
			fit = append(fit, ds)
		}
	}
	if len(fit) == 0 {
		return types.StoragePlacementResult{DrsFault: &types.ClusterDrsFaults{
			Reason:     "storagePlacement",
			FaultsByVm: []types.BaseClusterDrsFaultsFaultsByVm{&types.ClusterDrsFaultsFaultsByVm{Fault: []types.LocalizedMethodFault{{Fault: &types.NoDiskSpace{Datastore: pod.Name}}}}},
		}}
	}
	slices.SortStableFunc(fit, func(a, b *simulator.Datastore) int { return cmp.Compare(b.Summary.FreeSpace, a.Summary.FreeSpace) })
	var res types.StoragePlacementResult
	for i, ds := range fit {
		res.Recommendations = append(res.Recommendations, types.ClusterRecommendation{
			Key: strconv.Itoa(i + 1), Type: "V1", Time: time.Now(), Rating: 1,
			Reason: "storagePlacement", ReasonText: "Satisfy storage initial placement requests", Target: &pod.Self,
			Action: []types.BaseClusterAction{&types.StoragePlacementAction{
				ClusterAction: types.ClusterAction{Type: "StoragePlacementV1"},
				RelocateSpec:  types.VirtualMachineRelocateSpec{Datastore: &ds.Self},
				Destination:   ds.Self,
			}},
		})
	}
	return res
}

// datastores answers calls to datastores in vcsim's place.
type datastores struct{ shim }

// DatastoreEnterMaintenanceMode starts to take a datastore out of use. VMs stay where they are: with no recommendations to move
// them "the task does not complete until they are moved" (vSphere API); here it does if there are none, and fails otherwise.
func (d *datastores) DatastoreEnterMaintenanceMode(ctx *simulator.Context, req *types.DatastoreEnterMaintenanceMode) soap.HasFault {
	body := &methods.DatastoreEnterMaintenanceModeBody{}
	ds, ok := d.world.reg.Get(req.This).(*simulator.Datastore)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	task := d.world.start(ctx, ds, "enterMaintenanceMode", d.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		if len(ds.Vm) > 0 {
			return nil, &types.ResourceInUse{Type: "Datastore", Name: ds.Name}
		}
		ds.Summary.MaintenanceMode = string(types.DatastoreSummaryMaintenanceModeStateInMaintenance)
		return nil, nil
	})
	body.Res = &types.DatastoreEnterMaintenanceModeResponse{Returnval: types.StoragePlacementResult{Task: &task}}
	return body
}

// DatastoreExitMaintenanceModeTask starts to bring a datastore back into use.
func (d *datastores) DatastoreExitMaintenanceModeTask(ctx *simulator.Context, req *types.DatastoreExitMaintenanceMode_Task) soap.HasFault {
	body := &methods.DatastoreExitMaintenanceMode_TaskBody{}
	ds, ok := d.world.reg.Get(req.This).(*simulator.Datastore)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	task := d.world.start(ctx, ds, "exitMaintenanceMode", d.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		if ds.Summary.MaintenanceMode == string(types.DatastoreSummaryMaintenanceModeStateNormal) {
			return nil, &types.InvalidState{}
		}
		ds.Summary.MaintenanceMode = string(types.DatastoreSummaryMaintenanceModeStateNormal)
		return nil, nil
	})
	body.Res = &types.DatastoreExitMaintenanceMode_TaskResponse{Returnval: task}
	return body
}
