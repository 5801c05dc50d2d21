// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// logIn returns a client that is logged in as somebody.
func logIn(t *testing.T, s *Server, name, password string) (*govmomi.Client, error) {
	t.Helper()
	c, err := s.anonymous(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	g := &govmomi.Client{Client: c, SessionManager: session.NewManager(c)}
	err = g.Login(t.Context(), url.UserPassword(name, password))
	return g, err
}

func TestPrivileges(t *testing.T) {
	s, admin := startWith(t, Options{Accounts: []Account{{
		Username: "robot", Password: "secret", Privileges: []string{"VirtualMachine.Interact.PowerOn", "VirtualMachine.Config.Memory"},
	}}})
	ref := clone(t, admin, "a", false).Reference()
	c, err := logIn(t, s, "robot", "secret")
	if err != nil {
		t.Fatal(err)
	}
	vm := object.NewVirtualMachine(c.Client, ref)
	tmpl, folder, spec := template(t, c)
	reconfigure := func(spec types.VirtualMachineConfigSpec) func() (*object.Task, error) {
		return func() (*object.Task, error) { return vm.Reconfigure(t.Context(), spec) }
	}
	for name, tc := range map[string]struct {
		call func() (*object.Task, error)
		want string
	}{
		"Memory":  {call: reconfigure(types.VirtualMachineConfigSpec{MemoryMB: 4096})},
		"CPU":     {call: reconfigure(types.VirtualMachineConfigSpec{MemoryMB: 4096, NumCPUs: 4}), want: "VirtualMachine.Config.CPUCount"},
		"Destroy": {call: func() (*object.Task, error) { return vm.Destroy(t.Context()) }, want: "VirtualMachine.Inventory.Delete"},
		"Clone":   {call: func() (*object.Task, error) { return tmpl.Clone(t.Context(), folder, "b", spec) }, want: "VirtualMachine.Provisioning.DeployTemplate"},
	} {
		task, err := tc.call()
		if err == nil {
			err = task.Wait(t.Context())
		}
		var denied *types.NoPermission
		if _, ok := fault.As(err, &denied); ok != (tc.want != "") || (ok && denied.PrivilegeId != tc.want) {
			t.Errorf("%s: %v, want NoPermission for %q", name, err, tc.want)
		}
	}

	manager := object.NewAuthorizationManager(c.Client)
	ids := []string{"VirtualMachine.Interact.PowerOn", "VirtualMachine.Inventory.Delete", "System.View"}
	has, err := manager.HasUserPrivilegeOnEntities(t.Context(), []types.ManagedObjectReference{ref}, "robot", ids)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, p := range has[0].PrivAvailability {
		got[p.PrivId] = p.IsGranted
	}
	if diff := cmp.Diff(map[string]bool{ids[0]: true, ids[1]: false, ids[2]: true}, got); diff != "" {
		t.Errorf("HasUserPrivilegeOnEntities: -want, +got:\n%s", diff)
	}
	who, err := c.SessionManager.UserSession(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res, err := methods.HasPrivilegeOnEntities(t.Context(), c.Client, &types.HasPrivilegeOnEntities{
		This: *c.ServiceContent.AuthorizationManager, Entity: []types.ManagedObjectReference{ref}, SessionId: who.Key, PrivId: ids,
	})
	if err != nil || res.Returnval[0].PrivAvailability[1].IsGranted {
		t.Errorf("HasPrivilegeOnEntities: %v, %v", res, err)
	}
	fetched, err := manager.FetchUserPrivilegeOnEntities(t.Context(), []types.ManagedObjectReference{ref}, "robot")
	if err != nil || len(fetched) != 1 {
		t.Fatalf("FetchUserPrivilegeOnEntities: %v, %v", fetched, err)
	}
	want := []string{"System.Anonymous", "System.Read", "System.View", "VirtualMachine.Config.Memory", "VirtualMachine.Interact.PowerOn"}
	if diff := cmp.Diff(want, fetched[0].Privileges); diff != "" {
		t.Errorf("FetchUserPrivilegeOnEntities: -want, +got:\n%s", diff)
	}

	if err := s.SetPrivileges("robot", nil); err != nil {
		t.Fatal(err)
	}
	task, err := vm.Destroy(t.Context())
	result(t, task, err)
}

func TestSetPassword(t *testing.T) {
	s, c := start(t)
	if err := s.SetPassword(username, "another"); err != nil {
		t.Fatal(err)
	}
	if _, err := logIn(t, s, username, password); !fault.Is(err, &types.InvalidLogin{}) {
		t.Errorf("login with the password that was: %v, want InvalidLogin", err)
	}
	n, err := logIn(t, s, username, "another")
	if err != nil {
		t.Errorf("login with the new password: %v", err)
	}
	if err := rest.NewClient(n.Client).Login(t.Context(), url.UserPassword(username, password)); err == nil {
		t.Error("the tagging service knows the password that was")
	}
	var m mo.Folder
	if err := c.RetrieveOne(t.Context(), c.ServiceContent.RootFolder, []string{"name"}, &m); err != nil {
		t.Errorf("a session from before: %v", err)
	}
	if _, err := s.Client(t.Context()); err != nil {
		t.Errorf("Client: %v", err)
	}
}

func TestRenewCertificate(t *testing.T) {
	s, c := start(t)
	shown := func() string {
		var d tls.Dialer
		d.Config = &tls.Config{InsecureSkipVerify: true}
		conn, err := d.DialContext(t.Context(), "tcp", s.URL().Host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		tc, ok := conn.(*tls.Conn)
		if !ok {
			t.Fatal("no TLS connection")
		}
		return strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(tc.ConnectionState().PeerCertificates[0].Raw)), " ", ":")
	}
	before := s.Thumbprint()
	if got := shown(); got != before {
		t.Errorf("Thumbprint: %s, the server shows %s", before, got)
	}
	if err := s.RenewCertificate(); err != nil {
		t.Fatal(err)
	}
	if got := shown(); got == before || got != s.Thumbprint() {
		t.Errorf("the server shows %s, before %s, Thumbprint: %s", got, before, s.Thumbprint())
	}
	if _, err := methods.GetCurrentTime(context.Background(), c.Client); !soap.IsCertificateUntrusted(err) {
		t.Errorf("a client that trusts the authority that was: %v, want distrust", err)
	}
	if _, err := s.Client(t.Context()); err != nil {
		t.Errorf("a client that trusts the new one: %v", err)
	}
}
