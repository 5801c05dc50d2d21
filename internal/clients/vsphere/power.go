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

// PowerVM implements clients.Hypervisor. It takes one call, and one more to follow the task where there is one.
func (c *Client) PowerVM(ctx context.Context, id clients.Identity, a clients.PowerAction) error {
	s, r, err := c.idle(id)
	if err != nil {
		return err
	}
	switch a {
	case clients.ActionPowerOn:
		if r.power == clients.PoweredOn {
			return nil
		}
		res, err := methods.PowerOnVM_Task(ctx, s.vim, &types.PowerOnVM_Task{This: r.ref})
		if err != nil {
			return powerError(r, "power on", types.VirtualMachinePowerStatePoweredOn, err)
		}
		c.track(ctx, s, &job{task: res.Returnval, uuid: id.UUID, purpose: toPowerOn})
		return nil
	case clients.ActionPowerOff:
		if r.power == clients.PoweredOff {
			return nil
		}
		return c.powerOff(ctx, s, r, toPowerOff)
	case clients.ActionSuspend:
		return c.suspendVM(ctx, s, r)
	case clients.ActionShutdown:
		return c.shutDown(ctx, s, r)
	default:
		return clients.NewError(clients.Unsupported, "VM", fmt.Errorf("there is no power action %q", a))
	}
}

func (c *Client) powerOff(ctx context.Context, s *session, r *record, p purpose) error {
	res, err := methods.PowerOffVM_Task(ctx, s.vim, &types.PowerOffVM_Task{This: r.ref})
	if err != nil {
		return powerError(r, "power off", types.VirtualMachinePowerStatePoweredOff, err)
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: p})
	return nil
}

func (c *Client) suspendVM(ctx context.Context, s *session, r *record) error {
	if r.power == clients.Suspended {
		return nil
	}
	if r.power == clients.PoweredOff {
		return clients.NewError(clients.Invalid, "VM", fmt.Errorf("cannot suspend VM %q: it is off", r.name))
	}
	res, err := methods.SuspendVM_Task(ctx, s.vim, &types.SuspendVM_Task{This: r.ref})
	if err != nil {
		return powerError(r, "suspend", types.VirtualMachinePowerStateSuspended, err)
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: toSuspend})
	return nil
}

// shutDown asks the guest, which needs VMware Tools. There is no task: that the guest has shut down shows in the VM.
func (c *Client) shutDown(ctx context.Context, s *session, r *record) error {
	if r.power == clients.PoweredOff {
		return nil
	}
	if r.power == clients.Suspended {
		return clients.NewError(clients.Unsupported, "VM", fmt.Errorf("cannot ask the guest of VM %q to shut down: it is suspended", r.name))
	}
	_, err := methods.ShutdownGuest(ctx, s.vim, &types.ShutdownGuest{This: r.ref})
	if err != nil {
		return powerError(r, "ask the guest to shut down of", types.VirtualMachinePowerStatePoweredOff, err)
	}
	return nil
}

// powerError returns why a VM's power was not changed, nil if that had been done meanwhile.
func powerError(r *record, what string, wanted types.VirtualMachinePowerState, err error) error {
	if isAlready(err, wanted) {
		return nil
	}
	return classify(fmt.Errorf("cannot %s VM %q: %w", what, r.name, err))
}

// idle returns the VM of an identity, which must be ours, complete and not be worked on.
func (c *Client) idle(id clients.Identity) (*session, *record, error) {
	s, r, running, err := c.ours(id)
	switch {
	case err != nil:
		return nil, nil, err
	case r == nil:
		return nil, nil, clients.NewError(clients.NotFound, "VM", fmt.Errorf("there is no VM of UUID %s", id.UUID))
	case r.unreachable:
		return nil, nil, c.outOfReach(r)
	case running != nil || r.beingMade:
		return nil, nil, clients.NewError(clients.Busy, "VM", fmt.Errorf("the vCenter is at work on VM %q", r.name))
	}
	return s, r, nil
}

// outOfReach says that nothing is known of a VM.
func (c *Client) outOfReach(r *record) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return unreachable(c.cache.path(r.ref))
}

// unreachable says that the host of a VM does not answer.
func unreachable(path string) error {
	return clients.NewError(clients.Unreachable, "VM", fmt.Errorf("the host of VM %q does not answer", path))
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
