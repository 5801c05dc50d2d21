// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestPackages looks at the three packages as Crossplane's package manager shows them.
func TestPackages(t *testing.T) {
	w := newWorld(t, "e2e-packages")
	out, err := w.kubectl.Run(t.Context(), "get", "pkg", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Items []struct {
			Kind     string
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, pkg := range list.Items {
		if !strings.Contains(pkg.Metadata.Name, "virtrigaud") {
			continue
		}
		status := map[string]string{}
		for _, c := range pkg.Status.Conditions {
			status[c.Type] = c.Status
		}
		for _, want := range []string{"Installed", "Healthy"} {
			if status[want] != "True" {
				t.Errorf("want %s %s %s, got conditions %v", pkg.Kind, pkg.Metadata.Name, want, status)
			}
		}
		seen[pkg.Kind] = true
	}
	for _, kind := range []string{"Provider", "Function", "Configuration"} {
		if !seen[kind] {
			t.Errorf("want a %s of ours installed, got %v", kind, seen)
		}
	}
}

// TestProviderPermissions asks the API server what the provider may do with the permissions that Crossplane's RBAC manager
// grants it: everything with its own kinds, and nothing with what is not its business.
func TestProviderPermissions(t *testing.T) {
	w := newWorld(t, "e2e-permissions")
	account := w.providerAccount()
	cases := map[string]struct {
		reason string
		can    string
		want   string
	}{
		"OwnKinds":    {reason: "It reconciles them.", can: "update virtualmachines.infra.virtrigaud.io", want: "yes"},
		"OwnStatus":   {reason: "It writes what it observed.", can: "update virtualmachines.infra.virtrigaud.io --subresource=status", want: "yes"},
		"Secrets":     {reason: "Credentials are in Secrets.", can: "get secrets", want: "yes"},
		"ReadCRDs":    {reason: "It waits for its kinds to be established.", can: "watch customresourcedefinitions.apiextensions.k8s.io", want: "yes"},
		"Pods":        {reason: "Workloads are not its business.", can: "list pods", want: "no"},
		"Deployments": {reason: "Workloads are not its business.", can: "list deployments.apps", want: "no"},
		"DeleteCRDs":  {reason: "Kinds belong to the package manager.", can: "delete customresourcedefinitions.apiextensions.k8s.io", want: "no"},
		"Namespaces":  {reason: "Namespaces belong to the tenants.", can: "delete namespaces", want: "no"},
		"Roles":       {reason: "It must not give itself more.", can: "create clusterrolebindings.rbac.authorization.k8s.io", want: "no"},
		"Everything":  {reason: "It is no administrator.", can: "* *", want: "no"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			// The exit status says no as well, so that only the answer counts.
			out, err := w.kubectl.Run(t.Context(), append([]string{"auth", "can-i", "--as", account, "--all-namespaces"}, strings.Fields(tc.can)...)...)
			if got := strings.TrimSpace(out); got != tc.want {
				t.Errorf("%s\ncan %s %s? want %s, got %q, %v", tc.reason, account, tc.can, tc.want, got, err)
			}
		})
	}
}

// providerAccount is the service account that the running provider was given: its own, by the name of its revision.
func (w *world) providerAccount() string {
	w.Helper()
	out, err := w.kubectl.Run(w.Context(), "get", "providerrevisions", "-o", `jsonpath={range .items[?(@.spec.desiredState=="Active")]}{.metadata.name}{"\n"}{end}`)
	if err != nil {
		w.Fatal(err)
	}
	for name := range strings.FieldsSeq(out) {
		if strings.Contains(name, "virtrigaud") {
			return "system:serviceaccount:crossplane-system:" + name
		}
	}
	w.Fatalf("want an active revision of our provider, got %q", out)
	return ""
}
