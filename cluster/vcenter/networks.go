// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// An opaqueBacking is the backing of a network card on an opaque network.
type opaqueBacking = types.VirtualEthernetCardOpaqueNetworkBackingInfo

// otherNetworks adds standard port groups and opaque networks, which all hosts have.
func (b *builder) otherNetworks(ctx context.Context) error {
	folder, ok := b.reg.Get(b.folders.NetworkFolder.Reference()).(*simulator.Folder)
	if !ok {
		return fmt.Errorf("cannot find the network folder")
	}
	for _, name := range b.spec.Networks {
		system, err := b.hosts[0].ConfigManager().NetworkSystem(ctx)
		if err != nil {
			return fmt.Errorf("cannot find the networks of host %q: %w", b.hosts[0].Name(), err)
		}
		if err := system.AddPortGroup(ctx, types.HostPortGroupSpec{Name: name, VswitchName: "vSwitch0"}); err != nil {
			return fmt.Errorf("cannot add port group %q: %w", name, err)
		}
	}
	sim := simulator.NewContext()
	sim.Map = b.reg
	for _, name := range b.spec.OpaqueNetworks {
		if err := folder.AddOpaqueNetwork(sim, types.OpaqueNetworkSummary{NetworkSummary: types.NetworkSummary{Name: name}}); err != nil {
			return fmt.Errorf("cannot add opaque network %q: %w", name, err)
		}
	}
	for _, name := range slices.Concat(b.spec.Networks, b.spec.OpaqueNetworks) {
		n := b.reg.FindByName(name, folder.ChildEntity)
		if n == nil {
			return fmt.Errorf("cannot find network %q", name)
		}
		b.connect(n.Reference())
	}
	return nil
}

// connect gives all hosts and their clusters a network.
func (b *builder) connect(network types.ManagedObjectReference) {
	for _, ref := range b.hosts {
		host, ok := b.reg.Get(ref.Reference()).(*simulator.HostSystem)
		if !ok {
			continue
		}
		host.Network = append(host.Network, network)
		if c, ok := b.reg.Get(*host.Parent).(*simulator.ClusterComputeResource); ok && !slices.Contains(c.Network, network) {
			c.Network = append(c.Network, network)
		}
	}
}

// keepOpaque keeps vcsim from replacing opaque networks in a change by the port groups of an NSX switch, which hosts with a switch
// of NSX's own do not have. It returns what ends that.
func keepOpaque(changes []types.BaseVirtualDeviceConfigSpec) (done func()) {
	kinds := map[*opaqueBacking]string{}
	for _, c := range changes {
		card, ok := c.GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		if b, ok := card.GetVirtualEthernetCard().Backing.(*opaqueBacking); ok {
			kinds[b] = b.OpaqueNetworkType
			b.OpaqueNetworkType = ""
		}
	}
	return func() {
		for b, kind := range kinds {
			b.OpaqueNetworkType = kind
		}
	}
}

// listNetworks sets a VM's list of networks to those of its cards.
func (w *world) listNetworks(vm *simulator.VirtualMachine) {
	var networks []types.ManagedObjectReference
	for _, d := range vm.Config.Hardware.Device {
		card, ok := d.(types.BaseVirtualEthernetCard)
		if !ok {
			continue
		}
		var ref *types.ManagedObjectReference
		switch b := card.GetVirtualEthernetCard().Backing.(type) {
		case *types.VirtualEthernetCardNetworkBackingInfo:
			ref = b.Network
		case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
			ref = &types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey}
		case *opaqueBacking:
			ref = w.opaque(*vm.Runtime.Host, b)
		}
		if ref != nil && !slices.Contains(networks, *ref) {
			networks = append(networks, *ref)
		}
	}
	w.reg.Update(w.ctx, vm, []types.PropertyChange{{Name: "network", Val: networks}})
}

// opaque returns the opaque network of a host that a card is connected to, nil if there is none.
func (w *world) opaque(host types.ManagedObjectReference, b *opaqueBacking) *types.ManagedObjectReference {
	h, ok := w.reg.Get(host).(*simulator.HostSystem)
	if !ok {
		return nil
	}
	for _, ref := range h.Network {
		n, ok := w.reg.Get(ref).(*mo.OpaqueNetwork)
		if !ok {
			continue
		}
		if s, ok := n.Summary.(*types.OpaqueNetworkSummary); ok && s.OpaqueNetworkId == b.OpaqueNetworkId && s.OpaqueNetworkType == b.OpaqueNetworkType {
			return &ref
		}
	}
	return nil
}

// checkNetwork returns the fault that a network card is to be connected to what its VM's host does not have: "a backing that is
// not supported or not found" (vSphere API, InvalidDeviceBacking).
func (w *world) checkNetwork(host types.ManagedObjectReference, card types.BaseVirtualEthernetCard) types.BaseMethodFault {
	h, ok := w.reg.Get(host).(*simulator.HostSystem)
	if !ok {
		return &types.ManagedObjectNotFound{Obj: host}
	}
	found := true
	switch b := card.GetVirtualEthernetCard().Backing.(type) {
	case *types.VirtualEthernetCardNetworkBackingInfo:
		n := w.reg.FindByName(b.DeviceName, h.Network)
		found = n != nil && n.Reference().Type == "Network"
	case *types.VirtualEthernetCardDistributedVirtualPortBackingInfo:
		found = slices.Contains(h.Network, types.ManagedObjectReference{Type: "DistributedVirtualPortgroup", Value: b.Port.PortgroupKey})
	case *opaqueBacking:
		found = w.opaque(host, b) != nil
	}
	if !found {
		return &types.InvalidDeviceBacking{}
	}
	return nil
}
