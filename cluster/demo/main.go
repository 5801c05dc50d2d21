// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Command demo plays the product's story on the local cluster of `make up`: sets of VMs are made, placed, scaled, replaced
// step by step and deleted, on a simulated vCenter and on real QEMU guests. What it says of VMs it has from the hypervisors
// themselves, never from the product's status. Its exit status is 0 only if everything it promises was seen to be true.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

func main() {
	env := flag.String("env", filepath.Join(".local", "env"), "env file that `make up` wrote")
	examples := flag.String("examples", "examples", "folder of the example manifests")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *env, *examples)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nThe demo failed: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, envFile, examples string) (err error) {
	env, err := lab.LoadEnv(envFile)
	if err != nil {
		return err
	}
	kubectl, err := lab.NewKubectl(env)
	if err != nil {
		return err
	}
	vcenter, err := lab.NewVCenter(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vcenter.Close(context.WithoutCancel(ctx))) }()

	s := story{out: os.Stdout, kubectl: kubectl, examples: examples, web: webTier(vcenter)}
	if env.Libvirt == lab.LibvirtQEMU {
		guests, err := lab.NewLibvirt(env)
		if err != nil {
			return err
		}
		s.kvm = kvmTier(guests)
	} else {
		s.withoutGuests = withoutGuests(env.Libvirt)
	}
	return s.tell(ctx)
}

// withoutGuests says why there are no real guests to look at.
func withoutGuests(mode lab.LibvirtMode) string {
	if mode == lab.LibvirtTest {
		return "libvirtd or QEMU cannot run here, so libvirt is its built-in test driver. It lives inside the provider's process, where " +
			"virsh cannot look: this demo shows vSphere only."
	}
	return "There are no libvirt hosts in this local cluster: this demo shows vSphere only."
}
