// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/vapi/library"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/vcenter"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A libraryItem is an item of a content library: an OVF, or a VM template.
type libraryItem struct {
	id string
	// isTemplate says that it is a VM template, and template is which one of the inventory; empty when the vCenter does not say, as
	// before version 7.
	isTemplate bool
	template   ref
}

// findItem finds an item of a content library.
func (c *Client) findItem(ctx context.Context, s *session, image clients.Image) (libraryItem, error) {
	var found libraryItem
	err := c.rest(ctx, s, c.options.CallTimeout, func(ctx context.Context, rc *rest.Client) error {
		m := library.NewManager(rc)
		libraries, err := m.FindLibrary(ctx, library.Find{Name: image.Library})
		if err != nil {
			return fmt.Errorf("cannot look for content library %q: %w", image.Library, err)
		}
		var ids []string
		for _, l := range libraries {
			items, err := m.FindLibraryItems(ctx, library.FindItem{LibraryID: l, Name: image.Item})
			if err != nil {
				return fmt.Errorf("cannot look for item %q of content library %q: %w", image.Item, image.Library, err)
			}
			ids = append(ids, items...)
		}
		switch {
		case len(libraries) == 0:
			return notFound("Image", "there is no content library %q", image.Library)
		case len(ids) == 0:
			return notFound("Image", "there is no item %q in content library %q", image.Item, image.Library)
		case len(ids) > 1:
			return clients.NewError(clients.Invalid, "Image", fmt.Errorf("there are %d items %q in content libraries %q", len(ids), image.Item, image.Library))
		}
		found, err = readItem(ctx, rc, ids[0], image)
		return err
	})
	return found, err
}

// readItem says what an item is.
func readItem(ctx context.Context, rc *rest.Client, id string, image clients.Image) (libraryItem, error) {
	item, err := library.NewManager(rc).GetLibraryItem(ctx, id)
	if err != nil {
		return libraryItem{}, fmt.Errorf("cannot read item %q of content library %q: %w", image.Item, image.Library, err)
	}
	switch item.Type {
	case library.ItemTypeOVF:
		return libraryItem{id: id}, nil
	case library.ItemTypeVMTX:
		info, err := vcenter.NewManager(rc).GetLibraryTemplateInfo(ctx, id)
		if err != nil {
			return libraryItem{}, fmt.Errorf("cannot read template %q of content library %q: %w", image.Item, image.Library, err)
		}
		found := libraryItem{id: id, isTemplate: true}
		if info.VmTemplate != "" {
			found.template = ref{Type: "VirtualMachine", Value: info.VmTemplate}
		}
		return found, nil
	}
	return libraryItem{}, clients.NewError(clients.Invalid, "Image", fmt.Errorf("item %q of content library %q is of type %q: VMs are made from OVFs and VM templates", image.Item, image.Library, item.Type))
}

// fromLibrary starts to make a VM from an item of a content library. A VM template is cloned as any other where
// the vCenter says which it is; everything else is deployed.
func (c *Client) fromLibrary(ctx context.Context, s *session, spec clients.VMSpec) (clients.TaskRef, error) {
	item, err := c.findItem(ctx, s, spec.Image)
	if err != nil {
		return "", err
	}
	if item.template == (ref{}) {
		return "", c.startDeployment(ctx, s, spec, item)
	}
	c.mu.RLock()
	template := c.cache.vms[item.template]
	c.mu.RUnlock()
	if template == nil {
		return "", clients.NewError(clients.Busy, "Image", fmt.Errorf("the template of item %q of content library %q is not known yet", spec.Image.Item, spec.Image.Library))
	}
	return c.clone(ctx, s, spec, template)
}
