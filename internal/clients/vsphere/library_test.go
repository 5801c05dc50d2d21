// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// deployment is the REST call that deploys an OVF.
const deployment = "POST /rest/com/vmware/vcenter/ovf/library-item/id:{id}?~action=deploy"

// ovf returns the spec of a VM that is made from an OVF of a content library.
func ovf(name string) clients.VMSpec {
	v := spec(name)
	v.Image = clients.Image{Library: "vm-images", Item: "ubuntu-22-04-ovf"}
	return v
}

func TestLibrary(t *testing.T) {
	cases := map[string]struct {
		reason string
		item   string
		calls  map[string]int
	}{
		"OVF":      {"An OVF is deployed.", "ubuntu-22-04-ovf", map[string]int{deployment: 1, "ReconfigVM_Task": 1}},
		"Template": {"So is a VM template of which the vCenter does not say where it is.", "ubuntu-22-04-vmtx", map[string]int{deployment: 0, "ReconfigVM_Task": 1}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newLibrarySite(t)
			c := s.connect()
			v := ovf("web-1")
			v.Image.Item = tc.item
			v.GuestData.Hostname = "frontend"
			v.Networks = []clients.Network{{Name: "a", Network: "web-tier", Address: "10.0.0.5/8"}}
			v.Disks = []clients.Disk{{Name: clients.RootDisk, SizeGiB: 9}, {Name: "data", SizeGiB: 3}}
			v.Placement = clients.Placement{Host: "esxi-05", Datastore: "ssd-datastore-2", Folder: "/New/Folder"}
			if err := c.CheckVM(t.Context(), v); err != nil {
				t.Errorf("%s\nCheckVM: %v", tc.reason, err)
			}
			before := s.server.Calls()
			vm := s.create(c, v)
			got := s.server.Calls()
			for call, want := range tc.calls {
				if n := got[call] - before[call]; n != want {
					t.Errorf("%s\n%s was called %d times, want %d", tc.reason, call, n, want)
				}
			}
			if vm.Owner != v.Owner || vm.CPU != 2 || vm.MemoryMiB != 2048 || len(vm.Disks) != 2 || vm.Disks[0].SizeGiB != 9 || vm.Placement.Host != "esxi-05" {
				t.Errorf("%s\nObserveVM: %+v, want what was asked for", tc.reason, vm)
			}
			if diff := cmp.Diff([]string{"/prod-dc/vm/New/Folder/web-1"}, s.paths()); diff != "" {
				t.Errorf("%s\nVMs: -want, +got:\n%s", tc.reason, diff)
			}
			vm = s.boot(c, v.Identity)
			if vm.Hostname != "frontend" || strings.Join(vm.IPAddresses, " ") != "10.0.0.5" {
				t.Errorf("%s\nthe guest is %q at %v", tc.reason, vm.Hostname, vm.IPAddresses)
			}
			s.delete(c, v.Identity, "")
			if left := s.paths(); len(left) != 0 {
				t.Errorf("%s\nVMs are left: %v", tc.reason, left)
			}
		})
	}
}

func TestLibraryRefusals(t *testing.T) {
	s := newLibrarySite(t)
	c := s.connect()
	for reason, change := range map[string]func(*clients.VMSpec){
		"A missing library is named.": func(v *clients.VMSpec) { v.Image.Library = "missing" },
		"A missing item is named.":    func(v *clients.VMSpec) { v.Image.Item = "missing" },
	} {
		v := ovf("web-1")
		change(&v)
		if _, err := c.CreateVM(t.Context(), v); clients.ClassOf(err) != clients.NotFound || clients.SubjectOf(err) != "Image" {
			t.Errorf("%s\nCreateVM: %v, want NotFound Image", reason, err)
		}
	}
	linked := ovf("web-1")
	linked.Linked = true
	if _, err := c.CreateVM(t.Context(), linked); clients.ClassOf(err) != clients.Unsupported {
		t.Errorf("a linked clone of an OVF: %v, want class Unsupported", err)
	}
}

