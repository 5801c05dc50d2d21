// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// ObserveVM returns what is known of a VM. It calls nothing: all it says comes from the cache and from our own jobs. A VM
// that an earlier client left incomplete is being removed, so that it can be made again or is gone.
func (c *Client) ObserveVM(ctx context.Context, id clients.Identity, task clients.TaskRef) (clients.VM, error) {
	c.awaitSettled(ctx)
	// The job first: a job that ends does so only after the cache has what it did.
	j := c.jobs.get(id.UUID)
	h, d, err := c.locate(id.UUID)
	if err != nil {
		return clients.VM{}, err
	}
	if h == nil {
		return c.observeMissing(id, task, j)
	}
	if err := h.ready(); err != nil {
		return clients.VM{}, err
	}
	if d.mark.UID == id.Owner {
		c.setHome(id.UUID, h.Name)
	}
	vm := h.view(d)
	vm.State = stateOf(j)
	vm.FailedTask, vm.Failure = failureOf(j)
	if c.migrating(id.UUID) && vm.State == clients.VMPresent {
		vm.State = clients.VMBusy
	}
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
	vm := clients.VM{State: clients.VMAbsent, Leftovers: c.leftovers(id.UUID)}
	vm.FailedTask, vm.Failure = failureOf(j)
	return vm, nil
}

// leftovers returns the names of the disks that a VM has left on the hosts that answer.
func (c *Client) leftovers(uuid string) []string {
	var out []string
	for _, h := range c.hosts {
		if h.ready() != nil {
			continue
		}
		for _, volumes := range h.ownVolumes(uuid) {
			for _, v := range volumes {
				out = append(out, ownDiskName(uuid, v.name))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ownDiskName returns the name of the disk that a VM's own volume is.
func ownDiskName(uuid, volume string) string {
	switch kind, name := diskKindOf(uuid, volume); kind {
	case diskRoot:
		return clients.RootDisk
	case diskData:
		return name
	default:
		return clients.SeedDisk
	}
}

// locate returns what is known of a VM and on which host; the host is nil when none is known to have it. A host that is
// connected knows better than one that is not. A VM that two hosts have is nobody's to change: which of them is the VM is for
// a person to say.
func (c *Client) locate(uuid string) (*host, domain, error) {
	type place struct {
		h *host
		d domain
	}
	var connected, lost []place
	for _, h := range c.hosts {
		d, ok := h.domain(uuid)
		switch {
		case !ok:
		case h.ready() == nil:
			connected = append(connected, place{h, d})
		default:
			lost = append(lost, place{h, d})
		}
	}
	// One that is on its way is still where it comes from, until it has left there.
	settled := slices.DeleteFunc(slices.Clone(connected), func(p place) bool { return p.d.moving() })
	switch {
	case len(settled) > 1:
		return nil, domain{}, errTwice(settled[0].h, settled[1].h, settled[0].d, settled[1].d)
	case len(settled) == 1:
		return settled[0].h, settled[0].d, nil
	case len(connected) > 0:
		return connected[0].h, connected[0].d, nil
	case len(lost) > 0:
		return lost[0].h, lost[0].d, nil
	}
	return nil, domain{}, nil
}

// errTwice says that two hosts have the same VM.
func errTwice(a, b *host, on, alsoOn domain) error {
	say := func(h *host, d domain) string {
		return "host \"" + h.Name + "\" (" + strings.ToLower(string(d.power)) + ")"
	}
	return errorf(clients.Conflict, "VM", "VM %q is on two hosts, %s and %s: remove the domain of the one that it is not on",
		on.name, say(a, on), say(b, alsoOn))
}

// moveTime is how long a host may keep the domain of a VM that has left it.
const moveTime = 5 * time.Second

// moving says whether the domain is one of the two that a VM has while it moves from host to host.
func (d domain) moving() bool {
	return d.incoming || !d.departed.IsZero() && time.Since(d.departed) < moveTime
}

// migrating says whether a VM is on its way to a host.
func (c *Client) migrating(uuid string) bool {
	return slices.ContainsFunc(c.hosts, func(h *host) bool {
		d, ok := h.domain(uuid)
		return ok && d.moving()
	})
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

// failureOf returns why a VM's last job failed, and what it was.
func failureOf(j job) (clients.TaskKind, error) {
	if !j.ended || j.err == nil || errors.Is(j.err, errAbandoned) {
		return "", nil
	}
	return j.kind.task(), j.err
}
