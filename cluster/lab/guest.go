// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// GuestExec runs a program inside a guest, through the QEMU guest agent, and returns what it writes to its standard output. It
// fails while the agent does not answer and when the program's exit status is not 0.
func (l *Libvirt) GuestExec(ctx context.Context, vm VM, program string, args ...string) (string, error) {
	var started struct {
		PID int `json:"pid"`
	}
	// The agent takes a list, and no null in place of an empty one.
	arg := append([]string{}, args...)
	err := l.agent(ctx, vm, "guest-exec", map[string]any{"path": program, "arg": arg, "capture-output": true}, &started)
	if err != nil {
		return "", err
	}
	for {
		var status struct {
			Exited   bool   `json:"exited"`
			ExitCode int    `json:"exitcode"`
			Out      []byte `json:"out-data"`
			Err      []byte `json:"err-data"`
		}
		if err := l.agent(ctx, vm, "guest-exec-status", map[string]any{"pid": started.PID}, &status); err != nil {
			return "", err
		}
		if status.Exited && status.ExitCode != 0 {
			return "", fmt.Errorf("cannot run %s in guest %q: exit status %d: %s", program, vm.Name, status.ExitCode, status.Err)
		}
		if status.Exited {
			return string(status.Out), nil
		}
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("cannot await %s in guest %q: %w", program, vm.Name, ctx.Err())
		case <-time.After(lookEvery):
		}
	}
}

// AwaitGuest is GuestExec for a guest that may still be booting: it tries again until ctx ends, and then says why it failed last.
func (l *Libvirt) AwaitGuest(ctx context.Context, vm VM, program string, args ...string) (string, error) {
	last := ctx.Err()
	for {
		out, err := l.GuestExec(ctx, vm, program, args...)
		if err == nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("gave up waiting for guest %q: %w, last: %w", vm.Name, ctx.Err(), last)
		}
		last = err
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// agent calls a command of the guest agent, https://qemu.readthedocs.io/en/latest/interop/qemu-ga-ref.html
func (l *Libvirt) agent(ctx context.Context, vm VM, command string, args, result any) error {
	call, err := json.Marshal(map[string]any{"execute": command, "arguments": args})
	if err != nil {
		return fmt.Errorf("cannot encode %s: %w", command, err)
	}
	// virsh takes what is between single quotes as it is, so there must be none in it.
	quoted := strings.ReplaceAll(string(call), "'", `\u0027`)
	out, err := l.virsh(ctx, vm.Host, fmt.Sprintf("qemu-agent-command %s '%s'", vm.ID, quoted))
	if err != nil {
		return err
	}
	answer := struct {
		Return any `json:"return"`
	}{Return: result}
	if err := json.Unmarshal([]byte(out), &answer); err != nil {
		return fmt.Errorf("cannot decode the answer of %s: %w", command, err)
	}
	return nil
}
