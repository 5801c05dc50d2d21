// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

type ref = types.ManagedObjectReference

// A target is what a VMSpec's names stand for in the vCenter.
type target struct {
	image     ref
	devices   object.VirtualDeviceList
	cores     int32
	folder    ref
	host      ref
	pool      ref
	datastore ref
	// datastoreName is as in disk paths.
	datastoreName string
	// networks are the backings of the interfaces, in the order of the VMSpec.
	networks []types.BaseVirtualDeviceBackingInfo
}

// bytes returns what the VM's disks take when they are full.
func (t target) bytes(spec clients.VMSpec) int64 {
	var sum int64
	for _, d := range t.devices.SelectByType((*types.VirtualDisk)(nil)) {
		if v, ok := d.(*types.VirtualDisk); ok {
			sum += max(v.CapacityInBytes, v.CapacityInKB*1024)
		}
	}
	for _, d := range spec.Disks {
		sum += d.SizeGiB * gib
	}
	return sum
}

// A resolver looks names up. It narrows down the datacenters that have all that was named.
type resolver struct {
	cache       *cache
	reserved    []reservation
	datacenters []ref
}

// resolve finds what a VMSpec's names stand for, and chooses what it leaves open. Errors are of class NotFound, Conflict,
// Capacity or Invalid.
func resolve(c *cache, reserved []reservation, spec clients.VMSpec) (target, error) {
	r := &resolver{cache: c, reserved: reserved, datacenters: c.all("Datacenter")}
	var t target
	image, err := r.image(spec.Image.Name)
	if err != nil {
		return t, err
	}
	t.image = image
	p := c.objects[image]
	t.devices = get[types.ArrayOfVirtualDevice](p, "config.hardware.device").VirtualDevice
	t.cores = get[int32](p, "config.hardware.numCoresPerSocket")
	// The image's datacenter comes first: it is taken when nothing names another.
	home, _ := c.datacenter(image)
	slices.SortStableFunc(r.datacenters, func(a, b ref) int {
		switch {
		case a == home:
			return -1
		case b == home:
			return 1
		}
		return 0
	})

	at := spec.Placement
	if err := r.named("Cluster", at.Cluster, "ClusterComputeResource"); err != nil {
		return t, err
	}
	if err := r.named("Host", at.Host, "HostSystem"); err != nil {
		return t, err
	}
	if err := r.named("Datastore", at.Datastore, "Datastore"); err != nil {
		return t, err
	}
	folders, err := r.folders(at.Folder)
	if err != nil {
		return t, err
	}
	networks, err := r.networks(spec.Networks)
	if err != nil {
		return t, err
	}
	dc := r.datacenters[0]
	t.folder, t.networks = folders[dc], networks[dc]
	if r.conflicts(t.folder, spec.Name) {
		return t, conflict(spec.Identity, c.path(t.folder)+"/"+spec.Name)
	}
	if err := r.place(dc, at, &t); err != nil {
		return t, err
	}
	return t, nil
}

func notFound(subject, format string, args ...any) error {
	return clients.NewError(clients.NotFound, subject, fmt.Errorf(format, args...))
}

// image finds a template, or else a VM, by its path or its name, which must be the only one.
func (r *resolver) image(name string) (ref, error) {
	var templates, vms []ref
	for _, vm := range r.cache.all("VirtualMachine") {
		rec := r.cache.vms[vm]
		if rec == nil || rec.name != name && r.cache.path(vm) != name {
			continue
		}
		if rec.template {
			templates = append(templates, vm)
		} else {
			vms = append(vms, vm)
		}
	}
	if len(templates) > 0 {
		vms = templates
	}
	switch len(vms) {
	case 0:
		return ref{}, notFound("Image", "there is no template %q", name)
	case 1:
		return vms[0], nil
	}
	paths := make([]string, 0, len(vms))
	for _, vm := range vms {
		paths = append(paths, r.cache.path(vm))
	}
	return ref{}, clients.NewError(clients.Invalid, "Image", fmt.Errorf("the name %q is not unique, name one of: %s", name, strings.Join(paths, ", ")))
}

