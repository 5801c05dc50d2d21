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
			&types.OptionValue{Key: keyNetworks, Value: wantedNICs(spec.Networks).String()},
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

// dataDisks adds data disks, and records which disk is which.
func dataDisks(wanted []clients.Disk, t target) ([]types.BaseOptionValue, []types.BaseVirtualDeviceConfigSpec, error) {
	names := imageDisks(t.devices)
	at, controllers, err := freePlaces(t.devices, wanted)
	if err != nil {
		return nil, nil, err
	}
	var changes []types.BaseVirtualDeviceConfigSpec
	for _, c := range controllers {
		changes = append(changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationAdd, Device: c})
	}
	for i, d := range wanted {
		names[at[i].slot] = d.Name
		changes = append(changes, newDisk(i, d, at[i], t.datastore, t.datastoreName))
	}
	return []types.BaseOptionValue{&types.OptionValue{Key: keyDisks, Value: names.String()}}, changes, nil
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
