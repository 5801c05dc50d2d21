// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// cardChanges replaces the image's network interfaces by those wanted; without any the image's stay.
func cardChanges(t target) ([]types.BaseVirtualDeviceConfigSpec, error) {
	if len(t.networks) == 0 {
		return nil, nil
	}
	var changes []types.BaseVirtualDeviceConfigSpec
	for _, d := range t.devices.SelectByType((*types.VirtualEthernetCard)(nil)) {
		changes = append(changes, &types.VirtualDeviceConfigSpec{Operation: types.VirtualDeviceConfigSpecOperationRemove, Device: d})
	}
	for i, n := range t.networks {
		card, err := newCard(i, n, t.backings[i])
		if err != nil {
			return nil, err
		}
		changes = append(changes, addDevice(card))
	}
	return changes, nil
}

// newCard describes an interface to add, by the number of it among those added.
func newCard(number int, n clients.Network, backing types.BaseVirtualDeviceBackingInfo) (types.BaseVirtualDevice, error) {
	card := types.VirtualEthernetCard{
		VirtualDevice: types.VirtualDevice{
			Key:         int32(-200 - number), //nolint:gosec // A VM has ten interfaces.
			Backing:     backing,
			Connectable: &types.VirtualDeviceConnectInfo{StartConnected: true, AllowGuestControl: true, Connected: true},
		},
		AddressType:      string(types.VirtualEthernetCardMacTypeGenerated),
		WakeOnLanEnabled: types.NewBool(true),
	}
	if n.MACAddress != "" {
		card.AddressType = string(types.VirtualEthernetCardMacTypeManual)
		card.MacAddress = n.MACAddress
	}
	switch n.Model {
	case "", "VMXNET3":
		return &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{VirtualEthernetCard: card}}, nil
	case "E1000":
		return &types.VirtualE1000{VirtualEthernetCard: card}, nil
	case "E1000E":
		return &types.VirtualE1000e{VirtualEthernetCard: card}, nil
	}
	return nil, clients.NewError(clients.Unsupported, "Network", fmt.Errorf("there is no interface of model %q on vSphere: name one of %s", n.Model, strings.Join(networkModels(), ", ")))
}

// networkModels are the models of interface that VMs can get.
func networkModels() []string { return []string{"VMXNET3", "E1000", "E1000E"} }

// isStatic says whether the guest has to be told how to configure an interface, which it then must recognise.
func isStatic(n clients.Network) bool { return n.Address != "" || len(n.DNS) > 0 }

// withMACs returns the networks with a MAC address each when the guest has to tell them apart, because one of them has static
// settings. Addresses that are not given follow from the VM's UUID, so that a repeated creation comes to the same ones, and
// are none of those taken.
func withMACs(uuid string, networks []clients.Network, taken map[string]bool) []clients.Network {
	static := false
	for _, n := range networks {
		static = static || isStatic(n)
	}
	if !static {
		return networks
	}
	mine := map[string]bool{}
	for _, n := range networks {
		mine[n.MACAddress] = true
	}
	named := make([]clients.Network, 0, len(networks))
	for _, n := range networks {
		for try := 0; n.MACAddress == ""; try++ {
			if mac := newMAC(uuid, n.Name, try); !taken[mac] && !mine[mac] {
				n.MACAddress = mac
				mine[mac] = true
			}
		}
		named = append(named, n)
	}
	return named
}

// newMAC returns an address in the range that VMware leaves to administrators, 00:50:56:00:00:00 to 00:50:56:3f:ff:ff.
func newMAC(uuid, name string, try int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", uuid, name, try))
	return fmt.Sprintf("00:50:56:%02x:%02x:%02x", sum[0]&0x3f, sum[1], sum[2])
}
