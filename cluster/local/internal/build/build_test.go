// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestPatch(t *testing.T) {
	cases := map[string]struct {
		reason string
		source string
		want   string
		err    error
	}{
		"Once":  {reason: "The text is replaced.", source: "a := \":%d\"", want: "a := \"127.0.0.1:%d\""},
		"Never": {reason: "A source that has changed must not be built unpatched.", source: "a := addr", want: "a := addr", err: cmpopts.AnyError},
		"Twice": {reason: "It must be clear what is patched.", source: "\":%d\" \":%d\"", want: "\":%d\" \":%d\"", err: cmpopts.AnyError},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "main.go")
			// Read-only, as in the module cache.
			if err := os.WriteFile(file, []byte(tc.source), 0o400); err != nil {
				t.Fatal(err)
			}

			err := Patch{File: "main.go", Old: `":%d"`, New: `"127.0.0.1:%d"`}.apply(dir)
			if diff := cmp.Diff(tc.err, err, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("%s\napply(...): -want error, +got error:\n%s", tc.reason, diff)
			}
			got, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Errorf("%s\napply(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestFileDependsOnTheRecipe(t *testing.T) {
	c := Crossplane()
	patched := c.file("v2.4.0")
	c.Patches = nil
	if patched == c.file("v2.4.0") {
		t.Error("A program that is built otherwise would be taken from the cache")
	}
}
