// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kdomanski/iso9660"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// filesOf returns what is in an ISO 9660 image.
func filesOf(t *testing.T, image []byte) map[string]string {
	t.Helper()
	i, err := iso9660.OpenImage(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if label, err := i.Label(); err != nil || label != seedLabel {
		t.Errorf("the image's label is %q: %v", label, err)
	}
	root, err := i.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	files, err := root.GetChildren()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range files {
		content, err := io.ReadAll(f.Reader())
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name()] = string(content)
	}
	return out
}

func TestSeedImage(t *testing.T) {
	cases := map[string]struct {
		reason   string
		data     clients.GuestData
		networks []clients.Network
		want     map[string]string
	}{
		"Nothing": {
			reason:   "A guest that is told nothing learns its name, and asks DHCP as its image does. Without user data the disk would count for nothing.",
			networks: []clients.Network{{Network: "default", MACAddress: "52:54:00:00:00:01"}},
			want:     map[string]string{"meta-data": "instance-id: u-1\nlocal-hostname: \"web\"\n", "user-data": ""},
		},
		"Everything": {
			reason: "Each interface is found by its MAC address. What is not the user's own is in the vendor's data, over which the user's wins.",
			data:   clients.GuestData{UserData: "#cloud-config\n", Hostname: "www", Domain: "example.org", TimeZone: "Europe/Berlin"},
			networks: []clients.Network{
				{Name: "primary", MACAddress: "52:54:00:00:00:01", Address: "192.0.2.10/24", Gateway: "192.0.2.1", DNS: []string{"192.0.2.2", "192.0.2.3"}},
				{Name: "yes", MACAddress: "52:54:00:00:00:02", Address: "2001:db8::10/64", Gateway: "2001:db8::1"},
				{Name: "third", MACAddress: "52:54:00:00:00:03"},
			},
			want: map[string]string{
				"meta-data":   "instance-id: u-1\nlocal-hostname: \"www\"\n",
				"user-data":   "#cloud-config\n",
				"vendor-data": "#cloud-config\nhostname: \"www\"\nfqdn: \"www.example.org\"\ntimezone: \"Europe/Berlin\"\n",
				"network-config": `version: 2
ethernets:
  "primary":
    match:
      macaddress: "52:54:00:00:00:01"
    addresses: ["192.0.2.10/24"]
    routes:
      - to: "0.0.0.0/0"
        via: "192.0.2.1"
    nameservers:
      addresses: ["192.0.2.2", "192.0.2.3"]
  "yes":
    match:
      macaddress: "52:54:00:00:00:02"
    addresses: ["2001:db8::10/64"]
    routes:
      - to: "::/0"
        via: "2001:db8::1"
  "third":
    match:
      macaddress: "52:54:00:00:00:03"
    dhcp4: true
`,
			},
		},
		"Injection": {
			reason:   "A name cannot say more than a name.",
			data:     clients.GuestData{TimeZone: "x\"\nruncmd: [reboot]"},
			networks: []clients.Network{{Name: "a", MACAddress: "52:54:00:00:00:01", DNS: []string{"192.0.2.2"}}},
			want: map[string]string{
				"meta-data":      "instance-id: u-1\nlocal-hostname: \"web\"\n",
				"user-data":      "",
				"vendor-data":    "#cloud-config\ntimezone: \"x\\\"\\nruncmd: [reboot]\"\n",
				"network-config": "version: 2\nethernets:\n  \"a\":\n    match:\n      macaddress: \"52:54:00:00:00:01\"\n    dhcp4: true\n    nameservers:\n      addresses: [\"192.0.2.2\"]\n",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			image, err := seedImage("u-1", "web", tc.data, tc.networks)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, filesOf(t, image)); diff != "" {
				t.Errorf("\n%s\nseedImage(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
