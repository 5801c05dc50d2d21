// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package process

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

// patience is how long a test waits for what should happen at once.
const patience = 30 * time.Second

func TestParseStat(t *testing.T) {
	const tail = " S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 0 0"

	cases := map[string]struct {
		reason string
		line   string
		want   stat
		err    error
	}{
		"Plain": {
			reason: "The state and the start time are the 3rd and the 22nd field.",
			line:   "42 (etcd)" + tail,
			want:   stat{state: "S", start: 987654},
		},
		"CommandWithParentheses": {
			reason: "A command may contain what looks like the end of the command, and spaces.",
			line:   "42 (a) R 7 (b c)" + tail,
			want:   stat{state: "S", start: 987654},
		},
		"Short": {
			reason: "A line that is cut off says nothing about the process.",
			line:   "42 (etcd) S 1",
			err:    cmpopts.AnyError,
		},
		"NoCommand": {
			reason: "A line of another kind says nothing about the process.",
			line:   "no such thing",
			err:    cmpopts.AnyError,
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := parseStat(tc.line)
			if diff := cmp.Diff(tc.err, err, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("%s\nparseStat(...): -want error, +got error:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(stat{})); diff != "" {
				t.Errorf("%s\nparseStat(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// sleeper is a process of ours that runs until it is stopped.
func sleeper(name string) Spec {
	return Spec{Name: name, Path: "/bin/sleep", Args: []string{"300"}}
}

func newProcesses(t *testing.T) *Processes {
	t.Helper()
	dir := t.TempDir()
	p := New(dir, dir)
	t.Cleanup(func() {
		names, err := p.Names()
		if err != nil {
			t.Error(err)
		}
		for _, n := range names {
			// The test's own context has ended.
			if err := p.Stop(context.Background(), n); err != nil {
				t.Error(err)
			}
		}
	})
	return p
}

func TestEnsure(t *testing.T) {
	cases := map[string]struct {
		reason string
		// between the first and the second Ensure.
		between func(t *testing.T, r Record)
		second  Spec
		started bool
		same    bool
	}{
		"Unchanged": {
			reason:  "A process that runs as asked for is left alone.",
			between: func(*testing.T, Record) {},
			second:  sleeper("s"),
			started: false,
			same:    true,
		},
		"Killed": {
			reason: "A process that was killed is started again.",
			between: func(t *testing.T, r Record) {
				t.Helper()
				if err := syscall.Kill(r.PID, syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
				if !gone(t.Context(), r, patience) {
					t.Fatal("process does not end")
				}
			},
			second:  sleeper("s"),
			started: true,
		},
		"Changed": {
			reason:  "A process that runs otherwise than asked for is replaced.",
			between: func(*testing.T, Record) {},
			second:  Spec{Name: "s", Path: "/bin/sleep", Args: []string{"301"}},
			started: true,
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := newProcesses(t)
			if _, err := p.Ensure(t.Context(), sleeper("s")); err != nil {
				t.Fatal(err)
			}
			first, ok := p.Running("s")
			if !ok {
				t.Fatalf("%s\nprocess does not run after Ensure(...)", tc.reason)
			}

			tc.between(t, first)

			started, err := p.Ensure(t.Context(), tc.second)
			if err != nil {
				t.Fatal(err)
			}
			if started != tc.started {
				t.Errorf("%s\nEnsure(...): started %t, want %t", tc.reason, started, tc.started)
			}
			second, ok := p.Running("s")
			if !ok {
				t.Errorf("%s\nprocess does not run after second Ensure(...)", tc.reason)
			}
			if same := first.PID == second.PID; same != tc.same {
				t.Errorf("%s\nsame process: %t, want %t", tc.reason, same, tc.same)
			}
			if !tc.same && alive(first) {
				t.Errorf("%s\nthe first process still runs", tc.reason)
			}
		})
	}
}

func TestStopSparesAProcessThatOnlyHasTheID(t *testing.T) {
	cases := map[string]struct {
		reason string
		change func(r *Record)
	}{
		"OtherStart": {
			reason: "A process with the recorded id that started at another time is somebody else's.",
			change: func(r *Record) { r.Start++ },
		},
		"OtherBoot": {
			reason: "After a reboot ids and start times mean nothing.",
			change: func(r *Record) { r.Boot = "another" },
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := newProcesses(t)
			if _, err := p.Ensure(t.Context(), sleeper("s")); err != nil {
				t.Fatal(err)
			}
			r, _ := p.Running("s")
			t.Cleanup(func() { _ = syscall.Kill(-r.PID, syscall.SIGKILL) })

			other := r
			tc.change(&other)
			if err := layout.WriteJSON(p.record("s"), other); err != nil {
				t.Fatal(err)
			}

			if _, ok := p.Running("s"); ok {
				t.Errorf("%s\nRunning(...) takes it for ours", tc.reason)
			}
			if err := p.Stop(t.Context(), "s"); err != nil {
				t.Fatal(err)
			}
			if !alive(r) {
				t.Errorf("%s\nStop(...) ended it", tc.reason)
			}
		})
	}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	p := newProcesses(t)
	child := filepath.Join(t.TempDir(), "child")
	s := Spec{Name: "s", Path: "/bin/sh", Args: []string{"-c", "sleep 300 & echo $! > " + child + "; wait"}}
	if _, err := p.Ensure(t.Context(), s); err != nil {
		t.Fatal(err)
	}

	var pid int
	err := p.AwaitReady(t.Context(), "s", patience, func(context.Context) error {
		b, err := os.ReadFile(child)
		if err != nil {
			return err
		}
		pid, err = strconv.Atoi(strings.TrimSpace(string(b)))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	st, err := readStat(pid)
	if err != nil {
		t.Fatal(err)
	}
	boot, err := bootID()
	if err != nil {
		t.Fatal(err)
	}

	if err := p.Stop(t.Context(), "s"); err != nil {
		t.Fatal(err)
	}
	if !gone(t.Context(), Record{PID: pid, Start: st.start, Boot: boot}, patience) {
		t.Error("A child of a stopped process still runs")
	}
	if _, err := os.Stat(p.pidFile("s")); !os.IsNotExist(err) {
		t.Errorf("Stop(...) leaves the pid file: %v", err)
	}
}

func TestAwaitReadyTellsWhyAProcessEnded(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	p := newProcesses(t)
	if _, err := p.Ensure(t.Context(), Spec{Name: "s", Path: sh, Args: []string{"-c", "echo no such port; exit 1"}}); err != nil {
		t.Fatal(err)
	}

	err = p.AwaitReady(t.Context(), "s", patience, func(context.Context) error { return cmpopts.AnyError })
	if err == nil || !strings.Contains(err.Error(), "no such port") {
		t.Errorf("AwaitReady(...): want the end of the log in the error, got: %v", err)
	}
}
