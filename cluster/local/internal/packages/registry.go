// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package packages serves the Crossplane packages of this clone from a registry of its own and installs them through
// Crossplane's package manager.
package packages

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

// organisation is the repository path that the packages call their own.
const organisation = "crossplane-contrib"

const headerTimeout = 10 * time.Second

// A Published package is one that the registry serves.
type Published struct {
	// Digest of the package's file.
	Digest string `json:"digest"`
	// Tag is a new one whenever the file changes, so that the package manager sees a new version.
	Tag string `json:"tag"`
	// Serial counts the tags.
	Serial int `json:"serial"`
}

// A Store remembers what is published, so that a registry that starts anew can serve it again.
type Store struct {
	dir string
}

// NewStore returns the store of a clone.
func NewStore(l layout.Layout) Store { return Store{dir: l.State("registry")} }

// Published returns the published packages by name.
func (s Store) Published() (map[string]Published, error) {
	out := map[string]Published{}

	err := layout.ReadJSON(s.index(), &out)

	return out, err
}

func (s Store) index() string                       { return filepath.Join(s.dir, "published.json") }
func (s Store) file(pkg string) string              { return filepath.Join(s.dir, pkg+".xpkg") }
func (s Store) save(all map[string]Published) error { return layout.WriteJSON(s.index(), all) }

// Repository returns the repository path of a package within any registry.
func Repository(pkg string) string { return organisation + "/" + pkg + "-virtrigaud" }

// Serve runs the registry until the context ends. It serves what the store remembers, and what is pushed.
func (s Store) Serve(ctx context.Context, address string) error {
	blobs := filepath.Join(s.dir, "blobs")
	if err := os.MkdirAll(blobs, 0o755); err != nil {
		return fmt.Errorf("cannot create folder: %w", err)
	}

	h := registry.New(registry.WithBlobHandler(registry.NewDiskBlobHandler(blobs)), registry.Logger(log.Default()))

	// The package manager waits long after it was told that a package does not exist, so the registry opens at its
	// address only when it has everything.
	if err := s.restore(ctx, h); err != nil {
		return err
	}

	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}

	return serve(ctx, lis, h)
}

func serve(ctx context.Context, lis net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout}

	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()

	if err := srv.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("cannot serve packages: %w", err)
	}

	return nil
}

// restore pushes what the store remembers to the registry, by way of a port that nobody else knows.
func (s Store) restore(ctx context.Context, h http.Handler) error {
	all, err := s.Published()
	if err != nil {
		return err
	}

	lis, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("cannot listen: %w", err)
	}

	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)

	go func() { served <- serve(ctx, lis, h) }()

	for pkg, p := range all {
		err = errors.Join(err, push(ctx, s.file(pkg), lis.Addr().String(), Repository(pkg), p.Tag))
	}

	cancel()

	return errors.Join(err, <-served)
}

// Answers returns nil when a registry serves at the address.
func Answers(ctx context.Context, address string) error {
	return kube.Get(ctx, http.DefaultClient, "http://"+address+"/v2/")
}

func push(ctx context.Context, file, registryAddress, repository, tag string) error {
	img, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		return fmt.Errorf("cannot read package %s: %w", file, err)
	}

	ref, err := name.ParseReference(registryAddress + "/" + repository + ":" + tag)
	if err != nil {
		return fmt.Errorf("cannot name package %s: %w", file, err)
	}

	if err := remote.Write(ref, img, remote.WithContext(ctx)); err != nil {
		return fmt.Errorf("cannot push %s: %w", ref, err)
	}

	return nil
}
