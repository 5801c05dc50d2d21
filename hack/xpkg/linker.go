// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A linker finds shared libraries where this machine's dynamic linker would.
type linker struct {
	// dirs are searched in order.
	dirs []string
}

// newLinker returns a linker that searches the directories of /etc/ld.so.conf and the usual ones.
func newLinker() (*linker, error) {
	dirs, err := configuredDirs("/etc/ld.so.conf")
	if err != nil {
		return nil, fmt.Errorf("cannot read the dynamic linker's configuration: %w", err)
	}
	return &linker{dirs: append(dirs, "/lib64", "/usr/lib64", "/lib", "/usr/lib")}, nil
}

// configuredDirs reads a file in the format of ld.so.conf(5): directories, comments, and include lines with patterns.
func configuredDirs(file string) ([]string, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var dirs []string
	for s := bufio.NewScanner(bytes.NewReader(raw)); s.Scan(); {
		line, _, _ := strings.Cut(s.Text(), "#")
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case fields[0] == "include" && len(fields) == 2:
			included, err := filepath.Glob(fields[1])
			if err != nil {
				return nil, err
			}
			for _, f := range included {
				more, err := configuredDirs(f)
				if err != nil {
					return nil, err
				}
				dirs = append(dirs, more...)
			}
		default:
			dirs = append(dirs, fields[0])
		}
	}
	return dirs, nil
}

// closure returns the paths of an executable's interpreter and of all libraries that it and the given sonames need,
// directly or not, sorted.
func (l *linker) closure(executable []byte, sonames []string) ([]string, error) {
	e, err := readELF(bytes.NewReader(executable))
	if err != nil {
		return nil, fmt.Errorf("cannot read executable: %w", err)
	}
	found := map[string]string{}
	if !isStatic(e.interpreter) {
		found[filepath.Base(e.interpreter)] = e.interpreter
	}
	for queue := slices.Concat(e.needed, sonames); len(queue) > 0; queue = queue[1:] {
		soname := queue[0]
		if _, ok := found[soname]; ok {
			continue
		}
		path, lib, err := l.find(soname, e)
		if err != nil {
			return nil, err
		}
		found[soname] = path
		queue = append(queue, lib.needed...)
	}
	paths := make([]string, 0, len(found))
	for _, p := range found {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	return paths, nil
}

// find returns where a library for the executable's kind of machine is, and what it says of itself.
func (l *linker) find(soname string, executable object) (string, object, error) {
	for _, d := range l.dirs {
		path := filepath.Join(d, soname)
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		lib, err := readELF(f)
		_ = f.Close()
		if err == nil && lib.class == executable.class && lib.machine == executable.machine {
			return path, lib, nil
		}
	}
	return "", object{}, fmt.Errorf("cannot find shared library %s in %s", soname, strings.Join(l.dirs, ", "))
}

// An object is what the linker has to know of an ELF file.
type object struct {
	class       elf.Class
	machine     elf.Machine
	interpreter string
	needed      []string
}

func readELF(r io.ReaderAt) (object, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return object{}, err
	}
	o := object{class: f.Class, machine: f.Machine}
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		raw, err := io.ReadAll(p.Open())
		if err != nil {
			return object{}, err
		}
		o.interpreter = string(bytes.TrimRight(raw, "\x00"))
	}
	if f.SectionByType(elf.SHT_DYNAMIC) == nil {
		return o, nil
	}
	o.needed, err = f.ImportedLibraries()
	return o, err
}
