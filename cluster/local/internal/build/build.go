// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package build

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/console"
)

const dirMode = 0o755

// A Builder builds components and keeps them in the user's cache, where every clone finds them.
type Builder struct {
	module  string
	cache   string
	console *console.Console
}

// NewBuilder returns a builder of the components that the Go module in folder module requires.
func NewBuilder(module string, c *console.Console) (*Builder, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("cannot find the cache: %w", err)
	}

	return &Builder{module: module, cache: filepath.Join(cache, "provider-virtrigaud", "bin"), console: c}, nil
}

// A Module is where the Go tool keeps a module's source.
type Module struct {
	Version string
	Dir     string
}

// Module returns the version and the source of a required module, after downloading it if need be.
func (b *Builder) Module(ctx context.Context, path string) (Module, error) {
	out, err := b.goTool(ctx, "mod", "download", "-json", path)
	if err != nil {
		return Module{}, fmt.Errorf("cannot download module %s: %w", path, err)
	}

	m := Module{}
	if err := json.Unmarshal(out, &m); err != nil {
		return Module{}, fmt.Errorf("cannot read about module %s: %w", path, err)
	}

	return m, nil
}

// Component returns the path of a component's program, building it the first time.
func (b *Builder) Component(ctx context.Context, c Component) (string, error) {
	m, err := b.Module(ctx, c.Module)
	if err != nil {
		return "", err
	}

	target := filepath.Join(b.cache, c.file(m.Version))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}

	b.console.Detail("building %s %s; it is kept in %s", c.Name, m.Version, b.cache)

	err = b.console.During("building "+c.Name, func() error { return b.build(ctx, c, m, target) })
	if err != nil {
		return "", fmt.Errorf("cannot build %s: %w", c.Name, err)
	}

	return target, nil
}

// build makes the program beside its target and moves it there when it is whole: another clone may do the same.
func (b *Builder) build(ctx context.Context, c Component, m Module, target string) error {
	if err := os.MkdirAll(b.cache, dirMode); err != nil {
		return err
	}

	tmp, err := os.MkdirTemp(b.cache, ".build-*")
	if err != nil {
		return err
	}

	defer func() { _ = os.RemoveAll(tmp) }()

	overlay, err := writeOverlay(tmp, m.Dir, c.Patches)
	if err != nil {
		return err
	}

	flags := "-s -w"
	if c.LinkerFlag != "" {
		flags += " -X " + fmt.Sprintf(c.LinkerFlag, m.Version)
	}

	out := filepath.Join(tmp, c.Name)
	if _, err := b.goTool(ctx, "build", "-trimpath", "-ldflags", flags, "-overlay", overlay, "-o", out, c.Package); err != nil {
		return err
	}

	return os.Rename(out, target)
}

// writeOverlay writes patched copies of a module's files into dir and returns the file that tells the Go tool of them.
func writeOverlay(dir, module string, patches []Patch) (string, error) {
	patched := map[string]string{}

	for _, p := range patches {
		original := filepath.Join(module, p.File)

		source := original
		if earlier, ok := patched[original]; ok {
			source = earlier
		}

		content, err := os.ReadFile(source)
		if err != nil {
			return "", err
		}

		if n := strings.Count(string(content), p.Old); n != 1 {
			return "", fmt.Errorf("cannot patch %s: %q occurs %d times, not once", p.File, p.Old, n)
		}

		target := filepath.Join(dir, strings.ReplaceAll(p.File, "/", "_"))
		if err := os.WriteFile(target, []byte(strings.Replace(string(content), p.Old, p.New, 1)), 0o600); err != nil {
			return "", err
		}

		patched[original] = target
	}

	overlay, err := json.Marshal(map[string]any{"Replace": patched})
	if err != nil {
		return "", err
	}

	file := filepath.Join(dir, "overlay.json")

	return file, os.WriteFile(file, overlay, 0o600)
}

func (b *Builder) goTool(ctx context.Context, args ...string) ([]byte, error) {
	return runGo(ctx, b.module, nil, args...)
}

// Own builds a command of the repository itself into target. The Go tool's own cache makes it quick when nothing changed.
func Own(ctx context.Context, root, pkg, target string) error {
	// The tag makes the libvirt client library a matter of run time, so that building needs none.
	_, err := runGo(ctx, root, []string{"CGO_ENABLED=1"}, "build", "-tags", "libvirt_dlopen", "-o", target, pkg)
	if err != nil {
		return fmt.Errorf("cannot build %s: %w", pkg, err)
	}

	return nil
}

func runGo(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer

	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = &stderr

	out, err := cmd.Output()
	if err != nil {
		return nil, errors.Join(err, errors.New(strings.TrimSpace(stderr.String())))
	}

	return out, nil
}
