// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestIdentityOf(t *testing.T) {
	vm := &v1beta1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: testNamespace, Name: testName, UID: testUID}}
	vm.Spec.ForProvider.Placement = &v1beta1.VMPlacement{Host: ptr.To("kvm-01")}
	vm.Status.AtProvider.Host = "kvm-02"
	meta.SetExternalName(vm, ExternalName(testUID))

	got, err := identityOf(vm)
	if err != nil {
		t.Fatal(err)
	}
	want := clients.Identity{
		UUID: ExternalName(testUID), Owner: string(testUID), Name: testName, Namespace: testNamespace,
		Host: "kvm-01", LastHost: "kvm-02",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a VM that was moved by hand may be where it was made and where it was last seen: -want, +got:\n%s", diff)
	}
}
