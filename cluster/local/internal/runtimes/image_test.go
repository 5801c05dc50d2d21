// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// archive returns a tar archive of the entries. Regular files contain their own names.
func archive(t *testing.T, entries ...tar.Header) *bytes.Buffer {
	t.Helper()
	out := &bytes.Buffer{}
	w := tar.NewWriter(out)
	for _, h := range entries {
		content := ""
		if h.Typeflag == tar.TypeReg {
			content = h.Name
		}
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUntar(t *testing.T) {
	cases := map[string]struct {
		reason  string
		entries []tar.Header
		// want are the files in the parent of the folder, by path: nothing may appear beside the folder.
		want map[string]string
		err  error
	}{
		"Tree": {
			reason: "Folders, files and links are written, folders also when the archive does not mention them.",
			entries: []tar.Header{
				{Typeflag: tar.TypeDir, Name: "usr/", Mode: 0o755},
				{Typeflag: tar.TypeReg, Name: "usr/local/bin/provider", Mode: 0o755},
				{Typeflag: tar.TypeSymlink, Name: "bin", Linkname: "usr/local/bin"},
				{Typeflag: tar.TypeLink, Name: "hard", Linkname: "usr/local/bin/provider"},
			},
			want: map[string]string{
				"root/usr/local/bin/provider": "usr/local/bin/provider",
				"root/bin":                    "-> usr/local/bin",
				"root/hard":                   "usr/local/bin/provider",
			},
		},
		"Device": {
			reason:  "Devices are left out.",
			entries: []tar.Header{{Typeflag: tar.TypeChar, Name: "dev/null"}},
			want:    map[string]string{},
		},
		"Parent": {
			reason:  "A name cannot lead out of the folder.",
			entries: []tar.Header{{Typeflag: tar.TypeReg, Name: "../evil", Mode: 0o644}},
			want:    map[string]string{},
			err:     cmpopts.AnyError,
		},
		"Absolute": {
			reason:  "An absolute name is one within the folder.",
			entries: []tar.Header{{Typeflag: tar.TypeReg, Name: "/etc/file", Mode: 0o644}},
			want:    map[string]string{"root/etc/file": "/etc/file"},
		},
		"LinkToParent": {
			reason: "A link that leads out of the folder is not followed.",
			entries: []tar.Header{
				{Typeflag: tar.TypeSymlink, Name: "out", Linkname: ".."},
				{Typeflag: tar.TypeReg, Name: "out/evil", Mode: 0o644},
			},
			want: map[string]string{"root/out": "-> .."},
			err:  cmpopts.AnyError,
		},
		"HardLinkToParent": {
			reason:  "A file outside of the folder is not linked into it.",
			entries: []tar.Header{{Typeflag: tar.TypeLink, Name: "secret", Linkname: "../secret"}},
			want:    map[string]string{},
			err:     cmpopts.AnyError,
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			err := untar(archive(t, tc.entries...), filepath.Join(parent, "root"))
			if diff := cmp.Diff(tc.err, err, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("%s\nuntar(...): -want error, +got error:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want, files(t, parent)); diff != "" {
				t.Errorf("%s\nuntar(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(path)
			out[rel] = "-> " + target
			return err
		}
		b, err := os.ReadFile(path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestResolve(t *testing.T) {
	cases := map[string]struct {
		reason string
		links  map[string]string
		file   string
		want   string
		err    error
	}{
		"Plain": {
			reason: "A path without links is below the root.",
			file:   "/usr/lib/ld.so",
			want:   "usr/lib/ld.so",
		},
		"RelativeLink": {
			reason: "A relative link starts at its own folder.",
			links:  map[string]string{"lib": "usr/lib"},
			file:   "/lib/ld.so",
			want:   "usr/lib/ld.so",
		},
		"AbsoluteLink": {
			reason: "An absolute link starts at the image's root, not at the machine's.",
			links:  map[string]string{"lib64": "/usr/lib"},
			file:   "/lib64/ld.so",
			want:   "usr/lib/ld.so",
		},
		"Upwards": {
			reason: "A link cannot lead above the image's root.",
			links:  map[string]string{"up": "../../../usr/lib"},
			file:   "/up/ld.so",
			want:   "usr/lib/ld.so",
		},
		"Circle": {
			reason: "Links that lead to each other lead nowhere.",
			links:  map[string]string{"a": "b", "b": "a"},
			file:   "/a",
			err:    cmpopts.AnyError,
		},
		"Missing": {
			reason: "A file that is not there is an error.",
			file:   "/usr/lib/none",
			err:    fs.ErrNotExist,
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if err := untar(archive(t, tar.Header{Typeflag: tar.TypeReg, Name: "usr/lib/ld.so", Mode: 0o755}), root); err != nil {
				t.Fatal(err)
			}
			for from, to := range tc.links {
				if err := os.Symlink(to, filepath.Join(root, from)); err != nil {
					t.Fatal(err)
				}
			}

			got, err := Image{Root: root}.resolve(tc.file)
			if diff := cmp.Diff(tc.err, err, cmpopts.EquateErrors()); diff != "" {
				t.Fatalf("%s\nresolve(...): -want error, +got error:\n%s", tc.reason, diff)
			}
			want := ""
			if tc.want != "" {
				want = filepath.Join(root, tc.want)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\nresolve(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
