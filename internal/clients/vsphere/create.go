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

// CreateVM implements clients.Hypervisor. It takes two calls, and one more to follow the task: one to look for the VM in the
// vCenter's index, one to clone.
func (c *Client) CreateVM(ctx context.Context, spec clients.VMSpec) (clients.TaskRef, error) {
	if spec.Linked {
		return "", clients.NewError(clients.Unsupported, "Image", errors.New("linked clones are not supported on vSphere yet: leave linked out to copy the image"))
	}
	s, err := c.ready()
	if err != nil {
		return "", err
	}
	if !c.enter(spec.UUID) {
		return "", clients.NewError(clients.Busy, "VM", errors.New("the VM is being created by another call"))
	}
	defer c.leave(spec.UUID)

	c.mu.RLock()
	existing, err := c.cache.one(spec.Identity)
	running := c.work.running(spec.UUID)
	c.mu.RUnlock()
	switch {
	case err != nil:
		return "", err
	case existing != nil && existing.foreign(spec.Owner):
		return "", c.foreign(existing)
	case existing != nil:
		return "", nil
	case running != nil:
		return clients.TaskRef(running.task.Value), nil
	}
	if err := c.confirmAbsent(ctx, s, spec.Identity); err != nil {
		if errors.Is(err, errUnderway) {
			return "", nil
		}
		return "", err
	}
	return c.clone(ctx, s, spec)
}

// clone starts to clone the image.
func (c *Client) clone(ctx context.Context, s *session, spec clients.VMSpec) (clients.TaskRef, error) {
	c.mu.RLock()
	target, err := resolve(c.cache, c.work.reservations(), spec)
	c.mu.RUnlock()
	if err != nil {
		return "", err
	}
	cloneSpec, err := newCloneSpec(spec, target)
	if err != nil {
		return "", clients.NewError(clients.Invalid, "VM", fmt.Errorf("cannot create VM %q: %w", spec.Name, err))
	}
	res, err := methods.CloneVM_Task(ctx, s.vim, &types.CloneVM_Task{
		This: target.image, Folder: target.folder, Name: spec.Name, Spec: cloneSpec,
	})
	if err != nil {
		if isUnknownOutcome(err) {
			c.mu.Lock()
			c.work.unsure = true
			c.mu.Unlock()
		}
		return "", classify(fmt.Errorf("cannot clone image %q: %w", spec.Image, err))
	}
	c.track(ctx, s, &job{
		task: res.Returnval, uuid: spec.UUID, purpose: toCreate,
		reserved: reservation{
			host: target.host, datastore: target.datastore,
			memoryMiB: spec.MemoryMiB, bytes: target.bytes(spec),
		},
	})
	return clients.TaskRef(res.Returnval.Value), nil
}

// foreign returns the conflict with a VM that has our UUID and not our mark.
func (c *Client) foreign(r *record) error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return clients.NewError(clients.Conflict, "VM", fmt.Errorf("VM %s has the instance UUID %s and is not ours: it is left alone", c.cache.path(r.ref), r.uuid))
}

// enter keeps two calls from creating one VM at once.
func (c *Client) enter(uuid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.work.starting[uuid] {
		return false
	}
	c.work.starting[uuid] = true
	return true
}

func (c *Client) leave(uuid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.work.starting, uuid)
}

// reservations returns what VMs that are being made will take.
func (w *work) reservations() []reservation {
	var r []reservation
	for _, j := range w.tasks {
		if j.purpose == toCreate {
			r = append(r, j.reserved)
		}
	}
	return r
}
