// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Command xpkg builds the three Crossplane packages of this repository, runtime images included, without a container
// engine. It compiles the binaries, puts the provider's together with the libvirt client library of this machine, and
// hands the result to Crossplane's own package library, which lints it. The same sources on the same machine give the
// same bytes.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Root    string   `default:"."                 help:"Directory of this repository."                     type:"existingdir"`
	Output  string   `default:"_output/packages"  help:"Directory to write the packages to."               type:"path"`
	Version string   `default:"v0.1.0-dev"        help:"Version that the packages and their binaries say."`
	Only    []string `help:"Build only these packages: provider, function, configuration."`
}

func main() {
	c := &cli{}
	kctx := kong.Parse(c, kong.Description("Builds the Crossplane packages of this repository."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kctx.FatalIfErrorf(c.run(ctx))
}

func (c *cli) run(ctx context.Context) error {
	if err := os.MkdirAll(c.Output, 0o755); err != nil {
		return fmt.Errorf("cannot make output directory: %w", err)
	}
	chosen, err := choose(recipes(), c.Only)
	if err != nil {
		return err
	}
	for _, r := range chosen {
		img, err := r.build(ctx, c.Root, c.Version)
		if err != nil {
			return fmt.Errorf("cannot build package %s: %w", r.name, err)
		}
		path := filepath.Join(c.Output, r.name+".xpkg")
		if err := writePackage(path, img); err != nil {
			return fmt.Errorf("cannot write package %s: %w", r.name, err)
		}
		fmt.Printf("Built %s %s\n", path, c.Version)
	}
	return nil
}
