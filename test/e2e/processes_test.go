// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// pid returns the process ID of "provider" or "function", as the local cluster wrote it down.
func (w *world) pid(program string) (int, error) {
	content, err := os.ReadFile(filepath.Join(w.env.Dir, "run", program+".pid"))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(content)))
}

// alive says whether a process runs; one that has ended and waits for its parent to notice does not.
func alive(pid int) bool {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	return err == nil && !strings.Contains(string(status), "State:\tZ")
}

// kill ends "provider" or "function" without any warning, and waits until a new one is started in its place.
func (w *world) kill(program string) {
	w.Helper()
	old := w.awaitAlive(program, 0)
	if err := syscall.Kill(old, syscall.SIGKILL); err != nil {
		w.Fatalf("cannot kill the %s: %v", program, err)
	}
	w.Logf("killed the %s, process %d; now it is %d", program, old, w.awaitAlive(program, old))
}

// awaitAlive waits until a program runs as another process than old.
func (w *world) awaitAlive(program string, old int) int {
	w.Helper()
	var pid int
	w.await("the "+program+" runs", func() (string, bool) {
		var err error
		if pid, err = w.pid(program); err != nil {
			return err.Error(), false
		}
		return "process " + strconv.Itoa(pid), pid != old && alive(pid)
	})
	return pid
}