// newLibrarySite returns a site with a content library.
func newLibrarySite(tb testing.TB) *site {
	tb.Helper()
	dc := vcenter.Production()
	dc.Library = vcenter.ProductionLibrary()
	return newSite(tb, dc)
}

// persist observes and creates a VM as a controller does, until it is there.
func (s *site) persist(c *Client, v clients.VMSpec) clients.VM {
	s.t.Helper()
	var vm clients.VM
	s.await("the VM to be there", func() bool {
		var err error
		vm, err = c.ObserveVM(context.Background(), v.Identity, "")
		if err == nil && vm.State == clients.VMAbsent {
			_, err = c.CreateVM(context.Background(), v)
		}
		if class := clients.ClassOf(err); err != nil && class != clients.Busy && class != clients.Unreachable && class != clients.Unknown {
			s.t.Fatalf("cannot make VM %q: %v", v.Name, err)
		}
		return err == nil && vm.State == clients.VMPresent
	})
	return vm
}

// TestLibraryInterrupted ends the provider, or loses a reply, at each step of a deployment.
func TestLibraryInterrupted(t *testing.T) {
	cases := map[string]struct {
		reason string
		rule   vcenter.Rule
		// crash ends the client when the rule was met.
		crash bool
	}{
		"ReplyOfDeployment": {"What was deployed without our hearing of it is found by its name.", vcenter.Rule{Method: deployment, LoseReply: true}, false},
		"Deployment":        {"A deployment that did not begin is repeated.", vcenter.Rule{Method: deployment, LoseRequest: true}, false},
		"ReplyOfMark":       {"A VM that was marked without our hearing of it is found by its UUID.", vcenter.Rule{Method: "ReconfigVM_Task", LoseReply: true}, false},
		"Mark":              {"A VM that was not marked is removed, and made anew.", vcenter.Rule{Method: "ReconfigVM_Task", LoseRequest: true}, false},
		"FailingMark":       {"A VM that cannot be configured is removed.", vcenter.Rule{Method: "ReconfigVM_Task", TaskFault: &types.SystemError{}}, false},
		"CrashAfterDeploy":  {"A provider that starts anew removes what was left, and makes it anew.", vcenter.Rule{Method: "ReconfigVM_Task", LoseRequest: true}, true},
		"CrashWhileMarking": {"A provider that starts anew finds the VM marked or not.", vcenter.Rule{Method: "ReconfigVM_Task", LoseReply: true}, true},
		"CrashWhileDeploy":  {"A deployment whose caller is gone goes on, and what it leaves is removed.", vcenter.Rule{Method: deployment, LoseReply: true}, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newLibrarySite(t)
			c := s.connect()
			v := ovf("web-1")
			tc.rule.Times = 1
			before := s.server.Calls()[tc.rule.Method]
			s.server.Inject(tc.rule)
			if _, err := c.CreateVM(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			s.await("the interruption", func() bool { return s.server.Calls()[tc.rule.Method] > before })
			if tc.crash {
				c.Close()
				c = s.connect()
			}
			if vm := s.persist(c, v); vm.Owner != v.Owner {
				t.Errorf("%s\nthe VM is of %q", tc.reason, vm.Owner)
			}
			s.one()
			s.delete(c, v.Identity, "")
			if left := s.paths(); len(left) != 0 {
				t.Errorf("%s\nVMs are left: %v", tc.reason, left)
			}
		})
	}
}

