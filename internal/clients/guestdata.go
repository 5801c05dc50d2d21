// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
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
// It covers the addresses of the networks, which are handed over with it.
func (g GuestData) Hash(networks []Network) string {
	type address struct {
		Name, Address, Gateway string
		DNS                    []string
	}
	var addresses []address
	for _, n := range networks {
		if n.Address != "" || len(n.DNS) > 0 {
			addresses = append(addresses, address{n.Name, n.Address, n.Gateway, n.DNS})
		}
	}
	raw, err := json.Marshal(struct {
		Data      GuestData
		Addresses []address
	}{g, addresses})
	if err != nil {
		panic(fmt.Sprintf("cannot encode strings as JSON: %v", err)) // Only strings and numbers: it cannot fail.
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}
