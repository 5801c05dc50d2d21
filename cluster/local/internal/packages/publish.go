// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// labelVersion is the image label in which a package says its version.
const labelVersion = "org.opencontainers.image.version"

// firstVersion is what a package without a version counts as.
const firstVersion = "v0.1.0"

// Publish pushes a package's file to the registry at address, unless the same file is there already. It returns the
// tag, and whether it is a new one.
func (s Store) Publish(ctx context.Context, pkg, file, address string) (string, bool, error) {
	all, err := s.Published()
	if err != nil {
		return "", false, err
	}

	digest, err := Digest(file)
	if err != nil {
		return "", false, fmt.Errorf("cannot read package: %w", err)
	}

	last := all[pkg]
	if last.Digest == digest {
		return last.Tag, false, nil
	}

	version, err := versionOf(file)
	if err != nil {
		return "", false, err
	}

	next := Published{Digest: digest, Serial: last.Serial + 1, Tag: tag(version, last.Serial+1)}
	if err := push(ctx, file, address, Repository(pkg), next.Tag); err != nil {
		return "", false, err
	}

	if err := copyFile(file, s.file(pkg)); err != nil {
		return "", false, fmt.Errorf("cannot keep package: %w", err)
	}

	all[pkg] = next

	return next.Tag, true, s.save(all)
}

// tag returns a semantic version that belongs to the package's own and grows with serial.
func tag(version string, serial int) string {
	release := regexp.MustCompile(`^v?(\d+\.\d+\.\d+)`).FindStringSubmatch(version)
	if release == nil {
		return tag(firstVersion, serial)
	}

	return fmt.Sprintf("v%s-local.%d", release[1], serial)
}

func versionOf(file string) (string, error) {
	img, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return "", fmt.Errorf("cannot read package %s: %w", file, err)
	}

	cfg, err := img.ConfigFile()
	if err != nil {
		return "", fmt.Errorf("cannot read package %s: %w", file, err)
	}

	return cfg.Config.Labels[labelVersion], nil
}

// Digest returns the SHA-256 of a file's content.
func Digest(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}

	defer func() { _ = f.Close() }()

	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}

	return hex.EncodeToString(h.Sum(nil)), nil
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}

	defer func() { _ = src.Close() }()

	dst, err := os.CreateTemp(filepath.Dir(to), ".copy-*")
	if err != nil {
		return err
	}

	defer func() { _ = os.Remove(dst.Name()) }()

	if _, err := io.Copy(dst, src); err != nil {
		_ = dst.Close()

		return err
	}

	if err := dst.Close(); err != nil {
		return err
	}

	return os.Rename(dst.Name(), to)
}
