// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/controlplane"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/hypervisors"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/packages"
)

// readyTimeout is how long the packages, and the provider after them, may take on a slow machine.
const readyTimeout = 3 * time.Minute

// upCommand brings everything up.
type upCommand struct {
	Libvirt hypervisors.Mode `default:"qemu" enum:"qemu,test,none" help:"Libvirt hosts: real ones (qemu), libvirt's test driver (test), or none."`
}

// Run implements the command. Each step leaves alone what is already as it should be.
func (u *upCommand) Run(ctx context.Context, s *site) error {
	unlock, err := s.layout.Lock()
	if err != nil {
		return err
	}

	defer unlock()

	if err := s.layout.Make(); err != nil {
		return err
	}

	s.console.Step("Control plane: etcd, kube-apiserver, kube-controller-manager, Crossplane")

	if err := s.controlPlane().Up(ctx); err != nil {
		return err
	}

	if err := s.kubectl(ctx); err != nil {
		return err
	}

	h := s.hypervisors()

	s.console.Step("Simulated vCenter")

	vcenter, err := h.VCenter(ctx)
	if err != nil {
		return err
	}

	s.console.Step("Libvirt hosts")

	libvirt, err := h.Libvirt(ctx, u.Libvirt)
	if err != nil {
		return err
	}

	if err := layout.WriteEnv(s.layout.EnvFile(), environment(s.layout, vcenter, libvirt)); err != nil {
		return err
	}

	admin, err := kube.Connect(s.layout.Kubeconfig())
	if err != nil {
		return err
	}

	s.console.Step("Packages: from the local registry, through Crossplane's package manager")

	if err := s.installPackages(ctx, admin); err != nil {
		return err
	}

	s.console.Step("ClusterProviderConfigs %s and %s", hypervisors.ConfigVSphere, hypervisors.ConfigLibvirt)

	if err := hypervisors.Configure(ctx, admin, vcenter, libvirt); err != nil {
		return err
	}

	if err := s.console.Await(ctx, "the provider to reach the hypervisors", readyTimeout, func(ctx context.Context) error {
		return hypervisors.Ready(ctx, admin, libvirt)
	}); err != nil {
		return err
	}

	s.console.Step("Up. To use it:  . %s", s.layout.EnvFile())

	return nil
}

func (s *site) controlPlane() *controlplane.ControlPlane {
	return &controlplane.ControlPlane{
		Layout: s.layout, Ports: s.ports, Processes: s.processes, Builder: s.builder, Console: s.console,
	}
}

func (s *site) hypervisors() *hypervisors.Hypervisors {
	return &hypervisors.Hypervisors{Layout: s.layout, Ports: s.ports, Processes: s.processes, Console: s.console}
}

// kubectl makes .local/bin/kubectl: a link to the machine's own, or to one that is built here.
func (s *site) kubectl(ctx context.Context) error {
	path, err := exec.LookPath("kubectl")
	if err != nil {
		if path, err = s.builder.Component(ctx, build.Kubectl()); err != nil {
			return err
		}
	}

	link := s.layout.Bin("kubectl")
	if err := os.Remove(link); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("cannot replace kubectl: %w", err)
	}

	if err := os.Symlink(path, link); err != nil {
		return fmt.Errorf("cannot link kubectl: %w", err)
	}

	return nil
}

// installPackages serves the packages, installs them, and waits until they are healthy.
func (s *site) installPackages(ctx context.Context, admin client.Client) error {
	if err := s.startAgent(ctx); err != nil {
		return err
	}

	store, registry := packages.NewStore(s.layout), s.ports.Address(portRegistry)
	tags := map[string]string{}

	for _, pkg := range []string{packages.Provider, packages.Function, packages.Configuration} {
		tag, fresh, err := store.Publish(ctx, pkg, s.layout.Package(pkg), registry)
		if err != nil {
			return fmt.Errorf("cannot publish package %s (make packages builds it): %w", pkg, err)
		}

		if fresh {
			s.console.Detail("pushed %s/%s:%s", registry, packages.Repository(pkg), tag)
		}

		tags[pkg] = tag
	}

	if err := packages.Install(ctx, admin, registry, tags); err != nil {
		return err
	}

	return s.console.Await(ctx, "healthy packages", readyTimeout, func(ctx context.Context) error {
		return packages.Healthy(ctx, admin, tags)
	})
}

// environment is what people and tests need to find everything.
func environment(l layout.Layout, v hypervisors.VCenter, lv hypervisors.Libvirt) []layout.Var {
	vars := []layout.Var{
		{Name: "KUBECONFIG", Value: l.Kubeconfig()},
		{Name: "GOVC_URL", Value: v.URL()},
		{Name: "GOVC_TLS_CA_CERTS", Value: v.CAFile},
		{Name: "VIRTRIGAUD_LIBVIRT", Value: string(lv.Mode)},
	}

	for i, h := range lv.Hosts {
		if i == 0 {
			vars = append(vars, layout.Var{Name: "LIBVIRT_DEFAULT_URI", Value: h.URI})
		}

		name := strings.ToUpper(strings.ReplaceAll(h.Name, "-", "_"))
		vars = append(vars, layout.Var{Name: "LIBVIRT_URI_" + name, Value: h.URI})
	}

	return vars
}
