// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQualify(t *testing.T) {
	cases := map[string]struct {
		reason string
		inv    Inventory
		rules  Rules
		want   Qualification
	}{
		"Document": {
			reason: "The document's policy has three hosts and two datastores, and misses nothing.",
			inv:    production(), rules: productionPolicy(Preferred),
			want: Qualification{
				Hosts:      []string{"esxi-01", "esxi-02", "esxi-03"},
				Datastores: []string{"ssd-datastore-1", "ssd-datastore-2"},
			},
		},
		"NoRules": {
			reason: "Without rules all qualify; pools that share a name are told once.",
			inv:    kvm(),
			want:   Qualification{Hosts: []string{"kvm-01", "kvm-02"}, Datastores: []string{"default"}},
		},
		"Unavailable": {
			reason: "Maintenance does not change what a policy means, and must not change its status.",
			inv: with(kvm(), func(i *Inventory) {
				i.Hosts[0].Unavailable = "maintenance"
				i.Datastores[1].Unavailable = "inactive"
			}),
			want: Qualification{Hosts: []string{"kvm-01", "kvm-02"}, Datastores: []string{"default"}},
		},
		"NotTogether": {
			reason: "A host that matches but mounts no datastore that does cannot take a VM; nor can a datastore the other way round.",
			inv: Inventory{
				Hosts: []Host{{Name: "a"}, {Name: "b"}},
				Datastores: []Datastore{
					{Name: "on-a", Hosts: []string{"a"}}, {Name: "on-b", Hosts: []string{"b"}}, {Name: "on-c", Hosts: []string{"c"}},
				},
			},
			rules: Rules{Hard: Targets{Datastores: []string{"on-a", "on-c"}}},
			want:  Qualification{Hosts: []string{"a"}, Datastores: []string{"on-a"}},
		},
		"Missing": {
			reason: "Names that the endpoint does not have are told with their kind, sorted, each once.",
			inv:    production(),
			rules: Rules{Hard: Targets{
				Hosts: []string{"esxi-09", "esxi-01", "esxi-09"}, Clusters: []string{"prod-cluster-1", "lab"}, Zones: []string{"zone-c"},
				Datastores: []string{"ssd-datastore-1", "nvme"}, Folders: []string{"/Templates", "/Test"},
			}},
			want: Qualification{Missing: []string{"cluster lab", "datastore nvme", "folder /Test", "host esxi-09", "zone zone-c"}},
		},
		"SoftIsNotMissing": {
			reason: "A soft target may exist on one endpoint and not on another.",
			inv:    kvm(), rules: Rules{Soft: Targets{Zones: []string{"zone-c"}}},
			want: Qualification{Hosts: []string{"kvm-01", "kvm-02"}, Datastores: []string{"default"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, Qualify(tc.inv, tc.rules)); diff != "" {
				t.Errorf("\n%s\nQualify(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
