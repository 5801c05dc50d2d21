// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// add puts a change of a device into the spec.
func (e *edit) add(changes ...types.BaseVirtualDeviceConfigSpec) {
	e.spec.DeviceChange = append(e.spec.DeviceChange, changes...)
}

// changeDisks grows, adds and detaches disks, by name. Those that are not ours have none.
func (e *edit) changeDisks(change clients.Change) error {
	if len(change.GrowDisks)+len(change.AddDisks)+len(change.DetachDisks) == 0 {
		return nil
	}
	for _, d := range e.vm.disks {
		if d.ours && d.attached {
			e.disks[d.slot] = d.name
		}
	}
	for _, d := range change.GrowDisks {
		if err := e.growDisk(d); err != nil {
			return err
		}
	}
	for _, name := range change.DetachDisks {
		if err := e.detachDisk(name); err != nil {
			return err
		}
	}
	if err := e.addDisks(change.AddDisks); err != nil {
		return err
	}
	e.write(keyDisks, e.disks.String())
	return nil
}

// disk returns a disk by name.
func (e *edit) disk(name string) (disk, bool) {
	i := slices.IndexFunc(e.vm.disks, func(d disk) bool { return d.ours && d.name == name && name != "" })
	if i < 0 {
		return disk{}, false
	}
	return e.vm.disks[i], true
}

// growDisk makes a disk larger. Both sizes are set: a vCenter takes the bytes, and the kibibytes would contradict.
func (e *edit) growDisk(want clients.Disk) error {
	d, ok := e.disk(want.Name)
	if !ok {
		return notFound("Disk", "VM %q has no disk %q", e.vm.name, want.Name)
	}
	bytes := want.SizeGiB * gib
	if bytes <= d.bytes {
		return nil
	}
	if why := e.vm.growWhy(d); why != "" {
		return e.refuse("Disk", "disk %q cannot grow now: %s", want.Name, why)
	}
	if want.OfflineOnly && e.vm.power != clients.PoweredOff {
		return e.refuse("Disk", "disk %q is to grow while the VM is off", want.Name)
	}
	device, ok := e.devices.FindByKey(d.key).(*types.VirtualDisk)
	if !ok {
		return notFound("Disk", "VM %q has no disk %q", e.vm.name, want.Name)
	}
	grown := *device
	grown.CapacityInBytes, grown.CapacityInKB = bytes, bytes/1024
	e.add(&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: &grown})
	return nil
}

// detachDisk takes a disk off the VM. The image's first disk stays, and so does a disk that is not there.
func (e *edit) detachDisk(name string) error {
	if name == clients.RootDisk {
		return e.refuse("Disk", "disk %q is the one that it starts from", name)
	}
	if d, ok := e.disk(name); ok {
		e.add(detaching([]disk{d}).DeviceChange...)
		delete(e.disks, d.slot)
	}
	return nil
}

// addDisks adds disks that the VM does not have yet.
func (e *edit) addDisks(wanted []clients.Disk) error {
	missing := slices.DeleteFunc(slices.Clone(wanted), func(d clients.Disk) bool {
		_, ok := e.disk(d.Name)
		return ok
	})
	at, controllers, err := freePlaces(e.devices, missing)
	if err != nil {
		return clients.NewError(clients.Invalid, "Disk", err)
	}
	for _, c := range controllers {
		e.add(addDevice(c))
	}
	for i, d := range missing {
		datastore, err := e.datastore(d)
		if err != nil {
			return err
		}
		e.disks[at[i].slot] = d.Name
		e.add(newDisk(i, d, at[i], datastore, e.cache.name(datastore)))
	}
	return nil
}

// datastore returns where a disk goes: to the one it names, which the VM's host must have, or to that of the first disk.
func (e *edit) datastore(d clients.Disk) (types.ManagedObjectReference, error) {
	if d.Datastore == "" {
		if len(e.vm.disks) == 0 {
			return types.ManagedObjectReference{}, notFound("Datastore", "VM %q has no disk beside which to put disk %q: name a datastore", e.vm.name, d.Name)
		}
		return e.vm.disks[0].datastore, nil
	}
	for _, o := range e.cache.all("Datastore") {
		if e.cache.name(o) == d.Datastore && slices.Contains(e.cache.mounts(o), e.vm.host) {
			return o, nil
		}
	}
	return types.ManagedObjectReference{}, notFound("Datastore", "the host of VM %q has no datastore %q", e.vm.name, d.Datastore)
}

