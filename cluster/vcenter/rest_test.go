// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25/types"
)

// restClient returns a client of the REST services, logged in.
func restClient(t *testing.T, s *Server, c *govmomi.Client) *rest.Client {
	t.Helper()
	rc := rest.NewClient(c.Client)
	if err := rc.Login(t.Context(), s.URL().User); err != nil {
		t.Fatal(err)
	}
	return rc
}

func TestREST(t *testing.T) {
	const list, create = "GET /rest/com/vmware/cis/tagging/category", "POST /rest/com/vmware/cis/tagging/category"
	s, c := start(t)
	rc := restClient(t, s, c)
	m := tags.NewManager(rc)
	exists := func(name string) bool {
		_, err := m.GetCategory(t.Context(), name)
		return err == nil
	}

	t.Run("Counted", func(t *testing.T) {
		before := s.Calls()[list]
		if _, err := m.ListCategories(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.Calls()[list] - before; got != 1 {
			t.Errorf("%d calls of %s counted, want 1; all: %v", got, list, s.Calls())
		}
	})
	t.Run("Fault", func(t *testing.T) {
		s.Inject(Rule{Method: create, Times: 1, Fault: &types.NoPermission{}})
		if _, err := m.CreateCategory(t.Context(), &tags.Category{Name: "refused"}); !rest.IsStatusError(err, 403) || exists("refused") {
			t.Errorf("CreateCategory: %v, exists: %t, want status 403 and nothing", err, exists("refused"))
		}
	})
	t.Run("LoseRequest", func(t *testing.T) {
		s.Inject(Rule{Method: create, Times: 1, LoseRequest: true})
		if _, err := m.CreateCategory(t.Context(), &tags.Category{Name: "lost"}); err == nil || exists("lost") {
			t.Errorf("CreateCategory: %v, exists: %t, want an error and nothing", err, exists("lost"))
		}
	})
	t.Run("LoseReply", func(t *testing.T) {
		s.Inject(Rule{Method: create, Times: 1, LoseReply: true})
		if _, err := m.CreateCategory(t.Context(), &tags.Category{Name: "unheard"}); err == nil || !exists("unheard") {
			t.Errorf("CreateCategory: %v, exists: %t, want an error and the category", err, exists("unheard"))
		}
	})
	t.Run("DropSession", func(t *testing.T) {
		s.Inject(Rule{Method: list, Times: 1, DropSession: true})
		for range 2 {
			if _, err := m.ListCategories(t.Context()); !rest.IsStatusError(err, 401) {
				t.Errorf("ListCategories: %v, want status 401, also afterwards", err)
			}
		}
		if err := rc.Login(t.Context(), s.URL().User); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("Terminated", func(t *testing.T) {
		rc.UserAgent = "provider/1"
		if _, err := m.ListCategories(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := s.TerminateRESTSessions("provider"); n != 1 {
			t.Fatalf("TerminateRESTSessions: %d, want 1", n)
		}
		if _, err := m.ListCategories(t.Context()); !rest.IsStatusError(err, 401) {
			t.Errorf("ListCategories: %v, want status 401", err)
		}
	})
}
