// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

func TestLeftovers(t *testing.T) {
	withDisks := func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1}, {Name: "archive", SizeGiB: 1, Retain: true}}
	}
	all := []string{"archive", "data", "log", "root", "seed.iso"}
	cases := map[string]struct {
		reason       string
		externalName string
		doomed, kept []string
	}{
		"Own": {
			reason:       "What the object asks for goes with it; what is retained, and what was detached and kept earlier, does not.",
			externalName: ExternalName(testUID),
			doomed:       []string{"data", "root", "seed.iso"}, kept: []string{"archive", "log"},
		},
		"Imported": {
			reason:       "An object that names somebody's VM takes nothing of it along when the VM is not there.",
			externalName: "11111111-2222-3333-4444-555555555555",
			kept:         all,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			vm := newVM(withDisks)
			meta.SetExternalName(vm, tc.externalName)
			doomed, kept := leftovers(vm, all)
			if diff := cmp.Diff([][]string{tc.doomed, tc.kept}, [][]string{doomed, kept}, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nleftovers(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
