// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"

	"github.com/vmware/govmomi/vim25/soap"
)

// trust lets a connection trust the certificate that has the thumbprint, besides those that the roots vouch for.
func trust(config *tls.Config, thumbprint string) {
	roots := config.RootCAs
	config.InsecureSkipVerify = true // VerifyConnection verifies.
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return errors.New("cannot trust a server without a certificate")
		}
		if strings.EqualFold(soap.ThumbprintSHA256(state.PeerCertificates[0]), thumbprint) {
			return nil
		}
		o := x509.VerifyOptions{Roots: roots, DNSName: state.ServerName, Intermediates: x509.NewCertPool()}
		for _, c := range state.PeerCertificates[1:] {
			o.Intermediates.AddCert(c)
		}
		if _, err := state.PeerCertificates[0].Verify(o); err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
}

// isThumbprint says whether a string is a SHA-256 fingerprint: 32 hexadecimal pairs with colons between them.
func isThumbprint(s string) bool {
	pairs := strings.Split(s, ":")
	for _, p := range pairs {
		if len(p) != 2 || strings.Trim(strings.ToLower(p), "0123456789abcdef") != "" {
			return false
		}
	}
	return len(pairs) == 32
}
