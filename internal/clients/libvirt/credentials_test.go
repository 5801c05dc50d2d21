// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestCredentialsURI(t *testing.T) {
	cfg := Config{TLS: TLS{CA: newAuthority(t).pem}, SSH: SSH{Key: []byte("key"), KnownHosts: []byte("host key")}}
	c := newCredentials(cfg)
	defer c.remove()
	const ssh = "keyfile=DIR/id&known_hosts=DIR/known_hosts&known_hosts_verify=normal&no_tty=1"
	cases := map[string]struct {
		reason string
		uri    string
		want   string
		class  clients.Class
	}{
		"Local":      {reason: "The daemon of this machine needs nothing.", uri: "qemu:///system", want: "qemu:///system"},
		"Socket":     {reason: "A path is kept as it is.", uri: "qemu+unix:///system?socket=/a+b", want: "qemu+unix:///system?socket=/a+b"},
		"TestDriver": {reason: "The driver for tests needs nothing.", uri: "test:///default", want: "test:///default"},
		"TLS":        {reason: "The certificates are ours, and checked.", uri: "qemu+tls://h/system?no_verify=1&pkipath=/etc", want: "qemu+tls://h/system?pkipath=DIR"},
		"SSH": {
			reason: "The transport that runs a process and looks for keys elsewhere is not used.",
			uri:    "qemu+ssh://root@h:2222/system", want: "qemu+libssh://root@h:2222/system?" + ssh + "&sshauth=privkey",
		},
		"LibSSH2": {
			reason: "A socket may be named, a command may not.", uri: "qemu+libssh2://h/system?socket=/run/s&command=/bin/sh&no_verify=1",
			want: "qemu+libssh2://h/system?" + ssh + "&socket=/run/s&sshauth=privkey",
		},
		"TCP":     {reason: "Nobody proves anything to anybody.", uri: "qemu+tcp://h/system", class: clients.Invalid},
		"Command": {reason: "A transport that runs a program.", uri: "qemu+ext:///system?command=/bin/sh", class: clients.Invalid},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := c.uri(tc.uri)
			if clients.ClassOf(err) != tc.class {
				t.Fatalf("\n%s\nuri(...): want class %q, got %v", tc.reason, tc.class, err)
			}
			got = strings.ReplaceAll(strings.ReplaceAll(got, "%2F", "/"), c.dir, "DIR")
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nuri(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
