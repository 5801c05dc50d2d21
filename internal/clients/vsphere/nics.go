// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
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

// A nicName says which interface has a name: that of a MAC address, or without one the next in order that no MAC address
// names. A VM that is made does not know its MAC addresses yet.
type nicName struct {
	name, mac string
}

// nicNames are in the order of interfaces.
type nicNames []nicName

// wantedNICs returns the names of interfaces that a VM is made with.
func wantedNICs(wanted []clients.Network) nicNames {
	names := make(nicNames, 0, len(wanted))
	for _, n := range wanted {
		names = append(names, nicName{n.Name, strings.ToLower(n.MACAddress)})
	}
	return names
}

// String writes down which interface is which, as in "primary=00:50:56:00:00:01,web=".
func (n nicNames) String() string {
	text := make([]string, 0, len(n))
	for _, one := range n {
		text = append(text, one.name+"="+one.mac)
	}
	return strings.Join(text, ",")
}

// parseNICNames reads what String wrote. What it does not understand it leaves out.
func parseNICNames(text string) nicNames {
	var names nicNames
	for _, one := range strings.Split(text, ",") {
		if name, mac, ok := strings.Cut(one, "="); ok && name != "" {
			names = append(names, nicName{name, strings.ToLower(mac)})
		}
	}
	return names
}

// give names interfaces.
func (n nicNames) give(nics []nic) {
	byMAC := map[string]string{}
	var inOrder []string
	for _, one := range n {
		if one.mac == "" {
			inOrder = append(inOrder, one.name)
		} else {
			byMAC[one.mac] = one.name
		}
	}
	for i := range nics {
		if name, ok := byMAC[nics[i].mac]; ok {
			nics[i].name = name
		} else if len(inOrder) > 0 {
			nics[i].name, inOrder = inOrder[0], inOrder[1:]
		}
	}
}

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
func nicsOf(devices object.VirtualDeviceList, names nicNames, nets []types.GuestNicInfo) []nic {
	var nics []nic
	for _, d := range devices {
		base, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		card := base.GetVirtualEthernetCard()
		n := nic{key: card.Key, model: modelOf(base), mac: strings.ToLower(card.MacAddress)}
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
	// The order of the list changes when an interface is changed.
	slices.SortStableFunc(nics, func(a, b nic) int { return cmp.Compare(a.key, b.key) })
	names.give(nics)
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
