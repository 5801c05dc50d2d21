// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// DeleteVM implements clients.Hypervisor. Each call takes one step: cancel the creation, power off, destroy.
func (c *Client) DeleteVM(ctx context.Context, id clients.Identity, o clients.DeleteOptions) error {
	s, r, running, err := c.ours(id)
	if err != nil {
		return err
	}
	if r == nil && running == nil {
		if running, err = c.adopt(ctx, s, id, o.Task); err != nil {
			return err
		}
	}
	switch {
	case running != nil && !running.over:
		return c.hasten(ctx, s, running)
	case r == nil:
		return c.nothingLeft(ctx, s, id)
	case r.power != clients.PoweredOff:
		return c.powerOff(ctx, s, r)
	default:
		return c.destroy(ctx, s, r)
	}
}

// hasten cancels a creation under way. A task that cannot be cancelled, and any other, is waited for.
func (c *Client) hasten(ctx context.Context, s *session, running *job) error {
	if running.purpose != toCreate {
		return nil
	}
	_, err := methods.CancelTask(ctx, s.vim, &types.CancelTask{This: running.task})
	if isUnknownOutcome(err) {
		return classify(fmt.Errorf("cannot cancel the creation of the VM: %w", err))
	}
	return nil
}

// nothingLeft returns nil when there is no VM, and an error while one may yet come to be.
func (c *Client) nothingLeft(ctx context.Context, s *session, id clients.Identity) error {
	err := c.confirmAbsent(ctx, s, id)
	if errors.Is(err, errUnderway) {
		return clients.NewError(clients.Busy, "VM", err)
	}
	if err == nil {
		c.mu.Lock()
		delete(c.work.jobs, id.UUID)
		c.mu.Unlock()
	}
	return err
}

func (c *Client) powerOff(ctx context.Context, s *session, r *record) error {
	res, err := methods.PowerOffVM_Task(ctx, s.vim, &types.PowerOffVM_Task{This: r.ref})
	if isGone(err) || isAlready(err, types.VirtualMachinePowerStatePoweredOff) {
		return nil
	}
	if err != nil {
		return classify(fmt.Errorf("cannot power off VM %q: %w", r.name, err))
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: toPowerOff})
	return nil
}

func (c *Client) destroy(ctx context.Context, s *session, r *record) error {
	res, err := methods.Destroy_Task(ctx, s.vim, &types.Destroy_Task{This: r.ref})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return classify(fmt.Errorf("cannot destroy VM %q: %w", r.name, err))
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: toDestroy})
	return nil
}
