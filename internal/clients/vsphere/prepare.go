// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// baseSnapshot is the name of the snapshot that we make of a VM to link clones to.
const baseSnapshot = "virtrigaud-base"

// makeFolders makes the folders that are missing. Who else makes one at the same time is no obstacle.
func (c *Client) makeFolders(ctx context.Context, s *session, t *target) error {
	for len(t.missing) > 0 {
		name := t.missing[0]
		var made ref
		res, err := methods.CreateFolder(ctx, s.vim, &types.CreateFolder{This: t.folder, Name: name})
		if err == nil {
			made = res.Returnval
		} else if other, ok := duplicateOf(err); ok && other.Type == "Folder" {
			made = other
		} else {
			return classify(fmt.Errorf("cannot create VM folder %q: %w", name, err))
		}
		t.folder, t.missing = made, t.missing[1:]
	}
	return nil
}

// recommend lets the vCenter choose a datastore of the target's datastore cluster. Where it does not, as when storage DRS is off,
// the one with most free space stays chosen.
func (c *Client) recommend(ctx context.Context, s *session, spec clients.VMSpec, t *target, clone types.VirtualMachineCloneSpec) {
	res, err := methods.RecommendDatastores(ctx, s.vim, &types.RecommendDatastores{
		This: *s.vim.ServiceContent.StorageResourceManager,
		StorageSpec: types.StoragePlacementSpec{
			Type: string(types.StoragePlacementSpecPlacementTypeClone),
			PodSelectionSpec: types.StorageDrsPodSelectionSpec{
				StoragePod:      &t.pod,
				InitialVmConfig: []types.VmPodConfigForPlacement{{StoragePod: t.pod}},
			},
			Vm: &t.image.ref, Folder: &t.folder, ResourcePool: &t.pool, Host: &t.host,
			CloneName: spec.Name, CloneSpec: &clone,
		},
	})
	if err != nil {
		c.options.Log.V(1).Info("The vCenter recommends no datastore", "vm", spec.Name, "error", err)
		return
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, r := range res.Returnval.Recommendations {
		for _, a := range r.Action {
			placement, ok := a.(*types.StoragePlacementAction)
			if !ok {
				continue
			}
			d := placement.Destination
			if pod, _ := c.cache.parent(d); pod == t.pod && c.cache.datastoreUnavailable(d) == "" && slices.Contains(c.cache.mounts(d), t.host) {
				t.datastore, t.datastoreName = d, c.cache.name(d)
				return
			}
		}
	}
}

// base makes the snapshot of a VM that clones are linked to, once. It returns an error of class Busy: the clone has to wait until
// the cache has it.
func (c *Client) base(ctx context.Context, s *session, image *record) error {
	c.mu.Lock()
	started, underWay := c.work.basing[image.ref]
	if !underWay {
		c.work.basing[image.ref] = ref{}
	}
	c.mu.Unlock()
	var err error
	switch {
	case underWay && started == (ref{}):
		// Another call is about to.
	case underWay:
		err = c.baseTaken(ctx, s, image, started)
	default:
		err = c.takeBase(ctx, s, image)
	}
	if err != nil {
		c.mu.Lock()
		delete(c.work.basing, image.ref)
		c.mu.Unlock()
		return classify(fmt.Errorf("cannot take a snapshot of image %q, to link clones to: %w", image.name, err))
	}
	return clients.NewError(clients.Busy, "Snapshot", fmt.Errorf("snapshot %q of image %q is being made, to link clones to", baseSnapshot, image.name))
}

// takeBase starts to take the snapshot unless the VM has one by now. While a task of an earlier process, or one whose reply was
// lost, is at work on the VM, the vCenter refuses another one.
func (c *Client) takeBase(ctx context.Context, s *session, image *record) error {
	var vms []mo.VirtualMachine
	if err := retrieve(ctx, s, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: image.ref}},
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"snapshot"}}},
	}, &vms); err != nil {
		return err
	}
	started := ref{}
	if len(vms) == 0 || vms[0].Snapshot == nil || vms[0].Snapshot.CurrentSnapshot == nil {
		res, err := methods.CreateSnapshot_Task(ctx, s.vim, &types.CreateSnapshot_Task{
			This: image.ref, Name: baseSnapshot, Description: "The clones that provider-virtrigaud made of this VM share its disks: removing it does not harm them.",
		})
		if err != nil {
			return err
		}
		started = res.Returnval
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if started == (ref{}) {
		delete(c.work.basing, image.ref)
		return nil
	}
	c.work.basing[image.ref] = started
	return nil
}

// baseTaken returns why the snapshot could not be taken, nil while it is and when it was.
func (c *Client) baseTaken(ctx context.Context, s *session, image *record, started ref) error {
	var tasks []mo.Task
	err := retrieve(ctx, s, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: started}},
		PropSet:   []types.PropertySpec{{Type: "Task", PathSet: []string{"info"}}},
	}, &tasks)
	if isGone(err) || err == nil && len(tasks) == 0 {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.work.basing, image.ref)
		return nil
	}
	if err == nil && tasks[0].Info.Error != nil {
		return task.Error{LocalizedMethodFault: tasks[0].Info.Error}
	}
	return err
}
