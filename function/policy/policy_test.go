// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

func TestRules(t *testing.T) {
	type want struct {
		host placement.Spread
		err  string
	}
	cases := map[string]struct {
		reason string
		rule   string
		want   want
	}{
		"True":           {reason: "The short form spreads VMs as far as it goes.", rule: `true`, want: want{host: placement.Spread{Scope: placement.Preferred}}},
		"False":          {reason: "The short form switches a rule off.", rule: `false`},
		"Strict":         {reason: "The long form has one VM per host unless it says otherwise.", rule: `{"enabled": true, "scope": "strict"}`, want: want{host: placement.Spread{Scope: placement.Strict, Max: 1}}},
		"Max":            {reason: "The long form has a maximum.", rule: `{"scope": "strict", "maxVMsPerHost": 3}`, want: want{host: placement.Spread{Scope: placement.Strict, Max: 3}}},
		"Disabled":       {reason: "The long form switches a rule off, too.", rule: `{"enabled": false, "scope": "strict"}`},
		"EmptyObject":    {reason: "Whoever writes an object wants the rule.", rule: `{}`, want: want{host: placement.Spread{Scope: placement.Preferred, Max: 1}}},
		"Text":           {reason: "Anything else is refused.", rule: `"yes"`, want: want{err: `spec.antiAffinity.hostAntiAffinity is "yes", but must be true, false or an object with enabled, scope and maxVMsPerHost`}},
		"UnknownScope":   {reason: "A scope that does not exist is refused.", rule: `{"scope": "sometimes"}`, want: want{err: `spec.antiAffinity.hostAntiAffinity.scope is "sometimes", but must be preferred or strict`}},
		"NoMaximum":      {reason: "A maximum of none is refused.", rule: `{"maxVMsPerHost": 0}`, want: want{err: `spec.antiAffinity.hostAntiAffinity.maxVMsPerHost is 0, but must be a whole number from 1`}},
		"HalfAVM":        {reason: "A maximum that is no whole number is refused.", rule: `{"maxVMsPerHost": 1.5}`, want: want{err: `spec.antiAffinity.hostAntiAffinity.maxVMsPerHost is 1.5, but must be a whole number from 1`}},
		"NotABool":       {reason: "A switch of another type is refused.", rule: `{"enabled": "yes"}`, want: want{err: `spec.antiAffinity.hostAntiAffinity.enabled is "yes", but must be true or false`}},
		"OtherMaximum":   {reason: "The maximum of another rule is refused.", rule: `{"maxVMsPerCluster": 2}`, want: want{err: `spec.antiAffinity.hostAntiAffinity.maxVMsPerCluster is not known: the fields are enabled, scope and maxVMsPerHost`}},
		"FirstOfSeveral": {reason: "Of several faults the first by name is told.", rule: `{"zeal": 1, "ardour": 2}`, want: want{err: `spec.antiAffinity.hostAntiAffinity.ardour is not known: the fields are enabled, scope and maxVMsPerHost`}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			spec := v1beta1.VMPlacementPolicySpec{
				Hard:         v1beta1.PlacementTargets{Hosts: []string{"esxi-01"}},
				Soft:         v1beta1.PlacementTargets{Zones: []string{"zone-a"}},
				AntiAffinity: v1beta1.AntiAffinity{HostAntiAffinity: &apiextensionsv1.JSON{Raw: []byte(tc.rule)}},
			}
			wantRules := placement.Rules{
				Hard: placement.Targets{Hosts: []string{"esxi-01"}},
				Soft: placement.Targets{Zones: []string{"zone-a"}},
				Host: tc.want.host,
			}
			got, err := Rules(spec)
			message := ""
			if err != nil {
				message, wantRules = err.Error(), placement.Rules{}
			}
			if diff := cmp.Diff(tc.want.err, message); diff != "" {
				t.Errorf("%s\nRules(...): -want error, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(wantRules, got); diff != "" {
				t.Errorf("%s\nRules(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestInventory(t *testing.T) {
	got := Inventory(v1beta1.Inventory{
		Hosts: []v1beta1.InventoryHost{
			{Name: "half-full", Cluster: "c", Zone: "z", MemoryMiB: 1024, AllocatedMemoryMiB: 512},
			{Name: "overcommitted", MemoryMiB: 1024, AllocatedMemoryMiB: 2048, Unavailable: "maintenance"},
			{Name: "of-unknown-size"},
		},
		Datastores: []v1beta1.InventoryDatastore{
			{Name: "full", Hosts: []string{"half-full"}, CapacityGiB: 100},
			{Name: "of-unknown-size", Unavailable: "inactive"},
		},
		Folders: []string{"/Production"},
	})
	want := placement.Inventory{
		Hosts: []placement.Host{
			{Name: "half-full", Cluster: "c", Zone: "z", FreeMemoryMiB: 512},
			{Name: "overcommitted", FreeMemoryMiB: 0, Unavailable: "maintenance"},
			{Name: "of-unknown-size", FreeMemoryMiB: placement.Unlimited},
		},
		Datastores: []placement.Datastore{
			{Name: "full", Hosts: []string{"half-full"}, FreeGiB: 0},
			{Name: "of-unknown-size", FreeGiB: placement.Unlimited, Unavailable: "inactive"},
		},
		Folders: []string{"/Production"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Inventory(...): -want, +got:\n%s", diff)
	}
}
