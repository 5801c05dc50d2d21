// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/certs"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

// controllers of kube-controller-manager that make sense without nodes and pods: deletion of what an owner leaves
// behind, namespaces with their default service accounts, and the ClusterRoles that gather other ClusterRoles' rules.
const controllers = "garbage-collector-controller,namespace-controller,serviceaccount-controller,clusterrole-aggregation-controller"

// prepareCertificates makes what has to exist before the API server starts, once.
func (c *ControlPlane) prepareCertificates() error {
	var err error
	if c.ca, err = certs.LoadOrCreateCA(c.Layout.State("certs"), "virtrigaud-local"); err != nil {
		return err
	}

	dir := c.apiServerCerts()
	if _, err := os.Stat(filepath.Join(dir, "ca.crt")); err == nil {
		return nil
	}

	serving, err := c.ca.Issue(certs.Subject{
		User:     "kube-apiserver",
		DNSNames: []string{"localhost", "kubernetes.default.svc"},
		IPs:      []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	if err != nil {
		return err
	}

	admin := certs.Subject{User: "admin", Groups: []string{"system:masters"}}
	if err := c.identity(c.Layout.Kubeconfig(), admin); err != nil {
		return err
	}

	manager := certs.Subject{User: "system:kube-controller-manager", Groups: []string{"system:masters"}}
	if err := c.identity(c.controllerManagerKubeconfig(), manager); err != nil {
		return err
	}

	return certs.Write(dir, serving, c.ca.CertPEM())
}

func (c *ControlPlane) etcd(ctx context.Context) error {
	path, err := c.Builder.Component(ctx, build.Etcd())
	if err != nil {
		return err
	}

	client, peer := "http://"+c.Ports.Address(portEtcd), "http://"+c.Ports.Address(portEtcdPeer)
	return c.run(ctx, process.Spec{
		Name: "etcd",
		Path: path,
		Args: []string{
			"--data-dir=" + c.Layout.State("etcd"),
			"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
			"--initial-cluster=default=" + peer,
			"--log-level=warn",
			// What a power cut would cost is a control plane that make up builds again in seconds.
			"--unsafe-no-fsync",
		},
	}, func(ctx context.Context) error { return kube.Get(ctx, http.DefaultClient, client+"/readyz") })
}

func (c *ControlPlane) apiServer(ctx context.Context) error {
	path, err := c.Builder.Component(ctx, build.KubeAPIServer())
	if err != nil {
		return err
	}

	cfg, err := kube.Config(c.Layout.Kubeconfig())
	if err != nil {
		return err
	}

	dir := c.apiServerCerts()
	host, port, _ := strings.Cut(c.Ports.Address(portAPIServer), ":")
	return c.run(ctx, process.Spec{
		Name: "kube-apiserver",
		Path: path,
		Args: []string{
			"--etcd-servers=http://" + c.Ports.Address(portEtcd),
			"--bind-address=" + host, "--secure-port=" + port,
			"--tls-cert-file=" + filepath.Join(dir, "tls.crt"), "--tls-private-key-file=" + filepath.Join(dir, "tls.key"),
			"--client-ca-file=" + filepath.Join(dir, "ca.crt"),
			"--authorization-mode=RBAC",
			"--service-account-issuer=" + c.server(),
			// Tokens of service accounts are signed with the API server's own key: one key less to look after.
			"--service-account-signing-key-file=" + filepath.Join(dir, "tls.key"),
			"--service-account-key-file=" + filepath.Join(dir, "tls.crt"),
			"--service-cluster-ip-range=10.0.0.0/24",
			// There is no network in which the API server could be a service.
			"--endpoint-reconciler-type=none",
		},
	}, func(ctx context.Context) error { return kube.Ready(ctx, cfg) })
}

func (c *ControlPlane) controllerManager(ctx context.Context) error {
	path, err := c.Builder.Component(ctx, build.KubeControllerManager())
	if err != nil {
		return err
	}

	return c.run(ctx, process.Spec{
		Name: "kube-controller-manager",
		Path: path,
		Args: []string{
			"--kubeconfig=" + c.controllerManagerKubeconfig(),
			"--controllers=" + controllers,
			"--leader-elect=false",
			"--secure-port=0",
		},
	}, func(context.Context) error { return nil })
}

func (c *ControlPlane) apiServerCerts() string { return c.Layout.State("certs", "kube-apiserver") }

func (c *ControlPlane) controllerManagerKubeconfig() string {
	return c.Layout.State("certs", "kube-controller-manager.kubeconfig")
}
