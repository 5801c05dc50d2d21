// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"
	"slices"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// properties are those of one object, by path.
type properties map[string]types.AnyType

// A filter is one filter of a collector and what was sent of the objects it selects.
type filter struct {
	unlocked

	Self  types.ManagedObjectReference
	owner *collector
	spec  types.PropertyFilterSpec
	sent  map[types.ManagedObjectReference]properties
	// touches is the world's count when the filter last looked.
	touches uint64
}

// Reference returns what vcsim knows the filter by.
func (f *filter) Reference() types.ManagedObjectReference { return f.Self }

// DestroyPropertyFilter removes the filter.
func (f *filter) DestroyPropertyFilter(ctx *simulator.Context, _ *types.DestroyPropertyFilter) soap.HasFault {
	f.owner.mu.Lock()
	f.owner.filters = slices.DeleteFunc(f.owner.filters, func(o *filter) bool { return o == f })
	f.owner.mu.Unlock()
	ctx.Session.Remove(ctx, f.Self)
	return &methods.DestroyPropertyFilterBody{Res: &types.DestroyPropertyFilterResponse{}}
}

// updates returns what is different from what was sent, and takes it for sent. The caller holds the world's lock.
func (f *filter) updates(ctx *simulator.Context) ([]types.ObjectUpdate, types.BaseMethodFault) {
	spec, members, partial := f.narrowed(ctx)
	objects, fault := f.owner.world.retrieve(ctx, spec)
	if fault != nil {
		return nil, fault
	}
	var updates []types.ObjectUpdate
	for _, o := range objects {
		if !partial {
			members[o.Obj] = true
		}
		now := make(properties, len(o.PropSet))
		for _, p := range o.PropSet {
			now[p.Name] = p.Val
		}
		before, known := f.sent[o.Obj]
		f.sent[o.Obj] = now
		kind := types.ObjectUpdateKindModify
		if !known {
			kind = types.ObjectUpdateKindEnter
		}
		if changes := difference(before, now); len(changes) > 0 || !known {
			updates = append(updates, types.ObjectUpdate{Kind: kind, Obj: o.Obj, ChangeSet: changes})
		}
	}
	for ref := range f.sent {
		if !members[ref] {
			delete(f.sent, ref)
			updates = append(updates, types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: ref})
		}
	}
	slices.SortFunc(updates, func(a, b types.ObjectUpdate) int { return strings.Compare(a.Obj.String(), b.Obj.String()) })
	return updates, nil
}

// narrowed returns a spec that selects only what may have changed, and all that the filter's spec selects, if that is the
// content of views. Otherwise it returns the filter's spec, which then says by what it brings what it selects.
//
// VMs are many and large: reading all of them for each change would make the simulator slower than a vCenter.
func (f *filter) narrowed(ctx *simulator.Context) (spec types.PropertyFilterSpec, members map[types.ManagedObjectReference]bool, partial bool) {
	members = map[types.ManagedObjectReference]bool{}
	var vms []types.ManagedObjectReference
	spec = types.PropertyFilterSpec{PropSet: f.spec.PropSet, ReportMissingObjectsInResults: types.NewBool(true)}
	for _, o := range f.spec.ObjectSet {
		content, ok := viewContent(ctx, o)
		if !ok {
			return f.spec, members, false
		}
		for _, ref := range content {
			// vcsim's views keep some of what has left the inventory, such as VMs that were moved before they were destroyed.
			if members[ref] || ctx.Session.Get(ref) == nil {
				continue
			}
			members[ref] = true
			if _, known := f.sent[ref]; known && ref.Type == "VirtualMachine" {
				vms = append(vms, ref)
				continue
			}
			spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: ref})
		}
	}
	changed, now := f.owner.world.touchedSince(f.touches, vms)
	f.touches = now
	for _, ref := range changed {
		spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: ref})
	}
	return spec, members, true
}

// viewContent returns what a view shows, if the object spec is about nothing else.
func viewContent(ctx *simulator.Context, o types.ObjectSpec) ([]types.ManagedObjectReference, bool) {
	if o.Skip == nil || !*o.Skip || len(o.SelectSet) != 1 {
		return nil, false
	}
	if t, ok := o.SelectSet[0].(*types.TraversalSpec); !ok || t.Path != "view" || len(t.SelectSet) > 0 {
		return nil, false
	}
	switch v := ctx.Session.Registry.Get(o.Obj).(type) {
	case *simulator.ContainerView:
		return v.View, true
	case *simulator.ListView:
		return v.View, true
	default:
		return nil, false
	}
}

// difference returns the changes that lead from one set of properties to the other, in the order of their paths. A property
// that is not set any more is assigned nothing.
func difference(before, now properties) []types.PropertyChange {
	var changes []types.PropertyChange
	for name, val := range now {
		if old, ok := before[name]; !ok || !reflect.DeepEqual(old, val) {
			changes = append(changes, types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign, Val: val})
		}
	}
	for name := range before {
		if _, ok := now[name]; !ok {
			changes = append(changes, types.PropertyChange{Name: name, Op: types.PropertyChangeOpAssign})
		}
	}
	slices.SortFunc(changes, func(a, b types.PropertyChange) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// retrieve returns deep copies of what a filter spec selects. The caller holds the world's lock.
func (w *world) retrieve(ctx *simulator.Context, spec types.PropertyFilterSpec) ([]types.ObjectContent, types.BaseMethodFault) {
	pc := &simulator.PropertyCollector{}
	body, ok := pc.RetrievePropertiesEx(ctx, &types.RetrievePropertiesEx{SpecSet: []types.PropertyFilterSpec{spec}}).(*methods.RetrievePropertiesExBody)
	if !ok {
		return nil, &types.RuntimeFault{}
	}
	if body.Fault_ != nil {
		return nil, asFault(body.Fault_)
	}
	return body.Res.Returnval.Objects, nil
}
