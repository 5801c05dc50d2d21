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
	image *record
	// devices of the image, or of its snapshot.
	devices object.VirtualDeviceList
	// snapshot that the clone is linked to; nil for a full one.
	snapshot *ref
	folder   ref
	// missing are the names of folders to make below folder, the last one being for the VM.
	missing   []string
	host      ref
	pool      ref
	datastore ref
	// datastoreName is as in disk paths.
	datastoreName string
	// pod is the datastore cluster whose recommendation is to be asked for; empty when none is.
	pod ref
	// stores are the datastores of disks that have one of their own, by name.
	stores map[string]ref
	// networks are the interfaces of the VMSpec, with MAC addresses where they are needed; backings are what each is connected to.
	networks []clients.Network
	backings []types.BaseVirtualDeviceBackingInfo
	// network is what the first interface is connected to.
	network ref
}

// bytes returns what the VM's disks take when they are full.
func (t target) bytes(spec clients.VMSpec) int64 {
	var sum int64
	for i, d := range virtualDisks(t.devices) {
		grown := int64(0)
		for _, w := range spec.Disks {
			if i == 0 && w.Name == clients.RootDisk {
				grown = w.SizeGiB * gib
			}
		}
		sum += max(newDiskRecord(d).bytes, grown)
	}
	for _, d := range spec.Disks {
		if d.Name != clients.RootDisk {
			sum += d.SizeGiB * gib
		}
	}
	return sum
}

// interfaces returns the VM's interfaces: those wanted, or as many without settings as the image has.
func (t target) interfaces() []clients.Network {
	if len(t.networks) > 0 {
		return t.networks
	}
	return make([]clients.Network, len(t.devices.SelectByType((*types.VirtualEthernetCard)(nil))))
}

// A store is a datastore and its name.
type store struct {
	ref  ref
	name string
}

// store returns where a data disk goes.
func (t target) store(d clients.Disk) store {
	if d.Datastore != "" {
		return store{t.stores[d.Datastore], d.Datastore}
	}
	return store{t.datastore, t.datastoreName}
}

// A resolver looks names up. It narrows down the datacenters that have all that was named.
type resolver struct {
	cache       *cache
	reserved    []reservation
	datacenters []ref
	// home is the image's datacenter.
	home ref
}

// resolve finds what a VMSpec's names stand for, and chooses what it leaves open. Errors are of class NotFound, Conflict,
// Capacity, Invalid or Unsupported. The image is looked up when none is given.
func resolve(c *cache, reserved []reservation, spec clients.VMSpec, image *record) (target, error) {
	r := &resolver{cache: c, reserved: reserved, datacenters: c.all("Datacenter")}
	at := spec.Placement
	if err := r.datacenter(at.Datacenter); err != nil {
		return target{}, err
	}
	if err := r.names(spec); err != nil {
		return target{}, err
	}
	networks, err := r.networks(spec.Networks)
	if err != nil {
		return target{}, err
	}
	t, err := r.source(spec, image)
	if err != nil {
		return t, err
	}
	folders := r.folders(at.Folder)
	dc, err := r.only()
	if err != nil {
		return t, err
	}
	t.folder, t.missing = folders[dc].folder, folders[dc].missing
	t.networks = withMACs(spec.UUID, spec.Networks, r.macs(spec.UUID))
	for i, n := range networks[dc] {
		if i == 0 {
			t.network = n
		}
		t.backings = append(t.backings, r.backing(n))
	}
	if len(t.missing) == 0 && r.conflicts(t.folder, spec.Identity) {
		return t, conflict(spec.Identity, c.path(t.folder)+"/"+spec.Name)
	}
	err = r.place(dc, spec, &t)
	return t, err
}

// source finds the image, and for a linked clone its snapshot.
func (r *resolver) source(spec clients.VMSpec, image *record) (target, error) {
	t := target{image: image}
	if image == nil {
		found, err := r.image(spec.Image.Name)
		if err != nil {
			return t, err
		}
		t.image = r.cache.vms[found]
	}
	t.devices = get[types.ArrayOfVirtualDevice](r.cache.objects[t.image.ref], "config.hardware.device").VirtualDevice
	r.home, _ = r.cache.datacenter(t.image.ref)
	if spec.Linked {
		t.snapshot = get[types.VirtualMachineSnapshotInfo](r.cache.objects[t.image.ref], "snapshot").CurrentSnapshot
		if t.snapshot == nil && t.image.template {
			return t, notFound("Snapshot", "template %q has no snapshot to link a clone to: convert it to a VM, take a snapshot and convert it back, or leave linked out", spec.Image)
		}
	}
	return t, nil
}

// names narrows down to datacenters that have what the placement and the disks name.
func (r *resolver) names(spec clients.VMSpec) error {
	at := spec.Placement
	for _, n := range []struct{ subject, name, kind string }{
		{"Cluster", at.Cluster, "ClusterComputeResource"},
		{"Host", at.Host, "HostSystem"},
		{"Datastore", at.Datastore, "Datastore"},
		{"DatastoreCluster", at.DatastoreCluster, "StoragePod"},
	} {
		if err := r.named(n.subject, n.name, n.kind); err != nil {
			return err
		}
	}
	for _, d := range spec.Disks {
		if err := r.named("Datastore", d.Datastore, "Datastore"); err != nil {
			return err
		}
	}
	return nil
}

