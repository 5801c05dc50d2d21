// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func newLayout(t *testing.T) Layout {
	t.Helper()
	root := t.TempDir()
	if err := WriteFile(filepath.Join(root, "cluster", "local", "go.mod"), nil); err != nil {
		t.Fatal(err)
	}
	l, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEnv(t *testing.T) {
	cases := map[string]struct {
		reason string
		value  string
	}{
		"Plain":      {reason: "A path needs no quotes.", value: "/srv/.local/kubeconfig"},
		"URI":        {reason: "A libvirt URI has a question mark.", value: "qemu:///system?socket=/run/libvirt-sock"},
		"Ampersand":  {reason: "A shell would run everything before an ampersand in the background.", value: "qemu:///system?a=1&b=2"},
		"Space":      {reason: "A folder's name may contain spaces.", value: "/home/my clone/kubeconfig"},
		"Quote":      {reason: "A folder's name may contain quotes.", value: "/home/mine'/kubeconfig"},
		"Expression": {reason: "A password is not an expression.", value: "$(date)`date`$HOME"},
		"Empty":      {reason: "A variable may be empty.", value: ""},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "env")
			if err := WriteEnv(path, []Var{{Name: "V", Value: tc.value}}); err != nil {
				t.Fatal(err)
			}

			out, err := exec.CommandContext(t.Context(), "sh", "-c", `. "$0"; exec printenv V`, path).Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.value, strings.TrimSuffix(string(out), "\n")); diff != "" {
				t.Errorf("%s\nwhat a shell reads: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestPorts(t *testing.T) {
	l := newLayout(t)
	first, err := l.LoadPorts()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Reserve("a", "b"); err != nil {
		t.Fatal(err)
	}
	if first.Port("a") == first.Port("b") {
		t.Errorf("Two components share port %d", first.Port("a"))
	}

	second, err := l.LoadPorts()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Reserve("a", "c"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first.Address("a"), second.Address("a")); diff != "" {
		t.Errorf("A component does not keep its port: -first, +second:\n%s", diff)
	}
}

func TestLock(t *testing.T) {
	l := newLayout(t)
	unlock, err := l.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Lock(); err == nil {
		t.Error("A second up or down can work beside the first")
	}
	unlock()
	again, err := l.Lock()
	if err != nil {
		t.Fatalf("The lock is not let go: %v", err)
	}
	again()
}

func TestRemove(t *testing.T) {
	l := newLayout(t)
	if err := l.Make(); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(l.Logs(), "etcd.log"), []byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := l.Remove(); err != nil {
		t.Fatal(err)
	}

	entries, err := os.ReadDir(l.State())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if diff := cmp.Diff([]string{"logs"}, names); diff != "" {
		t.Errorf("Only logs stay: -want, +got:\n%s", diff)
	}
}
