// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
)

// TestRenderChart renders the chart of the very version of Crossplane that is built: another version may need more of
// Helm than there is here.
func TestRenderChart(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", build.Crossplane().Module).Output()
	if err != nil {
		t.Fatalf("cannot find Crossplane's source: %v", err)
	}

	objects, err := renderChart(strings.TrimSpace(string(out)) + "/cluster/charts/crossplane")
	if err != nil {
		t.Fatal(err)
	}

	found := map[string]unstructured.Unstructured{}
	for _, o := range objects {
		found[o.GetKind()+"/"+o.GetName()] = o
	}
	for _, want := range []string{
		"Namespace/crossplane-system",
		"ServiceAccount/crossplane", "ClusterRole/crossplane", "ClusterRoleBinding/crossplane",
		"ServiceAccount/rbac-manager", "ClusterRole/crossplane-rbac-manager", "ClusterRoleBinding/crossplane-rbac-manager",
		"ClusterRole/crossplane:allowed-provider-permissions", "ClusterRole/crossplane-admin",
	} {
		if _, ok := found[want]; !ok {
			t.Errorf("The chart lacks %s", want)
		}
	}

	subjects, _, err := unstructured.NestedSlice(found["ClusterRoleBinding/crossplane"].Object, "subjects")
	if err != nil {
		t.Fatal(err)
	}
	want := []any{map[string]any{"kind": "ServiceAccount", "name": accountCore, "namespace": "crossplane-system"}}
	if diff := cmp.Diff(want, subjects); diff != "" {
		t.Errorf("Crossplane's role is bound to the account that core runs as: -want, +got:\n%s", diff)
	}
}
