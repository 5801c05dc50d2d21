// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxLinks is how many symbolic links a path may lead through.
const maxLinks = 40

// command returns the program and the arguments that run an image's entrypoint without a container. A program that is
// linked dynamically is run by the image's own loader with the image's own libraries, as in a container: that of the
// machine may be of another age, or know no libvirt.
func (i Image) command() (string, []string, error) {
	program, err := i.resolve(i.Entrypoint[0])
	if err != nil {
		return "", nil, fmt.Errorf("cannot find entrypoint: %w", err)
	}

	interpreter, err := interpreterOf(program)
	if err != nil {
		return "", nil, err
	}

	if interpreter == "" {
		return program, i.Entrypoint[1:], nil
	}

	loader, err := i.resolve(interpreter)
	if err != nil {
		return "", nil, fmt.Errorf("cannot find the loader that %s asks for: %w", i.Entrypoint[0], err)
	}

	args := []string{"--inhibit-cache", "--library-path", strings.Join(i.libraries(), ":"), program}

	return loader, append(args, i.Entrypoint[1:]...), nil
}

// libraries returns the folders of the image that can hold shared libraries.
func (i Image) libraries() []string {
	var dirs []string

	for _, pattern := range []string{"lib/*-linux-gnu", "usr/lib/*-linux-gnu", "lib64", "usr/lib64", "lib", "usr/lib", "usr/local/lib"} {
		// The patterns are well-formed, which is all that can be wrong.
		found, _ := filepath.Glob(filepath.Join(i.Root, pattern))
		dirs = append(dirs, found...)
	}

	return dirs
}

// environment returns the image's variables, but for those that name places within its file system.
func (i Image) environment() []string {
	var env []string

	for _, v := range i.Env {
		if name, _, _ := strings.Cut(v, "="); name != "PATH" && name != "HOME" {
			env = append(env, v)
		}
	}

	if roots, err := i.resolve("/etc/ssl/certs/ca-certificates.crt"); err == nil {
		env = append(env, "SSL_CERT_FILE="+roots)
	}

	return env
}

// resolve returns the real path of a file of the image, following links as if the image's root were the system's.
func (i Image) resolve(file string) (string, error) {
	rest := strings.Split(strings.Trim(filepath.Clean("/"+file), "/"), "/")
	at := "/"

	for links := 0; len(rest) > 0; {
		next := filepath.Join(at, rest[0])
		rest = rest[1:]

		info, err := os.Lstat(filepath.Join(i.Root, next))
		if err != nil {
			return "", err
		}

		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}

		if links++; links > maxLinks {
			return "", fmt.Errorf("cannot resolve %s: too many links", file)
		}

		target, err := os.Readlink(filepath.Join(i.Root, next))
		if err != nil {
			return "", err
		}

		if !filepath.IsAbs(target) {
			target = filepath.Join(at, target)
		}

		rest = append(strings.Split(strings.Trim(filepath.Clean(target), "/"), "/"), rest...)
		at = "/"
	}

	return filepath.Join(i.Root, at), nil
}

// interpreterOf returns the loader that an executable asks for, empty if it needs none.
func interpreterOf(path string) (string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return "", fmt.Errorf("cannot read executable %s: %w", path, err)
	}

	defer func() { _ = f.Close() }()

	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}

		b, err := io.ReadAll(p.Open())
		if err != nil {
			return "", errors.Join(errors.New("cannot read the executable's loader"), err)
		}

		return strings.TrimRight(string(b), "\x00"), nil
	}

	return "", nil
}
