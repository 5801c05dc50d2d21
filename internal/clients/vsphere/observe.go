// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// ObserveVM implements clients.Hypervisor. A VM that the cache knows takes no call.
func (c *Client) ObserveVM(ctx context.Context, id clients.Identity, task clients.TaskRef) (clients.VM, error) {
	s, err := c.ready()
	if err != nil {
		return clients.VM{}, err
	}
	if vm, known, err := c.observed(id); known || err != nil {
		if err == nil && vm.State == clients.VMCreating {
			err = c.discard(ctx, s, id, task)
		}
		return vm, err
	}
	job, err := c.adopt(ctx, s, id, task)
	if err != nil {
		return clients.VM{}, err
	}
	if err := c.confirmAbsent(ctx, s, id); err != nil {
		if errors.Is(err, errUnderway) {
			return clients.VM{State: clients.VMCreating}, nil
		}
		return clients.VM{}, err
	}
	vm := clients.VM{State: clients.VMAbsent}
	switch {
	case job == nil:
	case job.purpose == toCreate:
		vm.FailedTask, vm.Failure = failed(job)
		vm.Failure = c.explain(id, vm.Failure)
	case job.purpose == toDiscard:
		vm.FailedTask, vm.Failure = clients.TaskCreate, c.explain(id, job.cause)
	}
	return vm, nil
}

// errUnderway says that a VM is on its way into the cache.
var errUnderway = errors.New("the VM is being made")

// confirmAbsent returns nil when the vCenter has no VM of the identity and no task may yet make one, errUnderway when there
// is one that the cache does not know yet, and another error when that cannot be known.
func (c *Client) confirmAbsent(ctx context.Context, s *session, id clients.Identity) error {
	c.mu.RLock()
	running, unsure := c.work.running(id.UUID), c.work.unsure
	c.mu.RUnlock()
	if running != nil && running.purpose == toCreate {
		return errUnderway
	}
	if err := c.clear(ctx, s, id); err != nil {
		return err
	}
	if unsure {
		if err := c.suspect(ctx, s); err != nil {
			return classify(err)
		}
	}
	// The index is asked after the tasks: one that ends in between has put its VM into the index.
	c.mu.RLock()
	suspects := len(c.work.suspects)
	c.mu.RUnlock()
	found, err := object.NewSearchIndex(s.vim).FindAllByUuid(ctx, nil, id.UUID, true, types.NewBool(true))
	if err != nil {
		return classify(fmt.Errorf("cannot look for the VM by its UUID: %w", err))
	}
	if len(found) > 0 {
		return errUnderway
	}
	if suspects > 0 {
		return clients.NewError(clients.Busy, "VM", fmt.Errorf("cannot know whether the VM exists: %d clone tasks that may be making it have not ended", suspects))
	}
	if s.expired() {
		return clients.NewError(clients.Unreachable, "", errors.New("the session has ended meanwhile"))
	}
	return nil
}

// observed returns what the cache knows of a VM, and whether it knows it.
func (c *Client) observed(id clients.Identity) (clients.VM, bool, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.session == nil {
		return clients.VM{}, false, c.err
	}
	r, err := c.cache.one(id)
	if err != nil || r == nil {
		return clients.VM{}, false, err
	}
	if r.unreachable {
		return clients.VM{}, true, unreachable(c.cache.path(r.ref))
	}
	vm := c.cache.vm(r)
	vm.State = clients.VMPresent
	job := c.work.jobs[id.UUID]
	switch {
	case job == nil:
		if r.beingMade {
			vm.State = clients.VMCreating
		}
	case !job.over:
		vm.State = job.purpose.state()
	case r.leftBy(job):
		vm.State = clients.VMCreating
	default:
		if job.purpose != toCreate {
			vm.FailedTask, vm.Failure = failed(job)
		}
	}
	return vm, true, nil
}

// leftBy says whether a VM is what a creation that failed has left.
func (r *record) leftBy(j *job) bool {
	return r.beingMade && j != nil && j.over && (j.purpose == toCreate && j.err != nil || j.purpose == toDiscard)
}

// discard starts to remove what a creation that failed has left. A creation that an earlier process started is looked up by its task
// first; while it is not known to have failed, nothing is removed.
func (c *Client) discard(ctx context.Context, s *session, id clients.Identity, task clients.TaskRef) error {
	j, err := c.adopt(ctx, s, id, task)
	if err != nil {
		return err
	}
	c.mu.RLock()
	r, err := c.cache.one(id)
	c.mu.RUnlock()
	if err != nil || r == nil || r.owner != id.Owner || !r.leftBy(j) {
		return err
	}
	cause := j.err
	if j.purpose == toDiscard {
		cause = j.cause
	}
	res, err := methods.Destroy_Task(ctx, s.vim, &types.Destroy_Task{This: r.ref})
	if isGone(err) {
		return nil
	}
	if err != nil {
		return classify(fmt.Errorf("cannot remove VM %q, which is half made: %w", r.name, err))
	}
	c.track(ctx, s, &job{task: res.Returnval, uuid: r.uuid, purpose: toDiscard, cause: cause})
	return nil
}

