// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// guestData compares hashes, so that nothing confidential shows. A VM whose hash is not known is taken to have what is asked.
func guestData(s clients.VMSpec, vm clients.VM) []difference {
	if vm.GuestDataHash == "" || s.GuestData.Hash(s.Networks) == vm.GuestDataHash {
		return nil
	}
	d := difference{apply: func(c *clients.Change) {
		c.SetGuestData, c.GuestData, c.Networks = true, s.GuestData, s.Networks
	}}
	if s.GuestData.Prep != clients.PrepCloudInit {
		d.never = whyFirstBoot
	}
	return []difference{d}
}

// tags compares those that we gave the VM with those that it shall have. Others' are not ours to take away.
func tags(s clients.VMSpec, vm clients.VM) []difference {
	want, have := tagList(s.Tags), tagList(vm.Tags)
	if want == have {
		return nil
	}
	return []difference{{from: cmp.Or(have, "none"), to: cmp.Or(want, "none"), apply: func(c *clients.Change) {
		c.SetTags, c.Tags = true, s.Tags
	}}}
}

// tagList returns tags for people, sorted.
func tagList(ts []clients.Tag) string {
	s := make([]string, len(ts))
	for i, t := range ts {
		s[i] = t.Category + "/" + t.Name
	}
	slices.Sort(s)
	return strings.Join(slices.Compact(s), ", ")
}

// attributes compares those that we gave the VM with those that it shall have.
func attributes(s clients.VMSpec, vm clients.VM) []difference {
	if maps.Equal(s.Attributes, vm.Attributes) {
		return nil
	}
	names := func(m map[string]string) string {
		return cmp.Or(strings.Join(slices.Sorted(maps.Keys(m)), ", "), "none")
	}
	return []difference{{from: names(vm.Attributes), to: names(s.Attributes), apply: func(c *clients.Change) {
		c.SetAttributes, c.Attributes = true, s.Attributes
	}}}
}
