// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/packages"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/runtimes"
)

const (
	processAgent = "agent"
	portRegistry = "registry"
	agentTimeout = time.Minute
	execMode     = 0o755
)

// agentCommand is the process that stays when up has ended.
type agentCommand struct{}

// Run implements the command. It ends on a signal, or with an error when the registry ends.
func (*agentCommand) Run(ctx context.Context, s *site) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	client, err := kube.Connect(s.layout.Kubeconfig())
	if err != nil {
		return err
	}

	agent := &runtimes.Agent{
		Layout:    s.layout,
		Ports:     s.ports,
		Processes: s.processes,
		Client:    client,
		Log:       slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}

	served := make(chan error, 1)

	go func() {
		defer cancel()
		served <- packages.NewStore(s.layout).Serve(ctx, s.ports.Address(portRegistry))
	}()

	agent.Run(ctx)

	return <-served
}

// startAgent makes the agent run, of the same build as this command.
func (s *site) startAgent(ctx context.Context) error {
	if err := errors.Join(s.ports.Reserve(portRegistry), runtimes.ReservePorts(s.ports)); err != nil {
		return err
	}

	path := s.layout.Bin("local")

	digest, err := copySelf(path)
	if err != nil {
		return fmt.Errorf("cannot copy this program: %w", err)
	}

	started, err := s.processes.Ensure(ctx, process.Spec{
		Name:     processAgent,
		Path:     path,
		Args:     []string{"agent", "--root=" + s.layout.Root},
		Revision: digest,
	})
	if err != nil {
		return err
	}

	if started {
		s.console.Detail("started agent with registry %s (log: %s)", s.ports.Address(portRegistry), s.processes.LogFile(processAgent))
	}

	return s.processes.AwaitReady(ctx, processAgent, agentTimeout, func(ctx context.Context) error {
		return packages.Answers(ctx, s.ports.Address(portRegistry))
	})
}

// copySelf copies the running program to where it stays, because go run removes it when it is done. It returns the
// program's digest.
func copySelf(path string) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}

	src, err := os.Open(self)
	if err != nil {
		return "", err
	}

	defer func() { _ = src.Close() }()

	content, err := io.ReadAll(src)
	if err != nil {
		return "", err
	}

	// A rename replaces the program of a running agent, which a write could not.
	if err := layout.WriteFile(path, content); err != nil {
		return "", err
	}

	if err := os.Chmod(path, execMode); err != nil {
		return "", err
	}

	return packages.Digest(filepath.Clean(path))
}
