// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// packAbove is the size, in bytes, above which data for the guest is compressed.
	packAbove = 8 << 10
	// maxGuestInfo is the size, in bytes as written, up to which a guest can read a value: VMware Tools' RPC takes no more.
	maxGuestInfo = 64 << 10
)

// hostname of a guest, with its domain.
func hostname(id clients.Identity, g clients.GuestData) string {
	name := cmp.Or(g.Hostname, id.Name)
	if g.Domain != "" {
		name += "." + g.Domain
	}
	return name
}

// guestInfo hands data to the guest, in the form of cloud-init's VMware datasource:
// https://docs.cloud-init.io/en/latest/reference/datasources/vmware.html. All keys are returned, those without data empty, which
// removes them. Guests that VMware Tools prepare are given nothing. The networks have the MAC addresses of the VM's interfaces
// where one has static settings.
func guestInfo(id clients.Identity, g clients.GuestData, networks []clients.Network) ([]types.BaseOptionValue, error) {
	var metadata, vendor, user []byte
	if g.Prep == clients.PrepCloudInit {
		var err error
		if metadata, err = json.Marshal(guestMetadata(id, g, networks)); err != nil {
			return nil, fmt.Errorf("cannot write the guest's metadata: %w", err)
		}
		user = []byte(g.UserData)
		if g.TimeZone != "" {
			// A JSON string is one of YAML too.
			zone, err := json.Marshal(g.TimeZone)
			if err != nil {
				return nil, fmt.Errorf("cannot write the guest's time zone: %w", err)
			}
			vendor = fmt.Appendf(nil, "#cloud-config\ntimezone: %s\n", zone)
		}
	}
	var options []types.BaseOptionValue
	for _, o := range []struct {
		key  string
		data []byte
	}{{"guestinfo.metadata", metadata}, {"guestinfo.userdata", user}, {"guestinfo.vendordata", vendor}} {
		value, encoding, err := encodeGuestInfo(o.data)
		if err != nil {
			return nil, clients.NewError(clients.Invalid, "GuestData", fmt.Errorf("cannot hand %s to the guest: %w", o.key, err))
		}
		options = append(options, &types.OptionValue{Key: o.key, Value: value}, &types.OptionValue{Key: o.key + ".encoding", Value: encoding})
	}
	return options, nil
}

// encodeGuestInfo writes data as a value that a guest can read, compressed when it is large.
func encodeGuestInfo(data []byte) (value, encoding string, err error) {
	if len(data) == 0 {
		return "", "", nil
	}
	encoding = "base64"
	if len(data) > packAbove {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(data); err != nil {
			return "", "", fmt.Errorf("cannot compress: %w", err)
		}
		if err := w.Close(); err != nil {
			return "", "", fmt.Errorf("cannot compress: %w", err)
		}
		data, encoding = packed.Bytes(), "gzip+base64"
	}
	value = base64.StdEncoding.EncodeToString(data)
	if len(value) > maxGuestInfo {
		return "", "", fmt.Errorf("it has %d bytes when it is compressed, and a guest can read %d", len(value), maxGuestInfo)
	}
	return value, encoding, nil
}

// metadata is what cloud-init reads.
type metadata struct {
	InstanceID    string   `json:"instance-id"`
	LocalHostname string   `json:"local-hostname"`
	Network       *netplan `json:"network,omitempty"`
}

// netplan is network configuration of version 2:
// https://docs.cloud-init.io/en/latest/reference/network-config-format-v2.html
type netplan struct {
	Version   int                 `json:"version"`
	Ethernets map[string]ethernet `json:"ethernets"`
}

type ethernet struct {
	Match       match        `json:"match"`
	DHCP4       bool         `json:"dhcp4"`
	Addresses   []string     `json:"addresses,omitempty"`
	Routes      []route      `json:"routes,omitempty"`
	Nameservers *nameservers `json:"nameservers,omitempty"`
}

type match struct {
	MACAddress string `json:"macaddress"`
}

type route struct {
	To  string `json:"to"`
	Via string `json:"via"`
}

type nameservers struct {
	Addresses []string `json:"addresses"`
	Search    []string `json:"search,omitempty"`
}

func guestMetadata(id clients.Identity, g clients.GuestData, networks []clients.Network) metadata {
	m := metadata{InstanceID: id.UUID, LocalHostname: hostname(id, g)}
	if !slices.ContainsFunc(networks, isStatic) {
		return m
	}
	// cloud-init configures the interfaces that are listed and no others.
	m.Network = &netplan{Version: 2, Ethernets: map[string]ethernet{}}
	for _, n := range networks {
		e := ethernet{Match: match{strings.ToLower(n.MACAddress)}, DHCP4: n.Address == ""}
		if n.Address != "" {
			e.Addresses = []string{n.Address}
		}
		if n.Gateway != "" {
			to := "0.0.0.0/0"
			if strings.Contains(n.Gateway, ":") {
				to = "::/0"
			}
			e.Routes = []route{{To: to, Via: n.Gateway}}
		}
		if len(n.DNS) > 0 {
			e.Nameservers = &nameservers{Addresses: n.DNS}
			if g.Domain != "" {
				e.Nameservers.Search = []string{g.Domain}
			}
		}
		m.Network.Ethernets[n.Name] = e
	}
	return m
}
