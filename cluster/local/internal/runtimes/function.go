// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/certs"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/controlplane"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
)

// runFunction makes a function revision's process run and writes its endpoint into the revision's status, which the
// caller saves. It returns nil when the process accepts connections.
func (a *Agent) runFunction(ctx context.Context, r *pkgv1.FunctionRevision) error {
	i, err := a.image(ctx, r)
	if err != nil {
		return err
	}

	dir, err := a.serverCertificate(ctx)
	if err != nil {
		return err
	}

	address := a.Ports.Address(portFunction)
	r.Status.Endpoint = address

	args := []string{
		"--address=" + address,
		"--tls-certs-dir=" + dir,
		"--metrics-address=" + a.Ports.Address(portFunctionMetrics),
	}
	if err := a.run(ctx, ProcessFunction, i, args, nil); err != nil {
		return err
	}

	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("function does not answer: %w", err)
	}

	return conn.Close()
}

// serverCertificate returns the folder of a certificate that Crossplane core accepts from a function at 127.0.0.1: one
// of core's own CA, for that address.
func (a *Agent) serverCertificate(ctx context.Context) (string, error) {
	dir := a.Layout.State("certs", "function")

	s := &corev1.Secret{}
	if err := a.Client.Get(ctx, types.NamespacedName{Namespace: kube.Namespace, Name: controlplane.SecretRootCA}, s); err != nil {
		return "", fmt.Errorf("cannot get Crossplane's CA: %w", err)
	}

	root := certs.Pair{Cert: s.Data[corev1.TLSCertKey], Key: s.Data[corev1.TLSPrivateKeyKey]}

	if have, err := os.ReadFile(filepath.Join(dir, "ca.crt")); err == nil && string(have) == string(root.Cert) {
		return dir, nil
	}

	ca, err := certs.ParseCA(root)
	if err != nil {
		return "", err
	}

	pair, err := ca.Issue(certs.Subject{
		User:     "function-virtrigaud",
		DNSNames: []string{"localhost"},
		IPs:      []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	if err != nil {
		return "", err
	}

	return dir, certs.Write(dir, pair, root.Cert)
}
