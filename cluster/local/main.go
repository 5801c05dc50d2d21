// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Command local runs the embedded control plane: a Kubernetes API server with Crossplane, a simulated vCenter and
// libvirt hosts, with the packages of this repository installed. Everything is a process of this machine and listens on
// 127.0.0.1 only; everything it keeps is in the folder .local of the clone.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/console"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

type cli struct {
	Root string `default:"../.." help:"Root of the repository." type:"path"`

	Up     upCommand     `cmd:"" help:"Bring everything up, or mend what is missing of it."`
	Down   downCommand   `cmd:"" help:"Stop what up started and remove its state. Caches and logs stay."`
	Status statusCommand `cmd:"" help:"Say what runs."`
	Agent  agentCommand  `cmd:"" help:"Serve the packages and keep the provider and the function running." hidden:""`
}

// A site is what every command works with.
type site struct {
	layout    layout.Layout
	ports     *layout.Ports
	processes *process.Processes
	builder   *build.Builder
	console   *console.Console
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	c := &cli{}
	k := kong.Parse(c, kong.Name("local"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))

	s, err := open(c.Root)
	k.FatalIfErrorf(err)
	k.FatalIfErrorf(k.Run(s))
}

func open(root string) (*site, error) {
	l, err := layout.New(root)
	if err != nil {
		return nil, err
	}

	ports, err := l.LoadPorts()
	if err != nil {
		return nil, err
	}

	con := console.New(os.Stdout)

	builder, err := build.NewBuilder(l.Module(), con)
	if err != nil {
		return nil, err
	}

	return &site{layout: l, ports: ports, processes: process.New(l.Run(), l.Logs()), builder: builder, console: con}, nil
}

// statusCommand lists the processes.
type statusCommand struct{}

// Run implements the command.
func (*statusCommand) Run(s *site) error {
	names, err := s.processes.Names()
	if err != nil {
		return err
	}

	if len(names) == 0 {
		fmt.Println("Nothing was started here.")
	}

	for _, name := range names {
		if r, ok := s.processes.Running(name); ok {
			fmt.Printf("%-26s runs as process %d\n", name, r.PID)
		} else {
			fmt.Printf("%-26s has ended; its log is %s\n", name, s.processes.LogFile(name))
		}
	}

	return nil
}
