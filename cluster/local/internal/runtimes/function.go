// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"context"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/certs"
)

// runFunction makes a function revision's process run and writes its endpoint into the revision's status, which the
// caller saves. It returns nil when the process accepts connections.
func (a *Agent) runFunction(ctx context.Context, r *pkgv1.FunctionRevision) error {
	i, err := a.image(ctx, r)
	if err != nil {
		return err
	}

	dir, err := a.writeServerCertificate(ctx, r)
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

// writeServerCertificate writes the certificate of a revision to where its process can read it.
func (a *Agent) writeServerCertificate(ctx context.Context, r *pkgv1.FunctionRevision) (string, error) {
	s, err := a.secret(ctx, *r.GetObservedTLSServerSecretName())
	if err != nil {
		return "", err
	}

	dir := a.Layout.State("certs", r.GetName())
	pair := certs.Pair{Cert: s.Data[corev1.TLSCertKey], Key: s.Data[corev1.TLSPrivateKeyKey]}

	return dir, certs.Write(dir, pair, s.Data[keyCA])
}
