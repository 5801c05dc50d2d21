// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestOwnerMark(t *testing.T) {
	cases := map[string]struct {
		reason   string
		metadata string
		want     ownerMark
	}{
		"Ours": {
			reason:   "The mark is found by its XML namespace, beside what others keep there, whatever its prefix.",
			metadata: `<app:x xmlns:app="https://example.org"/><o:owner xmlns:o="` + ownerNamespace + `" uid="1" namespace="ns" name="n"/>`,
			want:     ownerMark{UID: "1", Namespace: "ns", Name: "n"},
		},
		"Incomplete": {
			reason:   "A VM whose volumes are being made says so.",
			metadata: `<o:owner xmlns:o="` + ownerNamespace + `" uid="1" namespace="ns" name="n" incomplete="true"/>`,
			want:     ownerMark{UID: "1", Namespace: "ns", Name: "n", Incomplete: true},
		},
		"OtherNamespace": {
			reason:   "An element of that name from somebody else is no mark.",
			metadata: `<o:owner xmlns:o="https://example.org" uid="1"/>`,
		},
		"None":      {reason: "Somebody else's domain has no mark."},
		"Malformed": {reason: "What cannot be read is no mark.", metadata: `<owner`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, markOf(&libvirtxml.DomainMetadata{XML: tc.metadata})); diff != "" {
				t.Errorf("\n%s\nmarkOf(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
	m := ownerMark{UID: `"<&>`, Namespace: "ns", Name: "n", Incomplete: true}
	element, err := m.element()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, markOf(&libvirtxml.DomainMetadata{XML: element})); diff != "" {
		t.Errorf("a mark that was written is read again: -want, +got:\n%s", diff)
	}
}

func TestDiskKindOf(t *testing.T) {
	const uuid = "0b8c3c1e-6a55-5d0e-8f0a-9e6f6f0f2a11"
	cases := map[string]struct {
		reason     string
		path       string
		kind, name string
	}{
		"Root":      {reason: "The VM's first disk.", path: "/pool/" + rootVolume(uuid), kind: diskRoot},
		"Data":      {reason: "A data disk, whose name may have dashes.", path: "/pool/" + dataVolume(uuid, clients.Disk{Name: "my-data"}), kind: diskData, name: "my-data"},
		"RawData":   {reason: "A data disk of the other format.", path: dataVolume(uuid, clients.Disk{Name: "log", Format: formatRaw}), kind: diskData, name: "log"},
		"Seed":      {reason: "The guest's data.", path: seedVolume(uuid), kind: diskSeed},
		"Image":     {reason: "An image is nobody's own.", path: "/pool/tiny-linux"},
		"OtherVM":   {reason: "Another VM's disk.", path: "/pool/" + rootVolume("1b8c3c1e-6a55-5d0e-8f0a-9e6f6f0f2a11")},
		"Backup":    {reason: "What somebody put beside our volumes is theirs.", path: "/pool/" + rootVolume(uuid) + ".bak"},
		"OnlyStart": {reason: "A name that only begins like ours is not ours.", path: "/pool/" + uuid + "-export.qcow2"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			kind, diskName := diskKindOf(uuid, tc.path)
			if diff := cmp.Diff([]string{tc.kind, tc.name}, []string{kind, diskName}); diff != "" {
				t.Errorf("\n%s\ndiskKindOf(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestSortAddresses(t *testing.T) {
	got := sortAddresses([]string{"fe80::1", "2001:db8::1", "192.168.122.20", "127.0.0.1", "192.168.122.3", "192.168.122.20", "::1", "x"})
	if diff := cmp.Diff([]string{"192.168.122.3", "192.168.122.20", "2001:db8::1"}, got); diff != "" {
		t.Errorf("addresses that others can reach, IPv4 first: -want, +got:\n%s", diff)
	}
}
