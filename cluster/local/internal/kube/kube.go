// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kube connects to the embedded API server.
package kube

import (
	"context"
	"fmt"
	"net/http"

	appsv1 "k8s.io/api/apps/v1"
	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"
	pkgv1beta1 "github.com/crossplane/crossplane/apis/v2/pkg/v1beta1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

// fieldOwner is the name under which this program applies objects.
const fieldOwner = client.FieldOwner("virtrigaud-local")

// Namespace of Crossplane.
const Namespace = "crossplane-system"

// Connect returns a client for the API server of a kubeconfig.
func Connect(kubeconfig string) (client.Client, error) {
	cfg, err := Config(kubeconfig)
	if err != nil {
		return nil, err
	}

	s, err := scheme()
	if err != nil {
		return nil, err
	}

	c, err := client.New(cfg, client.Options{Scheme: s})
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the API server: %w", err)
	}

	return c, nil
}

// Config returns the connection that a kubeconfig describes.
func Config(kubeconfig string) (*rest.Config, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("cannot read kubeconfig: %w", err)
	}
	// One user on one machine needs no throttle.
	cfg.QPS = -1

	return cfg, nil
}

// Apply creates an object or makes it what it is here, leaving the fields of others alone.
func Apply(ctx context.Context, c client.Client, o *unstructured.Unstructured) error {
	err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), fieldOwner, client.ForceOwnership)
	if err != nil {
		return fmt.Errorf("cannot apply %s %s: %w", o.GetKind(), o.GetName(), err)
	}

	return nil
}

// Ready asks the API server whether it is ready.
func Ready(ctx context.Context, cfg *rest.Config) error {
	c, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return fmt.Errorf("cannot connect to the API server: %w", err)
	}

	return Get(ctx, c, cfg.Host+"/readyz")
}

// Get fails unless the URL answers with status 200.
func Get(ctx context.Context, c *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", url, err)
	}

	res, err := c.Do(req)
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", url, err)
	}

	defer func() { _ = res.Body.Close() }()

	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, res.Status)
	}

	return nil
}

func scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()

	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, authv1.AddToScheme, corev1.AddToScheme, rbacv1.AddToScheme,
		pkgv1.AddToScheme, pkgv1beta1.AddToScheme,
	} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("cannot register types: %w", err)
		}
	}

	return s, nil
}

// Identity is how a kubeconfig authenticates: by a certificate, or by a token in a file that is read again when it changes.
type Identity struct {
	Cert, Key []byte
	TokenFile string
}

// WriteKubeconfig writes a kubeconfig that trusts ca.
func WriteKubeconfig(path, server string, ca []byte, id Identity) error {
	const name = "virtrigaud-local"

	cfg := clientcmdapi.NewConfig()
	cfg.CurrentContext = name
	cfg.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	cfg.Clusters[name] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: ca}
	cfg.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: id.Cert,
		ClientKeyData:         id.Key,
		TokenFile:             id.TokenFile,
	}

	b, err := clientcmd.Write(*cfg)
	if err != nil {
		return fmt.Errorf("cannot encode kubeconfig: %w", err)
	}

	return layout.WriteFile(path, b)
}
