// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/vcenter"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	// deployTimeout bounds the deployment of an OVF, whose disks are copied meanwhile.
	deployTimeout = 4 * time.Hour
	// maxDeployments bounds the deployments under way at once; a host copies about as many disks.
	maxDeployments = 8
	// halfMade begins the names of VMs that are being deployed.
	halfMade = "virtrigaud-"
)

// A VM that is deployed from a library cannot be given our mark, nor its UUID, from the start, and nobody can be asked how a
// deployment goes whose caller is gone. So it is deployed under a name that no other VM has, which follows from its UUID. When
// all is done one last call gives it UUID, mark and name together. A VM of such a name that no deployment of this process is at
// work on was left by one that ended: it never was whole, and is removed.

// halfMadeName is the name of a VM while it is being deployed.
func halfMadeName(uuid string) string { return halfMade + uuid }

// startDeployment starts to deploy an item of a content library.
func (c *Client) startDeployment(ctx context.Context, s *session, spec clients.VMSpec, item libraryItem) error {
	if spec.Linked {
		return clients.NewError(clients.Unsupported, "Image", errors.New("an item of a content library has no snapshot to link a clone to: leave linked out"))
	}
	t, err := c.resolve(spec, &record{})
	if err != nil {
		return err
	}
	if err := c.makeFolders(ctx, s, &t); err != nil {
		return err
	}
	background, stop := context.WithTimeout(c.background, deployTimeout)
	j := &job{uuid: spec.UUID, purpose: toCreate, reserved: reserve(spec, t), stop: stop, began: time.Now()}
	c.mu.Lock()
	c.work.jobs[spec.UUID] = j
	c.mu.Unlock()
	c.deployments.Go(func() {
		defer stop()
		err := c.deploy(background, s, spec, t, item)
		c.mu.Lock()
		if clients.ClassOf(err) == clients.Unreachable {
			c.work.unsure = true
		}
		over := *j
		over.over, over.err = true, err
		if c.work.jobs[spec.UUID] == j {
			c.work.jobs[spec.UUID] = &over
		}
		c.mu.Unlock()
		c.options.Recorder.Task(clients.TaskCreate, time.Since(j.began), clients.ClassOf(err))
		c.notify(spec.UUID)
	})
	return nil
}

// deploy makes a VM of an item, step by step. Until the last one it has the name of a VM that is half made.
func (c *Client) deploy(ctx context.Context, s *session, spec clients.VMSpec, t target, item libraryItem) error {
	select {
	case c.deploying <- struct{}{}:
		defer func() { <-c.deploying }()
	case <-ctx.Done():
		return classify(ctx.Err())
	}
	var vm ref
	err := c.restCall(ctx, s, deployTimeout, func(ctx context.Context, rc *rest.Client) (err error) {
		vm, err = deployItem(ctx, vcenter.NewManager(rc), spec, t, item)
		return err
	})
	if err != nil {
		return err
	}
	// Copying may have outlasted the session.
	if s, err = c.await(ctx); err != nil {
		return err
	}
	config, err := c.fill(ctx, s, spec, &t, vm)
	if err != nil {
		return err
	}
	custom, err := customization(spec.Identity, spec.GuestData, t.interfaces())
	if err != nil {
		return err
	}
	if custom != nil {
		if err := c.customize(ctx, s, vm, config, custom); err != nil {
			return err
		}
		config = &types.VirtualMachineConfigSpec{InstanceUuid: spec.UUID, ExtraConfig: config.ExtraConfig}
	}
	config.Name = spec.Name
	if err := c.configure(ctx, s, vm, *config); err != nil {
		return c.explain(spec.Identity, err)
	}
	return nil
}

// await returns the session, when there is one.
func (c *Client) await(ctx context.Context) (*session, error) {
	t := time.NewTicker(c.options.MinBackoff)
	defer t.Stop()
	for {
		s, err := c.ready()
		if err == nil {
			return s, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-t.C:
		}
	}
}

// deployItem copies the item to a VM.
func deployItem(ctx context.Context, m *vcenter.Manager, spec clients.VMSpec, t target, item libraryItem) (ref, error) {
	deploy := deployOVF
	if item.isTemplate {
		deploy = deployTemplate
	}
	vm, err := deploy(ctx, m, spec, t, item.id)
	if err != nil {
		return ref{}, fmt.Errorf("cannot deploy item %q: %w", spec.Image, err)
	}
	return *vm, nil
}

// deployTemplate copies a VM template.
func deployTemplate(ctx context.Context, m *vcenter.Manager, spec clients.VMSpec, t target, id string) (*ref, error) {
	on := &vcenter.DiskStorage{Datastore: t.datastore.Value}
	return m.DeployTemplateLibraryItem(ctx, id, vcenter.DeployTemplate{
		Name: halfMadeName(spec.UUID), DiskStorage: on, VMHomeStorage: on,
		Placement: &vcenter.Placement{Folder: t.folder.Value, ResourcePool: t.pool.Value, Host: t.host.Value},
	})
}

