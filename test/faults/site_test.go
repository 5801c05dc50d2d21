// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/vsphere"
)

const (
	username      = "administrator@vsphere.local"
	firstPassword = "correct horse"
)

// golden is a VM with a snapshot, of which linked clones are made.
const golden = "golden"

// A site is a vCenter with an administrator, who looks at it past the provider, and with VMs of somebody else.
type site struct {
	t      *testing.T
	server *vcenter.Server
	admin  *govmomi.Client
	// password of the account at the moment.
	password string
	// foreign VMs as they were at first, by name.
	foreign map[string]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	server, err := vcenter.Start(vcenter.Options{Username: username, Password: firstPassword})
	if err != nil {
		t.Fatalf("cannot start a vCenter: %v", err)
	}
	t.Cleanup(server.Close)
	s := &site{t: t, server: server, password: firstPassword}
	s.login()
	s.makeForeign("legacy-db")
	s.snapshot(s.makeForeign(golden))
	s.foreign = s.others()
	return s
}

// login lets the administrator log in, anew if that was before.
func (s *site) login() {
	s.t.Helper()
	admin, err := s.server.Client(context.Background())
	if err != nil {
		s.t.Fatalf("cannot log in: %v", err)
	}
	s.admin = admin
}

// config is the ClusterProviderConfig of the vCenter.
func (s *site) config() *v1beta1.ClusterProviderConfig {
	return &v1beta1.ClusterProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Name: configName, UID: "config"},
		Spec: v1beta1.ClusterProviderConfigSpec{
			Endpoint: v1beta1.Endpoint{Type: v1beta1.ProviderVSphere, VSphere: &v1beta1.VSphereEndpoint{
				Server: s.server.URL().Host, CABundle: string(s.server.CAPEM()), ZoneTagCategory: vcenter.ZoneCategory,
			}},
			CredentialsSecretRef: &xpv2.SecretReference{Namespace: "crossplane-system", Name: configName},
		},
	}
}

// secret is the account of the vCenter.
func (s *site) secret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "crossplane-system", Name: configName, UID: "secret"},
		Data:       map[string][]byte{v1beta1.SecretKeyUsername: []byte(username), v1beta1.SecretKeyPassword: []byte(s.password)},
	}
}

// makeForeign makes a VM that is none of the provider's.
func (s *site) makeForeign(name string) *object.VirtualMachine {
	s.t.Helper()
	ctx := context.Background()
	f := find.NewFinder(s.admin.Client)
	template, err := f.VirtualMachine(ctx, "/prod-dc/vm/Templates/nginx-image")
	if err != nil {
		s.t.Fatal(err)
	}
	folder, err := f.Folder(ctx, "/prod-dc/vm/Production")
	if err != nil {
		s.t.Fatal(err)
	}
	pool, err := f.ResourcePool(ctx, "/prod-dc/host/prod-cluster-1/Resources")
	if err != nil {
		s.t.Fatal(err)
	}
	task, err := template.Clone(ctx, folder, name, types.VirtualMachineCloneSpec{Location: types.VirtualMachineRelocateSpec{Pool: types.NewReference(pool.Reference())}})
	var info *types.TaskInfo
	if err == nil {
		info, err = task.WaitForResult(ctx)
	}
	if err != nil {
		s.t.Fatalf("cannot make VM %q: %v", name, err)
	}
	ref, ok := info.Result.(types.ManagedObjectReference)
	if !ok {
		s.t.Fatalf("cannot make VM %q: unexpected result %T", name, info.Result)
	}
	return object.NewVirtualMachine(s.admin.Client, ref)
}

func (s *site) snapshot(vm *object.VirtualMachine) {
	s.t.Helper()
	task, err := vm.CreateSnapshot(context.Background(), "base", "", false, false)
	if err == nil {
		err = task.Wait(context.Background())
	}
	if err != nil {
		s.t.Fatalf("cannot take a snapshot: %v", err)
	}
}

// destroy removes a VM whoever made it.
func (s *site) destroy(vm mo.VirtualMachine) {
	ctx := context.Background()
	o := object.NewVirtualMachine(s.admin.Client, vm.Self)
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		if task, err := o.PowerOff(ctx); err == nil {
			_ = task.Wait(ctx)
		}
	}
	err := errors.New("never tried")
	for try := 0; err != nil && try < 50; try++ {
		var task *object.Task
		if task, err = o.Destroy(ctx); err == nil {
			err = task.Wait(ctx)
		}
		if err != nil {
			time.Sleep(pause)
		}
	}
	if err != nil {
		s.t.Errorf("cannot destroy VM %q: %v", vm.Name, err)
	}
}

