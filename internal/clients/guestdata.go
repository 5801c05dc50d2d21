// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// GuestData is what a guest is told at its first boot, besides the addresses of its networks.
type GuestData struct {
	// UserData for cloud-init; empty for none.
	UserData string
	// Hostname of the guest; empty for the VM's name.
	Hostname string
	// Domain and TimeZone of the guest; empty for none.
	Domain, TimeZone string
	// Prep says that VMware Tools shall apply name and addresses, not cloud-init.
	Prep Prep
	// Sysprep is what Windows asks for, with Prep PrepWindows.
	Sysprep *Sysprep
}

// Prep names who applies a guest's name and addresses.
type Prep string

// Preps. The empty one is cloud-init.
const (
	PrepCloudInit Prep = ""
	PrepLinux     Prep = "LinuxPrep"
	PrepWindows   Prep = "Sysprep"
)

// Sysprep is what Windows asks for at its first boot.
type Sysprep struct {
	FullName, Organization    string
	ProductKey, AdminPassword string
	// TimeZone is Microsoft's number of the time zone.
	TimeZone int32
	// Workgroup or Domain to join; with Domain the account that may.
	Workgroup                      string
	Domain, Username, UserPassword string
	RunOnce                        []string
}

// Hash returns what changes whenever the data that a guest was given does, and from which nothing confidential can be read.
// It covers the addresses of the networks, which are handed over with it. What is empty has no part in it, so that a release
// that knows of more has the same hash for a guest that has none of it.
func (g GuestData) Hash(networks []Network) string {
	data := map[string]any{}
	put := func(name string, value any, empty bool) {
		if !empty {
			data[name] = value
		}
	}
	put("userData", g.UserData, g.UserData == "")
	put("hostname", g.Hostname, g.Hostname == "")
	put("domain", g.Domain, g.Domain == "")
	put("timeZone", g.TimeZone, g.TimeZone == "")
	put("prep", g.Prep, g.Prep == PrepCloudInit)
	put("sysprep", g.Sysprep, g.Sysprep == nil)
	for _, n := range networks {
		put("network/"+n.Name, []any{n.Address, n.Gateway, n.DNS}, n.Address == "" && len(n.DNS) == 0)
	}
	raw, err := json.Marshal(data) // Maps come out in the order of their keys.
	if err != nil {
		return "" // Strings and numbers can always be encoded.
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}
