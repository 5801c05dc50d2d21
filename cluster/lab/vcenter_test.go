// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/simulator"
)

// TestVCenterTraces makes a VM on a simulated vCenter and destroys it: its traces come and go.
func TestVCenterTraces(t *testing.T) {
	model := simulator.VPX()
	if err := model.Create(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Remove)
	server := model.Service.NewServer()
	t.Cleanup(server.Close)
	ctx := t.Context()
	v, err := NewVCenter(ctx, Env{VCenterURL: server.URL.String()})
	if err != nil {
		t.Fatal(err)
	}
	before, err := v.Traces(ctx)
	if err != nil {
		t.Fatal(err)
	}
	vms, err := v.VMs(ctx, "DC0_H0_VM0")
	if err != nil || len(vms) != 1 {
		t.Fatalf("want the one VM of this name, got %v, %v", vms, err)
	}
	want := VM{Name: "DC0_H0_VM0", ID: vms[0].ID, On: true, CPUs: 1, Cluster: "DC0_H0", Host: "DC0_H0", Disk: "LocalDS_0"}
	if diff := cmp.Diff(want, vms[0]); diff != "" {
		t.Errorf("A VM is seen where it is.\n-want, +got:\n%s", diff)
	}
	if err := v.Destroy(ctx, vms[0]); err != nil {
		t.Fatal(err)
	}
	after, err := v.Traces(ctx)
	if err != nil {
		t.Fatal(err)
	}
	gone := cmp.Diff(before, after)
	if len(before)-len(after) != 2 {
		t.Errorf("A destroyed VM takes its own trace and its folder's with it, got:\n%s", gone)
	}
}
