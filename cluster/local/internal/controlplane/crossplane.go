// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/build"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/certs"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

// Names that Crossplane's chart gives its service accounts and Secrets.
const (
	accountCore = "crossplane"
	accountRBAC = "rbac-manager"

	// SecretRootCA holds the CA that signs the certificates of functions.
	SecretRootCA = "crossplane-root-ca"
	secretClient = "crossplane-tls-client"
	secretServer = "crossplane-tls-server"
)

const (
	initAttempts = 10
	initPause    = time.Second
	cacheMode    = 0o755
)

// crossplane installs and starts Crossplane core and its RBAC manager.
func (c *ControlPlane) crossplane(ctx context.Context) error {
	program := build.Crossplane()

	path, err := c.Builder.Component(ctx, program)
	if err != nil {
		return err
	}

	module, err := c.Builder.Module(ctx, program)
	if err != nil {
		return err
	}

	admin, err := kube.Connect(c.Layout.Kubeconfig())
	if err != nil {
		return err
	}

	if err := c.installCrossplane(ctx, admin, path, module.Dir); err != nil {
		return fmt.Errorf("cannot install Crossplane: %w", err)
	}

	if err := c.core(ctx, path); err != nil {
		return err
	}

	return c.run(ctx, process.Spec{
		Name: "crossplane-rbac-manager",
		Path: path,
		Args: []string{"rbac", "start", "--provider-clusterrole=crossplane:allowed-provider-permissions"},
		Env:  []string{"KUBECONFIG=" + c.kubeconfigOf(accountRBAC)},
	}, func(context.Context) error { return nil })
}

func (c *ControlPlane) core(ctx context.Context, path string) error {
	cache := c.Layout.State("crossplane", "packages")
	// Core does not create it, and then cannot read any package.
	if err := os.MkdirAll(cache, cacheMode); err != nil {
		return fmt.Errorf("cannot create Crossplane's package cache: %w", err)
	}

	return c.run(ctx, process.Spec{
		Name: "crossplane",
		Path: path,
		Args: []string{
			"core", "start",
			"--package-runtime=External",
			"--xpkg-cache-dir=" + cache,
			"--tls-client-certs-dir=" + c.clientCerts(),
			"--metrics-port=" + strconv.Itoa(c.Ports.Port(portCoreMetrics)),
			"--health-probe-port=" + strconv.Itoa(c.Ports.Port(portCoreHealth)),
		},
		Env: append(coreEnv(), "KUBECONFIG="+c.kubeconfigOf(accountCore)),
	}, func(ctx context.Context) error {
		return kube.Get(ctx, http.DefaultClient, "http://"+c.Ports.Address(portCoreHealth)+"/readyz")
	})
}

// coreEnv is what both core's initialisation and core itself are told. Webhooks would only protect resources by Usages.
func coreEnv() []string {
	return []string{
		"POD_NAMESPACE=" + kube.Namespace,
		"POD_SERVICE_ACCOUNT=" + accountCore,
		"WEBHOOK_ENABLED=false",
		"TLS_CA_SECRET_NAME=" + SecretRootCA,
		"TLS_CLIENT_SECRET_NAME=" + secretClient,
		"TLS_SERVER_SECRET_NAME=" + secretServer,
	}
}

// installCrossplane does what installing the Helm chart does: roles, service accounts, CRDs, certificates. It is done
// on every up, because it takes a second and mends what somebody deleted.
func (c *ControlPlane) installCrossplane(ctx context.Context, admin client.Client, path, module string) error {
	objects, err := renderChart(filepath.Join(module, "cluster", "charts", "crossplane"))
	if err != nil {
		return err
	}

	for i := range objects {
		if err := kube.Apply(ctx, admin, &objects[i]); err != nil {
			return err
		}
	}

	for _, account := range []string{accountCore, accountRBAC} {
		if _, err := os.Stat(c.kubeconfigOf(account)); err == nil {
			continue
		}

		if err := c.identity(c.kubeconfigOf(account), serviceAccount(kube.Namespace, account)); err != nil {
			return err
		}
	}

	if err := c.initialize(ctx, path, module); err != nil {
		return err
	}

	return c.fetchClientCertificate(ctx, admin)
}

// initialize runs Crossplane's own initialisation. A pod's init container is run again when it fails, and so is this:
// a CRD may not be served yet in the moment after it was created.
func (c *ControlPlane) initialize(ctx context.Context, path, module string) error {
	for try := 1; ; try++ {
		cmd := exec.CommandContext(ctx, path, "core", "init", "--activation=*")
		cmd.Env = append(os.Environ(), coreEnv()...)
		cmd.Env = append(cmd.Env,
			"KUBECONFIG="+c.kubeconfigOf(accountCore),
			"CRDS_PATH="+filepath.Join(module, "cluster", "crds"),
			"WEBHOOK_CONFIGS_PATH="+filepath.Join(module, "cluster", "webhookconfigurations"),
		)

		out, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}

		if try == initAttempts {
			return fmt.Errorf("cannot initialize Crossplane: %w: %s", err, out)
		}

		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(initPause):
		}
	}
}

// fetchClientCertificate writes the certificate by which core introduces itself to functions to where core reads it.
func (c *ControlPlane) fetchClientCertificate(ctx context.Context, admin client.Client) error {
	s := &corev1.Secret{}
	if err := admin.Get(ctx, types.NamespacedName{Namespace: kube.Namespace, Name: secretClient}, s); err != nil {
		return fmt.Errorf("cannot get Crossplane's client certificate: %w", err)
	}

	pair := certs.Pair{Cert: s.Data[corev1.TLSCertKey], Key: s.Data[corev1.TLSPrivateKeyKey]}
	if len(pair.Cert) == 0 || len(pair.Key) == 0 {
		return errors.New("cannot use Crossplane's client certificate: it is empty")
	}

	return certs.Write(c.clientCerts(), pair, s.Data["ca.crt"])
}

func (c *ControlPlane) clientCerts() string { return c.Layout.State("certs", "crossplane-client") }

func (c *ControlPlane) kubeconfigOf(account string) string {
	return c.Layout.State("certs", account+".kubeconfig")
}
