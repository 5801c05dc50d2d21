// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/view"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// VCenter is an administrator's view of the vCenter.
type VCenter struct {
	client *govmomi.Client
	vms    *view.ContainerView
	names  map[types.ManagedObjectReference]string
	parent map[types.ManagedObjectReference]types.ManagedObjectReference
}

var _ Hypervisor = &VCenter{}

// NewVCenter logs in to the local cluster's vCenter. Close ends the session.
func NewVCenter(ctx context.Context, e Env) (*VCenter, error) {
	u, err := soap.ParseURL(e.VCenterURL)
	if err != nil {
		return nil, fmt.Errorf("cannot parse the vCenter's address: %w", err)
	}
	sc := soap.NewClient(u, false)
	if e.VCenterCA != "" {
		if err := sc.SetRootCAs(e.VCenterCA); err != nil {
			return nil, fmt.Errorf("cannot load the vCenter's CA: %w", err)
		}
	}
	vc, err := vim25.NewClient(ctx, sc)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the vCenter: %w", err)
	}
	c := &govmomi.Client{Client: vc, SessionManager: session.NewManager(vc)}
	if err := c.Login(ctx, u.User); err != nil {
		return nil, fmt.Errorf("cannot log in to the vCenter: %w", err)
	}
	v := &VCenter{client: c}
	if v.vms, err = view.NewManager(vc).CreateContainerView(ctx, vc.ServiceContent.RootFolder, []string{"VirtualMachine"}, true); err != nil {
		return nil, fmt.Errorf("cannot make a view of the vCenter's VMs: %w", err)
	}
	if err := v.loadNames(ctx); err != nil {
		return nil, err
	}
	return v, nil
}

// Close ends the session.
func (v *VCenter) Close(ctx context.Context) error { return v.client.Logout(ctx) }

// loadNames learns the names of hosts, clusters and datastores, which do not change while a test looks.
func (v *VCenter) loadNames(ctx context.Context) error {
	kinds := []string{"HostSystem", "ComputeResource", "Datastore"}
	cv, err := view.NewManager(v.client.Client).CreateContainerView(ctx, v.client.ServiceContent.RootFolder, kinds, true)
	if err != nil {
		return fmt.Errorf("cannot make a view of the vCenter's hosts: %w", err)
	}
	defer func() { _ = cv.Destroy(ctx) }()
	var all []mo.ManagedEntity
	if err := cv.Retrieve(ctx, kinds, []string{"name", "parent"}, &all); err != nil {
		return fmt.Errorf("cannot read the vCenter's hosts and datastores: %w", err)
	}
	v.names, v.parent = map[types.ManagedObjectReference]string{}, map[types.ManagedObjectReference]types.ManagedObjectReference{}
	for _, o := range all {
		v.names[o.Self] = o.Name
		if o.Parent != nil {
			v.parent[o.Self] = *o.Parent
		}
	}
	return nil
}

// VMs lists the VMs whose name starts with prefix, by name. Templates are left out.
func (v *VCenter) VMs(ctx context.Context, prefix string) ([]VM, error) {
	var all []mo.VirtualMachine
	props := []string{"name", "runtime.host", "runtime.powerState", "config.template", "config.hardware.numCPU", "datastore"}
	if err := v.vms.Retrieve(ctx, []string{"VirtualMachine"}, props, &all); err != nil {
		return nil, fmt.Errorf("cannot list the vCenter's VMs: %w", err)
	}
	var vms []VM
	for _, o := range all {
		if !strings.HasPrefix(o.Name, prefix) || o.Config != nil && o.Config.Template {
			continue
		}
		vm := VM{Name: o.Name, ID: o.Self.Value, On: o.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn}
		if o.Config != nil {
			vm.CPUs = int(o.Config.Hardware.NumCPU)
		}
		if o.Runtime.Host != nil {
			vm.Host, vm.Cluster = v.names[*o.Runtime.Host], v.names[v.parent[*o.Runtime.Host]]
		}
		if len(o.Datastore) > 0 {
			vm.Disk = v.names[o.Datastore[0]]
		}
		vms = append(vms, vm)
	}
	sort.Slice(vms, func(i, j int) bool { return vms[i].Name < vms[j].Name })
	return vms, nil
}

// Traces names the VMs and templates, and what lies at the top of each datastore.
func (v *VCenter) Traces(ctx context.Context) ([]string, error) {
	var all []mo.VirtualMachine
	if err := v.vms.Retrieve(ctx, []string{"VirtualMachine"}, []string{"name"}, &all); err != nil {
		return nil, fmt.Errorf("cannot list the vCenter's VMs: %w", err)
	}
	var traces []string
	for _, o := range all {
		traces = append(traces, "VM "+o.Name)
	}
	for ref, name := range v.names {
		if ref.Type != "Datastore" {
			continue
		}
		files, err := v.filesIn(ctx, ref, fmt.Sprintf("[%s]", name))
		if err != nil {
			return nil, err
		}
		traces = append(traces, files...)
	}
	sort.Strings(traces)
	return traces, nil
}

// filesIn lists what lies in a folder of a datastore, "[datastore]" or "[datastore] folder".
func (v *VCenter) filesIn(ctx context.Context, ds types.ManagedObjectReference, folder string) ([]string, error) {
	browser, err := object.NewDatastore(v.client.Client, ds).Browser(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot browse %q: %w", folder, err)
	}
	task, err := browser.SearchDatastore(ctx, folder, &types.HostDatastoreBrowserSearchSpec{MatchPattern: []string{"*"}})
	if err != nil {
		return nil, fmt.Errorf("cannot browse %q: %w", folder, err)
	}
	info, err := task.WaitForResult(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot browse %q: %w", folder, err)
	}
	found, ok := info.Result.(types.HostDatastoreBrowserSearchResults)
	if !ok {
		return nil, fmt.Errorf("cannot browse %q: unexpected result %T", folder, info.Result)
	}
	var files []string
	for _, f := range found.File {
		files = append(files, fmt.Sprintf("file %s %s", folder, f.GetFileInfo().Path))
	}
	return files, nil
}

// PowerOff cuts a VM's power.
func (v *VCenter) PowerOff(ctx context.Context, vm VM) error {
	task, err := v.vm(vm).PowerOff(ctx)
	if err := finish(ctx, task, err); err != nil {
		return fmt.Errorf("cannot power off VM %q: %w", vm.Name, err)
	}
	return nil
}

// Destroy powers a VM off and removes it.
func (v *VCenter) Destroy(ctx context.Context, vm VM) error {
	if vm.On {
		if err := v.PowerOff(ctx, vm); err != nil {
			return err
		}
	}
	task, err := v.vm(vm).Destroy(ctx)
	if err := finish(ctx, task, err); err != nil {
		return fmt.Errorf("cannot destroy VM %q: %w", vm.Name, err)
	}
	return nil
}

func (v *VCenter) vm(vm VM) *object.VirtualMachine {
	return object.NewVirtualMachine(v.client.Client, types.ManagedObjectReference{Type: "VirtualMachine", Value: vm.ID})
}

// finish waits for a task that was started, or was not because of err.
func finish(ctx context.Context, task *object.Task, err error) error {
	if err != nil {
		return err
	}
	return task.Wait(ctx)
}
