// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package packages

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

func TestTag(t *testing.T) {
	cases := map[string]struct {
		reason  string
		version string
		serial  int
		want    string
	}{
		"Release":    {reason: "A tag belongs to the package's version.", version: "v0.2.0", serial: 3, want: "v0.2.0-local.3"},
		"PreRelease": {reason: "What comes after the release is replaced: tags have to grow.", version: "v0.1.0-dev", serial: 12, want: "v0.1.0-local.12"},
		"NoV":        {reason: "A version may lack its v.", version: "1.2.3", serial: 1, want: "v1.2.3-local.1"},
		"Unknown":    {reason: "Without a version it is the first.", version: "main", serial: 1, want: "v0.1.0-local.1"},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tag(tc.version, tc.serial)); diff != "" {
				t.Errorf("%s\ntag(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// writeXpkg writes a package with random content and a version.
func writeXpkg(t *testing.T, path, version string) {
	t.Helper()
	img, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	cfg = cfg.DeepCopy()
	cfg.Config.Labels = map[string]string{labelVersion: version}
	if img, err = mutate.ConfigFile(img, cfg); err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(path, nil, img); err != nil {
		t.Fatal(err)
	}
}

// serveRegistry serves a store until the returned function is called.
func serveRegistry(t *testing.T, s Store, address string) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, address) }()

	for Answers(ctx, address) != nil {
		select {
		case err := <-done:
			t.Fatalf("registry ended: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve(...): %v", err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	lis, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lis.Close() }()
	return lis.Addr().String()
}

func TestPublish(t *testing.T) {
	store := NewStore(layout.Layout{Root: t.TempDir()})
	address, file := freeAddress(t), filepath.Join(t.TempDir(), "provider.xpkg")
	stop := serveRegistry(t, store, address)

	publish := func(reason, wantTag string, wantFresh bool) {
		t.Helper()
		got, fresh, err := store.Publish(t.Context(), Provider, file, address)
		if err != nil {
			t.Fatal(err)
		}
		if got != wantTag || fresh != wantFresh {
			t.Errorf("%s\nPublish(...): got %s, new %t; want %s, new %t", reason, got, fresh, wantTag, wantFresh)
		}
	}

	writeXpkg(t, file, "v0.1.0-dev")
	publish("A package is published with a version of its own.", "v0.1.0-local.1", true)
	publish("The same package is not published again.", "v0.1.0-local.1", false)
	writeXpkg(t, file, "v0.1.0-dev")
	publish("A changed package gets a new tag, or nobody would look at it.", "v0.1.0-local.2", true)

	stop()
	defer serveRegistry(t, store, address)()

	ref, err := name.ParseReference(address + "/" + Repository(Provider) + ":v0.1.0-local.2")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := remote.Image(ref, remote.WithContext(t.Context())); err != nil {
		t.Errorf("A registry that was started again does not serve what was published: %v", err)
	}
}
