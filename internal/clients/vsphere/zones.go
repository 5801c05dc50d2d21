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

// readZones reads the tags of the zone category. The tagging service has sessions of its own; ours lasts as long as the
// reading, so that there is none to keep alive.
func (c *Client) readZones(ctx context.Context, s *session) (zones, error) {
	if c.config.ZoneTagCategory == "" {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.options.CallTimeout)
	defer cancel()
	rc := rest.NewClient(s.vim)
	if err := rc.Login(ctx, s.user); err != nil {
		return nil, fmt.Errorf("cannot log in to the tagging service: %w", err)
	}
	defer rc.Logout(ctx) //nolint:errcheck // It also ends on its own when it is idle.

	m := tags.NewManager(rc)
	categories, err := m.GetCategories(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read tag categories: %w", err)
	}
	read := zones{}
	for _, category := range categories {
		if category.Name != c.config.ZoneTagCategory {
			continue
		}
		ids, err := m.ListTagsForCategory(ctx, category.ID)
		if err != nil {
			return nil, fmt.Errorf("cannot read the tags of category %q: %w", category.Name, err)
		}
		if len(ids) == 0 {
			continue
		}
		attached, err := m.GetAttachedObjectsOnTags(ctx, ids)
		if err != nil {
			return nil, fmt.Errorf("cannot read what the tags of category %q are attached to: %w", category.Name, err)
		}
		for _, a := range attached {
			for _, o := range a.ObjectIDs {
				read[o.Reference()] = a.Tag.Name
			}
		}
	}
	return read, nil
}
