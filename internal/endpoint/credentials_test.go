// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

func TestRequiredKeys(t *testing.T) {
	cases := map[string]struct {
		reason string
		typ    v1beta1.ProviderType
		uris   []string
		want   []string
	}{
		"VSphere": {reason: "A vCenter wants an account.", typ: v1beta1.ProviderVSphere, want: []string{"username", "password"}},
		"Local":   {reason: "A daemon on the provider's own host wants nothing.", typ: v1beta1.ProviderLibvirt, uris: []string{"qemu:///system", "qemu+unix:///system"}},
		"SSH":     {reason: "Both a key and what vouches for the host are needed.", typ: v1beta1.ProviderLibvirt, uris: []string{"qemu+ssh://a/system", "qemu+libssh://b/system"}, want: []string{"known_hosts", "ssh-privatekey"}},
		"TLS":     {reason: "A host need not ask for a certificate of ours, but ours is to know the host's.", typ: v1beta1.ProviderLibvirt, uris: []string{"qemu+tls://a/system"}, want: []string{"ca.crt"}},
		"Mixed":   {reason: "A fleet needs what any of its hosts needs.", typ: v1beta1.ProviderLibvirt, uris: []string{"qemu+tls://a/system", "qemu+ssh://b/system"}, want: []string{"ca.crt", "known_hosts", "ssh-privatekey"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := v1beta1.Endpoint{Type: tc.typ}
			if tc.typ == v1beta1.ProviderLibvirt {
				e.Libvirt = &v1beta1.LibvirtEndpoint{}
			}
			for _, u := range tc.uris {
				e.Libvirt.Hosts = append(e.Libvirt.Hosts, v1beta1.LibvirtHost{URI: u})
			}
			if diff := cmp.Diff(tc.want, requiredKeys(e), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nrequiredKeys(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
