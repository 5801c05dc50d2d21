// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// TestFeed follows one VM's life through a property collector and expects of the feed what a vCenter does.
func TestFeed(t *testing.T) {
	_, c := start(t)
	ctx := t.Context()
	cv, err := view.NewManager(c.Client).CreateContainerView(ctx, c.ServiceContent.RootFolder, []string{"VirtualMachine"}, true)
	if err != nil {
		t.Fatal(err)
	}
	pc, err := property.DefaultCollector(c.Client).Create(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pc.CreateFilter(ctx, types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: cv.Reference(), Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: "ContainerView", Path: "view"},
		}}},
		PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name", "config.template", "config.hardware.numCPU", "guest.ipAddress"}}},
	}}); err != nil {
		t.Fatal(err)
	}

	version := ""
	// next returns the kinds of updates and the paths that changed, by name of object.
	wait := int32(10)
	next := func(options types.WaitOptions) (updates []string, truncated bool) {
		t.Helper()
		options.MaxWaitSeconds = &wait
		res, err := methods.WaitForUpdatesEx(ctx, c.Client, &types.WaitForUpdatesEx{This: pc.Reference(), Version: version, Options: &options})
		if err != nil {
			t.Fatal(err)
		}
		set := res.Returnval
		if set == nil {
			return nil, false
		}
		version = set.Version
		for _, f := range set.FilterSet {
			for _, o := range f.ObjectSet {
				u := string(o.Kind)
				for _, ch := range o.ChangeSet {
					u += " " + ch.Name
				}
				updates = append(updates, u)
			}
		}
		return updates, set.Truncated != nil && *set.Truncated
	}

	all := "enter config.hardware.numCPU config.template name"
	got, truncated := next(types.WaitOptions{MaxObjectUpdates: 1})
	if diff := cmp.Diff([]string{all}, got); diff != "" || !truncated {
		t.Errorf("the first page: truncated %t, -want, +got:\n%s", truncated, diff)
	}
	if got, truncated = next(types.WaitOptions{MaxObjectUpdates: 1}); len(got) != 1 || truncated {
		t.Errorf("the second page: truncated %t, %v", truncated, got)
	}

	vm, folder, spec := template(t, c)
	task, err := vm.Clone(ctx, folder, "a", spec)
	if err != nil {
		t.Fatal(err)
	}
	got, _ = next(types.WaitOptions{})
	if diff := cmp.Diff([]string{all}, got); diff != "" {
		t.Errorf("a VM was created: -want, +got:\n%s", diff)
	}

	info, err := task.WaitForResult(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ref, _ := info.Result.(types.ManagedObjectReference)
	if _, err := methods.ReconfigVM_Task(ctx, c.Client, &types.ReconfigVM_Task{This: ref, Spec: types.VirtualMachineConfigSpec{NumCPUs: 7}}); err != nil {
		t.Fatal(err)
	}
	got, _ = next(types.WaitOptions{})
	if diff := cmp.Diff([]string{"modify config.hardware.numCPU"}, got); diff != "" {
		t.Errorf("CPUs were changed, which vcsim keeps to itself: -want, +got:\n%s", diff)
	}

	if _, err := methods.MarkAsTemplate(ctx, c.Client, &types.MarkAsTemplate{This: ref}); err != nil {
		t.Fatal(err)
	}
	got, _ = next(types.WaitOptions{})
	if diff := cmp.Diff([]string{"modify config.template"}, got); diff != "" {
		t.Errorf("the VM was made a template, which vcsim keeps to itself: -want, +got:\n%s", diff)
	}

	if _, err := methods.Destroy_Task(ctx, c.Client, &types.Destroy_Task{This: ref}); err != nil {
		t.Fatal(err)
	}
	got, _ = next(types.WaitOptions{})
	if diff := cmp.Diff([]string{"leave"}, got); diff != "" {
		t.Errorf("the VM was destroyed: -want, +got:\n%s", diff)
	}

	wait = 0
	if got, _ = next(types.WaitOptions{}); len(got) != 0 {
		t.Errorf("nothing happened: got %v", got)
	}
	_, err = methods.WaitForUpdatesEx(ctx, c.Client, &types.WaitForUpdatesEx{This: pc.Reference(), Version: "never given"})
	if !fault.Is(err, &types.InvalidCollectorVersion{}) {
		t.Errorf("a version that was never given: %v, want InvalidCollectorVersion", err)
	}
}
