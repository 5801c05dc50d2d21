// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	username = "administrator@vsphere.local"
	password = "correct horse"

	// patience is how long a test waits for what must happen; it is not expected to be used up.
	patience = time.Minute
)

// A site is a vCenter with an administrator, who looks at it past our client.
type site struct {
	t      testing.TB
	server *vcenter.Server
	admin  *govmomi.Client
}

func newSite(tb testing.TB, dcs ...vcenter.Datacenter) *site {
	tb.Helper()
	s, err := vcenter.Start(vcenter.Options{Username: username, Password: password, Datacenters: dcs})
	if err != nil {
		tb.Fatalf("cannot start a vCenter: %v", err)
	}
	tb.Cleanup(s.Close)
	admin, err := s.Client(context.Background())
	if err != nil {
		tb.Fatalf("cannot log in: %v", err)
	}
	return &site{t: tb, server: s, admin: admin}
}

func (s *site) config() Config {
	return Config{
		Server: s.server.URL().Host, Username: username, Password: password,
		CABundle: string(s.server.CAPEM()), ZoneTagCategory: vcenter.ZoneCategory,
	}
}

// connect returns a client in sync.
func (s *site) connect() *Client {
	s.t.Helper()
	c := s.client(s.config())
	s.await("the client to be in sync", func() bool { return c.Check(context.Background()) == nil })
	return c
}

func (s *site) client(config Config) *Client {
	s.t.Helper()
	c, err := New(config, Options{MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond})
	if err != nil {
		s.t.Fatalf("New(...): %v", err)
	}
	s.t.Cleanup(c.Close)
	return c
}

// await waits until ok.
func (s *site) await(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// awaitState waits until a VM is in a state, and returns it.
func (s *site) awaitState(c *Client, id clients.Identity, task clients.TaskRef, state clients.VMState) clients.VM {
	s.t.Helper()
	var vm clients.VM
	var err error
	s.await(fmt.Sprintf("VM %q to be %s", id.Name, state), func() bool {
		vm, err = c.ObserveVM(context.Background(), id, task)
		if err == nil && vm.Failure != nil && vm.State != state {
			s.t.Fatalf("VM %q is %s and not %s: %v", id.Name, vm.State, state, vm.Failure)
		}
		return err == nil && vm.State == state
	})
	return vm
}

// create makes a VM and waits until it is there.
func (s *site) create(c *Client, spec clients.VMSpec) clients.VM {
	s.t.Helper()
	task, err := c.CreateVM(context.Background(), spec)
	if err != nil {
		s.t.Fatalf("CreateVM(%q): %v", spec.Name, err)
	}
	return s.awaitState(c, spec.Identity, task, clients.VMPresent)
}

// vms returns the VMs that are no templates, by path, as the administrator sees them.
func (s *site) vms() map[string]mo.VirtualMachine {
	s.t.Helper()
	ctx := context.Background()
	all := map[string]mo.VirtualMachine{}
	list, err := find.NewFinder(s.admin.Client).VirtualMachineList(ctx, "/...")
	if err != nil {
		s.t.Fatalf("cannot list VMs: %v", err)
	}
	for _, vm := range list {
		var p mo.VirtualMachine
		if err := property.DefaultCollector(s.admin.Client).RetrieveOne(ctx, vm.Reference(), []string{"name", "config", "runtime", "guest", "datastore", "network"}, &p); err != nil {
			s.t.Fatalf("cannot read VM %q: %v", vm.InventoryPath, err)
		}
		if !p.Config.Template {
			all[vm.InventoryPath] = p
		}
	}
	return all
}

// paths of the VMs that are no templates.
func (s *site) paths() []string { return slices.Sorted(maps.Keys(s.vms())) }

// spec returns the spec of a small VM.
func spec(name string) clients.VMSpec {
	return clients.VMSpec{
		Identity: clients.Identity{
			UUID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(name)).String(), Owner: "owner-of-" + name, Name: name, Namespace: "default",
		},
		Image: clients.Image{Name: "nginx-image"}, CPU: 2, MemoryMiB: 2048,
	}
}

// optionOf returns a value of a VM's extra configuration.
func optionOf(vm mo.VirtualMachine, key string) string {
	for _, o := range vm.Config.ExtraConfig {
		if v := o.GetOptionValue(); v.Key == key {
			return fmt.Sprint(v.Value)
		}
	}
	return ""
}

// calls returns the SOAP calls made since before, without those that an administrator's client makes.
func (s *site) calls(before map[string]int) map[string]int {
	now := s.server.Calls()
	for method, n := range before {
		now[method] -= n
	}
	maps.DeleteFunc(now, func(method string, n int) bool { return n == 0 || strings.HasPrefix(method, "Retrieve") })
	return now
}