func TestDeleteDuringDeployment(t *testing.T) {
	for name, crash := range map[string]bool{"SameProcess": false, "AfterCrash": true} {
		t.Run(name, func(t *testing.T) {
			s := newLibrarySite(t)
			c := s.connect()
			v := ovf("web-1")
			// What is deployed stays as it is.
			end := s.server.Inject(vcenter.Rule{Method: "ReconfigVM_Task", LoseRequest: true})
			if _, err := c.CreateVM(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			s.await("the deployment", func() bool { return len(s.paths()) == 1 })
			if crash {
				c.Close()
				c = s.connect()
			}
			s.delete(c, v.Identity, "")
			end()
			if left := s.paths(); len(left) != 0 {
				t.Errorf("VMs are left: %v", left)
			}
		})
	}
}

func TestDeploymentOfForeignName(t *testing.T) {
	s := newLibrarySite(t)
	c := s.connect()
	// Somebody takes the name while the VM is deployed.
	hold := make(chan struct{})
	s.server.Inject(vcenter.Rule{Method: deployment, Times: 1, Hold: hold})
	if _, err := c.CreateVM(t.Context(), ovf("web-1")); err != nil {
		t.Fatal(err)
	}
	foreign := spec("web-1")
	foreign.UUID, foreign.Owner = "11111111-1111-4111-8111-111111111111", "somebody-else"
	s.create(s.connect(), foreign)
	close(hold)
	vm := s.awaitFailure(c, ovf("web-1").Identity)
	if clients.ClassOf(vm.Failure) != clients.Conflict || !strings.Contains(vm.Failure.Error(), "/prod-dc/vm/web-1") {
		t.Errorf("Failure is %v, want a conflict that names the VM", vm.Failure)
	}
	s.one()

	// A VM of the name that we use meanwhile, and that is marked, is somebody's.
	other := ovf("web-2")
	finder := find.NewFinder(s.admin.Client)
	machine, err := finder.VirtualMachine(t.Context(), "/prod-dc/vm/web-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := methods.Rename_Task(t.Context(), s.admin.Client, &types.Rename_Task{This: machine.Reference(), NewName: halfMadeName(other.UUID)}); err != nil {
		t.Fatal(err)
	}
	s.await("the conflict", func() bool {
		_, err := c.ObserveVM(t.Context(), other.Identity, "")
		return clients.ClassOf(err) == clients.Conflict
	})
	if len(s.paths()) != 1 {
		t.Errorf("VMs are %v, want that of somebody else untouched", s.paths())
	}
}

// awaitFailure waits until a VM is absent because its creation failed.
func (s *site) awaitFailure(c *Client, id clients.Identity) clients.VM {
	s.t.Helper()
	var vm clients.VM
	s.await("the failure", func() bool {
		var err error
		vm, err = c.ObserveVM(context.Background(), id, "")
		return err == nil && vm.State == clients.VMAbsent && vm.Failure != nil
	})
	return vm
}

func TestRESTSession(t *testing.T) {
	s := newLibrarySite(t)
	c := s.connect()
	const login = "POST /rest/com/vmware/cis/session"
	before := s.server.Calls()[login]
	s.server.Inject(vcenter.Rule{Method: deployment, Times: 1, DropSession: true})
	s.persist(c, ovf("web-1"))
	if got := s.server.Calls()[login] - before; got != 1 {
		t.Errorf("there were %d logins, want one after the session was dropped", got)
	}
	if name := restMethod(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/rest/com/vmware/cis/tagging/tag/id:urn:vmomi:1"}}); name != "GET /rest/com/vmware/cis/tagging/tag" {
		t.Errorf("a call is recorded as %q, with the name of an object in it", name)
	}
}

func TestDatastoreCluster(t *testing.T) {
	dc := vcenter.Production()
	dc.DatastoreClusters = []vcenter.DatastoreCluster{{Name: "ssd", Datastores: []string{"ssd-datastore-1", "ssd-datastore-2"}}}
	for name, refuse := range map[string]bool{"Recommended": false, "NotRecommended": true} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, dc)
			c := s.connect()
			if refuse {
				s.server.Inject(vcenter.Rule{Method: "RecommendDatastores", Fault: &types.NotSupported{}})
			}
			v := spec("web-1")
			v.Placement.DatastoreCluster = "ssd"
			if vm := s.create(c, v); !strings.HasPrefix(vm.Placement.Datastore, "ssd-datastore-") {
				t.Errorf("the VM is on datastore %q, want one of the cluster", vm.Placement.Datastore)
			}
			if got := s.server.Calls()["RecommendDatastores"]; got != 1 {
				t.Errorf("there were %d requests for a recommendation, want one", got)
			}
		})
	}
}
