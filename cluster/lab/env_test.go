// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLoadEnv(t *testing.T) {
	cases := map[string]struct {
		reason  string
		content string
		want    Env
		wantErr string
	}{
		"Full": {
			reason: "Both hypervisors are read, the hosts named and sorted as placement knows them.",
			content: `# written by make up
export KUBECONFIG="/c/kubeconfig"
GOVC_URL='https://u:p@127.0.0.1:1/sdk'
GOVC_TLS_CA_CERTS=/c/ca.pem
VIRTRIGAUD_LIBVIRT=qemu
LIBVIRT_DEFAULT_URI=qemu:///system?socket=/1
LIBVIRT_URI_KVM_02=qemu:///system?socket=/2
LIBVIRT_URI_KVM_01=qemu:///system?socket=/1
`,
			want: Env{
				Kubeconfig: "/c/kubeconfig",
				VCenterURL: "https://u:p@127.0.0.1:1/sdk",
				VCenterCA:  "/c/ca.pem",
				Libvirt:    LibvirtQEMU,
				LibvirtHosts: []LibvirtHost{
					{Name: "kvm-01", URI: "qemu:///system?socket=/1"},
					{Name: "kvm-02", URI: "qemu:///system?socket=/2"},
				},
			},
		},
		"NoLibvirt": {
			reason:  "A cluster without libvirt is a cluster.",
			content: "KUBECONFIG=/k\nGOVC_URL=https://x/sdk\nVIRTRIGAUD_LIBVIRT=none\n",
			want:    Env{Kubeconfig: "/k", VCenterURL: "https://x/sdk", Libvirt: LibvirtNone},
		},
		"UnknownMode": {
			reason:  "A mode that is not understood is not taken for one that is.",
			content: "KUBECONFIG=/k\nGOVC_URL=https://x/sdk\nVIRTRIGAUD_LIBVIRT=xen\n",
			wantErr: "neither qemu, test nor none",
		},
		"NoHosts": {
			reason:  "Real hosts need addresses.",
			content: "KUBECONFIG=/k\nGOVC_URL=https://x/sdk\nVIRTRIGAUD_LIBVIRT=qemu\n",
			wantErr: "sets no LIBVIRT_URI_<host>",
		},
		"NoKubeconfig": {
			reason:  "The missing key is named.",
			content: "GOVC_URL=https://x/sdk\nVIRTRIGAUD_LIBVIRT=none\n",
			wantErr: "does not set KUBECONFIG",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "env")
			if err := os.WriteFile(file, []byte(tc.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := LoadEnv(file)
			if tc.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("%s\nwant error with %q, got %v", tc.reason, tc.wantErr, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s\n%v", tc.reason, err)
			}
			tc.want.Dir = dir
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestLoadEnvWithoutCluster(t *testing.T) {
	_, err := LoadEnv(filepath.Join(t.TempDir(), "env"))
	if err == nil || !strings.Contains(err.Error(), "make up") {
		t.Errorf("Without a cluster the error should say how to start one, got: %v", err)
	}
}
