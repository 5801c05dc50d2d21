// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Keys of a VM's extra configuration.
const (
	// KeyOwner holds the owner's mark.
	KeyOwner = "virtrigaud.owner"
	// KeyNamespace holds the namespace of the owner, for people.
	KeyNamespace = "virtrigaud.namespace"
	// keyDisks holds where data disks are attached, by name.
	keyDisks = "virtrigaud.disks"
)

// extra is the path of a key of the extra configuration.
func extra(key string) string { return `config.extraConfig["` + key + `"]` }

// vmProperties are what the feed says of a VM: what is observed, and what a clone of it needs. Nothing that changes by
// itself all the time.
func vmProperties() []string {
	return []string{
		"name", "parent", "resourcePool", "disabledMethod",
		"config.instanceUuid", "config.template", "config.hardware.numCPU", "config.hardware.numCoresPerSocket",
		"config.hardware.memoryMB", "config.hardware.device", extra(KeyOwner), extra(keyDisks),
		"runtime.powerState", "runtime.connectionState", "runtime.host", "guest.ipAddress", "guest.net",
	}
}

// A record is a VM as observed. Records are not changed once they are in the cache.
type record struct {
	ref      types.ManagedObjectReference
	uuid     string
	owner    string
	name     string
	parent   types.ManagedObjectReference
	host     types.ManagedObjectReference
	template bool
	// beingMade says that the vCenter does not allow the VM to be powered on, though it is off: it is still being cloned.
	beingMade bool
	// unreachable says that the VM's host does not answer.
	unreachable bool
	power       clients.PowerState
	cpus        int32
	memoryMiB   int64
	addresses   []string
	nics        []nic
	disks       []disk
}

// A nic is a network interface. Its backing is the port group's name or reference.
type nic struct {
	network   string
	portGroup types.ManagedObjectReference
	mac       string
	addresses []string
}

// A disk is a virtual disk. Its name is empty when it came with the image.
type disk struct {
	name      string
	bytes     int64
	datastore types.ManagedObjectReference
}

// equal says whether two records say the same. Both may be nil.
func (r *record) equal(o *record) bool { return reflect.DeepEqual(r, o) }

// foreign says whether the VM is not the owner's. A VM that is being made may not have its mark yet.
func (r *record) foreign(owner string) bool {
	return r.owner != owner && (r.owner != "" || !r.beingMade)
}

// newRecord reads a VM's properties.
func newRecord(ref types.ManagedObjectReference, p properties) *record {
	r := &record{
		ref:       ref,
		uuid:      get[string](p, "config.instanceUuid"),
		owner:     option(p, KeyOwner),
		name:      get[string](p, "name"),
		parent:    get[types.ManagedObjectReference](p, "parent"),
		host:      get[types.ManagedObjectReference](p, "runtime.host"),
		template:  get[bool](p, "config.template"),
		power:     powerState(get[types.VirtualMachinePowerState](p, "runtime.powerState")),
		cpus:      get[int32](p, "config.hardware.numCPU"),
		memoryMiB: int64(get[int32](p, "config.hardware.memoryMB")),
	}
	connection := get[types.VirtualMachineConnectionState](p, "runtime.connectionState")
	r.unreachable = connection == types.VirtualMachineConnectionStateDisconnected || connection == types.VirtualMachineConnectionStateInaccessible
	disabled := get[types.ArrayOfString](p, "disabledMethod").String
	r.beingMade = r.power == clients.PoweredOff && !r.template && slices.Contains(disabled, "PowerOnVM_Task")

	nets := get[types.ArrayOfGuestNicInfo](p, "guest.net").GuestNicInfo
	devices := object.VirtualDeviceList(get[types.ArrayOfVirtualDevice](p, "config.hardware.device").VirtualDevice)
	r.nics = nicsOf(devices, nets)
	r.disks = disksOf(devices, parseDiskNames(option(p, keyDisks)))
	r.addresses = addressesOf(get[string](p, "guest.ipAddress"), r.nics)
	return r
}

// option returns the value of a key of the extra configuration.
func option(p properties, key string) string {
	v := get[types.OptionValue](p, extra(key))
	s, _ := v.Value.(string)
	return s
}

func powerState(s types.VirtualMachinePowerState) clients.PowerState {
	switch s {
	case types.VirtualMachinePowerStatePoweredOn:
		return clients.PoweredOn
	case types.VirtualMachinePowerStateSuspended:
		return clients.Suspended
	default:
		return clients.PoweredOff
	}
}

func nicsOf(devices object.VirtualDeviceList, nets []types.GuestNicInfo) []nic {
	var nics []nic
	for _, d := range devices.SelectByType((*types.VirtualEthernetCard)(nil)) {
		base, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		card := base.GetVirtualEthernetCard()
		n := nic{mac: strings.ToLower(card.MacAddress)}
		switch b := card.Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			n.network = b.DeviceName
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			n.portGroup = types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}
		}
		for _, g := range nets {
			if g.DeviceConfigId == card.Key || g.MacAddress != "" && strings.EqualFold(g.MacAddress, card.MacAddress) {
				n.addresses = lasting(g.IpAddress)
				break
			}
		}
		nics = append(nics, n)
	}
	return nics
}

// lasting returns the addresses that are not link-local, in the order of the guest.
func lasting(addresses []string) []string {
	var keep []string
	for _, a := range addresses {
		if ip, err := netip.ParseAddr(a); err == nil && !ip.IsLinkLocalUnicast() && !ip.IsLoopback() {
			keep = append(keep, a)
		}
	}
	return keep
}

// addressesOf returns all addresses of a guest, the one that it calls its own first.
func addressesOf(primary string, nics []nic) []string {
	all := lasting([]string{primary})
	for _, n := range nics {
		for _, a := range n.addresses {
			if !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	return all
}

func disksOf(devices object.VirtualDeviceList, names map[slot]string) []disk {
	var disks []disk
	for _, d := range devices.SelectByType((*types.VirtualDisk)(nil)) {
		v, ok := d.(*types.VirtualDisk)
		if !ok {
			continue
		}
		bytes := v.CapacityInBytes
		if bytes == 0 {
			bytes = v.CapacityInKB * 1024
		}
		one := disk{bytes: bytes}
		if b, ok := v.Backing.(types.BaseVirtualDeviceFileBackingInfo); ok && b.GetVirtualDeviceFileBackingInfo().Datastore != nil {
			one.datastore = *b.GetVirtualDeviceFileBackingInfo().Datastore
		}
		if s, ok := slotOf(devices, v); ok {
			one.name = names[s]
		}
		disks = append(disks, one)
	}
	return disks
}
