// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// newCloneSpec describes the clone: all of the VM at once, so that there is no VM of ours that is half made.
func newCloneSpec(spec clients.VMSpec, t target) (types.VirtualMachineCloneSpec, error) {
	options, changes, err := dataDisks(spec.Disks, t)
	if err != nil {
		return types.VirtualMachineCloneSpec{}, err
	}
	guest, err := guestInfo(spec)
	if err != nil {
		return types.VirtualMachineCloneSpec{}, err
	}
	config := &types.VirtualMachineConfigSpec{
		InstanceUuid: spec.UUID,
		NumCPUs:      spec.CPU,
		MemoryMB:     spec.MemoryMiB,
		DeviceChange: append(interfaces(spec.Networks, t), changes...),
		ExtraConfig: append([]types.BaseOptionValue{
			&types.OptionValue{Key: KeyOwner, Value: spec.Owner},
			&types.OptionValue{Key: KeyNamespace, Value: spec.Namespace},
			&types.OptionValue{Key: keyNetworks, Value: formatNetworkNames(networkNames(spec.Networks))},
			&types.OptionValue{Key: keyGuestData, Value: spec.GuestData.Hash(spec.Networks)},
		}, append(options, guest...)...),
	}
	if t.cores > 1 && spec.CPU%t.cores != 0 {
		// vCenter refuses a number of CPUs that does not fill the sockets.
		config.NumCoresPerSocket = types.NewInt32(1)
	}
	return types.VirtualMachineCloneSpec{
		Location: types.VirtualMachineRelocateSpec{Host: &t.host, Pool: &t.pool, Datastore: &t.datastore},
		Config:   config,
	}, nil
}

// interfaces replaces the image's network interfaces by those wanted; without any the image's stay.
func interfaces(wanted []clients.Network, t target) []types.BaseVirtualDeviceConfigSpec {
	if len(wanted) == 0 {
		return nil
	}
	var changes []types.BaseVirtualDeviceConfigSpec
	for _, d := range t.devices.SelectByType((*types.VirtualEthernetCard)(nil)) {
		changes = append(changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: d})
	}
	for i, n := range wanted {
		card := &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{VirtualEthernetCard: types.VirtualEthernetCard{
			VirtualDevice: types.VirtualDevice{
				Key:         int32(-200 - i),
				UnitNumber:  types.NewInt32(firstNICUnit + int32(i)),
				Backing:     t.networks[i],
				Connectable: &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true, Connected: true},
			},
			AddressType:      string(types.VirtualEthernetCardMacTypeGenerated),
			WakeOnLanEnabled: types.NewBool(true),
		}}}
		if n.MACAddress != "" {
			card.AddressType = string(types.VirtualEthernetCardMacTypeManual)
			card.MacAddress = n.MACAddress
		}
		changes = append(changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: card})
	}
	return changes
}

// networkNames returns the names of interfaces that a VM is made with.
func networkNames(wanted []clients.Network) map[int32]string {
	names := map[int32]string{}
	for i, n := range wanted {
		names[firstNICUnit+int32(i)] = n.Name
	}
	return names
}

// dataDisks adds data disks, and records which is which.
func dataDisks(wanted []clients.Disk, t target) ([]types.BaseOptionValue, []types.BaseVirtualDeviceConfigSpec, error) {
	rack := newRack(t.devices)
	names := imageDisks(t.devices)
	var disks []types.BaseVirtualDeviceConfigSpec
	for i, d := range wanted {
		on, ok := busOf(d.Controller)
		if !ok {
			return nil, nil, clients.NewError(clients.Unsupported, "VM", fmt.Errorf("there are no disk controllers of type %q on vSphere", d.Controller))
		}
		at, key, err := rack.take(on)
		if err != nil {
			return nil, nil, err
		}
		names[at] = d.Name
		disks = append(disks, &types.VirtualDeviceConfigSpec{
			Operation:     types.VirtualDeviceConfigSpecOperationAdd,
			FileOperation: types.VirtualDeviceConfigSpecFileOperationCreate,
			Device: &types.VirtualDisk{
				VirtualDevice: types.VirtualDevice{
					Key:           int32(-300 - i),
					ControllerKey: key,
					UnitNumber:    &at.unit,
					Backing: &types.VirtualDiskFlatVer2BackingInfo{
						VirtualDeviceFileBackingInfo: types.VirtualDeviceFileBackingInfo{
							FileName: "[" + t.datastoreName + "]", Datastore: &t.datastore,
						},
						DiskMode:        string(types.VirtualDiskModePersistent),
						ThinProvisioned: types.NewBool(!d.Thick),
					},
				},
				CapacityInBytes: d.SizeGiB * gib,
				CapacityInKB:    d.SizeGiB * gib / 1024,
			},
		})
	}
	var changes []types.BaseVirtualDeviceConfigSpec
	for _, c := range rack.added {
		changes = append(changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: c})
	}
	record := &types.OptionValue{Key: keyDisks, Value: formatDiskNames(names)}
	return []types.BaseOptionValue{record}, append(changes, disks...), nil
}

// guestInfo hands user data to the guest, in the form of cloud-init's VMware datasource:
// https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html
func guestInfo(spec clients.VMSpec) ([]types.BaseOptionValue, error) {
	if spec.GuestData.UserData == "" {
		return nil, nil
	}
	metadata, err := json.Marshal(map[string]string{"instance-id": spec.UUID, "local-hostname": spec.Name})
	if err != nil {
		return nil, fmt.Errorf("cannot write the guest's metadata: %w", err)
	}
	var options []types.BaseOptionValue
	for _, o := range []struct {
		key  string
		data []byte
	}{{"guestinfo.metadata", metadata}, {"guestinfo.userdata", []byte(spec.GuestData.UserData)}} {
		options = append(options,
			&types.OptionValue{Key: o.key, Value: base64.StdEncoding.EncodeToString(o.data)},
			&types.OptionValue{Key: o.key + ".encoding", Value: "base64"},
		)
	}
	return options, nil
}
