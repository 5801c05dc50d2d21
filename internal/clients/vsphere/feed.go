// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// maxObjectUpdates is how many objects one reply brings at most.
const maxObjectUpdates = 100

// propertySets says what the feed brings of each type of object.
func propertySets() []types.PropertySpec {
	return []types.PropertySpec{
		{Type: "VirtualMachine", PathSet: vmProperties()},
		{Type: "HostSystem", PathSet: []string{
			"name", "parent", "runtime.connectionState", "runtime.inMaintenanceMode",
			"summary.hardware.numCpuThreads", "summary.hardware.memorySize",
		}},
		{Type: "ComputeResource", PathSet: []string{"name", "parent", "resourcePool"}},
		{Type: "Datastore", PathSet: []string{
			"name", "parent", "host", "summary.accessible", "summary.maintenanceMode", "summary.capacity", "summary.freeSpace",
		}},
		{Type: "ResourcePool", PathSet: []string{"name", "parent"}},
		{Type: "Network", PathSet: []string{"name", "parent"}},
		{Type: "OpaqueNetwork", PathSet: []string{"name", "parent", "summary"}},
		{Type: "DistributedVirtualPortgroup", PathSet: []string{"name", "parent", "key", "config.distributedVirtualSwitch"}},
		{Type: "DistributedVirtualSwitch", PathSet: []string{"name", "parent", "uuid"}},
		{Type: "Folder", PathSet: []string{"name", "parent"}},
		{Type: "StoragePod", PathSet: []string{"name", "parent"}},
		{Type: "Datacenter", PathSet: []string{"name", "parent", "vmFolder"}},
		{Type: "Task", PathSet: []string{"info.state", "info.error", "info.result"}},
	}
}

// follow reads everything, lets the client answer, and takes changes in until something fails or ctx ends. It returns
// whether it had come to let the client answer.
func (c *Client) follow(ctx context.Context, s *session) (synced bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.unfollow.Store(&cancel)
	collector, release, err := c.watch(ctx, s)
	if err != nil {
		return false, err
	}
	defer release()

	fresh := newCache()
	version, err := c.load(ctx, s, collector, fresh)
	if err != nil {
		return false, err
	}
	zones, err := c.readZones(ctx, s)
	if err != nil {
		c.options.Log.Info("Cannot read zones: hosts keep those known before", "error", err)
	}

	found := c.findFacts(ctx, s, fresh.all("Datacenter"))

	c.mu.Lock()
	c.cache = fresh
	c.facts = found
	if err == nil {
		c.zones = zones
	}
	c.session, c.err = s, nil
	c.mu.Unlock()
	c.options.Log.V(1).Info("The vCenter is in sync", "objects", len(fresh.objects))
	c.notify("")

	go c.refresh(ctx, s)
	for {
		set, err := c.wait(ctx, s, collector, version)
		if err != nil {
			return true, err
		}
		if set != nil {
			version = set.Version
			c.take(set)
		}
	}
}

