// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package runtimes

import (
	"context"
	"fmt"
	"net"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/certs"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/controlplane"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
)

// keyCA is where a Secret of type kubernetes.io/tls keeps the CA.
const keyCA = "ca.crt"

// serverCertificate ensures the Secret of a revision's server certificate and returns the Secret's name. Crossplane core
// accepts only certificates of its own CA, and for a function at 127.0.0.1 only one for that address.
func (a *Agent) serverCertificate(ctx context.Context, r pkgv1.PackageRevision) (string, error) {
	name := r.GetName() + "-tls-server"

	_, err := a.secret(ctx, name)
	if err == nil || !apierrors.IsNotFound(err) {
		return name, err
	}

	root, err := a.secret(ctx, controlplane.SecretRootCA)
	if err != nil {
		return "", err
	}

	ca, err := certs.ParseCA(certs.Pair{Cert: root.Data[corev1.TLSCertKey], Key: root.Data[corev1.TLSPrivateKeyKey]})
	if err != nil {
		return "", err
	}

	pair, err := ca.Issue(certs.Subject{
		User:     r.GetName(),
		DNSNames: []string{"localhost"},
		IPs:      []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	if err != nil {
		return "", err
	}

	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace:       kube.Namespace,
			Name:            name,
			OwnerReferences: []metav1.OwnerReference{owner(r)},
		},
		Type: corev1.SecretTypeTLS,
		Data: map[string][]byte{corev1.TLSCertKey: pair.Cert, corev1.TLSPrivateKeyKey: pair.Key, keyCA: ca.CertPEM()},
	}
	if err := a.Client.Create(ctx, s); err != nil {
		return "", fmt.Errorf("cannot create server certificate: %w", err)
	}

	return name, nil
}

func (a *Agent) secret(ctx context.Context, name string) (*corev1.Secret, error) {
	s := &corev1.Secret{}
	if err := a.Client.Get(ctx, types.NamespacedName{Namespace: kube.Namespace, Name: name}, s); err != nil {
		return nil, fmt.Errorf("cannot get Secret: %w", err)
	}

	return s, nil
}

// owner makes Kubernetes delete what belongs to a revision together with it.
func owner(r pkgv1.PackageRevision) metav1.OwnerReference {
	kind := pkgv1.ProviderRevisionGroupVersionKind
	if _, ok := r.(*pkgv1.FunctionRevision); ok {
		kind = pkgv1.FunctionRevisionGroupVersionKind
	}

	return *metav1.NewControllerRef(r, kind)
}
