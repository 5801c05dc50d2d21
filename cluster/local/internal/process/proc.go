// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Fields of /proc/PID/stat after the command's closing parenthesis, counted from 0; see proc_pid_stat(5), where they
// are (3) and (22).
const (
	fieldState = 0
	fieldStart = 19
)

type stat struct {
	state string
	// start is when the process started, in clock ticks since boot.
	start uint64
}

// alive says whether the recorded process runs. A zombie does not: it only waits for whoever started it.
func alive(r Record) bool {
	boot, err := bootID()
	if err != nil || boot != r.Boot {
		return false
	}

	st, err := readStat(r.PID)
	if err != nil || st.start != r.Start {
		return false
	}

	if st.state == "Z" {
		// If it is our own child, let the kernel forget it. If it is not, this fails and does nothing.
		_, _ = syscall.Wait4(r.PID, nil, syscall.WNOHANG, nil)

		return false
	}

	return true
}

func readStat(pid int) (stat, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, fmt.Errorf("cannot read process %d: %w", pid, err)
	}

	return parseStat(string(b))
}

// parseStat reads the line from the last parenthesis on, because a command may itself contain parentheses and spaces.
func parseStat(line string) (stat, error) {
	_, rest, ok := cutLast(line, ")")
	fields := strings.Fields(rest)

	if !ok || len(fields) <= fieldStart {
		return stat{}, fmt.Errorf("cannot parse process state %q", line)
	}

	start, err := strconv.ParseUint(fields[fieldStart], 10, 64)
	if err != nil {
		return stat{}, fmt.Errorf("cannot parse process start: %w", err)
	}

	return stat{state: fields[fieldState], start: start}, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}

	return s[:i], s[i+len(sep):], true
}

func bootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("cannot identify this boot: %w", err)
	}

	return strings.TrimSpace(string(b)), nil
}
