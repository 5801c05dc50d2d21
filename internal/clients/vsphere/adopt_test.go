// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// orphan makes a VM that carries no mark, as people make them.
func (s *site) orphan(c *Client, v clients.VMSpec) {
	s.t.Helper()
	s.create(c, v)
	s.byHand(v.Name, types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: KeyOwner, Value: ""}, &types.OptionValue{Key: KeyNamespace, Value: ""},
		&types.OptionValue{Key: keyDisks, Value: ""}, &types.OptionValue{Key: keyNetworks, Value: ""},
	}})
	s.await("the mark to be gone", func() bool { return s.settle(c, v.Identity).Owner == "" })
}

func TestFindVM(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	one, other, twin := spec("web-1"), spec("web-2"), spec("web-2")
	other.Placement.Folder = "/Production/WebServers"
	twin.UUID = "11111111-1111-4111-8111-111111111111"
	for _, v := range []clients.VMSpec{one, other, twin} {
		s.create(c, v)
	}
	cases := map[string]struct {
		reason string
		name   string
		want   string
		class  clients.Class
	}{
		"Name":     {reason: "A name that only one VM has.", name: "web-1", want: one.UUID},
		"Twins":    {reason: "A name that two have.", name: "web-2", class: clients.Conflict},
		"Path":     {reason: "A path names one of them.", name: "/prod-dc/vm/Production/WebServers/web-2", want: other.UUID},
		"Folder":   {reason: "So does that below the datacenter's VM folder.", name: "/Production/WebServers/web-2", want: other.UUID},
		"Top":      {reason: "Also when it is in none.", name: "/web-2", want: twin.UUID},
		"Template": {reason: "A template is no VM.", name: "nginx-image", class: clients.NotFound},
		"Nobody":   {reason: "Nothing has the name.", name: "/prod-dc/vm/web-9", class: clients.NotFound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := c.FindVM(t.Context(), tc.name)
			if got != tc.want || clients.ClassOf(err) != tc.class {
				t.Errorf("%s\nFindVM(%q): %q, %v, want %q and class %q", tc.reason, tc.name, got, err, tc.want, tc.class)
			}
		})
	}
}

func TestAdoptVM(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	v := spec("web-1")
	v.Networks = []clients.Network{{Name: "primary", Network: "VM Network"}, {Name: "web", Network: "web-tier"}}
	v.Disks = []clients.Disk{{Name: "data", SizeGiB: 10}, {Name: "logs", SizeGiB: 3}}
	s.orphan(c, v)
	id := v.Identity
	if err := c.PowerVM(t.Context(), id, clients.ActionPowerOn); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("PowerVM of a VM without a mark: %v, want class Conflict", err)
	}
	if err := c.ReconfigureVM(t.Context(), id, clients.Change{CPU: 8}); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("ReconfigureVM of a VM without a mark: %v, want class Conflict", err)
	}

	// The disks are known by their sizes, whatever their order.
	adopted := v
	adopted.Disks = []clients.Disk{{Name: "l", SizeGiB: 3}, {Name: "none", SizeGiB: 99}, {Name: "d", SizeGiB: 10}}
	s.server.Inject(vcenter.Rule{Method: "ReconfigVM_Task", Times: 1, LoseReply: true})
	s.await("the VM to be adopted", func() bool {
		if err := c.AdoptVM(t.Context(), adopted); err != nil && clients.ClassOf(err) != clients.Unreachable && clients.ClassOf(err) != clients.Busy {
			t.Fatalf("AdoptVM: %v", err)
		}
		vm, err := c.ObserveVM(t.Context(), id, "")
		return err == nil && vm.State == clients.VMPresent && vm.Owner == id.Owner
	})
	vm := s.settle(c, id)
	var names []string
	for _, d := range vm.Disks {
		names = append(names, d.Name)
	}
	for _, n := range vm.Networks {
		names = append(names, n.Name)
	}
	if diff := cmp.Diff([]string{clients.RootDisk, "d", "l", "primary", "web"}, names); diff != "" {
		t.Errorf("names: -want, +got:\n%s", diff)
	}
	if got := s.vm("web-1"); got.Config.InstanceUuid != id.UUID || optionOf(got, KeyNamespace) != "default" {
		t.Errorf("the VM has instance UUID %s and namespace %q", got.Config.InstanceUuid, optionOf(got, KeyNamespace))
	}
	thief := adopted
	thief.Owner = "somebody-else"
	if err := c.AdoptVM(t.Context(), thief); clients.ClassOf(err) != clients.Conflict {
		t.Errorf("AdoptVM of a VM with a mark: %v, want class Conflict", err)
	}
	nobody := spec("web-9")
	if err := c.AdoptVM(t.Context(), nobody); clients.ClassOf(err) != clients.NotFound {
		t.Errorf("AdoptVM of no VM: %v, want class NotFound", err)
	}
}

