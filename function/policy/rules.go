// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package policy translates what the API says about placement into what the placement planner understands: the rules of a
// VMPlacementPolicy, and the inventory of a ProviderConfig or ClusterProviderConfig. The functions of both claims share it.
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// Rules that a policy's spec stands for. An error is a sentence that names the field and its value.
func Rules(spec v1beta1.VMPlacementPolicySpec) (placement.Rules, error) {
	r := placement.Rules{Hard: targets(spec.Hard), Soft: targets(spec.Soft)}
	for _, rule := range []struct {
		field  string
		maxKey string
		value  *apiextensionsv1.JSON
		spread *placement.Spread
	}{
		{"hostAntiAffinity", "maxVMsPerHost", spec.AntiAffinity.HostAntiAffinity, &r.Host},
		{"clusterAntiAffinity", "maxVMsPerCluster", spec.AntiAffinity.ClusterAntiAffinity, &r.Cluster},
		{"datastoreAntiAffinity", "maxVMsPerDatastore", spec.AntiAffinity.DatastoreAntiAffinity, &r.Datastore},
	} {
		if rule.value == nil {
			continue
		}
		s, err := spread(rule.value.Raw, rule.maxKey)
		if err != nil {
			return placement.Rules{}, fmt.Errorf("spec.antiAffinity.%s%w", rule.field, err)
		}
		*rule.spread = s
	}
	return r, nil
}

func targets(t v1beta1.PlacementTargets) placement.Targets {
	return placement.Targets{
		Clusters:   t.Clusters,
		Hosts:      t.Hosts,
		Datastores: t.Datastores,
		Folders:    t.Folders,
		Zones:      t.Zones,
	}
}

// spread reads a rule of either form: true and false, or an object.
func spread(raw []byte, maxKey string) (placement.Spread, error) {
	switch string(bytes.TrimSpace(raw)) {
	case "true":
		return placement.Spread{Scope: placement.Preferred}, nil
	case "false", "null":
		return placement.Spread{}, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &fields); err != nil {
		return placement.Spread{}, fmt.Errorf(" is %s, but must be true, false or an object with enabled, scope and %s", raw, maxKey)
	}

	enabled, scope, most := true, placement.Preferred, 1
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var err error
		value := fields[name]
		switch name {
		case "enabled":
			err = read(value, &enabled, "true or false")
		case "scope":
			err = readScope(value, &scope)
		case maxKey:
			err = readMax(value, &most)
		default:
			err = fmt.Errorf(" is not known: the fields are enabled, scope and %s", maxKey)
		}
		if err != nil {
			return placement.Spread{}, fmt.Errorf(".%s%w", name, err)
		}
	}
	if !enabled {
		return placement.Spread{}, nil
	}
	return placement.Spread{Scope: scope, Max: most}, nil
}

func readScope(value json.RawMessage, scope *placement.Scope) error {
	const expected = "preferred or strict"
	if err := read(value, scope, expected); err != nil {
		return err
	}
	if *scope != placement.Preferred && *scope != placement.Strict {
		return fmt.Errorf(" is %s, but must be %s", value, expected)
	}
	return nil
}

func readMax(value json.RawMessage, most *int) error {
	const expected = "a whole number from 1"
	if err := read(value, most, expected); err != nil {
		return err
	}
	if *most < 1 {
		return fmt.Errorf(" is %s, but must be %s", value, expected)
	}
	return nil
}

func read(value json.RawMessage, into any, expected string) error {
	if err := json.Unmarshal(value, into); err != nil {
		return fmt.Errorf(" is %s, but must be %s", value, expected)
	}
	return nil
}
