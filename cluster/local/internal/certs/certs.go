// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package certs issues the certificates by which the parts of the control plane know each other.
package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
)

// validity of every certificate. A local control plane does not live that long.
const validity = 10 * 365 * 24 * time.Hour

// skew is how long ago a new certificate became valid, for clocks that jump back a little.
const skew = 5 * time.Minute

// A Pair is a certificate and its key, PEM encoded.
type Pair struct {
	Cert []byte
	Key  []byte
}

// Subject says whom a certificate is for.
type Subject struct {
	// User is the common name: the user name in the eyes of Kubernetes.
	User string
	// Groups of the user.
	Groups []string
	// DNSNames and IPs of a server.
	DNSNames []string
	IPs      []net.IP
}

// A CA issues certificates.
type CA struct {
	pair Pair
	cert *x509.Certificate
	key  crypto.Signer
}

// LoadOrCreateCA returns the CA in dir (ca.crt, ca.key), creating one called name the first time.
func LoadOrCreateCA(dir, name string) (*CA, error) {
	crt, key := filepath.Join(dir, "ca.crt"), filepath.Join(dir, "ca.key")

	certPEM, certErr := os.ReadFile(crt)
	keyPEM, keyErr := os.ReadFile(key)

	if certErr == nil && keyErr == nil {
		return ParseCA(Pair{Cert: certPEM, Key: keyPEM})
	}

	pair, err := issue(&x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot create CA: %w", err)
	}

	if err := errors.Join(layout.WriteFile(crt, pair.Cert), layout.WriteFile(key, pair.Key)); err != nil {
		return nil, err
	}

	return ParseCA(pair)
}

// ParseCA returns the CA that the pair is of.
func ParseCA(p Pair) (*CA, error) {
	certBlock, _ := pem.Decode(p.Cert)
	keyBlock, _ := pem.Decode(p.Key)

	if certBlock == nil || keyBlock == nil {
		return nil, errors.New("cannot parse CA: it is not PEM")
	}

	cert, err := x509.ParseCertificate(certBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot parse CA certificate: %w", err)
	}

	key, err := parseKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot parse CA key: %w", err)
	}

	return &CA{pair: p, cert: cert, key: key}, nil
}

// CertPEM returns the CA's own certificate.
func (ca *CA) CertPEM() []byte { return ca.pair.Cert }

// Issue returns a new certificate that is good for a client and for a server.
func (ca *CA) Issue(s Subject) (Pair, error) {
	p, err := issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: s.User, Organization: s.Groups},
		DNSNames:    s.DNSNames,
		IPAddresses: s.IPs,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, ca)
	if err != nil {
		return Pair{}, fmt.Errorf("cannot issue a certificate for %q: %w", s.User, err)
	}

	return p, nil
}

// Write writes a pair and the CA that vouches for it into dir under the names that a Secret of type kubernetes.io/tls
// gives them: tls.crt, tls.key and ca.crt.
func Write(dir string, p Pair, ca []byte) error {
	return errors.Join(
		layout.WriteFile(filepath.Join(dir, "tls.crt"), p.Cert),
		layout.WriteFile(filepath.Join(dir, "tls.key"), p.Key),
		layout.WriteFile(filepath.Join(dir, "ca.crt"), ca),
	)
}

// issue signs the template with the CA, or with its own key if there is none.
func issue(template *x509.Certificate, ca *CA) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}

	template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return Pair{}, err
	}

	template.NotBefore = time.Now().Add(-skew)
	template.NotAfter = template.NotBefore.Add(validity)

	parent, signer := template, crypto.Signer(key)
	if ca != nil {
		parent, signer = ca.cert, ca.key
		// A certificate must not outlive its CA.
		if ca.cert.NotAfter.Before(template.NotAfter) {
			template.NotAfter = ca.cert.NotAfter
		}
	}

	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return Pair{}, err
	}

	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}

	return Pair{
		Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		Key:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}, nil
}

// parseKey reads any of the encodings that are in use for private keys.
func parseKey(der []byte) (crypto.Signer, error) {
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}

	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}

	k, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}

	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", k)
	}

	return s, nil
}
