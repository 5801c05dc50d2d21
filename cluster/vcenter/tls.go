// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"time"
)

// certificateLifetime is long enough for any run of a simulator and short enough that a stray CA is worth little.
const certificateLifetime = 30 * 24 * time.Hour

// An identity is the certificate that a server shows, and the authority that vouches for it. It can be renewed.
type identity struct {
	mu    sync.Mutex
	cert  tls.Certificate
	caPEM []byte
}

// renew makes a new authority and a new certificate.
func (i *identity) renew(now time.Time) error {
	cert, caPEM, err := newCertificate(now)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.cert, i.caPEM = cert, caPEM
	return nil
}

// config returns the configuration of a server that shows the identity of the day to each client.
func (i *identity) config() *tls.Config {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := &tls.Config{Certificates: []tls.Certificate{i.cert}, MinVersion: tls.VersionTLS12}
	c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		i.mu.Lock()
		defer i.mu.Unlock()
		return &tls.Config{Certificates: []tls.Certificate{i.cert}, MinVersion: tls.VersionTLS12}, nil
	}
	return c
}

// CAPEM is the certificate, as PEM, of the authority that vouches for the server.
func (s *Server) CAPEM() []byte {
	s.identity.mu.Lock()
	defer s.identity.mu.Unlock()
	return bytes.Clone(s.identity.caPEM)
}

// Thumbprint is the SHA-256 thumbprint of the server's certificate, as "AA:BB:…".
func (s *Server) Thumbprint() string {
	s.identity.mu.Lock()
	defer s.identity.mu.Unlock()
	sum := sha256.Sum256(s.identity.cert.Certificate[0])
	parts := make([]string, 0, len(sum))
	for _, b := range sum {
		parts = append(parts, fmt.Sprintf("%02X", b))
	}
	return strings.Join(parts, ":")
}

// RenewCertificate gives the server a certificate of a new authority and cuts all connections, so that each client sees it.
func (s *Server) RenewCertificate() error {
	if err := s.identity.renew(time.Now()); err != nil {
		return err
	}
	s.server.CloseClientConnections()
	return nil
}

// newCertificate makes a certificate authority and a server certificate of it for this machine. It returns the server's
// certificate with its key, and the authority's certificate as PEM.
func newCertificate(now time.Time) (tls.Certificate, []byte, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("cannot generate the authority's key: %w", err)
	}
	ca := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "Simulated vCenter CA"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(certificateLifetime),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("cannot create the authority's certificate: %w", err)
	}

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("cannot generate the server's key: %w", err)
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano() + 1),
		Subject:      pkix.Name{CommonName: "localhost"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(certificateLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:     []string{"localhost"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, server, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("cannot create the server's certificate: %w", err)
	}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, caPEM, nil
}
