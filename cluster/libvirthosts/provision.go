// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// What every host has.
const (
	// Pool is the name of each host's storage pool.
	Pool = "default"
	// Network is the name of each host's NAT network, which gives guests their addresses.
	Network = "default"
	// BaseVolume is the name of the bootable base volume in Pool.
	BaseVolume = "tiny-linux"
)

// provision gives the host its pool, network and base volume, where it does not have them.
func (h *host) provision(ctx context.Context, image string) error {
	if err := h.provisionNetwork(ctx); err != nil {
		return err
	}
	if err := h.provisionPool(ctx); err != nil {
		return err
	}
	volume := filepath.Join(h.poolDir(), BaseVolume)
	if _, err := os.Stat(volume); err == nil {
		return nil
	}
	if err := copyFile(image, volume); err != nil {
		return fmt.Errorf("cannot give host %q its base volume: %w", h.Name, err)
	}
	_, err := h.virsh(ctx, "pool-refresh", Pool)
	return err
}

func (h *host) provisionNetwork(ctx context.Context) error {
	if err := h.ensure(ctx, []string{"net-list", "--all", "--name"}, Network, func() error {
		raw, err := hostFiles.ReadFile("host/network.xml")
		if err != nil {
			return err
		}
		file := filepath.Join(h.dir, "network.xml")
		if err := os.WriteFile(file, raw, 0o644); err != nil {
			return err
		}
		if _, err := h.virsh(ctx, "net-define", file); err != nil {
			return err
		}
		_, err = h.virsh(ctx, "net-autostart", Network)
		return err
	}); err != nil {
		return err
	}
	return h.ensure(ctx, []string{"net-list", "--name"}, Network, func() error {
		_, err := h.virsh(ctx, "net-start", Network)
		return err
	})
}

func (h *host) provisionPool(ctx context.Context) error {
	if err := h.ensure(ctx, []string{"pool-list", "--all", "--name"}, Pool, func() error {
		if _, err := h.virsh(ctx, "pool-define-as", Pool, "dir", "--target", h.poolDir()); err != nil {
			return err
		}
		_, err := h.virsh(ctx, "pool-autostart", Pool)
		return err
	}); err != nil {
		return err
	}
	return h.ensure(ctx, []string{"pool-list", "--name"}, Pool, func() error {
		_, err := h.virsh(ctx, "pool-start", Pool)
		return err
	})
}

// ensure calls add when the names that a virsh command lists do not include name.
func (h *host) ensure(ctx context.Context, list []string, name string, add func() error) error {
	out, err := h.virsh(ctx, list...)
	if err != nil || slices.Contains(strings.Fields(out), name) {
		return err
	}
	return add()
}

// copyFile leaves a complete copy at the destination, or none.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	partial := filepath.Join(filepath.Dir(filepath.Dir(to)), filepath.Base(to)+".partial")
	out, err := os.Create(partial)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(partial, to)
}
