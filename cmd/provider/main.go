// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Command provider reconciles the managed resources of API group infra.virtrigaud.io with vCenters and libvirt hosts.
package main

import (
	"github.com/alecthomas/kong"
)

// version is set by the linker.
var version = "dev"

// cli is the command line.
type cli struct {
	Serve   serveCommand   `cmd:"" default:"withargs" help:"Reconcile until told to stop. This is what happens without a command."`
	Version versionCommand `cmd:"" help:"Print the versions of this provider and of the libvirt library, and exit."`
}

func main() {
	ctx := kong.Parse(&cli{}, kong.Name("provider"),
		kong.Description("A Crossplane provider for virtual machines on vSphere and libvirt."), kong.UsageOnError())
	ctx.FatalIfErrorf(ctx.Run())
}