// failed returns what a job was to do and why it failed; nothing if it did not.
func failed(j *job) (clients.TaskKind, error) {
	if j.err == nil {
		return "", nil
	}
	return j.purpose.kind(), j.err
}

// one returns the VM of an identity, nil when the cache has none.
func (c *cache) one(id clients.Identity) (*record, error) {
	found := c.find(id.UUID)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	paths := make([]string, 0, len(found))
	for _, r := range found {
		paths = append(paths, c.path(r.ref))
	}
	return nil, clients.NewError(clients.Conflict, "VM", fmt.Errorf("%d VMs have the instance UUID %s: %s", len(found), id.UUID, strings.Join(paths, ", ")))
}

// vm returns a record in the port's terms.
func (c *cache) vm(r *record) clients.VM {
	vm := clients.VM{
		Owner:         r.owner,
		ID:            r.ref.Value,
		Name:          r.name,
		PowerState:    r.power,
		BootID:        r.booted,
		CPU:           r.hardware.cpus,
		MemoryMiB:     r.hardware.memoryMiB,
		Firmware:      r.hardware.firmware,
		SecureBoot:    r.hardware.secureBoot,
		HotAdd:        clients.HotAdd{CPU: r.hardware.cpuHotAdd, Memory: r.hardware.memoryHotAdd},
		Plug:          c.plug(r),
		GuestTools:    r.tools,
		Hostname:      r.hostname,
		IPAddresses:   slices.Clone(r.addresses),
		Placement:     c.placement(r),
		GuestDataHash: r.guestData,
		Tags:          slices.Clone(r.tags),
		Attributes:    maps.Clone(r.attributes),
	}
	for _, n := range r.nics {
		vm.Networks = append(vm.Networks, clients.NetworkObservation{
			Name: n.name, Network: c.networkName(n), Model: n.model, MACAddress: n.mac, IPAddresses: slices.Clone(n.addresses),
		})
	}
	for _, d := range r.disks {
		why := r.growWhy(d)
		vm.Disks = append(vm.Disks, clients.DiskObservation{
			Name: d.name, SizeGiB: (d.bytes + gib - 1) / gib, Datastore: c.name(d.datastore), Path: d.file,
			Controller: d.slot.kind, Thick: d.thick, Growable: why == "", GrowWhy: why,
		})
	}
	return vm
}

// plug says what can be changed of a VM now.
func (c *cache) plug(r *record) clients.HotPlug {
	return r.plug(int32(get[int16](c.objects[r.host], "summary.hardware.numCpuThreads")))
}

// placement says where a VM is. Its datastore is that of its first disk.
func (c *cache) placement(r *record) clients.Placement {
	at := clients.Placement{Host: c.name(r.host), Folder: c.folder(r.parent)}
	if dc, ok := c.datacenter(r.ref); ok {
		at.Datacenter = c.name(dc)
	}
	if cluster, ok := c.parent(r.host); ok {
		if cluster.Type == "ClusterComputeResource" {
			at.Cluster = c.name(cluster)
		}
		if r.pool != get[types.ManagedObjectReference](c.objects[cluster], "resourcePool") {
			at.ResourcePool = c.name(r.pool)
		}
	}
	if len(r.disks) > 0 {
		at.Datastore = c.name(r.disks[0].datastore)
	}
	return at
}

// networkName returns the name of the network that an interface is connected to.
func (c *cache) networkName(n nic) string {
	switch {
	case n.network != "":
		return n.network
	case n.opaque != "":
		for ref, p := range c.objects {
			if s := get[types.OpaqueNetworkSummary](p, "summary"); ref.Type == "OpaqueNetwork" && s.OpaqueNetworkId == n.opaque {
				return c.name(ref)
			}
		}
	}
	return c.name(n.portGroup)
}

// explain names the VM that had the name first, when a creation failed for that.
func (c *Client) explain(id clients.Identity, err error) error {
	other, ok := duplicateOf(err)
	if !ok {
		return err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return conflict(id, c.cache.path(other))
}

// conflict says that a VM of somebody else has the name.
func conflict(id clients.Identity, path string) error {
	return clients.NewError(clients.Conflict, "VM", fmt.Errorf("cannot create VM %q: %s exists and is not ours", id.Name, path))
}