// deployOVF copies an OVF. The interfaces that it wants are connected to the VM's first network until they are replaced.
func deployOVF(ctx context.Context, m *vcenter.Manager, spec clients.VMSpec, t target, id string) (*ref, error) {
	deployment := vcenter.Deploy{
		DeploymentSpec: vcenter.DeploymentSpec{
			Name: halfMadeName(spec.UUID), AcceptAllEULA: true, DefaultDatastoreID: t.datastore.Value, StorageProvisioning: "thin",
		},
		Target: vcenter.Target{ResourcePoolID: t.pool.Value, HostID: t.host.Value, FolderID: t.folder.Value},
	}
	if t.network != (ref{}) {
		wants, err := m.FilterLibraryItem(ctx, id, vcenter.FilterRequest{Target: deployment.Target})
		if err != nil {
			return nil, err
		}
		for _, n := range wants.Networks {
			deployment.NetworkMappings = append(deployment.NetworkMappings, vcenter.NetworkMapping{Key: n, Value: t.network.Value})
		}
	}
	return m.DeployLibraryItem(ctx, id, deployment)
}

// fill describes all that the deployed VM lacks, by the devices that it has.
func (c *Client) fill(ctx context.Context, s *session, spec clients.VMSpec, t *target, vm ref) (*types.VirtualMachineConfigSpec, error) {
	var vms []mo.VirtualMachine
	if err := retrieve(ctx, s, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: vm}},
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"config.hardware", "config.firmware"}}},
	}, &vms); err != nil {
		return nil, classify(fmt.Errorf("cannot read the VM that was deployed: %w", err))
	}
	if len(vms) != 1 || vms[0].Config == nil {
		return nil, clients.NewError(clients.Unknown, "VM", errors.New("cannot read the VM that was deployed: the vCenter knows nothing of it"))
	}
	config := vms[0].Config
	t.devices = config.Hardware.Device
	t.image = &record{ref: vm, name: spec.Image.String(), hardware: hardware{firmware: clients.BIOS}}
	if n := config.Hardware.NumCoresPerSocket; n != nil {
		t.image.hardware.cores = *n
	}
	if config.Firmware == string(types.GuestOsDescriptorFirmwareTypeEfi) {
		t.image.hardware.firmware = clients.UEFI
	}
	filled, err := newConfigSpec(spec, *t)
	if err != nil {
		return nil, refused(spec, err)
	}
	return filled, nil
}

// customize gives the VM its hardware, which a customization has to fit, and then the customization.
func (c *Client) customize(ctx context.Context, s *session, vm ref, config *types.VirtualMachineConfigSpec, custom *types.CustomizationSpec) error {
	hardware := *config
	hardware.InstanceUuid, hardware.ExtraConfig = "", nil
	if err := c.configure(ctx, s, vm, hardware); err != nil {
		return err
	}
	res, err := methods.CustomizeVM_Task(ctx, s.vim, &types.CustomizeVM_Task{This: vm, Spec: *custom})
	if err != nil {
		return classify(fmt.Errorf("cannot customize the VM: %w", err))
	}
	return c.ended(ctx, s, res.Returnval)
}

// configure changes the VM and waits until that is done.
func (c *Client) configure(ctx context.Context, s *session, vm ref, config types.VirtualMachineConfigSpec) error {
	res, err := methods.ReconfigVM_Task(ctx, s.vim, &types.ReconfigVM_Task{This: vm, Spec: config})
	if err != nil {
		return classify(fmt.Errorf("cannot configure the VM: %w", err))
	}
	return c.ended(ctx, s, res.Returnval)
}

// ended waits until a task has ended, and returns why it failed.
func (c *Client) ended(ctx context.Context, s *session, started ref) error {
	err := object.NewTask(s.vim, started).Wait(ctx)
	if e := (task.Error{}); errors.As(err, &e) {
		return failure(toCreate, e.LocalizedMethodFault)
	}
	return classify(err)
}

// clear removes what a deployment that has ended left. It returns errUnderway while there is something, and an error when that is
// somebody's.
func (c *Client) clear(ctx context.Context, s *session, id clients.Identity) error {
	c.mu.RLock()
	left := c.cache.halfMade(id.UUID)
	c.mu.RUnlock()
	if left == nil {
		return nil
	}
	if left.beingMade {
		return errUnderway
	}
	if left.owner != "" || left.power != clients.PoweredOff {
		return clients.NewError(clients.Conflict, "VM", fmt.Errorf("VM %q has the name of a VM that is being made, and is marked or powered on: it is left alone", left.name))
	}
	// The last step of the deployment may have been done without our hearing of it.
	var vms []mo.VirtualMachine
	err := retrieve(ctx, s, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: left.ref}},
		PropSet:   []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{"name"}}},
	}, &vms)
	if isGone(err) || err == nil && (len(vms) == 0 || vms[0].Name != left.name) {
		return errUnderway
	}
	if err == nil {
		_, err = methods.Destroy_Task(ctx, s.vim, &types.Destroy_Task{This: left.ref})
	}
	if err = classify(err); err != nil && clients.ClassOf(err) != clients.Busy {
		return fmt.Errorf("cannot remove VM %q, which is half made: %w", left.name, err)
	}
	return errUnderway
}

// halfMade returns the VM that a deployment is at work on or has left, nil when there is none.
func (c *cache) halfMade(uuid string) *record {
	for _, r := range c.vms {
		if r.name == halfMadeName(uuid) {
			return r
		}
	}
	return nil
}
