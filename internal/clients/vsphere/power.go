// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// powerOn starts to power a VM on. It takes one call, and one more to follow the task.
func (c *Client) powerOn(ctx context.Context, id clients.Identity) error {
	s, r, running, err := c.ours(id)
	switch {
	case err != nil:
		return err
	case r == nil:
		return clients.NewError(clients.NotFound, "VM", fmt.Errorf("there is no VM of UUID %s", id.UUID))
	case running != nil || r.beingMade:
		return clients.NewError(clients.Busy, "VM", fmt.Errorf("the vCenter is at work on VM %q", r.name))
	case r.power == clients.PoweredOn:
		return nil
	}
	res, err := methods.PowerOnVM_Task(ctx, s.vim, &types.PowerOnVM_Task{This: r.ref})
	if isAlready(err, types.VirtualMachinePowerStatePoweredOn) {
		return nil
	}
	if err != nil {
		return classify(fmt.Errorf("cannot power on VM %q: %w", r.name, err))
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: id.UUID, purpose: toPowerOn})
	return nil
}

// ours returns the VM of an identity, nil when the cache has none, and the job under way on it. A VM without the owner's mark
// is a conflict.
func (c *Client) ours(id clients.Identity) (*session, *record, *job, error) {
	s, err := c.ready()
	if err != nil {
		return nil, nil, nil, err
	}
	c.mu.RLock()
	r, err := c.cache.one(id)
	running := c.work.running(id.UUID)
	c.mu.RUnlock()
	if err != nil {
		return nil, nil, nil, err
	}
	if r != nil && r.foreign(id.Owner) {
		return nil, nil, nil, c.foreign(r)
	}
	return s, r, running, nil
}
