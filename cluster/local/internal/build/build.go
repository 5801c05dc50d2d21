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

const (
	dirMode  = 0o755
	fileMode = 0o600
)

// A Builder builds components and keeps them in the user's cache, where every clone finds them.
type Builder struct {
	dir     string
	cache   string
	console *console.Console
}

// NewBuilder returns a builder of components. Their Go modules are in or below dir.
func NewBuilder(dir string, c *console.Console) (*Builder, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("cannot find the cache: %w", err)
	}

	return &Builder{dir: dir, cache: filepath.Join(cache, "provider-virtrigaud", "bin"), console: c}, nil
}

// A Module is where the Go tool keeps a module's source.
type Module struct {
	Version string
	Dir     string
}

// Module returns the version and the source of a component's module, after downloading it if need be.
func (b *Builder) Module(ctx context.Context, c Component) (Module, error) {
	out, err := b.goTool(ctx, c, "mod", "download", "-json", c.Module)
	if err != nil {
		return Module{}, fmt.Errorf("cannot download module %s: %w", c.Module, err)
	}

	m := Module{}
	if err := json.Unmarshal(out, &m); err != nil {
		return Module{}, fmt.Errorf("cannot read about module %s: %w", c.Module, err)
	}

	return m, nil
}

// Component returns the path of a component's program, building it the first time.
func (b *Builder) Component(ctx context.Context, c Component) (string, error) {
	m, err := b.Module(ctx, c)
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

	flags := "-s -w"
	if c.LinkerFlag != "" {
		flags += " -X " + fmt.Sprintf(c.LinkerFlag, m.Version)
	}

	out := filepath.Join(tmp, c.Name)
	args := []string{"build", "-ldflags", flags, "-o", out}

	if len(c.Patches) > 0 {
		modfile, err := b.patch(ctx, tmp, c, m)
		if err != nil {
			return err
		}

		args = append(args, "-modfile", modfile)
	}

	if _, err := b.goTool(ctx, c, append(args, c.Package)...); err != nil {
		return err
	}

	return os.Rename(out, target)
}

// patch copies a component's module into dir, patches it, and returns a go.mod that uses the copy.
func (b *Builder) patch(ctx context.Context, dir string, c Component, m Module) (string, error) {
	source := filepath.Join(dir, "source")
	if err := os.CopyFS(source, os.DirFS(m.Dir)); err != nil {
		return "", err
	}

	for _, p := range c.Patches {
		if err := p.apply(source); err != nil {
			return "", err
		}
	}

	for _, f := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(b.dir, c.From, f))
		if err != nil {
			return "", err
		}

		if err := os.WriteFile(filepath.Join(dir, f), content, fileMode); err != nil {
			return "", err
		}
	}

	modfile := filepath.Join(dir, "go.mod")
	_, err := b.goTool(ctx, c, "mod", "edit", "-replace="+c.Module+"="+source, modfile)

	return modfile, err
}

// apply patches a file below dir.
func (p Patch) apply(dir string) error {
	file := filepath.Join(dir, p.File)

	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}

	if n := strings.Count(string(content), p.Old); n != 1 {
		return fmt.Errorf("cannot patch %s: %q occurs %d times, not once", p.File, p.Old, n)
	}

	// Files of the module cache are read-only, and so are copies of them.
	if err := os.Chmod(file, fileMode); err != nil {
		return err
	}

	return os.WriteFile(file, []byte(strings.Replace(string(content), p.Old, p.New, 1)), fileMode)
}

// goTool runs the Go tool in the module that a component is built from.
func (b *Builder) goTool(ctx context.Context, c Component, args ...string) ([]byte, error) {
	return runGo(ctx, filepath.Join(b.dir, c.From), nil, args...)
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
