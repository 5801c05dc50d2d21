// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/esx"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// clone returns the steps that make a VM from another: first it is in the inventory and of no use, as its disks are being
// copied, then it is complete. Unlike vcsim's clone it has all of the config spec from the beginning.
func (w *world) clone(ctx *simulator.Context, src *simulator.VirtualMachine, req *types.CloneVM_Task) []work {
	var vm *simulator.VirtualMachine
	begin := func() (types.AnyType, types.BaseMethodFault) {
		made, fault := w.register(ctx, src, req)
		if fault != nil {
			return nil, fault
		}
		vm = made
		w.reg.Update(w.ctx, vm, []types.PropertyChange{{Name: "disabledMethod", Val: unfinished()}})
		return nil, w.occupy(vm, errand{task: w.current})
	}
	finish := func() (types.AnyType, types.BaseMethodFault) {
		if w.reg.Get(vm.Self) == nil {
			return nil, &types.ManagedObjectNotFound{Obj: vm.Self}
		}
		w.reg.Update(w.ctx, vm, []types.PropertyChange{{Name: "disabledMethod", Val: []string{}}})
		if req.Spec.Template {
			vm.MarkAsTemplate(&types.MarkAsTemplate{This: vm.Self})
		} else if req.Spec.PowerOn {
			if fault := w.powerOn(ctx, vm); fault != nil {
				return nil, fault
			}
		}
		return vm.Self, nil
	}
	return []work{begin, finish}
}

// register makes the VM of a clone if nothing speaks against it.
func (w *world) register(ctx *simulator.Context, src *simulator.VirtualMachine, req *types.CloneVM_Task) (*simulator.VirtualMachine, types.BaseMethodFault) {
	from, fault := w.cloneSource(src, req.Spec)
	if fault != nil {
		return nil, fault
	}
	folder, ok := w.reg.Get(req.Folder).(*simulator.Folder)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: req.Folder}
	}
	if e := w.reg.FindByName(req.Name, folder.ChildEntity); e != nil {
		return nil, &types.DuplicateName{Name: req.Name, Object: e.Reference()}
	}
	pool, host, fault := w.cloneTarget(src, req.Spec.Location)
	if fault != nil {
		return nil, fault
	}
	config, fault := w.cloneConfig(from, req)
	if fault != nil {
		return nil, fault
	}
	if fault := checkCloneCustomization(req.Spec, config); fault != nil {
		return nil, fault
	}
	if fault := w.checkNew(host, &config); fault != nil {
		return nil, fault
	}
	w.ownUUID(types.ManagedObjectReference{}, &config)

	done := keepOpaque(config.DeviceChange)
	res, fault := w.outcome(folder.CreateVMTask(ctx, &types.CreateVM_Task{This: folder.Self, Config: config, Pool: pool, Host: &host}))
	done()
	if fault != nil {
		return nil, fault
	}
	ref, _ := res.(types.ManagedObjectReference)
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	w.listNetworks(vm)
	w.fill(vm, from)
	w.thinDisks(nil, disksOf(vm.Config.Hardware.Device))
	w.plugMemory(vm)
	if spec := cloneCustomization(req.Spec); spec != nil {
		w.await(vm, *spec)
	}
	return vm, nil
}

// cloneTarget returns the resource pool and host of a clone: the host must be one of the pool's cluster.
func (w *world) cloneTarget(src *simulator.VirtualMachine, to types.VirtualMachineRelocateSpec) (pool, host types.ManagedObjectReference, fault types.BaseMethodFault) {
	p := to.Pool
	if p == nil {
		p = src.ResourcePool
	}
	if p == nil {
		return pool, host, &types.InvalidArgument{InvalidProperty: "spec.location.pool"}
	}
	hosts := w.poolHosts(*p)
	if len(hosts) == 0 {
		return pool, host, &types.ManagedObjectNotFound{Obj: *p}
	}
	open := slices.DeleteFunc(slices.Clone(hosts), w.inMaintenance)
	switch {
	case to.Host == nil && len(open) == 0:
		return pool, host, &types.NoCompatibleHost{}
	case to.Host == nil:
		return *p, open[0], nil
	case !slices.Contains(hosts, *to.Host):
		return pool, host, &types.InvalidArgument{InvalidProperty: "spec.location.host"}
	case w.inMaintenance(*to.Host):
		// "While in maintenance mode, no virtual machines can be powered on and no provisioning operations can be performed on the
		// host" (vSphere API, HostSystem.EnterMaintenanceMode_Task).
		return pool, host, &types.InvalidState{}
	}
	return *p, *to.Host, nil
}

