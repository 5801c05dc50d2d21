// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// DeleteVM implements clients.Hypervisor. Each call takes one step: cancel the creation, power off, remove snapshots that
// disks to spare are part of, detach those disks, destroy. A VM whose disks those of others build on is refused with
// Conflict. A step takes one call, and one more to follow the task.
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
	case r.unreachable:
		return c.outOfReach(r)
	case r.template:
		return clients.NewError(clients.Conflict, "VM", fmt.Errorf("cannot delete VM %q: somebody made a template of it", r.name))
	}
	if err := c.independent(r); err != nil {
		return err
	}
	return c.dismantle(ctx, s, r, o)
}

// dismantle takes the next step of removing a VM.
func (c *Client) dismantle(ctx context.Context, s *session, r *record, o clients.DeleteOptions) error {
	c.mu.RLock()
	spared := c.cache.spared(r, o.Retain)
	c.mu.RUnlock()
	switch {
	case r.power != clients.PoweredOff:
		return c.powerOff(ctx, s, r, toSwitchOff)
	case len(spared) > 0 && r.snapshots:
		// A disk whose snapshots are destroyed with the VM would not be whole.
		return c.removeSnapshots(ctx, s, r)
	case len(spared) > 0:
		return c.reconfigure(ctx, s, r, toDetach, detaching(spared))
	default:
		return c.destroy(ctx, s, r)
	}
}

// detaching describes that disks are detached. Without a file operation their files stay.
func detaching(disks []disk) *types.VirtualMachineConfigSpec {
	spec := &types.VirtualMachineConfigSpec{}
	for _, d := range disks {
		spec.DeviceChange = append(spec.DeviceChange, &types.VirtualDeviceConfigSpec{
			Operation: types.VirtualDeviceConfigSpecOperationRemove,
			Device:    &types.VirtualDisk{VirtualDevice: types.VirtualDevice{Key: d.key}},
		})
	}
	return spec
}

// spared returns the disks whose files outlive the VM: those to retain, and those that are not ours.
func (c *cache) spared(r *record, retain []string) []disk {
	var spared []disk
	for _, d := range r.disks {
		if !d.ours || d.name != "" && slices.Contains(retain, d.name) || c.housed(r, d.file) {
			spared = append(spared, d)
		}
	}
	return spared
}

// housed says whether a file is in the directory of another VM.
func (c *cache) housed(r *record, file string) bool {
	for _, o := range c.vms {
		if o.ref != r.ref && o.files != "" && directory(o.files) == directory(file) && directory(file) != directory(r.files) {
			return true
		}
	}
	return false
}

// directory of a file on a datastore, as in "[datastore] web-1".
func directory(file string) string { return path.Dir(file) }

// independent returns a conflict when disks of other VMs build on the VM's, as those of linked clones of it do.
func (c *Client) independent(r *record) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var dependants []string
	for _, o := range c.cache.vms {
		if o.ref != r.ref && r.carries(o) {
			dependants = append(dependants, c.cache.path(o.ref))
		}
	}
	if len(dependants) == 0 {
		return nil
	}
	slices.Sort(dependants)
	return clients.NewError(clients.Conflict, "VM", fmt.Errorf("cannot delete VM %q: the disks of %s build on its disks", r.name, strings.Join(dependants, ", ")))
}

// carries says whether a disk of another VM builds on a file of this one. What a linked clone itself builds on lies in the
// directory of the VM that it was cloned from, and is no file of the clone.
func (r *record) carries(o *record) bool {
	for _, theirs := range o.disks {
		for _, parent := range theirs.parents {
			if directory(parent) == directory(r.files) {
				return true
			}
			for _, d := range r.disks {
				if d.ours && (d.file == parent || directory(d.file) == directory(parent) && slices.Contains(d.parents, parent)) {
					return true
				}
			}
		}
	}
	return false
}

// hasten cancels a creation under way. A task that cannot be cancelled, and any other, is waited for.
func (c *Client) hasten(ctx context.Context, s *session, running *job) error {
	if running.purpose != toCreate {
		return nil
	}
	if running.stop != nil {
		running.stop()
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

func (c *Client) removeSnapshots(ctx context.Context, s *session, r *record) error {
	res, err := methods.RemoveAllSnapshots_Task(ctx, s.vim, &types.RemoveAllSnapshots_Task{This: r.ref, Consolidate: types.NewBool(true)})
	if err != nil {
		return classify(fmt.Errorf("cannot remove the snapshots of VM %q: %w", r.name, err))
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: toUnsnap})
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
