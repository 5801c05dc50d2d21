// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// formatTags writes down tags, as in [["k8s-zone","zone-a"]]: their names may have any character.
func formatTags(tags []clients.Tag) string {
	if len(tags) == 0 {
		return ""
	}
	pairs := make([][2]string, 0, len(tags))
	for _, t := range tags {
		pairs = append(pairs, [2]string{t.Category, t.Name})
	}
	raw, _ := json.Marshal(pairs) //nolint:errchkjson // Strings can be encoded.
	return string(raw)
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
func formatAttributes(keys attributeKeys) string {
	if len(keys) == 0 {
		return ""
	}
	raw, _ := json.Marshal(keys) //nolint:errchkjson // Strings and numbers can be encoded.
	return string(raw)
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

// label gives a VM the tags and custom attributes of a change, and adds to the spec what is written down of them. Those that
// others gave it stay.
func (c *Client) label(ctx context.Context, s *session, r *record, change clients.Change, spec *types.VirtualMachineConfigSpec) error {
	if change.SetTags && !sameTags(r.tags, change.Tags) {
		if err := c.setTags(ctx, s, r, change.Tags); err != nil {
			return err
		}
		spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: keyTags, Value: formatTags(change.Tags)})
	}
	if change.SetAttributes && !maps.Equal(r.attributes, change.Attributes) {
		keys, err := setAttributes(ctx, s, r, change.Attributes)
		if err != nil {
			return err
		}
		if !maps.Equal(keys, r.attributeKeys) {
			spec.ExtraConfig = append(spec.ExtraConfig, &types.OptionValue{Key: keyAttributes, Value: formatAttributes(keys)})
		}
	}
	return nil
}

// sameTags says whether two lists have the same tags.
func sameTags(a, b []clients.Tag) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(t clients.Tag) bool { return !slices.Contains(b, t) })
}

// setTags attaches the tags wanted, and detaches those that we attached before and that are not wanted any more.
func (c *Client) setTags(ctx context.Context, s *session, r *record, wanted []clients.Tag) error {
	return c.rest(ctx, s, c.options.CallTimeout, func(ctx context.Context, rc *rest.Client) error {
		return attachTags(ctx, rc, r, wanted)
	})
}

func attachTags(ctx context.Context, rc *rest.Client, r *record, wanted []clients.Tag) error {
	m := tags.NewManager(rc)
	categories, err := m.GetCategories(ctx)
	if err != nil {
		return fmt.Errorf("cannot read tag categories: %w", err)
	}
	// All are looked up before any is attached.
	ids := make([]string, 0, len(wanted))
	for _, t := range wanted {
		id, err := tagID(ctx, m, categories, t)
		if err != nil {
			return err
		}
		if id == "" {
			return notFound("Tag", "there is no tag %q of category %q", t.Name, t.Category)
		}
		ids = append(ids, id)
	}
	for i, id := range ids {
		if err := m.AttachTag(ctx, id, r.ref); err != nil {
			return fmt.Errorf("cannot attach tag %q of category %q to VM %q: %w", wanted[i].Name, wanted[i].Category, r.name, err)
		}
	}
	for _, t := range r.tags {
		if slices.Contains(wanted, t) {
			continue
		}
		id, err := tagID(ctx, m, categories, t)
		if err == nil && id != "" {
			err = m.DetachTag(ctx, id, r.ref)
		}
		if err != nil {
			return fmt.Errorf("cannot detach tag %q of category %q from VM %q: %w", t.Name, t.Category, r.name, err)
		}
	}
	return nil
}

// tagID returns the ID of a tag, empty when there is none.
func tagID(ctx context.Context, m *tags.Manager, categories []tags.Category, t clients.Tag) (string, error) {
	i := slices.IndexFunc(categories, func(c tags.Category) bool { return c.Name == t.Category })
	if i < 0 {
		return "", nil
	}
	all, err := m.GetTagsForCategory(ctx, categories[i].ID)
	if err != nil {
		return "", fmt.Errorf("cannot read the tags of category %q: %w", t.Category, err)
	}
	i = slices.IndexFunc(all, func(o tags.Tag) bool { return o.Name == t.Name })
	if i < 0 {
		return "", nil
	}
	return all[i].ID, nil
}

// setAttributes sets the custom attributes wanted, making those that the vCenter does not know, and empties those that we set
// before and that are not wanted any more. It returns the keys of those wanted.
func setAttributes(ctx context.Context, s *session, r *record, wanted map[string]string) (attributeKeys, error) {
	m, err := object.GetCustomFieldsManager(s.vim)
	if err != nil {
		return nil, clients.NewError(clients.Unsupported, "Attribute", fmt.Errorf("cannot set custom attributes: %w", err))
	}
	defs, err := m.Field(ctx)
	if err != nil {
		return nil, classify(fmt.Errorf("cannot read custom attributes: %w", err))
	}
	keys := attributeKeys{}
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		key, known := keyOf(defs, name)
		if !known {
			def, err := m.Add(ctx, name, "VirtualMachine", nil, nil)
			if err != nil {
				return nil, classify(fmt.Errorf("cannot make custom attribute %q: %w", name, err))
			}
			key = def.Key
		}
		keys[name] = key
		if r.attributes[name] == wanted[name] && r.attributeKeys[name] == key {
			continue
		}
		if err := m.Set(ctx, r.ref, key, wanted[name]); err != nil {
			return nil, classify(fmt.Errorf("cannot set custom attribute %q of VM %q: %w", name, r.name, err))
		}
	}
	for name, key := range r.attributeKeys {
		if _, ok := wanted[name]; ok || r.attributes[name] == "" {
			continue
		}
		if err := m.Set(ctx, r.ref, key, ""); err != nil {
			return nil, classify(fmt.Errorf("cannot remove custom attribute %q of VM %q: %w", name, r.name, err))
		}
	}
	return keys, nil
}

// keyOf returns the key of a custom attribute that VMs can have.
func keyOf(defs object.CustomFieldDefList, name string) (int32, bool) {
	for _, d := range defs {
		if d.Name == name && (d.ManagedObjectType == "" || d.ManagedObjectType == "VirtualMachine") {
			return d.Key, true
		}
	}
	return 0, false
}