// watch makes the views, and the collector and its filter. What it made goes with release.
func (c *Client) watch(ctx context.Context, s *session) (types.ManagedObjectReference, func(), error) {
	none := types.ManagedObjectReference{}
	views := view.NewManager(s.vim)
	inventory, err := views.CreateContainerView(ctx, s.vim.ServiceContent.RootFolder, []string{
		"VirtualMachine", "HostSystem", "ComputeResource", "ResourcePool", "Datastore", "Network", "DistributedVirtualSwitch", "Folder", "StoragePod", "Datacenter",
	}, true)
	if err != nil {
		return none, nil, fmt.Errorf("cannot create a view of the inventory: %w", err)
	}
	tasks, err := views.CreateListView(ctx, nil)
	if err != nil {
		return none, nil, fmt.Errorf("cannot create a view of tasks: %w", err)
	}
	collector, err := property.DefaultCollector(s.vim).Create(ctx)
	if err != nil {
		return none, nil, fmt.Errorf("cannot create a property collector: %w", err)
	}
	through := func(view types.ManagedObjectReference, kind string) types.ObjectSpec {
		return types.ObjectSpec{Obj: view, Skip: types.NewBool(true), SelectSet: []types.BaseSelectionSpec{
			&types.TraversalSpec{Type: kind, Path: "view"},
		}}
	}
	if _, err := collector.CreateFilter(ctx, types.CreateFilter{Spec: types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{through(inventory.Reference(), "ContainerView"), through(tasks.Reference(), "ListView")},
		PropSet:   propertySets(),
	}}); err != nil {
		return none, nil, fmt.Errorf("cannot create a property filter: %w", err)
	}
	s.tasks = tasks.Reference()
	if err := c.suspect(ctx, s); err != nil {
		return none, nil, err
	}

	release := func() {
		if s.expired() {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), logoutTimeout)
		defer cancel()
		// They also end with the session.
		_ = collector.Destroy(ctx)
		_ = tasks.Destroy(ctx)
		_ = inventory.Destroy(ctx)
	}
	return collector.Reference(), release, nil
}

// load reads everything that the filter selects into a cache.
func (c *Client) load(ctx context.Context, s *session, collector types.ManagedObjectReference, into *cache) (version string, err error) {
	for {
		set, err := c.wait(ctx, s, collector, version)
		if err != nil {
			return "", err
		}
		if set == nil {
			return version, nil
		}
		version = set.Version
		c.mu.Lock()
		for _, f := range set.FilterSet {
			for _, o := range f.ObjectSet {
				if o.Obj.Type == "Task" {
					c.work.apply(o)
					continue
				}
				into.apply(o)
			}
		}
		c.mu.Unlock()
		if set.Truncated == nil || !*set.Truncated {
			return version, nil
		}
	}
}

// wait waits for updates after a version. It calls the vCenter itself: govmomi's helper forgets the version when a wait ends
// without updates, and starts over with everything.
func (c *Client) wait(ctx context.Context, s *session, collector types.ManagedObjectReference, version string) (*types.UpdateSet, error) {
	seconds := int32(c.options.MaxWait.Seconds())
	res, err := methods.WaitForUpdatesEx(ctx, s.vim, &types.WaitForUpdatesEx{
		This:    collector,
		Version: version,
		Options: &types.WaitOptions{MaxWaitSeconds: &seconds, MaxObjectUpdates: maxObjectUpdates},
	})
	if err != nil {
		return nil, fmt.Errorf("cannot wait for updates: %w", err)
	}
	return res.Returnval, nil
}

// take takes updates in and tells subscribers.
func (c *Client) take(set *types.UpdateSet) {
	var changed []string
	seen := map[string]bool{}
	c.mu.Lock()
	for _, f := range set.FilterSet {
		for _, o := range f.ObjectSet {
			uuids := c.cache.apply
			if o.Obj.Type == "Task" {
				uuids = c.work.apply
			}
			for _, uuid := range uuids(o) {
				if !seen[uuid] {
					seen[uuid] = true
					changed = append(changed, uuid)
				}
			}
		}
	}
	c.mu.Unlock()
	c.notify(changed...)
}

// refresh keeps the session alive and reads zones now and then, until ctx ends.
func (c *Client) refresh(ctx context.Context, s *session) {
	t := time.NewTicker(c.options.Refresh)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if _, err := methods.GetCurrentTime(ctx, s.vim); err != nil {
			c.options.Log.V(1).Info("Cannot keep the session alive", "error", err)
			continue
		}
		c.mu.RLock()
		datacenters := c.cache.all("Datacenter")
		c.mu.RUnlock()
		found := c.findFacts(ctx, s, datacenters)
		zones, err := c.readZones(ctx, s)
		c.mu.Lock()
		c.facts = found
		if err == nil {
			c.zones = zones
		}
		c.mu.Unlock()
		if err != nil {
			c.options.Log.V(1).Info("Cannot read zones", "error", err)
		}
	}
}
