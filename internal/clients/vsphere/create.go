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
	if spec.Image.Library != "" {
		return c.fromLibrary(ctx, s, spec)
	}
	return c.clone(ctx, s, spec, nil)
}

// clone starts to clone the image, which is looked up when none is given.
func (c *Client) clone(ctx context.Context, s *session, spec clients.VMSpec, image *record) (clients.TaskRef, error) {
	t, err := c.resolve(spec, image)
	if err != nil {
		return "", err
	}
	if spec.Linked && t.snapshot == nil {
		return "", c.base(ctx, s, t.image)
	}
	// Everything that can be refused is described before anything is made.
	clone, err := newCloneSpec(spec, t)
	if err != nil {
		return "", refused(spec, err)
	}
	if t.pod != (ref{}) {
		c.recommend(ctx, s, spec, &t, clone)
		if clone, err = newCloneSpec(spec, t); err != nil {
			return "", refused(spec, err)
		}
	}
	if err := c.makeFolders(ctx, s, &t); err != nil {
		return "", err
	}
	res, err := methods.CloneVM_Task(ctx, s.vim, &types.CloneVM_Task{
		This: t.image.ref, Folder: t.folder, Name: spec.Name, Spec: clone,
	})
	if err != nil {
		if isUnknownOutcome(err) {
			c.mu.Lock()
			c.work.unsure = true
			c.mu.Unlock()
		}
		return "", classify(fmt.Errorf("cannot clone image %q: %w", spec.Image, err))
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: spec.UUID, purpose: toCreate, reserved: reserve(spec, t)})
	return clients.TaskRef(res.Returnval.Value), nil
}

// resolve finds what a VMSpec's names stand for, out of the cache. The image is looked up when none is given.
func (c *Client) resolve(spec clients.VMSpec, image *record) (target, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if err := lacks(spec, c.facts.capabilities()); err != nil {
		return target{}, err
	}
	return resolve(c.cache, c.work.reservations(), spec, image)
}

// refused says that a VM cannot be made as it is described.
func refused(spec clients.VMSpec, err error) error {
	if clients.ClassOf(err) != clients.Unknown {
		return err
	}
	return clients.NewError(clients.Invalid, "VM", fmt.Errorf("cannot create VM %q: %w", spec.Name, err))
}

// reserve returns what a VM takes of its place while it is made.
func reserve(spec clients.VMSpec, t target) reservation {
	v := reservation{host: t.host, datastore: t.datastore, memoryMiB: spec.MemoryMiB, bytes: t.bytes(spec)}
	for _, n := range t.networks {
		if n.MACAddress != "" {
			v.macs = append(v.macs, n.MACAddress)
		}
	}
	return v
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
	for _, j := range w.jobs {
		if j.purpose == toCreate && !j.over {
			r = append(r, j.reserved)
		}
	}
	return r
}
