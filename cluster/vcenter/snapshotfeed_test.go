// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

func TestSnapshotsAndRulesInFeed(t *testing.T) {
	_, c := start(t)
	vm, other := newVM(t, c, "web"), newVM(t, c, "other")
	cl := drsCluster(t, c)
	kinds := []string{"VirtualMachine", "ClusterComputeResource"}
	v, err := view.NewManager(c.Client).CreateContainerView(t.Context(), c.ServiceContent.RootFolder, kinds, true)
	if err != nil {
		t.Fatal(err)
	}
	pc, err := property.DefaultCollector(c.Client).Create(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	skip := true
	if _, err := pc.CreateFilter(t.Context(), types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: v.Reference(), Skip: &skip, SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "ContainerView", Path: "view"}}}},
		PropSet: []types.PropertySpec{
			{Type: "VirtualMachine", PathSet: []string{"snapshot", "runtime.consolidationNeeded", "runtime.host"}},
			{Type: "ClusterComputeResource", PathSet: []string{"configurationEx"}},
		},
	}}); err != nil {
		t.Fatal(err)
	}
	version := ""
	// changed returns which objects' properties changed since the last time.
	changed := func() map[string]bool {
		got := map[string]bool{}
		for more := true; more; {
			res, err := methods.WaitForUpdatesEx(t.Context(), c.Client, &types.WaitForUpdatesEx{
				This: pc.Reference(), Version: version, Options: &types.WaitOptions{MaxWaitSeconds: types.NewInt32(1)},
			})
			if err != nil {
				t.Fatal(err)
			}
			set := res.Returnval
			if set == nil {
				break
			}
			version, more = set.Version, set.Truncated != nil && *set.Truncated
			for _, f := range set.FilterSet {
				for _, o := range f.ObjectSet {
					for _, p := range o.ChangeSet {
						got[o.Obj.Value+" "+p.Name] = true
					}
				}
			}
		}
		return got
	}
	changed()
	self := vm.Reference().Value

	steps := []struct {
		name string
		do   func()
		want string
	}{
		{"CreateSnapshot", func() {
			task, err := vm.CreateSnapshot(t.Context(), "a", "", false, false)
			made(t, task, err)
		}, self + " snapshot"},
		{"CreateAnother", func() {
			task, err := vm.CreateSnapshot(t.Context(), "b", "", false, false)
			made(t, task, err)
		}, self + " snapshot"},
		{"Revert", func() {
			task, err := vm.RevertToSnapshot(t.Context(), "a", true)
			made(t, task, err)
		}, self + " snapshot"},
		{"RemoveUnmerged", func() {
			merge := false
			task, err := vm.RemoveSnapshot(t.Context(), "a", true, &merge)
			made(t, task, err)
		}, self + " runtime.consolidationNeeded"},
		{"AddRule", func() {
			if err := regulated(t, cl, types.ArrayUpdateOperationAdd, nil, apart("set", true, vm, other)); err != nil {
				t.Fatal(err)
			}
		}, cl.Reference().Value + " configurationEx"},
		{"PowerOnOne", func() {
			task, err := other.PowerOn(t.Context())
			made(t, task, err)
			changed()
			task, err = vm.PowerOn(t.Context())
			made(t, task, err)
		}, self + " runtime.host"},
	}
	for _, s := range steps {
		s.do()
		if got := changed(); !got[s.want] {
			t.Errorf("%s: the feed tells %v, want %s", s.name, got, s.want)
		}
	}
}
