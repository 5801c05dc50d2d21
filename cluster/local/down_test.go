// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInStopOrder(t *testing.T) {
	cases := map[string]struct {
		reason string
		names  []string
		want   []string
	}{
		"Known": {
			reason: "The agent comes first, because it would start the provider again, and etcd after its users.",
			names:  []string{"etcd", "provider", "agent", "kube-apiserver"},
			want:   []string{"agent", "provider", "kube-apiserver", "etcd"},
		},
		"Unknown": {
			reason: "What an earlier version started is stopped too.",
			names:  []string{"etcd", "something"},
			want:   []string{"something", "etcd"},
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, inStopOrder(tc.names)); diff != "" {
				t.Errorf("%s\ninStopOrder(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
