// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"github.com/kdomanski/iso9660"
	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// seedLabel is the volume label by which cloud-init knows a NoCloud disk.
const seedLabel = "cidata"

// seedImage returns an ISO 9660 image with the data that cloud-init's NoCloud source reads. Each VM is an instance of its
// own, so that its first boot is one. The networks have MAC addresses.
//
// https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
func seedImage(uuid, name string, g clients.GuestData, networks []clients.Network) ([]byte, error) {
	w, err := iso9660.NewWriter()
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Cleanup() }()
	for _, f := range []struct{ name, content string }{
		{"meta-data", fmt.Sprintf("instance-id: %s\nlocal-hostname: %s\n", uuid, quoted(cmp.Or(g.Hostname, name)))},
		{"user-data", g.UserData},
		{"vendor-data", vendorData(name, g)},
		{"network-config", networkConfig(networks)},
	} {
		if f.content == "" && f.name != "user-data" { // without which cloud-init takes the disk for somebody else's
			continue
		}
		if err := w.AddFile(strings.NewReader(f.content), f.name); err != nil {
			return nil, err
		}
	}
	image := &bytes.Buffer{}
	err = w.WriteTo(image, seedLabel)
	return image.Bytes(), err
}

// quoted returns a string as JSON, and so as YAML.
func quoted(s string) string {
	raw, _ := json.Marshal(s) // a string can always be encoded
	return string(raw)
}

// vendorData returns what is asked of the guest and is not in the user's own data, which wins over it. Empty for nothing.
func vendorData(name string, g clients.GuestData) string {
	out := &strings.Builder{}
	if g.Domain != "" {
		host := cmp.Or(g.Hostname, name)
		fmt.Fprintf(out, "hostname: %s\nfqdn: %s\n", quoted(host), quoted(host+"."+g.Domain))
	}
	if g.TimeZone != "" {
		fmt.Fprintf(out, "timezone: %s\n", quoted(g.TimeZone))
	}
	if out.Len() == 0 {
		return ""
	}
	return "#cloud-config\n" + out.String()
}

// networkConfig returns how the guest sets up its interfaces, in version 2 of cloud-init's format. Empty leaves it to the
// image, which asks DHCP on its first interface.
//
// https://cloudinit.readthedocs.io/en/latest/reference/network-config-format-v2.html
func networkConfig(networks []clients.Network) string {
	needed := len(networks) > 1
	for _, n := range networks {
		needed = needed || n.Address != "" || len(n.DNS) > 0
	}
	if !needed {
		return ""
	}
	out := &strings.Builder{}
	out.WriteString("version: 2\nethernets:\n")
	for i, n := range networks {
		// The key is the guest's name of the interface to nobody: it is found by its address.
		fmt.Fprintf(out, "  %s:\n    match:\n      macaddress: %s\n", quoted(cmp.Or(n.Name, fmt.Sprintf("net%d", i))), quoted(n.MACAddress))
		if n.Address == "" {
			out.WriteString("    dhcp4: true\n")
		} else {
			fmt.Fprintf(out, "    addresses: [%s]\n", quoted(n.Address))
		}
		if n.Gateway != "" {
			fmt.Fprintf(out, "    routes:\n      - to: %s\n        via: %s\n", quoted(anywhere(n.Gateway)), quoted(n.Gateway))
		}
		if len(n.DNS) > 0 {
			servers := make([]string, 0, len(n.DNS))
			for _, s := range n.DNS {
				servers = append(servers, quoted(s))
			}
			fmt.Fprintf(out, "    nameservers:\n      addresses: [%s]\n", strings.Join(servers, ", "))
		}
	}
	return out.String()
}

// anywhere is the destination of a default route, which older versions do not know by that name.
func anywhere(gateway string) string {
	if a, err := netip.ParseAddr(gateway); err == nil && a.Is6() {
		return "::/0"
	}
	return "0.0.0.0/0"
}

// upload fills a volume.
func upload(conn *libvirt.Connect, v *libvirt.StorageVol, content []byte) error {
	stream, err := conn.NewStream(0)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Free() }()
	if err := v.Upload(stream, 0, uint64(len(content)), 0); err != nil {
		return err
	}
	left := bytes.NewBuffer(content)
	if err := stream.SendAll(func(_ *libvirt.Stream, n int) ([]byte, error) { return left.Next(n), nil }); err != nil {
		_ = stream.Abort()
		return err
	}
	return stream.Finish()
}
