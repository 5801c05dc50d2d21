// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controlplane runs a Kubernetes API server with Crossplane on it, as processes of this machine.
//
// There are no nodes and no pods: etcd, kube-apiserver, a few controllers of kube-controller-manager, Crossplane core
// and its RBAC manager. Everything listens on 127.0.0.1 only. Crossplane has the permissions that its own Helm chart
// gives it, no more, so what works here works on a cluster.
package controlplane

import (
	"context"
	"fmt"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/certs"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/console"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

// startTimeout is how long a component may take to become ready on a slow machine.
const startTimeout = 2 * time.Minute

// Ports of the control plane, by the names under which they are reserved.
const (
	portEtcd        = "etcd"
	portEtcdPeer    = "etcd-peer"
	portAPIServer   = "kube-apiserver"
	portCoreMetrics = "crossplane-metrics"
	portCoreHealth  = "crossplane-health"
)

// A ControlPlane is the control plane of one clone.
type ControlPlane struct {
	Layout    layout.Layout
	Ports     *layout.Ports
	Processes *process.Processes
	Builder   *build.Builder
	Console   *console.Console

	ca *certs.CA
}

// Up makes the control plane run. What already runs as it should is left alone.
func (c *ControlPlane) Up(ctx context.Context) error {
	if err := c.Ports.Reserve(portEtcd, portEtcdPeer, portAPIServer, portCoreMetrics, portCoreHealth); err != nil {
		return err
	}

	if err := c.prepareCertificates(); err != nil {
		return err
	}

	for _, start := range []func(context.Context) error{
		c.etcd, c.apiServer, c.controllerManager, c.crossplane,
	} {
		if err := start(ctx); err != nil {
			return err
		}
	}

	return nil
}

// run ensures a process and waits until it is ready.
func (c *ControlPlane) run(ctx context.Context, s process.Spec, ready func(context.Context) error) error {
	started, err := c.Processes.Ensure(ctx, s)
	if err != nil {
		return err
	}

	if started {
		c.Console.Detail("started %s (log: %s)", s.Name, c.Processes.LogFile(s.Name))
	}

	return c.Processes.AwaitReady(ctx, s.Name, startTimeout, ready)
}

func (c *ControlPlane) server() string { return "https://" + c.Ports.Address(portAPIServer) }

// identity writes the kubeconfig of somebody whom the API server knows by a certificate of ours.
func (c *ControlPlane) identity(path string, s certs.Subject) error {
	pair, err := c.ca.Issue(s)
	if err != nil {
		return err
	}

	return kube.WriteKubeconfig(path, c.server(), c.ca.CertPEM(), kube.Identity{Cert: pair.Cert, Key: pair.Key})
}

// serviceAccount is how the API server sees a process that has a certificate instead of a pod's token. Permissions
// follow from the names alone, so they are those of the service account.
func serviceAccount(namespace, name string) certs.Subject {
	return certs.Subject{
		User:   fmt.Sprintf("system:serviceaccount:%s:%s", namespace, name),
		Groups: []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace},
	}
}