// inMaintenance says whether a host is in maintenance mode.
func (w *world) inMaintenance(host types.ManagedObjectReference) bool {
	h, ok := w.reg.Get(host).(*simulator.HostSystem)
	return ok && h.Runtime.InMaintenanceMode
}

// poolHosts returns the hosts of the cluster that a resource pool belongs to.
func (w *world) poolHosts(ref types.ManagedObjectReference) []types.ManagedObjectReference {
	for {
		switch o := w.reg.Get(ref).(type) {
		case *simulator.ClusterComputeResource:
			return o.Host
		case mo.Entity:
			if o.Entity().Parent == nil {
				return nil
			}
			ref = *o.Entity().Parent
		default:
			return nil
		}
	}
}

// cloneConfig returns the config of a clone: what the request leaves out is the source's.
func (w *world) cloneConfig(src cloneSource, req *types.CloneVM_Task) (types.VirtualMachineConfigSpec, types.BaseMethodFault) {
	var config types.VirtualMachineConfigSpec
	if req.Spec.Config != nil {
		config = *req.Spec.Config
	}
	config.Name = req.Name
	config.Version = src.config.Version
	if config.GuestId == "" {
		config.GuestId = src.config.GuestId
	}
	inheritSettings(&config, src.config)
	if config.NumCPUs == 0 {
		config.NumCPUs = src.config.Hardware.NumCPU
	}
	if config.MemoryMB == 0 {
		config.MemoryMB = int64(src.config.Hardware.MemoryMB)
	}
	if config.NumCoresPerSocket == nil {
		config.NumCoresPerSocket = src.config.Hardware.NumCoresPerSocket
	}

	var path object.DatastorePath
	path.FromString(src.config.Files.VmPathName)
	path.Path = ""
	if ref := req.Spec.Location.Datastore; ref != nil {
		ds, ok := w.reg.Get(*ref).(*simulator.Datastore)
		if !ok {
			return config, &types.ManagedObjectNotFound{Obj: *ref}
		}
		path.Datastore = ds.Name
	}
	config.Files = &types.VirtualMachineFileInfo{VmPathName: path.String() + " " + req.Name}

	devices, fault := cloneDevices(src, slices.Concat(req.Spec.Location.DeviceChange, config.DeviceChange))
	config.DeviceChange = devices
	return config, fault
}

// cloneDevices returns the devices to create for a clone: those of the source but vcsim's defaults, which each VM gets, with
// the changes applied.
func cloneDevices(src cloneSource, changes []types.BaseVirtualDeviceConfigSpec) ([]types.BaseVirtualDeviceConfigSpec, types.BaseMethodFault) {
	all := object.VirtualDeviceList(src.config.Hardware.Device)
	defaults := object.VirtualDeviceList(esx.VirtualDevice)
	devices, fault := copyOfDevices(slices.DeleteFunc(slices.Clone(all), func(d types.BaseVirtualDevice) bool {
		return defaults.Find(all.Name(d)) != nil
	}))
	if fault != nil {
		return nil, fault
	}
	for _, d := range devices {
		src.unshare(d)
	}

	for i, c := range changes {
		spec := c.GetVirtualDeviceConfigSpec()
		key := spec.Device.GetVirtualDevice().Key
		at := slices.IndexFunc(devices, func(d types.BaseVirtualDevice) bool { return d.GetVirtualDevice().Key == key })
		switch {
		case spec.Operation == types.VirtualDeviceConfigSpecOperationAdd:
			if fault := checkPlace(slices.Concat(defaults, devices), spec.Device, int32(i)); fault != nil {
				return nil, fault
			}
			devices = append(devices, spec.Device)
		case at < 0:
			return nil, &types.InvalidDeviceSpec{DeviceIndex: int32(i)}
		case spec.Operation == types.VirtualDeviceConfigSpecOperationRemove:
			devices = slices.Delete(devices, at, at+1)
		default:
			if devices[at], fault = src.edited(devices[at], spec.Device); fault != nil {
				return nil, fault
			}
		}
	}
	add, err := devices.ConfigSpec(types.VirtualDeviceConfigSpecOperationAdd)
	if err != nil {
		return nil, &types.InvalidDeviceSpec{}
	}
	return add, nil
}
