// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package hypervisors

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseHosts(t *testing.T) {
	cases := map[string]struct {
		reason string
		out    string
		want   []Host
		err    error
	}{
		"Two": {
			reason: "Each line is a host.",
			out:    "kvm-01 qemu:///system?socket=/a\nkvm-02 qemu:///system?socket=/b c\n",
			want:   []Host{{Name: "kvm-01", URI: "qemu:///system?socket=/a"}, {Name: "kvm-02", URI: "qemu:///system?socket=/b c"}},
		},
		"None": {
			reason: "A command that succeeds without hosts has not done what it was asked for.",
			err:    cmpopts.AnyError,
		},
		"NoURI": {
			reason: "A host without URI cannot be reached.",
			out:    "kvm-01\n",
			err:    cmpopts.AnyError,
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseHosts(tc.out)
			if diff := cmp.Diff(tc.err, err, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("%s\nparseHosts(...): -want error, +got error:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\nparseHosts(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