// datacenter narrows down to the one of a name or path.
func (r *resolver) datacenter(name string) error {
	if name == "" {
		return nil
	}
	if !r.narrow(func(dc ref) bool { return r.cache.name(dc) == name || r.cache.path(dc) == name }) {
		return notFound("Datacenter", "there is no datacenter %q", name)
	}
	_, err := r.only()
	return err
}

// only returns the datacenter to use: the image's if it is left, or else the only one.
func (r *resolver) only() (ref, error) {
	if slices.Contains(r.datacenters, r.home) {
		return r.home, nil
	}
	if len(r.datacenters) == 1 {
		return r.datacenters[0], nil
	}
	paths := make([]string, 0, len(r.datacenters))
	for _, dc := range r.datacenters {
		paths = append(paths, r.cache.path(dc))
	}
	return ref{}, clients.NewError(clients.Invalid, "Datacenter", fmt.Errorf("several datacenters have all that is named, name one of: %s", strings.Join(paths, ", ")))
}

func notFound(subject, format string, args ...any) error {
	return clients.NewError(clients.NotFound, subject, fmt.Errorf(format, args...))
}

// image finds a template, or else a VM, by its path or its name, which must be the only one in the datacenters that are left or,
// if those have none, anywhere.
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
	here := slices.DeleteFunc(slices.Clone(vms), func(vm ref) bool {
		dc, _ := r.cache.datacenter(vm)
		return !slices.Contains(r.datacenters, dc)
	})
	if len(here) > 0 {
		vms = here
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

// A folderPlace is a folder that exists, and the names of those to make below it.
type folderPlace struct {
	folder  ref
	missing []string
}

// folders returns where a VM folder is or is to be made, by datacenter. It narrows down to the datacenters that have it if there
// are any. An empty path is the datacenter's VM folder itself.
func (r *resolver) folders(path string) map[ref]folderPlace {
	path = "/" + strings.Trim(path, "/")
	found := map[ref]folderPlace{}
	below := map[ref]int{}
	for _, dc := range r.datacenters {
		found[dc] = folderPlace{get[ref](r.cache.objects[dc], "vmFolder"), components(path)}
	}
	for _, f := range r.cache.all("Folder") {
		is := r.cache.folder(f)
		dc, _ := r.cache.datacenter(f)
		if _, left := found[dc]; !left || is == "" || is == "/" || len(is) <= below[dc] {
			continue
		}
		if rest, ok := strings.CutPrefix(path+"/", is+"/"); ok {
			below[dc], found[dc] = len(is), folderPlace{f, components(rest)}
		}
	}
	r.narrow(func(dc ref) bool { return len(found[dc].missing) == 0 })
	return found
}

// components returns the names in a path.
func components(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
}

// networks narrows down to datacenters with all networks, named by name or path. It returns them by datacenter.
func (r *resolver) networks(wanted []clients.Network) (map[ref][]ref, error) {
	connected := map[ref][]ref{}
	for _, n := range wanted {
		if n.Bridge != "" {
			return nil, clients.NewError(clients.Unsupported, "Network", fmt.Errorf("there are no bridges on vSphere: connect interface %q to a network", n.Name))
		}
		found := map[ref]ref{}
		for _, o := range r.cache.all("Network", "DistributedVirtualPortgroup", "OpaqueNetwork") {
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
			connected[dc] = append(connected[dc], o)
		}
	}
	return connected, nil
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
	if network.Type == "OpaqueNetwork" {
		opaque := get[types.OpaqueNetworkSummary](p, "summary")
		return &types.VirtualEthernetCardOpaqueNetworkBackingInfo{
			OpaqueNetworkId: opaque.OpaqueNetworkId, OpaqueNetworkType: opaque.OpaqueNetworkType,
		}
	}
	return &types.VirtualEthernetCardNetworkBackingInfo{VirtualDeviceDeviceBackingInfo: types.VirtualDeviceDeviceBackingInfo{
		DeviceName: r.cache.name(network),
	}}
}

// conflicts says whether a folder has another VM of the name.
func (r *resolver) conflicts(folder ref, id clients.Identity) bool {
	for _, vm := range r.cache.vms {
		if vm.parent == folder && vm.name == id.Name && vm.uuid != id.UUID {
			return true
		}
	}
	return false
}

// macs returns the MAC addresses of other VMs, those being made included.
func (r *resolver) macs(uuid string) map[string]bool {
	taken := map[string]bool{}
	for _, vm := range r.cache.vms {
		for _, n := range vm.nics {
			if vm.uuid != uuid {
				taken[n.mac] = true
			}
		}
	}
	for _, v := range r.reserved {
		for _, mac := range v.macs {
			taken[mac] = true
		}
	}
	return taken
}
