// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
)

// TestRevision holds revisions of earlier releases. They must never change: a changed revision replaces every VM of every set.
func TestRevision(t *testing.T) {
	cases := map[string]struct {
		reason string
		spec   string
		want   string
	}{
		"Empty":        {reason: "The smallest spec has a revision.", spec: "{}", want: "44136fa3"},
		"Usual":        {reason: "A usual spec has the revision that it always had.", spec: "{providerConfigRef: {kind: ClusterProviderConfig, name: vsphere-prod}, forProvider: {classRef: {name: web}, imageRef: {name: nginx}}}", want: "85290ece"},
		"AnotherOrder": {reason: "The order of fields makes no difference.", spec: "{forProvider: {imageRef: {name: nginx}, classRef: {name: web}}, providerConfigRef: {name: vsphere-prod, kind: ClusterProviderConfig}}", want: "85290ece"},
		"UnknownField": {reason: "A field that this release does not know counts.", spec: "{forProvider: {imageRef: {name: nginx}, classRef: {name: web}, gpu: 1}, providerConfigRef: {name: vsphere-prod, kind: ClusterProviderConfig}}", want: "43e55dd0"},
		"Numbers":      {reason: "Large numbers are written out.", spec: "{a: 25165824, b: 63488, c: 0}", want: "4cd17ec9"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Revision(structpb.NewStructValue(fromYAML(tc.spec)))
			if err != nil || got != tc.want {
				t.Errorf("%s\nRevision(%s): want %s, got %s, %v", tc.reason, tc.spec, tc.want, got, err)
			}
		})
	}
}

func TestMetadataIsNoRevision(t *testing.T) {
	xr := claimOf(1, 2)
	object.Of(xr).Field("spec", "template").GetStructValue().GetFields()["metadata"] = fromYAML("m: {labels: {app: other}}").GetFields()["m"]
	s, err := parseSet(object.Of(xr))
	if err != nil {
		t.Fatal(err)
	}
	if s.rollout.Revision != revisionOf(2) {
		t.Errorf("a label of the template changed the revision")
	}
}

func TestMachineName(t *testing.T) {
	long := strings.Repeat("very-long-name-", 5)
	cases := map[string]struct {
		reason string
		set    string
		slot   int
		want   string
	}{
		"Short": {reason: "A name is made of set, slot and revision.", set: "web", slot: 7, want: "web-7-0123abcd"},
		"Fits":  {reason: "A name may have 63 characters.", set: strings.Repeat("a", 50), slot: 999, want: strings.Repeat("a", 50) + "-999-0123abcd"},
		"Long":  {reason: "A longer one is shortened, and told from its like by a digest.", set: long, slot: 0, want: "very-long-name-very-long-name-very-long-name-v-3affe-0-0123abcd"},
		"Like":  {reason: "A longer one is shortened, and told from its like by a digest.", set: long + "x", slot: 0, want: "very-long-name-very-long-name-very-long-name-v-47882-0-0123abcd"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := machineName(tc.set, tc.slot, "0123abcd")
			if got != tc.want || len(got) > maxNameLength {
				t.Errorf("%s\nmachineName(%q, %d): want %q, got %q", tc.reason, tc.set, tc.slot, tc.want, got)
			}
		})
	}
}

func TestParseResourceName(t *testing.T) {
	type want struct {
		slot     int
		revision string
		ok       bool
	}
	cases := map[string]struct {
		reason string
		name   string
		want   want
	}{
		"Ours":         {reason: "A name of ours tells slot and revision.", name: "vm-12-0123abcd", want: want{12, "0123abcd", true}},
		"NoRevision":   {reason: "Without a revision it is not ours.", name: "vm-12"},
		"NoSlot":       {reason: "Without a slot it is not ours.", name: "vm-x-0123abcd"},
		"NegativeSlot": {reason: "There are no slots below 0.", name: "vm--1-0123abcd"},
		"PaddedSlot":   {reason: "We do not write slots so.", name: "vm-01-0123abcd"},
		"Other":        {reason: "Other functions use other names.", name: "notes"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			slot, revision, ok := parseResourceName(tc.name)
			if got := (want{slot, revision, ok}); got != tc.want {
				t.Errorf("%s\nparseResourceName(%q): want %v, got %v", tc.reason, tc.name, tc.want, got)
			}
		})
	}
}
