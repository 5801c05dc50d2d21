// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"github.com/vmware/govmomi/vim25/soap"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// UserAgent by which a vCenter's administrator recognises our sessions.
const UserAgent = "provider-virtrigaud"

// Config says which vCenter to talk to, and as whom.
type Config struct {
	// Server is "vcenter.example.org", with a port, or "https://vcenter.example.org/sdk".
	Server   string
	Username string
	Password string
	// CABundle is PEM certificates that are trusted in addition to the system's.
	CABundle string
	// Thumbprint is the SHA-256 fingerprint, as 32 hexadecimal pairs with colons between them, of a certificate that is trusted
	// whoever signed it; empty for none.
	Thumbprint string
	// InsecureSkipTLSVerify accepts any certificate.
	InsecureSkipTLSVerify bool
	// ZoneTagCategory is the category of the tags that name a host's or cluster's zone; empty for no zones.
	ZoneTagCategory string
}

// Options of a client. The zero value is fine.
type Options struct {
	// Log is told what happens in the background. The zero Logger discards.
	Log logr.Logger
	// Recorder is told of each call and task; nobody when nil.
	Recorder clients.Recorder
	// CallTimeout bounds each call; one minute when 0.
	CallTimeout time.Duration
	// MaxCalls bounds the calls under way at once, waiting for updates not counted; 16 when 0.
	MaxCalls int
	// MaxWait is how long the vCenter holds a wait for updates when nothing changes; two minutes when 0.
	MaxWait time.Duration
	// Refresh is the interval at which zones are read and the session is kept alive; ten minutes when 0.
	Refresh time.Duration
	// MinBackoff and MaxBackoff bound the pause before connecting again; one second and one minute when 0.
	MinBackoff time.Duration
	MaxBackoff time.Duration
}

func (o Options) withDefaults() Options {
	if o.Recorder == nil {
		o.Recorder = clients.NopRecorder{}
	}
	if o.MaxCalls == 0 {
		o.MaxCalls = 16
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&o.CallTimeout, time.Minute},
		{&o.MaxWait, 2 * time.Minute},
		{&o.Refresh, 10 * time.Minute},
		{&o.MinBackoff, time.Second},
		{&o.MaxBackoff, time.Minute},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return o
}

// endpoint returns the URL of the SDK, without credentials.
func (c Config) endpoint() (*url.URL, error) {
	u, err := soap.ParseURL(c.Server)
	if err != nil {
		return nil, fmt.Errorf("cannot parse server %q: %w", c.Server, err)
	}
	if u == nil || u.Host == "" {
		return nil, errors.New("cannot connect without a server")
	}
	if u.Scheme != "https" {
		return nil, fmt.Errorf("cannot use server %q: only https keeps the password secret", c.Server)
	}
	u.User = nil
	return u, nil
}

// roots returns the certificates that may vouch for the vCenter's, nil for the system's.
func (c Config) roots() (*x509.CertPool, error) {
	if c.CABundle == "" {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM([]byte(c.CABundle)) {
		return nil, errors.New("cannot find a PEM certificate in the CA bundle")
	}
	return pool, nil
}

// validate returns an error of class Invalid when the config cannot work whatever the vCenter says.
func (c Config) validate() error {
	_, err := c.endpoint()
	if err == nil {
		_, err = c.roots()
	}
	if err == nil && c.Thumbprint != "" && !isThumbprint(c.Thumbprint) {
		err = errors.New("cannot use the thumbprint: it is no SHA-256 fingerprint of 32 hexadecimal pairs with colons between them")
	}
	if err == nil && (c.Username == "" || c.Password == "") {
		err = errors.New("cannot log in without a username and a password")
	}
	if err != nil {
		return clients.NewError(clients.Invalid, "Config", err)
	}
	return nil
}