// vms returns all VMs and templates as the administrator sees them, who tries again when the vCenter is away.
func (s *site) vms() []mo.VirtualMachine {
	s.t.Helper()
	var all []mo.VirtualMachine
	err := errors.New("never asked")
	for try := 0; err != nil && try < 50; try++ {
		if all, err = s.look(); err != nil {
			time.Sleep(pause)
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func (s *site) look() ([]mo.VirtualMachine, error) {
	ctx := context.Background()
	list, err := find.NewFinder(s.admin.Client).VirtualMachineList(ctx, "/...")
	if err != nil {
		return nil, fmt.Errorf("cannot list VMs: %w", err)
	}
	refs := make([]types.ManagedObjectReference, 0, len(list))
	for _, vm := range list {
		refs = append(refs, vm.Reference())
	}
	var all []mo.VirtualMachine
	if err := property.DefaultCollector(s.admin.Client).Retrieve(ctx, refs, []string{"name", "config", "runtime"}, &all); err != nil {
		return nil, fmt.Errorf("cannot read VMs: %w", err)
	}
	return all, nil
}

// owned returns the VMs that carry an owner's mark.
func (s *site) owned(owner string) []mo.VirtualMachine {
	s.t.Helper()
	return slices.DeleteFunc(s.vms(), func(vm mo.VirtualMachine) bool { return optionOf(vm, vsphere.KeyOwner) != owner })
}

// others returns when each VM without a mark last changed, by name.
func (s *site) others() map[string]string {
	s.t.Helper()
	others := map[string]string{}
	for _, vm := range s.vms() {
		if optionOf(vm, vsphere.KeyOwner) == "" {
			others[vm.Name] = vm.Config.ChangeVersion + " " + string(vm.Runtime.PowerState)
		}
	}
	return others
}

// hardware is what the tests ask for of a VM.
type hardware struct {
	CPUs, MemoryMiB int32
	Disks           []int64
	On              bool
}

func hardwareOf(vm mo.VirtualMachine) hardware {
	h := hardware{
		CPUs: vm.Config.Hardware.NumCPU, MemoryMiB: vm.Config.Hardware.MemoryMB,
		On: vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn,
	}
	for _, d := range object.VirtualDeviceList(vm.Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil)) {
		if disk, ok := d.(*types.VirtualDisk); ok {
			h.Disks = append(h.Disks, disk.CapacityInBytes>>30)
		}
	}
	slices.Sort(h.Disks)
	return h
}

// has says whether the one VM with a mark is of this hardware. What somebody did a moment ago may not have reached the object.
func (s *site) has(owner string, want hardware) bool {
	owned := s.owned(owner)
	return len(owned) == 1 && cmp.Equal(want, hardwareOf(owned[0]))
}

// assertOne checks that there is exactly one VM with a mark, of this hardware, and that nobody else's VM was touched.
func (s *site) assertOne(t *testing.T, owner string, want hardware) {
	t.Helper()
	owned := s.owned(owner)
	if len(owned) != 1 {
		t.Fatalf("want exactly one VM with the object's mark, got %d", len(owned))
	}
	if diff := cmp.Diff(want, hardwareOf(owned[0])); diff != "" {
		t.Errorf("hardware: -want, +got:\n%s", diff)
	}
	s.assertOthers(t)
}

// assertNone checks that there is no VM with a mark, and that nobody else's VM was touched.
func (s *site) assertNone(t *testing.T, owner string) {
	t.Helper()
	if owned := s.owned(owner); len(owned) != 0 {
		t.Errorf("want no VM with the object's mark, got %d", len(owned))
	}
	s.assertOthers(t)
}

func (s *site) assertOthers(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(s.foreign, s.others()); diff != "" {
		t.Errorf("VMs of somebody else: -before, +after:\n%s", diff)
	}
}

// optionOf returns a value of a VM's extra configuration.
func optionOf(vm mo.VirtualMachine, key string) string {
	if vm.Config == nil {
		return ""
	}
	for _, o := range vm.Config.ExtraConfig {
		if v := o.GetOptionValue(); v.Key == key {
			return fmt.Sprint(v.Value)
		}
	}
	return ""
}
