// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const (
	// userID is the user and group that programs run as. Crossplane runs them as this user whatever an image says.
	userID = 2000
	// homeDir of that user.
	homeDir = "/home/nonroot"
	// certificates is where Debian keeps the CA roots, and one of the places where Go looks for them.
	certificates = "/etc/ssl/certs/ca-certificates.crt"
)

// A rootFS is the files of an image by absolute path.
type rootFS map[string]file

// A file is a file or directory of an image. All belong to root.
type file struct {
	mode    fs.FileMode
	content []byte
}

// add adds a file and the directories it is in.
func (r rootFS) add(name string, mode fs.FileMode, content []byte) {
	r.addDir(path.Dir(name), 0o755)
	r[name] = file{mode: mode, content: content}
}

// addDir adds a directory and those it is in. One that is there already is left as it is.
func (r rootFS) addDir(name string, mode fs.FileMode) {
	if _, ok := r[name]; ok || name == "/" {
		return
	}
	r.addDir(path.Dir(name), 0o755)
	r[name] = file{mode: fs.ModeDir | mode}
}

// addHostFile adds a copy of a file of this machine, links followed. The Debian package is the one to install when there
// is no such file.
func (r rootFS) addHostFile(name, debianPackage string) error {
	content, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is missing: install it with: apt-get install %s", name, debianPackage)
	}
	if err != nil {
		return fmt.Errorf("cannot read a file for the image: %w", err)
	}
	mode := fs.FileMode(0o644)
	if strings.HasPrefix(path.Base(name), "ld-linux") {
		mode = 0o755
	}
	r.add(name, mode, content)
	return nil
}

// layer returns the files as a layer that depends on nothing but them: sorted, without times.
func (r rootFS) layer() (v1.Layer, error) {
	buf := &bytes.Buffer{}
	tw := tar.NewWriter(buf)
	for _, name := range slices.Sorted(maps.Keys(r)) {
		f := r[name]
		h := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(name, "/"), Mode: unixMode(f.mode), Size: int64(len(f.content))}
		if f.mode.IsDir() {
			h.Typeflag, h.Name = tar.TypeDir, h.Name+"/"
		}
		if err := tw.WriteHeader(h); err != nil {
			return nil, fmt.Errorf("cannot archive %s: %w", name, err)
		}
		if _, err := tw.Write(f.content); err != nil {
			return nil, fmt.Errorf("cannot archive %s: %w", name, err)
		}
	}
	if err := tw.Close(); err != nil {
		return nil, fmt.Errorf("cannot archive files: %w", err)
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(buf.Bytes())), nil
	})
}

func unixMode(m fs.FileMode) int64 {
	mode := int64(m.Perm())
	if m&fs.ModeSticky != 0 {
		mode |= 0o1000
	}
	return mode
}

// image returns an image of the files that runs a program of theirs as an unprivileged user.
func (r rootFS) image(entrypoint string) (v1.Image, error) {
	l, err := r.layer()
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return nil, fmt.Errorf("cannot add layer: %w", err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("cannot read image configuration: %w", err)
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = "linux", runtime.GOARCH
	cfg.Config = v1.Config{
		User:       fmt.Sprintf("%[1]d:%[1]d", userID),
		Entrypoint: []string{entrypoint},
		WorkingDir: homeDir,
		Env:        []string{"PATH=" + path.Dir(entrypoint) + ":/usr/bin:/bin", "HOME=" + homeDir},
	}
	return mutate.ConfigFile(img, cfg)
}
