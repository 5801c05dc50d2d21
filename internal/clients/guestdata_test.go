// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

import "testing"

func TestGuestDataHash(t *testing.T) {
	base := GuestData{UserData: "#cloud-config", Hostname: "web"}
	static := []Network{{Name: "primary", Address: "192.0.2.10/24"}}
	cases := map[string]struct {
		reason   string
		data     GuestData
		networks []Network
		same     bool
	}{
		"Same":        {reason: "The same data has the same hash.", data: base, networks: static, same: true},
		"Network":     {reason: "What the guest is not told has no part in it.", data: base, networks: []Network{{Name: "primary", Network: "other", MACAddress: "52:54:00:00:00:01", Address: "192.0.2.10/24"}}, same: true},
		"DHCP":        {reason: "An interface without address is not in the data.", data: base, networks: append([]Network{{Name: "second"}}, static...), same: true},
		"UserData":    {reason: "Other user data is other data.", data: GuestData{UserData: "#!/bin/sh", Hostname: "web"}, networks: static},
		"Hostname":    {reason: "Another name is other data.", data: GuestData{UserData: "#cloud-config", Hostname: "db"}, networks: static},
		"Address":     {reason: "Another address is other data.", data: base, networks: []Network{{Name: "primary", Address: "192.0.2.11/24"}}},
		"AddressGone": {reason: "An address that is taken away is other data.", data: base},
		"Sysprep":     {reason: "Windows is told more.", data: GuestData{UserData: "#cloud-config", Hostname: "web", Prep: PrepWindows, Sysprep: &Sysprep{FullName: "a"}}, networks: static},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := tc.data.Hash(tc.networks) == base.Hash(static); got != tc.same {
				t.Errorf("%s\nwant the same hash: %t, got %t", tc.reason, tc.same, got)
			}
		})
	}
	if got := (GuestData{}).Hash(nil); got != (GuestData{}).Hash([]Network{{Name: "a"}}) || got == "" {
		t.Errorf("No data has a hash of its own, got %q", got)
	}
}
