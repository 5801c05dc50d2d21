// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
)

// A recipe is one package of this repository.
type recipe struct {
	// name of the package's file, without extension.
	name string
	// dir holds crossplane.yaml and the package's objects.
	dir string
	// examples is the directory of manifests to show with the package; empty for none.
	examples string
	// binary is what the package's runtime image runs; nil when it has none.
	binary *binary
}

// recipes returns the packages of this repository.
func recipes() []recipe {
	return []recipe{
		{
			name:     "provider",
			dir:      "package/provider",
			examples: "examples",
			binary:   &binary{main: "./cmd/provider", path: "/usr/local/bin/provider", libraries: libvirtLibraries()},
		},
		{
			name:   "function",
			dir:    "package/function",
			binary: &binary{main: "./function", path: "/usr/local/bin/function"},
		},
		{
			name:     "configuration",
			dir:      "package/configuration",
			examples: "examples",
		},
	}
}

// choose returns the recipes of the given names, or all of them when none are given.
func choose(all []recipe, names []string) ([]recipe, error) {
	if len(names) == 0 {
		return all, nil
	}
	out := make([]recipe, 0, len(names))
	for _, n := range names {
		i := slices.IndexFunc(all, func(r recipe) bool { return r.name == n })
		if i < 0 {
			return nil, fmt.Errorf("there is no package %q", n)
		}
		out = append(out, all[i])
	}
	return out, nil
}

// build makes the package's image out of the sources in root.
func (r recipe) build(ctx context.Context, root, version string) (v1.Image, error) {
	base := empty.Image
	if r.binary != nil {
		content, err := r.binary.compile(ctx, root, version)
		if err != nil {
			return nil, err
		}
		fs, err := r.binary.rootFS(content)
		if err != nil {
			return nil, err
		}
		if base, err = fs.image(r.binary.path); err != nil {
			return nil, fmt.Errorf("cannot make runtime image: %w", err)
		}
	}
	examples := ""
	if r.examples != "" {
		examples = filepath.Join(root, r.examples)
	}
	return buildPackage(ctx, base, filepath.Join(root, r.dir), examples, version)
}