// narrow keeps the datacenters for which keep holds. It says whether there were any.
func (r *resolver) narrow(keep func(dc ref) bool) bool {
	left := slices.DeleteFunc(slices.Clone(r.datacenters), func(dc ref) bool { return !keep(dc) })
	if len(left) == 0 {
		return false
	}
	r.datacenters = left
	return true
}

// named narrows down to datacenters with an object of a name.
func (r *resolver) named(subject, name, kind string) error {
	if name == "" {
		return nil
	}
	in := map[ref]bool{}
	for _, o := range r.cache.all(kind) {
		if dc, ok := r.cache.datacenter(o); ok && r.cache.name(o) == name {
			in[dc] = true
		}
	}
	if !r.narrow(func(dc ref) bool { return in[dc] }) {
		return notFound(subject, "there is no %s %q%s", strings.ToLower(subject), name, r.where())
	}
	return nil
}

// where names the datacenters that are left, if those are not all.
func (r *resolver) where() string {
	if len(r.datacenters) == len(r.cache.all("Datacenter")) {
		return ""
	}
	names := make([]string, 0, len(r.datacenters))
	for _, dc := range r.datacenters {
		names = append(names, r.cache.name(dc))
	}
	return " in datacenter " + strings.Join(names, " or ")
}

// folders narrows down to datacenters with a VM folder. An empty path is the datacenter's VM folder itself.
func (r *resolver) folders(path string) (map[ref]ref, error) {
	found := map[ref]ref{}
	for _, dc := range r.datacenters {
		found[dc] = get[ref](r.cache.objects[dc], "vmFolder")
	}
	if path == "" || path == "/" {
		return found, nil
	}
	clear(found)
	for _, f := range r.cache.all("Folder") {
		if r.cache.folder(f) == path {
			dc, _ := r.cache.datacenter(f)
			found[dc] = f
		}
	}
	if !r.narrow(func(dc ref) bool { _, ok := found[dc]; return ok }) {
		return nil, notFound("Folder", "there is no VM folder %q%s", path, r.where())
	}
	return found, nil
}

// networks narrows down to datacenters with all networks, named by name or path. It returns their backings by datacenter.
func (r *resolver) networks(wanted []clients.Network) (map[ref][]types.BaseVirtualDeviceBackingInfo, error) {
	backings := map[ref][]types.BaseVirtualDeviceBackingInfo{}
	for _, n := range wanted {
		found := map[ref]ref{}
		for _, o := range r.cache.all("Network", "DistributedVirtualPortgroup") {
			if r.cache.name(o) != n.Network && r.cache.path(o) != n.Network {
				continue
			}
			dc, _ := r.cache.datacenter(o)
			if other, twice := found[dc]; twice {
				return nil, clients.NewError(clients.Invalid, "Network", fmt.Errorf("the name %q is not unique, name one of: %s, %s", n.Network, r.cache.path(other), r.cache.path(o)))
			}
			found[dc] = o
		}
		if !r.narrow(func(dc ref) bool { _, ok := found[dc]; return ok }) {
			return nil, notFound("Network", "there is no network %q%s", n.Network, r.where())
		}
		for dc, o := range found {
			backings[dc] = append(backings[dc], r.backing(o))
		}
	}
	return backings, nil
}

// backing describes the connection to a network.
func (r *resolver) backing(network ref) types.BaseVirtualDeviceBackingInfo {
	p := r.cache.objects[network]
	if network.Type == "DistributedVirtualPortgroup" {
		dvs := get[ref](p, "config.distributedVirtualSwitch")
		return &types.VirtualEthernetCardDistributedVirtualPortBackingInfo{Port: types.DistributedVirtualSwitchPortConnection{
			PortgroupKey: get[string](p, "key"),
			SwitchUuid:   get[string](r.cache.objects[dvs], "uuid"),
		}}
	}
	return &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{
		DeviceName: r.cache.name(network),
	}}
}

// conflicts says whether a folder has a VM of a name.
func (r *resolver) conflicts(folder ref, name string) bool {
	for _, vm := range r.cache.vms {
		if vm.parent == folder && vm.name == name {
			return true
		}
	}
	return false
}
