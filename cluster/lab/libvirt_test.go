// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDomains(t *testing.T) {
	cases := map[string]struct {
		reason string
		out    string
		want   []VM
	}{
		"RunningAndOff": {
			reason: "State, CPUs and the first disk are read; a paused domain is not available.",
			out: `6695eb01-f6a4-8304-79aa-97f2502e193f on
6695eb01-f6a4-8304-79aa-97f2502e1940 off
6695eb01-f6a4-8304-79aa-97f2502e1941 paused

Domain: 'on'
  state.state=1
  state.reason=1
  vcpu.current=2
  block.count=2
  block.0.path=/pool/on.qcow2
  block.1.path=/pool/on-seed.iso

Domain: 'off'
  state.state=5
  vcpu.current=1

Domain: 'paused'
  state.state=3
  vcpu.current=1
`,
			want: []VM{
				{Name: "on", ID: "6695eb01-f6a4-8304-79aa-97f2502e193f", On: true, CPUs: 2, Host: "h", Disk: "/pool/on.qcow2"},
				{Name: "off", ID: "6695eb01-f6a4-8304-79aa-97f2502e1940", CPUs: 1, Host: "h"},
				{Name: "paused", ID: "6695eb01-f6a4-8304-79aa-97f2502e1941", CPUs: 1, Host: "h"},
			},
		},
		"CameInBetween": {
			reason: "A domain that was defined after the list was made is left to the next look.",
			out:    "\nDomain: 'new'\n  state.state=5\n",
			want:   []VM{},
		},
		"None": {reason: "No output, no domains.", out: "\n", want: nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, parseDomains("h", tc.out)); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestVolumeTraces(t *testing.T) {
	out := "Pool default refreshed\n\n tiny-linux   /var/lib/libvirt/images/tiny-linux\n web-0.qcow2  /var/lib/libvirt/images/web-0.qcow2\n"
	want := []string{"h: volume p/tiny-linux", "h: volume p/web-0.qcow2"}
	if diff := cmp.Diff(want, volumeTraces("h", "p", out)); diff != "" {
		t.Errorf("Volumes are read and nothing else.\n-want, +got:\n%s", diff)
	}
}
