// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed host
var hostFiles embed.FS

const (
	socketName   = "libvirt-sock"
	startTimeout = 60 * time.Second
	startPoll    = 100 * time.Millisecond
	// maxSocketPath is what fits into sockaddr_un, less the closing zero.
	maxSocketPath = 107
)

// A host is one libvirtd with its guests.
type host struct {
	*hostState

	// dir is what the host keeps; run is what it loses with power.
	dir, run string
}

func (h *host) socket() string { return filepath.Join(h.run, socketName) }

// uri by which clients on this machine reach the host.
func (h *host) uri() string {
	return "qemu:///system?socket=" + strings.ReplaceAll(url.QueryEscape(h.socket()), "%2F", "/")
}

// poolDir is the directory of the host's storage pool.
func (h *host) poolDir() string { return filepath.Join(h.dir, "images") }

// prepare writes the host's directories and configuration.
func (h *host) prepare(r *Remote) error {
	for _, d := range []string{"lib/images", "lib/qemu", "lib/dnsmasq", "etc", "log", "cache/qemu", "images"} {
		if err := os.MkdirAll(filepath.Join(h.dir, d), 0o755); err != nil {
			return fmt.Errorf("cannot prepare host %q: %w", h.Name, err)
		}
	}
	daemon, err := hostFiles.ReadFile("host/libvirtd.conf")
	if err != nil {
		return err
	}
	emulator, err := hostFiles.ReadFile("host/qemu.conf")
	if err != nil {
		return err
	}
	settings := fmt.Sprintf("%shost_uuid = %q\n", daemon, h.UUID)
	if r != nil && len(r.TLSCert) > 0 {
		settings += tlsConfig
	}
	for name, content := range map[string]string{
		"etc/libvirtd.conf": settings,
		"etc/qemu.conf":     string(emulator),
		"hosts":             "127.0.0.1 localhost " + h.Name + "\n",
		"no-kvm":            "",
	} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(content), 0o644); err != nil {
			return fmt.Errorf("cannot prepare host %q: %w", h.Name, err)
		}
	}
	return h.prepareRemote(r)
}

// powerOn starts the host's first process. It has nothing to do with the caller's session and outlives it.
func (h *host) powerOn() error {
	// What is left of an earlier run, such as the list of running guests, would mislead libvirtd.
	if err := os.RemoveAll(h.run); err != nil {
		return fmt.Errorf("cannot start host %q: %w", h.Name, err)
	}
	// The mount points have to exist on the machine.
	for _, d := range []string{filepath.Join(h.run, "network"), "/run/libvirt", "/var/lib/libvirt", "/etc/libvirt", "/var/log/libvirt", "/var/cache/libvirt", "/run/sshd"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return fmt.Errorf("cannot start host %q: %w", h.Name, err)
		}
	}
	script, err := hostFiles.ReadFile("host/run.sh")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(h.dir, "log", "host.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("cannot start host %q: %w", h.Name, err)
	}
	defer func() { _ = log.Close() }()

	cmd := exec.Command("/bin/bash", "-c", string(script), "libvirt-host-"+h.Name) //nolint:noctx // The host outlives its caller.
	cmd.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
		"HOST=" + h.Name, "HOST_DIR=" + h.dir, "HOST_RUN=" + h.run,
	}
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: cannot start host %q in its own namespaces: %w", ErrUnavailable, h.Name, err)
	}
	h.Init, err = identify(cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("%w: host %q ended at once: %s", ErrUnavailable, h.Name, h.logTail())
	}
	return cmd.Process.Release()
}

// await returns when the host's daemon answers.
func (h *host) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		if !h.Init.alive() {
			return fmt.Errorf("%w: host %q has ended: %s", ErrUnavailable, h.Name, h.logTail())
		}
		if h.answers(ctx) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: libvirtd of host %q does not answer: %s", ErrUnavailable, h.Name, h.logTail())
		case <-time.After(startPoll):
		}
	}
}

func (h *host) answers(ctx context.Context) bool {
	if _, err := os.Stat(h.socket()); err != nil {
		return false
	}
	_, err := h.virsh(ctx, "version")
	return err == nil
}

// crash kills the host's daemon and nothing else. The host starts it again.
func (h *host) crash(ctx context.Context) error {
	daemon, err := h.Init.child("libvirtd")
	if err != nil {
		return fmt.Errorf("cannot find libvirtd of host %q: %w", h.Name, err)
	}
	return daemon.kill(ctx)
}

// signal sends a signal to the host's daemon.
func (h *host) signal(s syscall.Signal) error {
	daemon, err := h.Init.child("libvirtd")
	if err != nil {
		return fmt.Errorf("cannot find libvirtd of host %q: %w", h.Name, err)
	}
	return syscall.Kill(daemon.PID, s)
}

// virsh runs one command against the host and returns what it printed.
func (h *host) virsh(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "virsh", append([]string{"-q", "-c", h.uri()}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("cannot %s on host %q: %w: %s", args[0], h.Name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}

// logTail returns the end of what the host's first process and its daemon printed.
func (h *host) logTail() string {
	raw, err := os.ReadFile(filepath.Join(h.dir, "log", "host.log"))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], "; ")
}
