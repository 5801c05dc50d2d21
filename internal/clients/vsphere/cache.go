// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

// properties are those of one object, by path.
type properties map[string]types.AnyType

// get returns a property, the zero value when it is not set.
func get[T any](p properties, path string) T {
	v, _ := p[path].(T)
	return v
}

// A cache is what the feed said of the vCenter. The client's mu guards it.
type cache struct {
	objects map[types.ManagedObjectReference]properties
	vms     map[types.ManagedObjectReference]*record
	// byUUID are VMs by instance UUID: one each, unless somebody copied a VM with its UUID.
	byUUID map[string][]types.ManagedObjectReference
}

func newCache() *cache {
	return &cache{
		objects: map[types.ManagedObjectReference]properties{},
		vms:     map[types.ManagedObjectReference]*record{},
		byUUID:  map[string][]types.ManagedObjectReference{},
	}
}

// apply takes an update in. It returns the instance UUIDs of VMs that changed in a way that matters.
func (c *cache) apply(u types.ObjectUpdate) []string {
	if u.Kind == types.ObjectUpdateKindLeave {
		delete(c.objects, u.Obj)
		return c.setVM(u.Obj, nil)
	}
	p := c.objects[u.Obj]
	if p == nil || u.Kind == types.ObjectUpdateKindEnter {
		p = properties{}
	}
	for _, ch := range u.ChangeSet {
		if ch.Val == nil {
			delete(p, ch.Name)
			continue
		}
		p[ch.Name] = ch.Val
	}
	c.objects[u.Obj] = p
	if u.Obj.Type != "VirtualMachine" {
		return nil
	}
	return c.setVM(u.Obj, newRecord(u.Obj, p))
}

// setVM replaces a VM's record, nil to remove it.
func (c *cache) setVM(ref types.ManagedObjectReference, now *record) []string {
	before := c.vms[ref]
	if before.same(now) {
		if now != nil {
			c.vms[ref] = now
		}
		return nil
	}
	var changed []string
	if before != nil && before.uuid != "" {
		changed = append(changed, before.uuid)
		refs := slices.DeleteFunc(c.byUUID[before.uuid], func(r types.ManagedObjectReference) bool { return r == ref })
		c.byUUID[before.uuid] = refs
		if len(refs) == 0 {
			delete(c.byUUID, before.uuid)
		}
	}
	delete(c.vms, ref)
	if now != nil {
		c.vms[ref] = now
		if now.uuid != "" {
			c.byUUID[now.uuid] = append(c.byUUID[now.uuid], ref)
			if !slices.Contains(changed, now.uuid) {
				changed = append(changed, now.uuid)
			}
		}
	}
	return changed
}

// find returns the VMs of an instance UUID.
func (c *cache) find(uuid string) []*record {
	refs := c.byUUID[uuid]
	records := make([]*record, 0, len(refs))
	for _, ref := range refs {
		records = append(records, c.vms[ref])
	}
	return records
}

// name of an object, empty when it is not known.
func (c *cache) name(ref types.ManagedObjectReference) string {
	return get[string](c.objects[ref], "name")
}

// parent of an object, false for the root and what is not known.
func (c *cache) parent(ref types.ManagedObjectReference) (types.ManagedObjectReference, bool) {
	p, ok := c.objects[ref]["parent"].(types.ManagedObjectReference)
	return p, ok
}

// path of an object in the inventory, such as "/prod-dc/vm/Templates/nginx-image".
func (c *cache) path(ref types.ManagedObjectReference) string {
	var names []string
	for p, ok := ref, true; ok && c.objects[p] != nil; p, ok = c.parent(p) {
		names = append(names, c.name(p))
	}
	slices.Reverse(names)
	return "/" + strings.Join(names, "/")
}

// datacenter an object is in, false when there is none.
func (c *cache) datacenter(ref types.ManagedObjectReference) (types.ManagedObjectReference, bool) {
	for p, ok := ref, true; ok; p, ok = c.parent(p) {
		if p.Type == "Datacenter" {
			return p, true
		}
	}
	return types.ManagedObjectReference{}, false
}

// folder returns the path of a VM folder below its datacenter's, "/" for that itself, and empty for other folders.
func (c *cache) folder(ref types.ManagedObjectReference) string {
	dc, ok := c.datacenter(ref)
	if !ok {
		return ""
	}
	root := get[types.ManagedObjectReference](c.objects[dc], "vmFolder")
	below, ok := strings.CutPrefix(c.path(ref), c.path(root))
	if !ok || below != "" && below[0] != '/' {
		return ""
	}
	if below == "" {
		return "/"
	}
	return below
}

// all returns the objects of some types, in the order of their paths.
func (c *cache) all(kinds ...string) []types.ManagedObjectReference {
	type entry struct {
		ref  types.ManagedObjectReference
		path string
	}
	var entries []entry
	for ref := range c.objects {
		if slices.Contains(kinds, ref.Type) {
			entries = append(entries, entry{ref, c.path(ref)})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if by := strings.Compare(a.path, b.path); by != 0 {
			return by
		}
		return strings.Compare(a.ref.Value, b.ref.Value)
	})
	refs := make([]types.ManagedObjectReference, 0, len(entries))
	for _, e := range entries {
		refs = append(refs, e.ref)
	}
	return refs
}