func TestLabels(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	zoneA, zoneB := clients.Tag{Category: vcenter.ZoneCategory, Name: "zone-a"}, clients.Tag{Category: vcenter.ZoneCategory, Name: "zone-b"}
	attached := func() []string {
		rc := rest.NewClient(s.admin.Client)
		if err := rc.Login(t.Context(), s.admin.URL().User); err != nil {
			// The administrator's client keeps no password.
			if err := rc.Login(t.Context(), s.server.URL().User); err != nil {
				t.Fatal(err)
			}
		}
		all, err := tags.NewManager(rc).GetAttachedTags(t.Context(), s.vm("web-1").Self)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, tag := range all {
			names = append(names, tag.Name)
		}
		return names
	}
	steps := []struct {
		reason     string
		change     clients.Change
		class      clients.Class
		tags       []string
		attributes map[string]string
	}{
		{
			reason: "Tags and attributes are given, attributes made where there are none.",
			change: clients.Change{CPU: 4, SetTags: true, Tags: []clients.Tag{zoneA}, SetAttributes: true, Attributes: map[string]string{"owner": "me", "cost-center": "42"}},
			tags:   []string{"zone-a"}, attributes: map[string]string{"owner": "me", "cost-center": "42"},
		},
		{
			reason: "What is not wanted any more goes.",
			change: clients.Change{SetTags: true, Tags: []clients.Tag{zoneB}, SetAttributes: true, Attributes: map[string]string{"owner": "you"}},
			tags:   []string{"zone-b"}, attributes: map[string]string{"owner": "you"},
		},
		{
			reason: "A tag that does not exist is named, and none is given.",
			change: clients.Change{SetTags: true, Tags: []clients.Tag{zoneA, {Category: "x", Name: "y"}}}, class: clients.NotFound,
			tags: []string{"zone-b"}, attributes: map[string]string{"owner": "you"},
		},
		{reason: "What is not asked for stays.", change: clients.Change{CPU: 2}, tags: []string{"zone-b"}, attributes: map[string]string{"owner": "you"}},
		{reason: "All can go.", change: clients.Change{SetTags: true, SetAttributes: true}},
	}
	for _, step := range steps {
		for again := range 2 {
			before := s.server.Calls()["ReconfigVM_Task"]
			if err := c.ReconfigureVM(t.Context(), id, step.change); clients.ClassOf(err) != step.class {
				t.Fatalf("%s\nReconfigureVM: %v of class %q, want %q", step.reason, err, clients.ClassOf(err), step.class)
			}
			s.await("the VM to say what it was given", func() bool {
				vm := s.settle(c, id)
				return cmp.Diff(step.attributes, vm.Attributes) == "" && len(vm.Tags) == len(step.tags)
			})
			if diff := cmp.Diff(step.tags, attached()); diff != "" {
				t.Errorf("%s\ntags in the vCenter: -want, +got:\n%s", step.reason, diff)
			}
			if n := s.server.Calls()["ReconfigVM_Task"] - before; again == 1 && n != 0 {
				t.Errorf("%s\nthe same again took %d calls", step.reason, n)
			}
		}
	}
}
