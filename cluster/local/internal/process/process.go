// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package process starts, finds and stops programs that outlive the command that started them.
//
// What runs is remembered in a record per name. A record identifies a process by its id, its start time and the boot it
// belongs to, so that a process id which the system has given to somebody else since is never mistaken for ours.
package process

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

const (
	logMode = 0o644
	// settle is how often a stopping process is looked at.
	settle = 50 * time.Millisecond
	// inherited are the variables that a component gets from the environment of its starter; anything more would make
	// it depend on whose shell it was.
	inherited = "PATH HOME USER LANG TMPDIR XDG_CACHE_HOME XDG_RUNTIME_DIR"
)

// A Spec says how to run a program.
type Spec struct {
	// Name of the program's record, pid file and log.
	Name string
	// Path of the executable.
	Path string
	// Args without the program's own name.
	Args []string
	// Env are additional variables, NAME=value.
	Env []string
	// Dir is the working directory; empty means the caller's.
	Dir string
	// Revision is anything else that calls for a restart when it changes.
	Revision string
}

// fingerprint changes whenever a running process no longer is what its Spec asks for.
func (s Spec) fingerprint() string {
	h := sha256.New()
	for _, part := range [][]string{{s.Path, s.Dir, s.Revision}, s.Args, s.Env} {
		fmt.Fprintf(h, "%q\n", part)
	}

	return hex.EncodeToString(h.Sum(nil))
}

// A Record identifies a started process.
type Record struct {
	PID         int    `json:"pid"`
	Start       uint64 `json:"start"`
	Boot        string `json:"boot"`
	Fingerprint string `json:"fingerprint"`
}

// Processes are the named processes of one control plane.
type Processes struct {
	runDir string
	logDir string
}

// New returns the processes that are recorded in runDir and log to logDir.
func New(runDir, logDir string) *Processes {
	return &Processes{runDir: runDir, logDir: logDir}
}

// Ensure makes the process run as its Spec says. One that runs otherwise is stopped first. It reports whether it
// started anything.
func (p *Processes) Ensure(ctx context.Context, s Spec) (bool, error) {
	if r, ok := p.Running(s.Name); ok {
		if r.Fingerprint == s.fingerprint() {
			return false, nil
		}

		if err := p.Stop(ctx, s.Name); err != nil {
			return false, err
		}
	}

	return true, p.start(s)
}

// Running returns the record of a process that is alive.
func (p *Processes) Running(name string) (Record, bool) {
	r := Record{}
	if err := layout.ReadJSON(p.record(name), &r); err != nil || r.PID == 0 {
		return Record{}, false
	}

	return r, alive(r)
}

// LogFile returns the path of a process's log.
func (p *Processes) LogFile(name string) string { return filepath.Join(p.logDir, name+".log") }

// Names returns the names of all records, in no order that matters.
func (p *Processes) Names() ([]string, error) {
	paths, err := filepath.Glob(p.record("*"))
	if err != nil {
		return nil, fmt.Errorf("cannot list processes: %w", err)
	}

	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = strings.TrimSuffix(filepath.Base(path), ".json")
	}

	return names, nil
}

// Stop ends a process and its process group, kindly first, and forgets it. A process that does not run is forgotten.
func (p *Processes) Stop(ctx context.Context, name string) error {
	r, ok := p.Running(name)
	if !ok {
		return p.forget(name)
	}

	for _, try := range []struct {
		signal syscall.Signal
		grace  time.Duration
	}{{syscall.SIGTERM, 10 * time.Second}, {syscall.SIGKILL, 10 * time.Second}} {
		if err := syscall.Kill(-r.PID, try.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("cannot stop %s: %w", name, err)
		}

		if gone(ctx, r, try.grace) {
			return p.forget(name)
		}
	}

	return fmt.Errorf("cannot stop %s: process %d does not end", name, r.PID)
}

func gone(ctx context.Context, r Record, within time.Duration) bool {
	for deadline := time.Now().Add(within); alive(r); {
		if time.Now().After(deadline) || ctx.Err() != nil {
			return false
		}

		time.Sleep(settle)
	}

	return true
}

func (p *Processes) start(s Spec) error {
	log, err := os.OpenFile(p.LogFile(s.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, logMode)
	if err != nil {
		return fmt.Errorf("cannot open log of %s: %w", s.Name, err)
	}

	defer func() { _ = log.Close() }()

	cmd := exec.Command(s.Path, s.Args...) //nolint:noctx // It is to outlive every context of ours.
	cmd.Dir = s.Dir
	cmd.Env = append(environment(), s.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	// A session of its own: no terminal signal reaches it, and its process group has its own id.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}

	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", s.Name, err)
	}

	return p.remember(s, cmd.Process.Pid)
}

func (p *Processes) remember(s Spec, pid int) error {
	st, err := readStat(pid)
	if err != nil {
		return fmt.Errorf("cannot identify %s: %w", s.Name, err)
	}

	boot, err := bootID()
	if err != nil {
		return err
	}

	r := Record{PID: pid, Start: st.start, Boot: boot, Fingerprint: s.fingerprint()}
	if err := layout.WriteJSON(p.record(s.Name), r); err != nil {
		return err
	}

	return layout.WriteFile(p.pidFile(s.Name), []byte(strconv.Itoa(pid)+"\n"))
}

func (p *Processes) forget(name string) error {
	for _, f := range []string{p.record(name), p.pidFile(name)} {
		if err := os.Remove(f); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("cannot forget %s: %w", name, err)
		}
	}

	return nil
}

func (p *Processes) record(name string) string  { return filepath.Join(p.runDir, name+".json") }
func (p *Processes) pidFile(name string) string { return filepath.Join(p.runDir, name+".pid") }

func environment() []string {
	var env []string

	for name := range strings.FieldsSeq(inherited) {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}

	return env
}
