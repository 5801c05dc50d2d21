// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"
)

// zones are the names of tags of the zone category, by the object they are attached to.
type zones map[types.ManagedObjectReference]string

// of returns the zone of a host: its own tag wins over its cluster's.
func (z zones) of(host, cluster types.ManagedObjectReference) string {
	if zone := z[host]; zone != "" {
		return zone
	}
	return z[cluster]
}

// readZones reads the tags of the zone category.
func (c *Client) readZones(ctx context.Context, s *session) (zones, error) {
	if c.config.ZoneTagCategory == "" {
		return nil, nil
	}
	read := zones{}
	err := c.rest(ctx, s, c.options.CallTimeout, func(ctx context.Context, rc *rest.Client) error {
		clear(read)
		return c.readCategory(ctx, rc, read)
	})
	return read, err
}

func (c *Client) readCategory(ctx context.Context, rc *rest.Client, into zones) error {
	m := tags.NewManager(rc)
	categories, err := m.GetCategories(ctx)
	if err != nil {
		return fmt.Errorf("cannot read tag categories: %w", err)
	}
	for _, category := range categories {
		if category.Name != c.config.ZoneTagCategory {
			continue
		}
		ids, err := m.ListTagsForCategory(ctx, category.ID)
		if err != nil {
			return fmt.Errorf("cannot read the tags of category %q: %w", category.Name, err)
		}
		if len(ids) == 0 {
			continue
		}
		attached, err := m.GetAttachedObjectsOnTags(ctx, ids)
		if err != nil {
			return fmt.Errorf("cannot read what the tags of category %q are attached to: %w", category.Name, err)
		}
		for _, a := range attached {
			for _, o := range a.ObjectIDs {
				into[o.Reference()] = a.Tag.Name
			}
		}
	}
	return nil
}
