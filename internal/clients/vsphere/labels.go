// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"encoding/json"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// formatTags writes down tags, as in [["k8s-zone","zone-a"]]: their names may have any character.
func formatTags(tags []clients.Tag) (string, error) {
	pairs := make([][2]string, 0, len(tags))
	for _, t := range tags {
		pairs = append(pairs, [2]string{t.Category, t.Name})
	}
	raw, err := json.Marshal(pairs)
	return string(raw), err
}

// parseTags reads what formatTags wrote, and nothing of what it does not understand.
func parseTags(text string) []clients.Tag {
	var pairs [][2]string
	if text == "" || json.Unmarshal([]byte(text), &pairs) != nil {
		return nil
	}
	var tags []clients.Tag
	for _, p := range pairs {
		tags = append(tags, clients.Tag{Category: p[0], Name: p[1]})
	}
	return tags
}

// attributeKeys are the vCenter's keys of the custom attributes that we gave a VM, by their names.
type attributeKeys map[string]int32

// formatAttributes writes down attributes, as in {"cost-center":101}. Their values are the vCenter's to tell.
func formatAttributes(keys attributeKeys) (string, error) {
	raw, err := json.Marshal(keys)
	return string(raw), err
}

// parseAttributes reads what formatAttributes wrote, and nothing of what it does not understand.
func parseAttributes(text string) attributeKeys {
	var keys attributeKeys
	if text == "" || json.Unmarshal([]byte(text), &keys) != nil {
		return nil
	}
	return keys
}

// attributesOf returns the values that those of our attributes have that are set.
func attributesOf(keys attributeKeys, values []types.BaseCustomFieldValue) map[string]string {
	var attributes map[string]string
	for name, key := range keys {
		for _, v := range values {
			if s, ok := v.(*types.CustomFieldStringValue); ok && s.Key == key && s.Value != "" {
				if attributes == nil {
					attributes = map[string]string{}
				}
				attributes[name] = s.Value
			}
		}
	}
	return attributes
}
