// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Command vcenter runs a simulated vCenter until it is told to end.
package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
)

// cli is the command line.
type cli struct {
	Listen   string `default:"127.0.0.1:8989"           help:"Address to listen at."                                             placeholder:"HOST:PORT"`
	Username string `default:"administrator@vsphere.local" help:"Name of the only account."`
	Password string `env:"VCENTER_PASSWORD"             help:"Password of the only account."                                     required:""`
	Dir      string `default:"."                        help:"Directory for ca.pem, and env with variables for govc; it is made." type:"path"`
}

func main() {
	var c cli
	k := kong.Parse(&c, kong.Description("Runs a simulated vCenter with the inventory of a small production site. It ends on SIGTERM or SIGINT."))
	k.FatalIfErrorf(c.run())
}

func (c *cli) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	s, err := vcenter.Start(vcenter.Options{Username: c.Username, Password: c.Password, Listen: c.Listen})
	if err != nil {
		return fmt.Errorf("cannot start the vCenter: %w", err)
	}
	defer s.Close()
	if err := writeFiles(c.Dir, s.URL(), s.CAPEM()); err != nil {
		return err
	}
	fmt.Printf("vCenter ready at https://%s/sdk\n", s.URL().Host)
	<-ctx.Done()
	return nil
}

// writeFiles writes the authority's certificate, and how to reach the vCenter with govc. The latter holds the password.
func writeFiles(dir string, u *url.URL, ca []byte) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("cannot find the directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("cannot make the directory: %w", err)
	}
	caFile := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(caFile, ca, 0o600); err != nil {
		return fmt.Errorf("cannot write the authority's certificate: %w", err)
	}
	env := fmt.Sprintf("GOVC_URL=%s\nGOVC_TLS_CA_CERTS=%s\n", u, caFile)
	if err := os.WriteFile(filepath.Join(dir, "env"), []byte(env), 0o600); err != nil {
		return fmt.Errorf("cannot write the environment: %w", err)
	}
	return nil
}
