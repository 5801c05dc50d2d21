// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

const (
	// maxPage is how many objects a vCenter returns at once.
	maxPage = 100
	// gather is how long changes are gathered before they are sent.
	gather = 20 * time.Millisecond
)

// A collector is a property collector that a client made. Its updates are differences between what its filters select now
// and what it sent before.
type collector struct {
	unlocked

	Self  types.ManagedObjectReference
	world *world

	// mu is held while the collector computes updates, and by those who change its filters.
	mu      sync.Mutex
	filters []*filter
	pages   []types.UpdateSet
	version int

	// cancel ends the current wait, if there is one.
	cancelMu sync.Mutex
	cancel   context.CancelFunc
}

// Reference returns what vcsim knows the collector by.
func (c *collector) Reference() types.ManagedObjectReference { return c.Self }

// collector returns who answers a call to a property collector in vcsim's place, if it is not vcsim itself. Waiting on the
// session's default collector is for a collector of ours that the session has beside it.
func (w *world) collector(ctx *simulator.Context, m *simulator.Method) (types.ManagedObjectReference, bool) {
	if _, ok := ctx.Session.Registry.Get(m.This).(*collector); ok {
		return m.This, true
	}
	switch m.Name {
	case "CreatePropertyCollector":
	case "CreateFilter", "WaitForUpdatesEx", "CancelWaitForUpdates":
	default:
		return m.This, false
	}
	ref := types.ManagedObjectReference{Type: "PropertyCollector", Value: "default-of-session"}
	if ctx.Session.Registry.Get(ref) == nil {
		ctx.Session.Registry.Put(&collector{Self: ref, world: w})
	}
	return ref, true
}

// CreatePropertyCollector makes a collector.
func (c *collector) CreatePropertyCollector(ctx *simulator.Context, _ *types.CreatePropertyCollector) soap.HasFault {
	made := &collector{
		Self:  types.ManagedObjectReference{Type: "PropertyCollector", Value: "session[" + ctx.Session.Key + "]" + uuid.NewString()},
		world: c.world,
	}
	ctx.Session.Registry.Put(made)
	return &methods.CreatePropertyCollectorBody{Res: &types.CreatePropertyCollectorResponse{Returnval: made.Self}}
}

// DestroyPropertyCollector removes the collector and its filters.
func (c *collector) DestroyPropertyCollector(ctx *simulator.Context, _ *types.DestroyPropertyCollector) soap.HasFault {
	c.stop()
	for _, f := range c.filters {
		ctx.Session.Remove(ctx, f.Self)
	}
	ctx.Session.Remove(ctx, c.Self)
	return &methods.DestroyPropertyCollectorBody{Res: &types.DestroyPropertyCollectorResponse{}}
}

// CreateFilter adds a filter.
func (c *collector) CreateFilter(ctx *simulator.Context, req *types.CreateFilter) soap.HasFault {
	f := &filter{
		Self:  types.ManagedObjectReference{Type: "PropertyFilter", Value: "session[" + ctx.Session.Key + "]" + uuid.NewString()},
		owner: c,
		spec:  req.Spec,
		sent:  map[types.ManagedObjectReference]properties{},
	}
	ctx.Session.Registry.Put(f)
	c.mu.Lock()
	c.filters = append(c.filters, f)
	c.mu.Unlock()
	return &methods.CreateFilterBody{Res: &types.CreateFilterResponse{Returnval: f.Self}}
}

// CancelWaitForUpdates ends the wait under way.
func (c *collector) CancelWaitForUpdates(*types.CancelWaitForUpdates) soap.HasFault {
	c.stop()
	return &methods.CancelWaitForUpdatesBody{Res: &types.CancelWaitForUpdatesResponse{}}
}

func (c *collector) stop() {
	c.cancelMu.Lock()
	defer c.cancelMu.Unlock()
	if c.cancel != nil {
		c.cancel()
	}
}

// WaitForUpdatesEx returns what changed since the version given, at once for the version "", or waits for it.
func (c *collector) WaitForUpdatesEx(ctx *simulator.Context, req *types.WaitForUpdatesEx) soap.HasFault {
	wait, page := c.wait(req.Options)
	defer c.stop()
	body := &methods.WaitForUpdatesExBody{}
	for {
		next := c.world.next()
		if c.world.outage() {
			body.Fault_ = simulator.Fault("", &types.RequestCanceled{})
			return body
		}
		set, fault := c.updates(ctx, req.Version, page)
		if fault != nil {
			body.Fault_ = simulator.Fault("", fault)
			return body
		}
		if set != nil {
			body.Res = &types.WaitForUpdatesExResponse{Returnval: set}
			return body
		}
		select {
		case <-next:
			time.Sleep(gather)
		case <-wait.Done():
			if errors.Is(wait.Err(), context.Canceled) {
				body.Fault_ = simulator.Fault("", &types.RequestCanceled{})
				return body
			}
			body.Res = &types.WaitForUpdatesExResponse{}
			return body
		case <-c.world.closed:
			body.Fault_ = simulator.Fault("", &types.RequestCanceled{})
			return body
		}
	}
}

// wait returns a context that ends when the options or a cancellation say so, and the number of objects to return at most.
func (c *collector) wait(o *types.WaitOptions) (context.Context, int) {
	wait, cancel := context.WithCancel(context.Background())
	page := maxPage
	if o != nil {
		if o.MaxWaitSeconds != nil {
			wait, cancel = context.WithTimeout(context.Background(), time.Duration(*o.MaxWaitSeconds)*time.Second)
		}
		if n := int(o.MaxObjectUpdates); n > 0 && n < page {
			page = n
		}
	}
	c.cancelMu.Lock()
	c.cancel = cancel
	c.cancelMu.Unlock()
	return wait, page
}

// updates returns the next page of updates after a version, nil when there are none.
func (c *collector) updates(ctx *simulator.Context, version string, page int) (*types.UpdateSet, types.BaseMethodFault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch version {
	case "":
		c.pages = nil
		for _, f := range c.filters {
			clear(f.sent)
		}
	case c.current():
	default:
		return nil, &types.InvalidCollectorVersion{}
	}
	if len(c.pages) == 0 {
		var changes []types.PropertyFilterUpdate
		c.world.mu.Lock()
		for _, f := range c.filters {
			objects, fault := f.updates(ctx)
			if fault != nil {
				c.world.mu.Unlock()
				return nil, fault
			}
			for len(objects) > 0 {
				n := min(page, len(objects))
				changes = append(changes, types.PropertyFilterUpdate{Filter: f.Self, ObjectSet: objects[:n]})
				objects = objects[n:]
			}
		}
		c.world.mu.Unlock()
		if len(changes) == 0 && version != "" {
			return nil, nil
		}
		c.paginate(changes)
	}
	set := c.pages[0]
	c.pages = c.pages[1:]
	c.version++
	set.Version = c.current()
	return &set, nil
}

// paginate puts each change on a page of its own.
func (c *collector) paginate(changes []types.PropertyFilterUpdate) {
	if len(changes) == 0 {
		c.pages = []types.UpdateSet{{}}
		return
	}
	for i := range changes {
		truncated := i < len(changes)-1
		c.pages = append(c.pages, types.UpdateSet{FilterSet: changes[i : i+1], Truncated: &truncated})
	}
}

func (c *collector) current() string { return fmt.Sprintf("%d", c.version) }
