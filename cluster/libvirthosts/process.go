// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const processPoll = 20 * time.Millisecond

// A process is one process of this machine's current run. A PID alone may since have been given to somebody else.
type process struct {
	PID int `json:"pid"`
	// Start of the process in clock ticks since Boot.
	Start string `json:"start"`
	// Boot identifies the machine's run.
	Boot string `json:"boot"`
}

// identify returns the process that has a PID now.
func identify(pid int) (process, error) {
	stat, err := readStat(pid)
	if err != nil {
		return process{}, fmt.Errorf("cannot identify process %d: %w", pid, err)
	}
	boot, err := bootID()
	return process{PID: pid, Start: stat.start, Boot: boot}, err
}

// alive says whether the process still runs. One that has ended and was not collected yet does not.
func (p process) alive() bool {
	if p.PID == 0 {
		return false
	}
	// If it is a child of ours that has ended, collect it. Whether it is, is of no interest.
	_, _ = syscall.Wait4(p.PID, nil, syscall.WNOHANG, nil)
	stat, err := readStat(p.PID)
	if err != nil || stat.start != p.Start || stat.state == "Z" || stat.state == "X" {
		return false
	}
	boot, err := bootID()
	return err == nil && boot == p.Boot
}

// kill ends the process at once and waits until it has. As the first process of a PID namespace it takes the whole
// namespace with it.
func (p process) kill(ctx context.Context) error {
	if !p.alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot kill process %d: %w", p.PID, err)
	}
	for p.alive() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot see process %d end: %w", p.PID, ctx.Err())
		case <-time.After(processPoll):
		}
	}
	return nil
}

// child returns the child of the process that runs a command, which is the first 15 bytes of the program's name.
func (p process) child(command string) (process, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return process{}, err
	}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			continue
		}
		if stat, err := readStat(pid); err == nil && stat.parent == p.PID && stat.command == command {
			return identify(pid)
		}
	}
	return process{}, fmt.Errorf("process %d has no child %q", p.PID, command)
}

type procStat struct {
	command string
	state   string
	parent  int
	start   string
}

// readStat reads what proc(5) says of a process.
func readStat(pid int) (procStat, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return procStat{}, err
	}
	// The command is in parentheses and may itself hold spaces and parentheses.
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 0 || end < open {
		return procStat{}, fmt.Errorf("cannot parse %q", raw)
	}
	fields := strings.Fields(string(raw[end+1:])) // from the third field of proc(5) on
	if len(fields) < 20 {
		return procStat{}, fmt.Errorf("cannot parse %q", raw)
	}
	parent, err := strconv.Atoi(fields[1])
	return procStat{command: string(raw[open+1 : end]), state: fields[0], parent: parent, start: fields[19]}, err
}

func bootID() (string, error) {
	raw, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(raw)), err
}
