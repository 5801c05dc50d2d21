// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Credentials is the account of an endpoint; empty for one that needs none.
type Credentials struct {
	// Username and Password of a vCenter's account.
	Username, Password string
	// SSHKey is a private key for libvirt hosts, KnownHosts the keys that vouch for them, as OpenSSH writes both.
	SSHKey, KnownHosts string
	// TLSCert and TLSKey are the client's certificate for libvirt hosts, TLSCA the authority that vouches for theirs. All PEM.
	TLSCert, TLSKey, TLSCA string
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
	for _, key := range requiredKeys(c.endpoint) {
		if len(s.Data[key]) == 0 {
			return Credentials{}, clients.NewError(clients.NotFound, "SecretKey", fmt.Errorf("key %q does not exist in Secret %s", key, c.secret))
		}
	}
	value := func(key string) string { return string(s.Data[key]) }
	return Credentials{
		Username: value(v1beta1.SecretKeyUsername), Password: value(v1beta1.SecretKeyPassword),
		SSHKey: value(v1beta1.SecretKeySSHKey), KnownHosts: value(v1beta1.SecretKeyKnownHosts),
		TLSCert: value(v1beta1.SecretKeyTLSCert), TLSKey: value(v1beta1.SecretKeyTLSKey), TLSCA: value(v1beta1.SecretKeyTLSCA),
	}, nil
}

// requiredKeys returns the keys of the Secret that an endpoint cannot do without. A fleet of libvirt hosts needs those of the
// transports that its URIs name. A host that is reached by TLS need not ask for a certificate of ours.
func requiredKeys(e v1beta1.Endpoint) []string {
	if e.Type == v1beta1.ProviderVSphere {
		return []string{v1beta1.SecretKeyUsername, v1beta1.SecretKeyPassword}
	}
	if e.Libvirt == nil {
		return nil
	}
	var keys []string
	for _, h := range e.Libvirt.Hosts {
		transport, _, _ := strings.Cut(strings.TrimPrefix(h.URI, "qemu+"), ":")
		switch transport {
		case "ssh", "libssh", "libssh2":
			keys = append(keys, v1beta1.SecretKeySSHKey, v1beta1.SecretKeyKnownHosts)
		case "tls":
			keys = append(keys, v1beta1.SecretKeyTLSCA)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
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
