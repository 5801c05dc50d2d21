// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestRefusals(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	type want struct {
		class   clients.Class
		subject string
	}
	cases := map[string]struct {
		reason string
		change func(*clients.VMSpec)
		want   want
	}{
		"Image":       {"A missing template is named.", func(v *clients.VMSpec) { v.Image.Name = "missing" }, want{clients.NotFound, "Image"}},
		"ImagePath":   {"So is a missing path.", func(v *clients.VMSpec) { v.Image.Name = "/prod-dc/vm/nginx-image" }, want{clients.NotFound, "Image"}},
		"Network":     {"A missing network is named.", func(v *clients.VMSpec) { v.Networks = []clients.Network{{Name: "a", Network: "missing"}} }, want{clients.NotFound, "Network"}},
		"Datastore":   {"A missing datastore is named.", func(v *clients.VMSpec) { v.Placement.Datastore = "missing" }, want{clients.NotFound, "Datastore"}},
		"Host":        {"A missing host is named.", func(v *clients.VMSpec) { v.Placement.Host = "missing" }, want{clients.NotFound, "Host"}},
		"Cluster":     {"A missing cluster is named.", func(v *clients.VMSpec) { v.Placement.Cluster = "missing" }, want{clients.NotFound, "Cluster"}},
		"HostCluster": {"A host of another cluster contradicts.", func(v *clients.VMSpec) { v.Placement.Cluster, v.Placement.Host = "prod-cluster-1", "esxi-04" }, want{clients.Invalid, "Host"}},
		"Linked":      {"A template without a snapshot cannot be linked to.", func(v *clients.VMSpec) { v.Linked = true }, want{clients.NotFound, "Snapshot"}},
		"Datacenter":  {"A missing datacenter is named.", func(v *clients.VMSpec) { v.Placement.Datacenter = "missing" }, want{clients.NotFound, "Datacenter"}},
		"Pod":         {"A missing datastore cluster is named.", func(v *clients.VMSpec) { v.Placement.DatastoreCluster = "missing" }, want{clients.NotFound, "DatastoreCluster"}},
		"Pool":        {"A missing resource pool is named.", func(v *clients.VMSpec) { v.Placement.ResourcePool = "missing" }, want{clients.NotFound, "ResourcePool"}},
		"DiskStore":   {"So is a missing datastore of a disk.", func(v *clients.VMSpec) { v.Disks = []clients.Disk{{Name: "a", SizeGiB: 1, Datastore: "missing"}} }, want{clients.NotFound, "Datastore"}},
		"Shrink":      {"A root disk does not shrink.", func(v *clients.VMSpec) { v.Disks = []clients.Disk{{Name: clients.RootDisk, SizeGiB: 1}} }, want{clients.Invalid, "Disk"}},
		"Thick":       {"A thick disk needs its room.", func(v *clients.VMSpec) { v.Disks = []clients.Disk{{Name: "a", SizeGiB: 5000, Thick: true}} }, want{clients.Capacity, "Datastore"}},
		"SecureBoot":  {"Secure boot needs UEFI.", func(v *clients.VMSpec) { v.SecureBoot = true }, want{clients.Invalid, "Firmware"}},
		"Model": {"A model of another hypervisor is refused.", func(v *clients.VMSpec) {
			v.Networks = []clients.Network{{Name: "a", Network: "VM Network", Model: "VIRTIO"}}
		}, want{clients.Unsupported, "Network"}},
		"Bridge":     {"There are no bridges.", func(v *clients.VMSpec) { v.Networks = []clients.Network{{Name: "a", Bridge: "br0"}} }, want{clients.Unsupported, "Network"}},
		"Controller": {"A controller of another hypervisor is refused.", func(v *clients.VMSpec) { v.Disks = []clients.Disk{{Name: "a", SizeGiB: 1, Controller: "virtio"}} }, want{clients.Invalid, "VM"}},
		"GuestData":  {"A guest can read only so much.", func(v *clients.VMSpec) { v.GuestData.UserData = incompressible(1 << 20) }, want{clients.Invalid, "GuestData"}},
		"Computer": {"The name of a Windows computer is short.", func(v *clients.VMSpec) {
			v.GuestData.Prep, v.GuestData.Hostname = clients.PrepWindows, "longer-than-fifteen"
		}, want{clients.Invalid, "GuestData"}},
		"TooManyDisks": {"There are only so many places for disks.", func(v *clients.VMSpec) {
			v.Disks = make([]clients.Disk, 60)
		}, want{clients.Invalid, "VM"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := spec("web-1")
			tc.change(&v)
			for what, refusal := range map[string]func() error{
				"CheckVM":  func() error { return c.CheckVM(t.Context(), v) },
				"CreateVM": func() error { _, err := c.CreateVM(t.Context(), v); return err },
			} {
				err := refusal()
				if diff := cmp.Diff(tc.want, want{clients.ClassOf(err), clients.SubjectOf(err)}, cmp.AllowUnexported(want{})); diff != "" {
					t.Errorf("%s\n%s: %v: -want, +got:\n%s", tc.reason, what, err, diff)
				}
			}
		})
	}
	if left := s.paths(); len(left) != 0 {
		t.Errorf("VMs were made: %v", left)
	}
}

