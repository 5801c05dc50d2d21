// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// TestCreationInterrupted ends the provider, or loses a request or a reply, at each step of a creation that takes several: a
// linked clone whose image has no snapshot yet, in a folder that is not there yet.
func TestCreationInterrupted(t *testing.T) {
	cases := map[string]struct {
		reason string
		rule   vcenter.Rule
		crash  bool
	}{
		"Snapshot":             {"A snapshot that was not asked for is asked for again.", vcenter.Rule{Method: "CreateSnapshot_Task", LoseRequest: true}, false},
		"ReplyOfSnapshot":      {"A snapshot that was taken without our hearing of it is used.", vcenter.Rule{Method: "CreateSnapshot_Task", LoseReply: true}, false},
		"FailingSnapshot":      {"A snapshot that failed is taken again.", vcenter.Rule{Method: "CreateSnapshot_Task", TaskFault: &types.SystemError{}}, false},
		"CrashAfterSnapshot":   {"A provider that starts anew uses the snapshot.", vcenter.Rule{Method: "CreateSnapshot_Task", LoseReply: true}, true},
		"CrashBeforeSnapshot":  {"A provider that starts anew takes the snapshot.", vcenter.Rule{Method: "CreateSnapshot_Task", LoseRequest: true}, true},
		"Folder":               {"A folder that was not made is made.", vcenter.Rule{Method: "CreateFolder", LoseRequest: true}, false},
		"ReplyOfFolder":        {"A folder that was made without our hearing of it is used.", vcenter.Rule{Method: "CreateFolder", LoseReply: true}, false},
		"CrashAfterFolder":     {"A provider that starts anew uses the folder.", vcenter.Rule{Method: "CreateFolder", LoseReply: true}, true},
		"Clone":                {"A clone that did not begin is asked for again.", vcenter.Rule{Method: "CloneVM_Task", LoseRequest: true}, false},
		"ReplyOfClone":         {"A clone that began without our hearing of it is found.", vcenter.Rule{Method: "CloneVM_Task", LoseReply: true}, false},
		"CrashAfterClone":      {"A provider that starts anew finds the clone.", vcenter.Rule{Method: "CloneVM_Task", LoseReply: true}, true},
		"SessionLostAtClone":   {"Another session goes on.", vcenter.Rule{Method: "CloneVM_Task", Fault: &types.NotAuthenticated{}}, false},
		"SessionLostAtFolder":  {"Another session goes on.", vcenter.Rule{Method: "CreateFolder", Fault: &types.NotAuthenticated{}}, false},
		"SessionLostAtSearch":  {"Another session goes on.", vcenter.Rule{Method: "FindAllByUuid", Fault: &types.NotAuthenticated{}}, false},
		"ReplyOfTaskFollowing": {"The feed is made anew and follows the task.", vcenter.Rule{Method: "ModifyListView", LoseReply: true}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c := s.connect()
			s.create(c, spec("golden"))
			v := spec("web-1")
			v.Image.Name, v.Linked, v.Placement.Folder = "golden", true, "/New/Folder"
			tc.rule.Times = 1
			before := s.server.Calls()[tc.rule.Method]
			s.server.Inject(tc.rule)
			s.await("the interruption", func() bool {
				vm, err := c.ObserveVM(t.Context(), v.Identity, "")
				if err == nil && vm.State == clients.VMAbsent {
					_, _ = c.CreateVM(t.Context(), v)
				}
				return s.server.Calls()[tc.rule.Method] > before
			})
			if tc.crash {
				c.Close()
				c = s.connect()
			}
			s.persist(c, v)
			if diff := cmp.Diff([]string{"/prod-dc/vm/New/Folder/web-1", "/prod-dc/vm/golden"}, s.paths()); diff != "" {
				t.Errorf("%s\nVMs: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff([]string{baseSnapshot}, s.snapshots("/prod-dc/vm/golden")); diff != "" {
				t.Errorf("%s\nsnapshots of the image: -want, +got:\n%s", tc.reason, diff)
			}
			folders, err := find.NewFinder(s.admin.Client).FolderList(t.Context(), "/prod-dc/vm/New/*")
			if err != nil || len(folders) != 1 {
				t.Errorf("%s\nfolders in the new one are %v, %v: want one", tc.reason, folders, err)
			}
		})
	}
}

// TestCredentialsRotated changes the password while a VM is being made, and then the client.
func TestCredentialsRotated(t *testing.T) {
	s := newSite(t)
	old := s.connect()
	gate := make(chan struct{})
	s.server.Inject(heldClone(gate))
	task, err := old.CreateVM(t.Context(), spec("web-1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.server.SetPassword(username, "another one"); err != nil {
		t.Fatal(err)
	}
	config := s.config()
	config.Password = "another one"
	rotated := s.client(config)
	s.await("the new client to be in sync", func() bool { return rotated.Check(t.Context()) == nil })
	old.Close()
	if vm := s.awaitState(rotated, spec("web-1").Identity, task, clients.VMCreating); vm.Failure != nil {
		t.Errorf("the new client finds the VM failed: %v", vm.Failure)
	}
	close(gate)
	s.awaitState(rotated, spec("web-1").Identity, task, clients.VMPresent)
	s.one()
}

func TestPrivilegesAreFound(t *testing.T) {
	s := newSite(t)
	var some []string
	for _, n := range needs() {
		if n.privilege != "VirtualMachine.State.CreateSnapshot" {
			some = append(some, n.privilege)
		}
	}
	if err := s.server.SetPrivileges(username, some); err != nil {
		t.Fatal(err)
	}
	got, err := s.connect().Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"VirtualMachine.State.CreateSnapshot: snapshots cannot be taken"}, got.MissingPrivileges); diff != "" || got.Snapshots {
		t.Errorf("snapshots are possible: %t; missing privileges: -want, +got:\n%s", got.Snapshots, diff)
	}
}

func TestEqualNamesInTwoDatacenters(t *testing.T) {
	twin := vcenter.Production()
	twin.Name = "other-dc"
	twin.Clusters = []vcenter.Cluster{{Name: "other-cluster", Hosts: []string{"other-01"}}}
	s := newSite(t, vcenter.Production(), twin)
	c := s.connect()
	if _, err := c.CreateVM(t.Context(), spec("web-1")); clients.ClassOf(err) != clients.Invalid || clients.SubjectOf(err) != "Image" {
		t.Errorf("an image of both datacenters: %v, want Invalid Image", err)
	}
	for name, at := range map[string]clients.Placement{
		"by-datacenter": {Datacenter: "other-dc"}, "by-cluster": {Cluster: "other-cluster"}, "by-host": {Host: "other-01"},
	} {
		v := spec(name)
		at.Datastore, at.Folder = "ssd-datastore-1", "/Production/WebServers"
		v.Placement, v.Networks = at, []clients.Network{{Name: "a", Network: "web-tier"}}
		if vm := s.create(c, v); vm.Placement.Datacenter != "other-dc" {
			t.Errorf("%s: the VM is in %q", name, vm.Placement.Datacenter)
		}
	}
	v := spec("by-image")
	v.Image.Name = "/other-dc/vm/Templates/nginx-image"
	if vm := s.create(c, v); vm.Placement.Datacenter != "other-dc" {
		t.Errorf("by image: the VM is in %q", vm.Placement.Datacenter)
	}
}
