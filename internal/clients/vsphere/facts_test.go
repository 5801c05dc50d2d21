// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// able are the capabilities of an administrator of a recent vCenter with a key provider.
func able() clients.Capabilities {
	return clients.Capabilities{
		ReconfigureOnline: true, DiskExpansionOnline: true, Snapshots: true, MemorySnapshots: true, LinkedClones: true,
		GuestCustomization: true, ContentLibraries: true, Tags: true, SecureBoot: true, TPM: true,
		Firmware: []string{"bios", "uefi"}, DiskControllers: []string{"scsi", "sata", "nvme"},
		DiskTypes: []string{"thin", "thick"}, NetworkTypes: []string{"VMXNET3", "E1000", "E1000E"},
	}
}

func TestCapabilities(t *testing.T) {
	all := func(without ...string) map[string]bool {
		privileges := map[string]bool{}
		for _, n := range needs() {
			privileges[n.privilege] = true
		}
		for _, p := range without {
			delete(privileges, p)
		}
		return privileges
	}
	cases := map[string]struct {
		reason string
		facts  facts
		change func(*clients.Capabilities)
	}{
		"All":     {"With all privileges all can be done.", facts{version: "8.0.3.0", services: true, keyProvider: true, privileges: all()}, func(*clients.Capabilities) {}},
		"Unknown": {"Privileges that cannot be read are not taken for missing.", facts{version: "8.0.3.0", services: true, keyProvider: true}, func(*clients.Capabilities) {}},
		"Keys":    {"A TPM needs a key provider.", facts{version: "8.0.3.0", services: true, privileges: all()}, func(c *clients.Capabilities) { c.TPM = false }},
		"Old":     {"An old vCenter knows no TPM.", facts{version: "6.5", services: true, keyProvider: true, privileges: all()}, func(c *clients.Capabilities) { c.TPM = false }},
		"Older":   {"A very old one knows no secure boot either.", facts{version: "6.0", services: true, keyProvider: true, privileges: all()}, func(c *clients.Capabilities) { c.TPM, c.SecureBoot = false, false }},
		"NoREST":  {"Tags and libraries are the REST services'.", facts{version: "8.0.3.0", keyProvider: true, privileges: all()}, func(c *clients.Capabilities) { c.Tags, c.ContentLibraries = false, false }},
		"Privileges": {"Who lacks a privilege is told what cannot be done without it.",
			facts{version: "8.0.3.0", services: true, keyProvider: true, privileges: all("VirtualMachine.State.CreateSnapshot", "Folder.Create")},
			func(c *clients.Capabilities) {
				c.Snapshots, c.MemorySnapshots = false, false
				c.MissingPrivileges = []string{"Folder.Create: folders cannot be made", "VirtualMachine.State.CreateSnapshot: snapshots cannot be taken"}
			}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := able()
			tc.change(&want)
			if diff := cmp.Diff(want, tc.facts.capabilities()); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestCapabilitiesAreFound(t *testing.T) {
	s := newSite(t)
	want := able()
	want.TPM = false // There is no key provider.
	got, err := s.connect().Capabilities(t.Context())
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("Capabilities: %v: -want, +got:\n%s", err, diff)
	}
}

func TestLacks(t *testing.T) {
	cases := map[string]struct {
		reason  string
		spec    clients.VMSpec
		subject string
	}{
		"Plain":      {"A plain VM needs nothing.", clients.VMSpec{}, ""},
		"TPM":        {"A TPM needs a key provider.", clients.VMSpec{TPM: true}, "TPM"},
		"SecureBoot": {"Secure boot needs the privilege.", clients.VMSpec{SecureBoot: true}, "SecureBoot"},
		"Prep":       {"Customization needs the privilege.", clients.VMSpec{GuestData: clients.GuestData{Prep: clients.PrepLinux}}, "GuestData"},
		"Library":    {"A library must answer.", clients.VMSpec{Image: clients.Image{Library: "a", Item: "b"}}, "Image"},
		"Tags":       {"Tags must answer.", clients.VMSpec{Tags: []clients.Tag{{Category: "a", Name: "b"}}}, "Tags"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := lacks(tc.spec, clients.Capabilities{})
			if clients.SubjectOf(err) != tc.subject || err != nil && clients.ClassOf(err) != clients.Unsupported {
				t.Errorf("%s\nlacks(...): %v, want Unsupported of %q", tc.reason, err, tc.subject)
			}
			if err := lacks(tc.spec, able()); err != nil {
				t.Errorf("%s\nlacks(...) where all can be done: %v", tc.reason, err)
			}
		})
	}
}
