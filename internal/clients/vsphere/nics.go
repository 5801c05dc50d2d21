// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// A nic is a network interface of a VM. Its backing is the network's name, the port group's reference or an opaque network's
// ID.
type nic struct {
	name      string
	key       int32
	model     string
	network   string
	portGroup types.ManagedObjectReference
	opaque    string
	mac       string
	addresses []string
}

// firstNICUnit is the PCI unit of a VM's first interface; the units before it are other devices'.
const firstNICUnit = 7

// modelOf returns the model of an interface, as in clients.Network.
func modelOf(card types.BaseVirtualEthernetCard) string {
	switch card.(type) {
	case *types.VirtualVmxnet3:
		return "VMXNET3"
	case *types.VirtualVmxnet2:
		return "VMXNET2"
	case *types.VirtualE1000e:
		return "E1000E"
	case *types.VirtualE1000:
		return "E1000"
	case *types.VirtualPCNet32:
		return "PCNet32"
	case *types.VirtualSriovEthernetCard:
		return "SRIOV"
	}
	return ""
}

// nicsOf returns the interfaces among devices.
func nicsOf(devices object.VirtualDeviceList, names map[int32]string, nets []types.GuestNicInfo) []nic {
	var nics []nic
	for _, d := range devices {
		base, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		card := base.GetVirtualEthernetCard()
		n := nic{key: card.Key, model: modelOf(base), mac: strings.ToLower(card.MacAddress)}
		if card.UnitNumber != nil {
			n.name = names[*card.UnitNumber]
		}
		switch b := card.Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			n.network = b.DeviceName
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			n.portGroup = types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}
		case *types.VirtualEthernetCardOpaqueNetworkBackingInfo:
			n.opaque = b.OpaqueNetworkId
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
