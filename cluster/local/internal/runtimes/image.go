// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

const (
	dirMode = 0o755
	// rootFS is the folder of an unpacked image's file system, configFile that of its configuration.
	rootFS     = "rootfs"
	configFile = "config.json"
)

// An Image is a package image that is unpacked on this machine.
type Image struct {
	// Digest of the image.
	Digest string
	// Root of its file system.
	Root string
	// Entrypoint and the variables that the image wants to be run with.
	Entrypoint []string
	Env        []string
}

// pull unpacks the image that a reference stands for into dir, once per digest.
func pull(ctx context.Context, dir, reference string) (Image, error) {
	ref, err := name.ParseReference(reference)
	if err != nil {
		return Image{}, fmt.Errorf("cannot parse image %q: %w", reference, err)
	}

	img, err := remote.Image(ref, remote.WithContext(ctx))
	if err != nil {
		return Image{}, fmt.Errorf("cannot pull image %s: %w", ref, err)
	}

	digest, err := img.Digest()
	if err != nil {
		return Image{}, fmt.Errorf("cannot identify image %s: %w", ref, err)
	}

	target := filepath.Join(dir, digest.Hex)
	if _, err := os.Stat(target); errors.Is(err, fs.ErrNotExist) {
		if err := unpack(img, target); err != nil {
			return Image{}, fmt.Errorf("cannot unpack image %s: %w", ref, err)
		}
	}

	return load(target, digest.String())
}

func load(dir, digest string) (Image, error) {
	cfg := v1.Config{}
	if err := layout.ReadJSON(filepath.Join(dir, configFile), &cfg); err != nil {
		return Image{}, err
	}

	i := Image{Digest: digest, Root: filepath.Join(dir, rootFS), Entrypoint: append(cfg.Entrypoint, cfg.Cmd...), Env: cfg.Env}
	if len(i.Entrypoint) == 0 {
		return Image{}, fmt.Errorf("cannot run image %s: it has no entrypoint", digest)
	}

	return i, nil
}

// unpack writes an image's flattened file system and its configuration. The target appears when it is whole.
func unpack(img v1.Image, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), dirMode); err != nil {
		return err
	}

	tmp, err := os.MkdirTemp(filepath.Dir(target), ".unpack-*")
	if err != nil {
		return err
	}

	defer func() { _ = os.RemoveAll(tmp) }()

	cfg, err := img.ConfigFile()
	if err != nil {
		return err
	}

	if err := layout.WriteJSON(filepath.Join(tmp, configFile), cfg.Config); err != nil {
		return err
	}

	flat := mutate.Extract(img)
	defer func() { _ = flat.Close() }()

	if err := untar(flat, filepath.Join(tmp, rootFS)); err != nil {
		return err
	}

	return os.Rename(tmp, target)
}

// untar writes an archive below dir. Nothing that the archive says, neither ".." nor a link, makes it write elsewhere:
// os.Root sees to that. Devices and the like are left out.
func untar(r io.Reader, dir string) error {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}

	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}

	defer func() { _ = root.Close() }()

	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}

		if err != nil {
			return err
		}

		if err := untarEntry(root, h, t); err != nil {
			return fmt.Errorf("cannot unpack %q: %w", h.Name, err)
		}
	}
}

func untarEntry(root *os.Root, h *tar.Header, content io.Reader) error {
	entry := strings.TrimPrefix(path.Clean(h.Name), "/")
	if entry == "." || entry == "" {
		return nil
	}

	if err := root.MkdirAll(path.Dir(entry), dirMode); err != nil {
		return err
	}

	// The user has to be able to remove the tree again, whatever the image says.
	mode := h.FileInfo().Mode().Perm() | 0o600

	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(entry, mode|0o700)
	case tar.TypeReg:
		return writeFile(root, entry, mode, content)
	case tar.TypeSymlink:
		return root.Symlink(h.Linkname, entry)
	case tar.TypeLink:
		return root.Link(strings.TrimPrefix(path.Clean(h.Linkname), "/"), entry)
	default:
		return nil
	}
}

func writeFile(root *os.Root, entry string, mode fs.FileMode, content io.Reader) error {
	f, err := root.OpenFile(entry, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}

	if _, err := io.Copy(f, content); err != nil {
		_ = f.Close()

		return err
	}

	return f.Close()
}
