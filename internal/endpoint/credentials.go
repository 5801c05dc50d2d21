// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Credentials is the account of an endpoint; empty for one that needs none.
type Credentials struct {
	Username string
	Password string
}

// loadCredentials reads the account that a config names.
func loadCredentials(ctx context.Context, kube client.Reader, c config) (Credentials, error) {
	if c.secret.Name == "" {
		return Credentials{}, nil
	}
	s := &corev1.Secret{}
	if err := kube.Get(ctx, c.secret, s); err != nil {
		return Credentials{}, notFound(err, "Secret", "Secret "+c.secret.String())
	}
	for _, key := range []string{v1beta1.SecretKeyUsername, v1beta1.SecretKeyPassword} {
		if len(s.Data[key]) == 0 {
			return Credentials{}, clients.NewError(clients.NotFound, "SecretKey", fmt.Errorf("key %q does not exist in Secret %s", key, c.secret))
		}
	}
	return Credentials{Username: string(s.Data[v1beta1.SecretKeyUsername]), Password: string(s.Data[v1beta1.SecretKeyPassword])}, nil
}

// secretVersion returns what changes whenever the Secret does, without reading its data.
func secretVersion(ctx context.Context, metadata client.Reader, key types.NamespacedName) (string, error) {
	if key.Name == "" {
		return "", nil
	}
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
	if err := metadata.Get(ctx, key, m); err != nil {
		return "", notFound(err, "Secret", "Secret "+key.String())
	}
	return string(m.GetUID()) + "/" + m.GetResourceVersion(), nil
}

// fingerprint returns a hash of its arguments, none of which can be read from it.
func fingerprint(of ...any) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(of); err != nil {
		return "", fmt.Errorf("cannot compute fingerprint: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
