// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// maxComputerName is how long the name of a Windows computer can be.
	maxComputerName = 15
	// noDomain stands for the domain that VMware Tools want of a Linux guest without one.
	noDomain = "localdomain"
)

// customization is what VMware Tools do in the guest at its first start; nil when they do nothing. There are as many networks
// as the VM has interfaces, in their order. It holds passwords and is neither logged nor written down.
func customization(id clients.Identity, g clients.GuestData, networks []clients.Network) (*types.CustomizationSpec, error) {
	var custom *types.CustomizationSpec
	switch g.Prep {
	case clients.PrepCloudInit:
		return nil, nil
	case clients.PrepLinux:
		custom = &types.CustomizationSpec{
			Identity: &types.CustomizationLinuxPrep{
				HostName: &types.CustomizationFixedName{Name: cmp.Or(g.Hostname, id.Name)},
				Domain:   cmp.Or(g.Domain, noDomain),
				TimeZone: g.TimeZone,
			},
			Options: &types.CustomizationLinuxOptions{},
		}
	case clients.PrepWindows:
		identity, err := sysprep(id, g)
		if err != nil {
			return nil, err
		}
		custom = &types.CustomizationSpec{
			Identity: identity,
			Options:  &types.CustomizationWinOptions{ChangeSID: true, Reboot: types.CustomizationSysprepRebootOptionReboot},
		}
	default:
		return nil, clients.NewError(clients.Unsupported, "GuestData", fmt.Errorf("there is no customization %q on vSphere", g.Prep))
	}
	if g.Domain != "" {
		custom.GlobalIPSettings.DnsSuffixList = []string{g.Domain}
	}
	for _, n := range networks {
		adapter, err := adapterOf(n)
		if err != nil {
			return nil, err
		}
		custom.NicSettingMap = append(custom.NicSettingMap, adapter)
		for _, dns := range n.DNS {
			// Linux has one list for all interfaces.
			if !slices.Contains(custom.GlobalIPSettings.DnsServerList, dns) {
				custom.GlobalIPSettings.DnsServerList = append(custom.GlobalIPSettings.DnsServerList, dns)
			}
		}
	}
	return custom, nil
}

// sysprep returns what Windows asks for.
func sysprep(id clients.Identity, g clients.GuestData) (*types.CustomizationSysprep, error) {
	w := g.Sysprep
	if w == nil {
		w = &clients.Sysprep{}
	}
	name, err := computerName(id, g)
	if err != nil {
		return nil, err
	}
	s := &types.CustomizationSysprep{
		GuiUnattended: types.CustomizationGuiUnattended{TimeZone: w.TimeZone},
		UserData: types.CustomizationUserData{
			FullName: w.FullName, OrgName: w.Organization, ProductId: w.ProductKey,
			ComputerName: &types.CustomizationFixedName{Name: name},
		},
		Identification: types.CustomizationIdentification{JoinWorkgroup: w.Workgroup},
	}
	if w.AdminPassword != "" {
		s.GuiUnattended.Password = &types.CustomizationPassword{Value: w.AdminPassword, PlainText: true}
	}
	if w.Domain != "" {
		s.Identification = types.CustomizationIdentification{JoinDomain: w.Domain, DomainAdmin: w.Username}
		s.Identification.DomainAdminPassword = &types.CustomizationPassword{Value: w.UserPassword, PlainText: true}
	}
	if len(w.RunOnce) > 0 {
		s.GuiRunOnce = &types.CustomizationGuiRunOnce{CommandList: w.RunOnce}
	}
	return s, nil
}

// computerName returns the name of a Windows computer. That of a VM which is too long is shortened so that it stays unique.
func computerName(id clients.Identity, g clients.GuestData) (string, error) {
	if len(g.Hostname) > maxComputerName {
		return "", clients.NewError(clients.Invalid, "GuestData", fmt.Errorf("the hostname %q is longer than the %d characters of a Windows computer's name", g.Hostname, maxComputerName))
	}
	if name := cmp.Or(g.Hostname, id.Name); len(name) <= maxComputerName {
		return name, nil
	}
	return id.Name[:maxComputerName-5] + "-" + id.UUID[:4], nil
}

// adapterOf returns the settings of one interface.
func adapterOf(n clients.Network) (types.CustomizationAdapterMapping, error) {
	m := types.CustomizationAdapterMapping{
		MacAddress: n.MACAddress,
		Adapter:    types.CustomizationIPSettings{Ip: &types.CustomizationDhcpIpGenerator{}, DnsServerList: n.DNS},
	}
	if n.Address == "" {
		return m, nil
	}
	prefix, err := netip.ParsePrefix(n.Address)
	if err != nil {
		return m, clients.NewError(clients.Invalid, "Network", fmt.Errorf("cannot give interface %q the address %q: %w", n.Name, n.Address, err))
	}
	var gateways []string
	if n.Gateway != "" {
		gateways = []string{n.Gateway}
	}
	address := prefix.Addr().String()
	if prefix.Addr().Is4() {
		m.Adapter.Ip = &types.CustomizationFixedIp{IpAddress: address}
		m.Adapter.SubnetMask = net.IP(net.CIDRMask(prefix.Bits(), 32)).String()
		m.Adapter.Gateway = gateways
		return m, nil
	}
	bits := int32(prefix.Bits()) //nolint:gosec // It is at most 128.
	m.Adapter.IpV6Spec = &types.CustomizationIPSettingsIpV6AddressSpec{
		Ip:      []types.BaseCustomizationIpV6Generator{&types.CustomizationFixedIpV6{IpAddress: address, SubnetMask: bits}},
		Gateway: gateways,
	}
	return m, nil
}