// changeNICs adds, connects elsewhere and removes interfaces, by name. Those that are not ours have none.
func (e *edit) changeNICs(change clients.Change) error {
	if len(change.AddNetworks)+len(change.UpdateNetworks)+len(change.RemoveNetworks) == 0 {
		return nil
	}
	removed := map[string]bool{}
	for _, name := range change.RemoveNetworks {
		if n, ok := e.nic(name); ok {
			removed[name] = true
			e.add(&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: e.devices.FindByKey(n.key)})
		}
	}
	for _, n := range e.vm.nics {
		if n.name != "" && !removed[n.name] {
			e.nics = append(e.nics, nicName{n.name, n.mac})
		}
	}
	for _, n := range change.UpdateNetworks {
		if err := e.connect(n); err != nil {
			return err
		}
	}
	for i, n := range change.AddNetworks {
		if err := e.addNIC(i, n); err != nil {
			return err
		}
	}
	e.write(keyNetworks, e.nics.String())
	return nil
}

// nic returns an interface by name.
func (e *edit) nic(name string) (nic, bool) {
	i := slices.IndexFunc(e.vm.nics, func(n nic) bool { return n.name == name && name != "" })
	if i < 0 {
		return nic{}, false
	}
	return e.vm.nics[i], true
}

// connect connects an interface to another network, and while the VM is off gives it another MAC address.
func (e *edit) connect(want clients.Network) error {
	n, ok := e.nic(want.Name)
	if !ok {
		return notFound("Network", "VM %q has no interface %q", e.vm.name, want.Name)
	}
	backing, err := e.backing(want)
	if err != nil {
		return err
	}
	device, ok := e.devices.FindByKey(n.key).(types.BaseVirtualEthernetCard)
	if !ok {
		return notFound("Network", "VM %q has no interface %q", e.vm.name, want.Name)
	}
	edited, card, err := copyCard(device)
	if err != nil {
		return err
	}
	card.Backing = backing
	if mac := strings.ToLower(want.MACAddress); mac != "" && mac != n.mac {
		if e.vm.power != clients.PoweredOff {
			return e.refuse("Network", "interface %q gets another MAC address while the VM is off", want.Name)
		}
		card.AddressType, card.MacAddress = string(types.VirtualEthernetCardMacTypeManual), mac
		for i := range e.nics {
			if e.nics[i].name == want.Name {
				e.nics[i].mac = mac
			}
		}
	}
	e.add(&types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationEdit, Device: edited})
	return nil
}

// addNIC adds an interface that the VM does not have yet. It has a MAC address, so that it is known by it afterwards.
func (e *edit) addNIC(number int, want clients.Network) error {
	if _, ok := e.nic(want.Name); ok {
		return nil
	}
	backing, err := e.backing(want)
	if err != nil {
		return err
	}
	want.MACAddress = cmp.Or(strings.ToLower(want.MACAddress), e.freeMAC(want.Name))
	card, err := newCard(number, want, backing)
	if err != nil {
		return err
	}
	e.add(addDevice(card))
	e.nics = append(e.nics, nicName{want.Name, want.MACAddress})
	return nil
}

// copyCard returns a copy of an interface to edit, and the part of it that all models have.
func copyCard(device types.BaseVirtualEthernetCard) (types.BaseVirtualDevice, *types.VirtualEthernetCard, error) {
	switch d := device.(type) {
	case *types.VirtualVmxnet3:
		c := *d
		return &c, &c.VirtualEthernetCard, nil
	case *types.VirtualE1000:
		c := *d
		return &c, &c.VirtualEthernetCard, nil
	case *types.VirtualE1000e:
		c := *d
		return &c, &c.VirtualEthernetCard, nil
	}
	return nil, nil, clients.NewError(clients.Unsupported, "Network", fmt.Errorf("cannot change an interface of type %T", device))
}

// backing describes the connection to a network of the VM's datacenter.
func (e *edit) backing(want clients.Network) (types.BaseVirtualDeviceBackingInfo, error) {
	dc, ok := e.cache.datacenter(e.vm.ref)
	if !ok {
		return nil, notFound("Network", "VM %q is in no datacenter", e.vm.name)
	}
	r := &resolver{cache: e.cache, datacenters: []types.ManagedObjectReference{dc}}
	connected, err := r.networks([]clients.Network{want})
	if err != nil {
		return nil, err
	}
	return r.backing(connected[dc][0]), nil
}

// freeMAC returns an address for an interface that no other VM known has.
func (e *edit) freeMAC(name string) string {
	r := &resolver{cache: e.cache}
	taken := r.macs(e.vm.uuid)
	for _, n := range e.vm.nics {
		taken[n.mac] = true
	}
	for _, n := range e.nics {
		taken[n.mac] = true
	}
	for try := 0; ; try++ {
		if mac := newMAC(e.vm.uuid, name, try); !taken[mac] {
			return mac
		}
	}
}

// macs returns networks with the MAC addresses that the VM's interfaces have.
func (e *edit) macs(networks []clients.Network) []clients.Network {
	known := slices.Clone(networks)
	for i := range known {
		for _, n := range e.nics {
			if n.name == known[i].Name {
				known[i].MACAddress = n.mac
			}
		}
		if n, ok := e.nic(known[i].Name); ok && known[i].MACAddress == "" {
			known[i].MACAddress = n.mac
		}
	}
	return known
}
