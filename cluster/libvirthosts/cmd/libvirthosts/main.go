// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Command libvirthosts starts and stops private libvirt hosts on this machine.
//
// It exits with status 3 when libvirt hosts cannot run here, so that a caller can go on without.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
)

const exitUnavailable = 3

type cli struct {
	Up       upCmd       `cmd:"" help:"Start hosts, or make sure that they run, and print the name and URI of each."`
	Down     downCmd     `cmd:"" help:"Stop the hosts with all their guests and remove what they kept."`
	Packages packagesCmd `cmd:"" help:"Print the Debian packages that hosts and their guest image need."`
}

type upCmd struct {
	Dir   string `required:"" help:"Directory of the hosts."`
	Hosts int    `default:"2" help:"Number of hosts."`
}

type downCmd struct {
	Dir string `required:"" help:"Directory of the hosts."`
}

type packagesCmd struct{}

func (c *upCmd) Run(ctx context.Context) error {
	fleet, err := libvirthosts.Start(ctx, libvirthosts.Options{Dir: c.Dir, Hosts: c.Hosts, Log: func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, format+"\n", args...)
	}})
	if err != nil {
		return err
	}
	for _, h := range fleet.Hosts() {
		fmt.Println(h.Name, h.URI)
	}
	return nil
}

func (c *downCmd) Run(ctx context.Context) error { return libvirthosts.Stop(ctx, c.Dir) }

func (c *packagesCmd) Run() error {
	for _, p := range libvirthosts.Packages() {
		fmt.Println(p)
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	k := kong.Parse(&cli{}, kong.Name("libvirthosts"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	err := k.Run()
	stop()
	if errors.Is(err, libvirthosts.ErrUnavailable) {
		fmt.Fprintln(os.Stderr, "libvirthosts:", err)
		os.Exit(exitUnavailable)
	}
	k.FatalIfErrorf(err)
}
