// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package hypervisors

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/console"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/debian"
)

// A Mode is what kind of libvirt hosts there are.
type Mode string

// Modes of libvirt.
const (
	// ModeQEMU means libvirtd and QEMU.
	ModeQEMU Mode = "qemu"
	// ModeTest means the test driver that is built into libvirt's client library: VMs that exist in the memory of the
	// provider's process.
	ModeTest Mode = "test"
	// ModeNone means no libvirt at all.
	ModeNone Mode = "none"
)

// exitUnavailable is the status by which libvirthosts says that it cannot work on this machine.
const exitUnavailable = 3

// testURI is the one host that the test driver has ready.
const testURI = "test:///default"

// A Host is a libvirt host.
type Host struct {
	Name string
	URI  string
}

// Libvirt is the fleet of libvirt hosts.
type Libvirt struct {
	Mode  Mode
	Hosts []Host
}

// Libvirt makes two libvirt hosts run. Where they cannot, it says why and returns libvirt's test driver instead.
func (h *Hypervisors) Libvirt(ctx context.Context, want Mode) (Libvirt, error) {
	switch want {
	case ModeNone:
		return Libvirt{Mode: ModeNone}, nil
	case ModeTest:
		return testDriver(), nil
	case ModeQEMU:
	}

	path, err := h.own(ctx, "libvirthosts", "./cluster/libvirthosts/cmd/libvirthosts")
	if err != nil {
		return Libvirt{}, err
	}

	if err := h.installPackages(ctx, path); err != nil {
		h.Console.Detail("cannot install what libvirt hosts need: %v", err)
	}

	out, err := h.libvirtHosts(ctx, path, "up", "--hosts=2")
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == exitUnavailable {
		h.Console.Step("Going on with vSphere, and with libvirt's built-in test driver instead of QEMU")

		return testDriver(), nil
	}

	if err != nil {
		return Libvirt{}, fmt.Errorf("cannot start libvirt hosts: %w", err)
	}

	hosts, err := parseHosts(out)

	return Libvirt{Mode: ModeQEMU, Hosts: hosts}, err
}

// StopLibvirt stops the libvirt hosts, if there are any.
func (h *Hypervisors) StopLibvirt(ctx context.Context) error {
	if _, err := os.Stat(h.libvirtDir()); os.IsNotExist(err) {
		return nil
	}

	path := h.Layout.Bin("libvirthosts")
	if _, err := os.Stat(path); os.IsNotExist(err) {
		if path, err = h.own(ctx, "libvirthosts", "./cluster/libvirthosts/cmd/libvirthosts"); err != nil {
			return err
		}
	}

	if _, err := h.libvirtHosts(ctx, path, "down"); err != nil {
		return fmt.Errorf("cannot stop libvirt hosts: %w", err)
	}

	return nil
}

func (h *Hypervisors) installPackages(ctx context.Context, path string) error {
	out, err := exec.CommandContext(ctx, path, "packages").Output()
	if err != nil {
		return fmt.Errorf("cannot list packages: %w", err)
	}

	absent, err := debian.Missing(ctx, strings.Fields(string(out)))
	if err != nil || len(absent) == 0 {
		return err
	}

	h.Console.Detail("installing Debian packages: %s", strings.Join(absent, " "))

	return h.Console.During("installing Debian packages", func() error { return debian.Install(ctx, absent) })
}

// libvirtHosts runs the command of that name and returns what it prints. What it says of its progress is passed on.
func (h *Hypervisors) libvirtHosts(ctx context.Context, path, verb string, args ...string) (string, error) {
	var out bytes.Buffer

	progress := &lines{console: h.Console}
	cmd := exec.CommandContext(ctx, path, append([]string{verb, "--dir=" + h.libvirtDir()}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, progress

	err := h.Console.During("working on libvirt hosts", cmd.Run)

	return out.String(), errors.Join(err, progress.Close())
}

func (h *Hypervisors) libvirtDir() string { return h.Layout.State("libvirt") }

func testDriver() Libvirt {
	return Libvirt{Mode: ModeTest, Hosts: []Host{{Name: "kvm-01", URI: testURI}}}
}

// parseHosts reads lines of a host's name and its URI.
func parseHosts(out string) ([]Host, error) {
	var hosts []Host

	for line := range strings.Lines(out) {
		name, uri, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			return nil, fmt.Errorf("cannot read libvirt host from %q", line)
		}

		hosts = append(hosts, Host{Name: name, URI: strings.TrimSpace(uri)})
	}

	if len(hosts) == 0 {
		return nil, errors.New("cannot find any libvirt host")
	}

	return hosts, nil
}

// lines passes whole lines on to the console.
type lines struct {
	console *console.Console
	rest    []byte
}

var _ io.WriteCloser = &lines{}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)

	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(p), nil
		}

		l.console.Detail("%s", line)
		l.rest = rest
	}
}

// Close passes on what does not end with a newline.
func (l *lines) Close() error {
	if len(l.rest) > 0 {
		l.console.Detail("%s", l.rest)
		l.rest = nil
	}

	return nil
}