// incompressible returns text that cannot be made shorter by much.
func incompressible(n int) string {
	source := rand.NewChaCha8([32]byte{})
	raw := make([]byte, n/2)
	_, _ = source.Read(raw)
	return hex.EncodeToString(raw)
}

func TestImageByPath(t *testing.T) {
	s := newSite(t)
	v := spec("web-1")
	v.Image.Name = "/prod-dc/vm/Templates/ubuntu-22-04"
	s.create(s.connect(), v)
	s.one()
}

func TestForeignVM(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	foreign := spec("web-1")
	foreign.UUID, foreign.Owner = "11111111-1111-4111-8111-111111111111", "somebody-else"
	s.create(c, foreign)

	_, err := c.CreateVM(t.Context(), spec("web-1"))
	if clients.ClassOf(err) != clients.Conflict || !strings.Contains(err.Error(), "/prod-dc/vm/web-1") {
		t.Errorf("CreateVM beside a VM of the same name: %v, want a conflict that names it", err)
	}
	sameUUID := spec("web-1")
	sameUUID.UUID = foreign.UUID
	if _, err := c.CreateVM(t.Context(), sameUUID); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("CreateVM with the UUID of a VM of somebody else: %v, want class Conflict", err)
	}
	if err := c.DeleteVM(t.Context(), sameUUID.Identity, clients.DeleteOptions{}); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("DeleteVM: %v, want class Conflict", err)
	}
	if err := c.PowerVM(t.Context(), sameUUID.Identity, clients.ActionPowerOn); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("PowerOnVM: %v, want class Conflict", err)
	}
	if vm := s.vms()["/prod-dc/vm/web-1"]; optionOf(vm, KeyOwner) != "somebody-else" || vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff {
		t.Error("the VM of somebody else was touched")
	}
}

// TestForeignVMAppears lets somebody take the name while our clone is under way.
func TestForeignVMAppears(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	gate := make(chan struct{})
	s.server.Inject(vcenter.Rule{Method: "CloneVM_Task", Times: 1, Gate: gate})
	task, err := c.CreateVM(t.Context(), spec("web-1"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := spec("web-1")
	foreign.UUID, foreign.Owner = "11111111-1111-4111-8111-111111111111", "somebody-else"
	s.create(s.connectPastSuspects(), foreign)
	close(gate)
	vm := s.awaitState(c, spec("web-1").Identity, task, clients.VMAbsent)
	if clients.ClassOf(vm.Failure) != clients.Conflict || !strings.Contains(vm.Failure.Error(), "/prod-dc/vm/web-1") {
		t.Errorf("Failure is %v, want a conflict that names the VM", vm.Failure)
	}
}

// connectPastSuspects returns a client that takes no clone task for its own, as another account's would.
func (s *site) connectPastSuspects() *Client {
	c := s.connect()
	c.mu.Lock()
	clear(c.work.suspects)
	c.mu.Unlock()
	return c
}

func TestSameUUIDTwice(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.create(c, spec("web-1"))
	s.create(c, spec("web-2"))
	for _, vm := range s.vms() {
		if vm.Name != "web-2" {
			continue
		}
		if err := s.server.SetInstanceUUID(vm.Self, spec("web-1").UUID); err != nil {
			t.Fatal(err)
		}
	}
	s.await("a conflict", func() bool {
		_, err := c.ObserveVM(t.Context(), spec("web-1").Identity, "")
		return clients.ClassOf(err) == clients.Conflict
	})
	if err := c.DeleteVM(t.Context(), spec("web-1").Identity, clients.DeleteOptions{}); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("DeleteVM: %v, want class Conflict", err)
	}
}

func TestInvalidConfig(t *testing.T) {
	cases := map[string]struct {
		reason string
		config Config
	}{
		"NoServer":   {"There must be a vCenter.", Config{Username: "a", Password: "b"}},
		"Plain":      {"A password is not sent in the clear.", Config{Server: "http://a/sdk", Username: "a", Password: "b"}},
		"NoPassword": {"There must be a password.", Config{Server: "a", Username: "a"}},
		"Bundle":     {"A bundle without certificates is a mistake.", Config{Server: "a", Username: "a", Password: "b", CABundle: "x"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := New(tc.config, Options{}); clients.ClassOf(err) != clients.Invalid {
				t.Errorf("%s\nNew: %v, want class Invalid", tc.reason, err)
			}
		})
	}
}
