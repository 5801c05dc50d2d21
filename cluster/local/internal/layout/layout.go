// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package layout knows where the embedded control plane keeps its files, and keeps the small pieces of state that one
// run hands to the next: the ports in use, and the environment for people and tests.
package layout

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	dirMode  = 0o755
	fileMode = 0o600
)

// A Layout is the set of places under the root of one clone of the repository.
type Layout struct {
	// Root of the repository, absolute.
	Root string
}

// New returns the layout of the repository at root, which must hold the product's go.mod.
func New(root string) (Layout, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return Layout{}, fmt.Errorf("cannot resolve %q: %w", root, err)
	}

	if _, err := os.Stat(filepath.Join(abs, "cluster", "local", "go.mod")); err != nil {
		return Layout{}, fmt.Errorf("%q is not the root of the repository: %w", abs, err)
	}

	return Layout{Root: abs}, nil
}

// State returns a path below .local, which holds everything that a running control plane needs.
func (l Layout) State(elem ...string) string {
	return filepath.Join(append([]string{l.Root, ".local"}, elem...)...)
}

// Module returns the folder of the Go module that this program is in.
func (l Layout) Module() string { return filepath.Join(l.Root, "cluster", "local") }

// Run returns the folder of process records and pid files.
func (l Layout) Run() string { return l.State("run") }

// Logs returns the folder of log files.
func (l Layout) Logs() string { return l.State("logs") }

// Bin returns the path of a program that is built for this clone only.
func (l Layout) Bin(name string) string { return l.State("bin", name) }

// Kubeconfig returns the path of the administrator's kubeconfig.
func (l Layout) Kubeconfig() string { return l.State("kubeconfig") }

// Package returns the path of a built Crossplane package: "provider", "function" or "configuration".
func (l Layout) Package(name string) string {
	return filepath.Join(l.Root, "_output", "packages", name+".xpkg")
}

// EnvFile returns the path of the environment for people and tests.
func (l Layout) EnvFile() string { return l.State("env") }

// Make creates the folders that every component expects.
func (l Layout) Make() error {
	for _, d := range []string{l.Run(), l.Logs(), l.State("bin"), l.State("certs")} {
		if err := os.MkdirAll(d, dirMode); err != nil {
			return fmt.Errorf("cannot create folder: %w", err)
		}
	}

	return nil
}

// Remove deletes everything under .local but the logs.
func (l Layout) Remove() error {
	entries, err := os.ReadDir(l.State())
	if os.IsNotExist(err) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot read state: %w", err)
	}

	for _, e := range entries {
		if l.State(e.Name()) == l.Logs() {
			continue
		}

		if err := os.RemoveAll(l.State(e.Name())); err != nil {
			return fmt.Errorf("cannot remove state: %w", err)
		}
	}

	return nil
}

// Lock keeps a second up or down of the same clone from running beside this one. Call the returned function to let go.
func (l Layout) Lock() (func(), error) {
	if err := os.MkdirAll(l.State(), dirMode); err != nil {
		return nil, fmt.Errorf("cannot create folder: %w", err)
	}

	// The folder itself is locked, because a lock file would be removed together with the state.
	f, err := os.Open(l.State())
	if err != nil {
		return nil, fmt.Errorf("cannot open state: %w", err)
	}

	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()

		return nil, fmt.Errorf("another up or down is at work on %s: %w", l.State(), err)
	}

	return func() { _ = f.Close() }, nil
}

// WriteJSON writes v to path, so that a reader sees either the old or the new content.
func WriteJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot encode %s: %w", filepath.Base(path), err)
	}

	return WriteFile(path, append(b, '\n'))
}

// ReadJSON reads path into v. A missing file leaves v as it is.
func ReadJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}

	if err != nil {
		return fmt.Errorf("cannot read state: %w", err)
	}

	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("cannot decode %s: %w", path, err)
	}

	return nil
}

// WriteFile writes a file that only this user may read, creating its folder, so that a reader sees either the old or
// the new content.
func WriteFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), dirMode); err != nil {
		return fmt.Errorf("cannot create folder: %w", err)
	}

	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("cannot create file: %w", err)
	}

	defer func() { _ = os.Remove(tmp.Name()) }()

	if _, err := tmp.Write(content); err != nil {
		_ = tmp.Close()

		return fmt.Errorf("cannot write %s: %w", path, err)
	}

	if err := tmp.Close(); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}

	if err := os.Chmod(tmp.Name(), fileMode); err != nil {
		return fmt.Errorf("cannot protect %s: %w", path, err)
	}

	if err := os.Rename(tmp.Name(), path); err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}

	return nil
}
