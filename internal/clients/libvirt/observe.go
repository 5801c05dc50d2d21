// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// ObserveVM returns what is known of a VM. It calls nothing: all it says comes from the cache and from our own jobs. A VM
// that an earlier client left incomplete is being removed, so that it can be made again or is gone.
func (c *Client) ObserveVM(ctx context.Context, id clients.Identity, task clients.TaskRef) (clients.VM, error) {
	c.awaitSettled(ctx)
	// The job first: a job that ends does so only after the cache has what it did.
	j := c.jobs.get(id.UUID)
	h, d, ok := c.find(id.UUID)
	if !ok {
		return c.observeMissing(id, task, j)
	}
	if err := h.ready(); err != nil {
		return clients.VM{}, err
	}
	if d.mark.UID == id.Owner {
		c.setHome(id.UUID, h.Name)
	}
	vm := h.view(d)
	vm.State, vm.Failure = stateOf(j), failureOf(j)
	if d.mark.Incomplete && d.mark.UID == id.Owner && !j.running() {
		c.startCleanup(h, id)
		vm.State = clients.VMDeleting
	}
	return vm, nil
}

// observeMissing is ObserveVM of a VM that no host is known to have.
func (c *Client) observeMissing(id clients.Identity, task clients.TaskRef, j job) (clients.VM, error) {
	if j.running() {
		return clients.VM{State: stateOf(j), Owner: id.Owner}, nil
	}
	if err := c.confirmAbsence(id, task); err != nil {
		return clients.VM{}, err
	}
	c.forgetHome(id.UUID)
	return clients.VM{State: clients.VMAbsent, Failure: failureOf(j)}, nil
}

// stateOf says what a VM's job makes of it.
func stateOf(j job) clients.VMState {
	switch {
	case !j.running():
		return clients.VMPresent
	case j.unwanted, j.kind == jobDelete:
		return clients.VMDeleting
	case j.kind == jobCreate:
		return clients.VMCreating
	default:
		return clients.VMBusy
	}
}

// failureOf returns why a VM's last job failed.
func failureOf(j job) error {
	if !j.ended || errors.Is(j.err, errAbandoned) {
		return nil
	}
	return j.err
}
