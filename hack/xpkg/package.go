// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/spf13/afero"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xpkg"
	"github.com/crossplane/crossplane-runtime/v2/pkg/xpkg/parser"
	"github.com/crossplane/crossplane-runtime/v2/pkg/xpkg/parser/examples"
)

// labelVersion is the label of an image that says its version.
const labelVersion = "org.opencontainers.image.version"

// buildPackage adds the objects in dir, and the examples, to a runtime image. Crossplane's package library lints them.
func buildPackage(ctx context.Context, base v1.Image, dir, exampleDir, version string) (v1.Image, error) {
	meta, err := xpkg.BuildMetaScheme()
	if err != nil {
		return nil, fmt.Errorf("cannot build scheme of package metadata: %w", err)
	}
	objects, err := xpkg.BuildObjectScheme()
	if err != nil {
		return nil, fmt.Errorf("cannot build scheme of package objects: %w", err)
	}
	base, err = withVersion(base, version)
	if err != nil {
		return nil, fmt.Errorf("cannot label image: %w", err)
	}
	b := xpkg.New(yamlIn(dir), yamlIn(exampleDir), parser.New(meta, objects), examples.New())
	img, _, err := b.Build(ctx, xpkg.WithBase(base))
	return img, err
}

// yamlIn returns the YAML files of a directory as one stream; an empty one when there is no such directory.
func yamlIn(dir string) parser.Backend {
	return parser.NewFsBackend(afero.NewOsFs(), parser.FsDir(dir), parser.FsFilters(
		parser.SkipDirs(), parser.SkipNotYAML(), parser.SkipEmpty(),
	))
}

func withVersion(img v1.Image, version string) (v1.Image, error) {
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	cfg = cfg.DeepCopy()
	if cfg.Config.Labels == nil {
		cfg.Config.Labels = map[string]string{}
	}
	cfg.Config.Labels[labelVersion] = version
	return mutate.ConfigFile(img, cfg)
}

// writePackage writes an image as a package file, at once: a reader never sees half of one.
func writePackage(path string, img v1.Image) error {
	tmp := path + ".tmp"
	f, err := os.Create(tmp)
	if err != nil {
		return err
	}
	if err := tarball.Write(nil, img, f); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
