// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xpkg"
	"github.com/crossplane/crossplane-runtime/v2/pkg/xpkg/parser"
)

const (
	root    = "../.."
	version = "v0.1.0-test"
)

// built builds a package, writes it, and reads it back as Crossplane and a container runtime would.
func built(t *testing.T, name string) v1.Image {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles the provider and the function")
	}
	chosen, err := choose(recipes(), []string{name})
	if err != nil {
		t.Fatal(err)
	}
	img, err := chosen[0].build(t.Context(), root, version)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name+".xpkg")
	if err := writePackage(path, img); err != nil {
		t.Fatal(err)
	}
	read, err := tarball.ImageFromPath(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestPackageContents(t *testing.T) {
	cases := map[string]struct {
		reason string
		name   string
		want   []string
	}{
		"Provider": {
			reason: "The provider's package carries the definitions of its kinds and nothing that a provider must not carry.",
			name:   "provider",
			want: []string{
				"CustomResourceDefinition clusterproviderconfigs.infra.virtrigaud.io",
				"CustomResourceDefinition providerconfigs.infra.virtrigaud.io",
				"CustomResourceDefinition providerconfigusages.infra.virtrigaud.io",
				"CustomResourceDefinition virtualmachines.infra.virtrigaud.io",
				"CustomResourceDefinition vmclasses.infra.virtrigaud.io",
				"Provider provider-virtrigaud",
			},
		},
		"Function": {
			reason: "The function takes no input, so its package carries nothing but its metadata.",
			name:   "function",
			want:   []string{"Function function-virtrigaud"},
		},
		"Configuration": {
			reason: "The configuration's package carries the claims and how they are composed.",
			name:   "configuration",
			want: []string{
				"CompositeResourceDefinition vmplacementpolicies.infra.virtrigaud.io",
				"CompositeResourceDefinition vmsets.infra.virtrigaud.io",
				"Composition vmplacementpolicies.infra.virtrigaud.io",
				"Composition vmsets.infra.virtrigaud.io",
				"Configuration configuration-virtrigaud",
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			img := built(t, tc.name)
			if diff := cmp.Diff(tc.want, objects(t, img)); diff != "" {
				t.Errorf("%s: -want, +got:\n%s", tc.reason, diff)
			}
			cfg, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.Config.Labels[labelVersion]; got != version {
				t.Errorf("the image says it is version %q, not %q", got, version)
			}
		})
	}
}

// objects returns kind and name of everything in a package, read with Crossplane's own parser.
func objects(t *testing.T, img v1.Image) []string {
	t.Helper()
	stream, err := xpkg.ExtractPackageYAML(img)
	if err != nil {
		t.Fatal(err)
	}
	meta, err := xpkg.BuildMetaScheme()
	if err != nil {
		t.Fatal(err)
	}
	objs, err := xpkg.BuildObjectScheme()
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := parser.New(meta, objs).Parse(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range slices.Concat(pkg.GetMeta(), pkg.GetObjects()) {
		named, ok := o.(interface{ GetName() string })
		if !ok {
			t.Fatalf("object %T has no name", o)
		}
		out = append(out, o.GetObjectKind().GroupVersionKind().Kind+" "+named.GetName())
	}
	slices.Sort(out)
	return out
}

func TestRuntimeImages(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can enter an image's root directory")
	}
	cases := map[string]struct {
		reason string
		name   string
		args   []string
		want   []string
		static bool
	}{
		"Provider": {
			reason: "The provider finds the libvirt client library of its image, and nothing of this machine.",
			name:   "provider",
			args:   []string{"version"},
			want:   []string{version, "libvirt"},
		},
		"Function": {
			reason: "The function runs from nothing but its own file.",
			name:   "function",
			args:   []string{"--help"},
			want:   []string{"--tls-certs-dir"},
			static: true,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			img := built(t, tc.name)
			cfg, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("2000:2000", cfg.Config.User); diff != "" {
				t.Errorf("the image must not run as root: -want, +got:\n%s", diff)
			}
			dir := unpack(t, img)
			program := cfg.Config.Entrypoint[0]
			if got := interpreterOf(t, filepath.Join(dir, program)) == ""; got != tc.static {
				t.Errorf("%s: static is %t, not %t", tc.reason, got, tc.static)
			}
			got := runIn(t, dir, program, tc.args...)
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: output does not contain %q:\n%s", tc.reason, want, got)
				}
			}
			if strings.Contains(got, "not found") {
				t.Errorf("%s: a library was not found:\n%s", tc.reason, got)
			}
		})
	}
}

func TestReproducible(t *testing.T) {
	var digests []v1.Hash
	for range 2 {
		d, err := built(t, "function").Digest()
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, d)
	}
	if diff := cmp.Diff(digests[0], digests[1]); diff != "" {
		t.Errorf("the same sources must give the same package: -first, +second:\n%s", diff)
	}
}

func TestMissingHostFile(t *testing.T) {
	err := rootFS{}.addHostFile(filepath.Join(t.TempDir(), "absent.so.0"), "libvirt0")
	if err == nil || !strings.HasSuffix(err.Error(), "apt-get install libvirt0") {
		t.Errorf("a missing file must be reported with the command that installs it, got: %v", err)
	}
}

// unpack writes an image's files to a directory that every user can enter.
func unpack(t *testing.T, img v1.Image) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	stream := mutate.Extract(img)
	defer stream.Close()
	for tr := tar.NewReader(stream); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return dir
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.Clean("/"+h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.MkdirAll(path, h.FileInfo().Mode().Perm())
		} else {
			err = writeFile(path, tr, h.FileInfo().Mode().Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func writeFile(path string, r io.Reader, mode os.FileMode) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, mode)
}

// runIn runs a program of an unpacked image as the image's user, with nothing else of this machine in sight.
func runIn(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = "/"
	cmd.Env = []string{"HOME=" + homeDir}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     dir,
		Credential: &syscall.Credential{Uid: userID, Gid: userID},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cannot run %s in its image: %v\n%s", program, err, out)
	}
	return string(out)
}

func interpreterOf(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	o, err := readELF(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return o.interpreter
}
