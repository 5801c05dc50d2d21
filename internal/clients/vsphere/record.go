// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"reflect"
	"slices"
	"time"

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
	// keyDisks holds where our disks are attached, by name; see diskNames.
	keyDisks = "virtrigaud.disks"
	// keyNetworks holds which interfaces are ours, by name; see nicNames.
	keyNetworks = "virtrigaud.networks"
	// keyGuestData holds the hash of the guest data that the VM was last given.
	keyGuestData = "virtrigaud.guestdata"
	// keyTags holds the tags that we gave the VM; see formatTags.
	keyTags = "virtrigaud.tags"
	// keyAttributes holds which custom attributes we gave the VM; see formatAttributes.
	keyAttributes = "virtrigaud.attributes"
)

// extra is the path of a key of the extra configuration.
func extra(key string) string { return `config.extraConfig["` + key + `"]` }

// vmProperties are what the feed says of a VM: what is observed, and what a clone of it needs. Nothing that changes by
// itself all the time.
func vmProperties() []string {
	return []string{
		"name", "parent", "resourcePool", "disabledMethod", "customValue", "snapshot",
		"config.instanceUuid", "config.template", "config.version", "config.changeVersion", "config.files.vmPathName",
		"config.hardware.numCPU", "config.hardware.numCoresPerSocket", "config.hardware.memoryMB", "config.hardware.device",
		"config.firmware", "config.bootOptions", "config.cpuHotAddEnabled", "config.cpuHotRemoveEnabled",
		"config.memoryHotAddEnabled", "config.hotPlugMemoryLimit", "config.hotPlugMemoryIncrementSize",
		extra(KeyOwner), extra(keyDisks), extra(keyNetworks), extra(keyGuestData), extra(keyTags), extra(keyAttributes),
		"runtime.powerState", "runtime.connectionState", "runtime.host", "runtime.bootTime",
		"guest.ipAddress", "guest.net", "guest.hostName", "guest.toolsRunningStatus",
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
	pool     types.ManagedObjectReference
	template bool
	// version changes whenever the configuration does.
	version string
	// beingMade says that the vCenter does not allow the VM to be powered on, though it is off: it is still being cloned.
	beingMade bool
	// unreachable says that the VM's host does not answer.
	unreachable bool
	power       clients.PowerState
	// booted is when the VM was powered on, empty while it is off.
	booted     string
	hardware   hardware
	tools      bool
	hostname   string
	addresses  []string
	nics       []nic
	disks      []disk
	diskNames  diskNames
	nicNames   nicNames
	snapshots  bool
	guestData  string
	tags       []clients.Tag
	attributes map[string]string
	// attributeKeys are the vCenter's keys of our custom attributes, also of those that have lost their value.
	attributeKeys attributeKeys
	// files is the path of the VM's own file.
	files string
}

// hardware is what of a VM's hardware is no device.
type hardware struct {
	cpus, cores int32
	memoryMiB   int64
	firmware    clients.Firmware
	secureBoot  bool
	// version such as "vmx-19".
	version                               string
	cpuHotAdd, cpuHotRemove, memoryHotAdd bool
	hotPlugLimitMiB, hotPlugStepMiB       int64
}

// same says whether two records say the same to those who observe. Both may be nil.
func (r *record) same(o *record) bool {
	if r == nil || o == nil {
		return r == o
	}
	a, b := *r, *o
	a.version, b.version = "", ""
	return reflect.DeepEqual(&a, &b)
}

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
		pool:      get[types.ManagedObjectReference](p, "resourcePool"),
		template:  get[bool](p, "config.template"),
		version:   get[string](p, "config.changeVersion"),
		power:     powerState(get[types.VirtualMachinePowerState](p, "runtime.powerState")),
		hardware:  newHardware(p),
		hostname:  get[string](p, "guest.hostName"),
		guestData: option(p, keyGuestData),
		tags:      parseTags(option(p, keyTags)),
		files:     get[string](p, "config.files.vmPathName"),
	}
	connection := get[types.VirtualMachineConnectionState](p, "runtime.connectionState")
	r.unreachable = connection == types.VirtualMachineConnectionStateDisconnected || connection == types.VirtualMachineConnectionStateInaccessible
	disabled := get[types.ArrayOfString](p, "disabledMethod").String
	r.beingMade = r.power == clients.PoweredOff && !r.template && slices.Contains(disabled, "PowerOnVM_Task")
	r.tools = get[string](p, "guest.toolsRunningStatus") == string(types.VirtualMachineToolsRunningStatusGuestToolsRunning)
	if at := get[time.Time](p, "runtime.bootTime"); r.power != clients.PoweredOff && !at.IsZero() {
		r.booted = at.UTC().Format(time.RFC3339Nano)
	}
	r.snapshots = len(get[types.VirtualMachineSnapshotInfo](p, "snapshot").RootSnapshotList) > 0
	r.attributeKeys = parseAttributes(option(p, keyAttributes))
	r.attributes = attributesOf(r.attributeKeys, get[types.ArrayOfCustomFieldValue](p, "customValue").CustomFieldValue)

	devices := object.VirtualDeviceList(get[types.ArrayOfVirtualDevice](p, "config.hardware.device").VirtualDevice)
	r.diskNames, r.nicNames = parseDiskNames(option(p, keyDisks)), parseNICNames(option(p, keyNetworks))
	r.nics = nicsOf(devices, r.nicNames, get[types.ArrayOfGuestNicInfo](p, "guest.net").GuestNicInfo)
	r.disks = disksOf(devices, r.diskNames)
	r.addresses = addressesOf(get[string](p, "guest.ipAddress"), r.nics)
	return r
}

func newHardware(p properties) hardware {
	h := hardware{
		cpus:            get[int32](p, "config.hardware.numCPU"),
		cores:           get[int32](p, "config.hardware.numCoresPerSocket"),
		memoryMiB:       int64(get[int32](p, "config.hardware.memoryMB")),
		firmware:        clients.BIOS,
		version:         get[string](p, "config.version"),
		cpuHotAdd:       get[bool](p, "config.cpuHotAddEnabled"),
		cpuHotRemove:    get[bool](p, "config.cpuHotRemoveEnabled"),
		memoryHotAdd:    get[bool](p, "config.memoryHotAddEnabled"),
		hotPlugLimitMiB: get[int64](p, "config.hotPlugMemoryLimit"),
		hotPlugStepMiB:  get[int64](p, "config.hotPlugMemoryIncrementSize"),
	}
	if get[string](p, "config.firmware") == string(types.GuestOsDescriptorFirmwareTypeEfi) {
		h.firmware = clients.UEFI
	}
	if secure := get[types.VirtualMachineBootOptions](p, "config.bootOptions").EfiSecureBootEnabled; secure != nil {
		h.secureBoot = *secure
	}
	return h
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
