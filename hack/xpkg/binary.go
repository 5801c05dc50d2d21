// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A binary is a Go program and what it needs around it to run.
type binary struct {
	// main is the Go package of the program, relative to the repository.
	main string
	// path of the program in its image.
	path string
	// libraries are the sonames of shared libraries that the program opens when it runs. A program with libraries is
	// linked with the C library, one without is static.
	libraries []string
}

// libvirtLibraries returns the sonames that package libvirt opens when it is built with the tag libvirt_dlopen.
func libvirtLibraries() []string {
	return []string{"libvirt.so.0", "libvirt-qemu.so.0", "libvirt-lxc.so.0", "libvirt-admin.so.0"}
}

// compile returns the program's executable.
func (b *binary) compile(ctx context.Context, root, version string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "xpkg-")
	if err != nil {
		return nil, fmt.Errorf("cannot make temporary directory: %w", err)
	}
	defer os.RemoveAll(dir)

	out := filepath.Join(dir, filepath.Base(b.path))
	cmd := exec.CommandContext(ctx, "go", "build",
		"-trimpath", "-buildvcs=false", "-tags=libvirt_dlopen",
		"-ldflags=-s -w -X main.version="+version, "-o", out, b.main)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+b.cgo())
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("cannot compile %s: %w", b.main, err)
	}
	return os.ReadFile(out)
}

func (b *binary) cgo() string {
	if len(b.libraries) > 0 {
		return "1"
	}
	return "0"
}

// rootFS returns the files of the program's image: the program, the libraries it needs, and what Go's standard library
// and the C library expect to find.
func (b *binary) rootFS(content []byte) (rootFS, error) {
	fs := rootFS{}
	fs.addDir("/tmp", 0o777|os.ModeSticky)
	fs.addDir(homeDir, 0o755)
	fs.add("/etc/passwd", 0o644, []byte("root:x:0:0:root:/:/usr/sbin/nologin\n"+
		fmt.Sprintf("nonroot:x:%[1]d:%[1]d:nonroot:%[2]s:/usr/sbin/nologin\n", userID, homeDir)))
	fs.add("/etc/group", 0o644, fmt.Appendf(nil, "root:x:0:\nnonroot:x:%d:\n", userID))
	fs.add("/etc/nsswitch.conf", 0o644, []byte("passwd: files\ngroup: files\nhosts: files dns\n"))
	fs.add(b.path, 0o755, content)
	if err := fs.addHostFile(certificates, "ca-certificates"); err != nil {
		return nil, err
	}
	if len(b.libraries) == 0 {
		return fs, nil
	}

	l, err := newLinker()
	if err != nil {
		return nil, err
	}
	paths, err := l.closure(content, b.libraries)
	if err != nil {
		return nil, fmt.Errorf("cannot find the libraries of %s (they are in the Debian package libvirt0): %w", filepath.Base(b.path), err)
	}
	for _, p := range paths {
		if err := fs.addHostFile(p, "libvirt0"); err != nil {
			return nil, err
		}
	}
	return fs, nil
}

// isStatic says whether an executable needs no interpreter.
func isStatic(interpreter string) bool { return strings.TrimSpace(interpreter) == "" }
