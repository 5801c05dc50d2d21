// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
	"sigs.k8s.io/yaml"
)

// maxGuestData bounds the size of data for a guest in bytes, when it is unpacked.
const maxGuestData = 1 << 20

// A guestIdentity is what a guest was told to be.
type guestIdentity struct {
	hostName string
	// addresses of each interface, by its place among the VM's. Interfaces without an entry get none if static is set, and one
	// of their own otherwise.
	addresses map[int][]string
	static    bool
}

// metadata is what cloud-init's VMware datasource reads:
// https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html
type metadata struct {
	LocalHostname   string          `json:"local-hostname"`
	Hostname        string          `json:"hostname"`
	Network         json.RawMessage `json:"network"`
	NetworkEncoding string          `json:"network.encoding"`
}

// netplan is cloud-init's network configuration, version 2:
// https://docs.cloud-init.io/en/latest/reference/network-config-format-v2.html
type netplan struct {
	Network   *netplan         `json:"network"`
	Ethernets map[string]ether `json:"ethernets"`
}

type ether struct {
	Match struct {
		MACAddress string `json:"macaddress"`
	} `json:"match"`
	DHCP4     bool     `json:"dhcp4"`
	Addresses []string `json:"addresses"`
}

// cloudInit returns what a VM's guest data make of its guest, false if there are none or the guest cannot read them.
func cloudInit(config *types.VirtualMachineConfigInfo, nics []types.GuestNicInfo) (guestIdentity, bool) {
	values := map[string]string{}
	for _, o := range config.ExtraConfig {
		v := o.GetOptionValue()
		if strings.HasPrefix(v.Key, "guestinfo.metadata") {
			values[v.Key] = fmt.Sprint(v.Value)
		}
	}
	if values["guestinfo.metadata"] == "" {
		return guestIdentity{}, false
	}
	data, err := decodeGuestInfo(values["guestinfo.metadata"], values["guestinfo.metadata.encoding"])
	if err != nil {
		return guestIdentity{}, false
	}
	var m metadata
	if err := yaml.Unmarshal(data, &m); err != nil {
		return guestIdentity{}, false
	}
	id := guestIdentity{hostName: cmp.Or(m.LocalHostname, m.Hostname)}
	if len(m.Network) > 0 {
		id.network(m, nics)
	}
	return id, true
}

// network gives each interface the addresses that the network configuration has for it: "only the interfaces that are listed
// are configured". An entry without a MAC address is for the interface at its place in the order of names.
func (id *guestIdentity) network(m metadata, nics []types.GuestNicInfo) {
	raw := []byte(m.Network)
	var text string
	if json.Unmarshal(raw, &text) == nil {
		decoded, err := decodeGuestInfo(text, m.NetworkEncoding)
		if err != nil {
			return
		}
		raw = decoded
	}
	var plan netplan
	if err := yaml.Unmarshal(raw, &plan); err != nil {
		return
	}
	if plan.Network != nil {
		plan = *plan.Network
	}
	id.static, id.addresses = true, map[int][]string{}
	for i, name := range slices.Sorted(maps.Keys(plan.Ethernets)) {
		e := plan.Ethernets[name]
		if e.Match.MACAddress != "" {
			i = slices.IndexFunc(nics, func(n types.GuestNicInfo) bool { return strings.EqualFold(n.MacAddress, e.Match.MACAddress) })
		}
		if i < 0 || i >= len(nics) {
			continue
		}
		id.addresses[i] = []string{}
		for _, a := range e.Addresses {
			address, _, _ := strings.Cut(a, "/")
			id.addresses[i] = append(id.addresses[i], address)
		}
		if e.DHCP4 {
			id.addresses[i] = append(id.addresses[i], leased)
		}
	}
}

// of returns the addresses of an interface, which would get one of its own by DHCP.
func (id guestIdentity) of(nic int, own string) []string {
	addresses, listed := id.addresses[nic]
	switch {
	case !id.static:
		return []string{own}
	case !listed:
		return nil
	}
	addresses = slices.Clone(addresses)
	for i, a := range addresses {
		if a == leased {
			addresses[i] = own
		}
	}
	return addresses
}

// leased stands for the address that an interface gets by DHCP.
const leased = "dhcp"

// decodeGuestInfo returns the data in a value for a guest.
func decodeGuestInfo(value, encoding string) ([]byte, error) {
	switch encoding {
	case "":
		return []byte(value), nil
	case "base64", "b64", "gzip+base64", "gz+b64":
	default:
		return nil, fmt.Errorf("cannot decode %q", encoding)
	}
	data, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return nil, fmt.Errorf("cannot decode base64: %w", err)
	}
	if !strings.HasPrefix(encoding, "gz") {
		return data, nil
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("cannot decompress: %w", err)
	}
	data, err = io.ReadAll(io.LimitReader(r, maxGuestData))
	if err != nil {
		return nil, fmt.Errorf("cannot decompress: %w", err)
	}
	return data, nil
}
