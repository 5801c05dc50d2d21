// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Names of the files that libvirt reads. It takes credentials from nowhere else.
const (
	caFile         = "cacert.pem"
	certFile       = "clientcert.pem"
	keyFile        = "clientkey.pem"
	sshKeyFile     = "id"
	knownHostsFile = "known_hosts"
)

// credentials are what a client reaches its hosts with, as files in a directory that nobody else can read.
type credentials struct {
	tls TLS
	ssh SSH
	// dir holds the files; empty when there are none.
	dir string
	// err is why they could not be written.
	err error
}

// newCredentials writes the credentials of a fleet, if it has any, where libvirt can read them. They must be removed.
func newCredentials(cfg Config) *credentials {
	c := &credentials{tls: cfg.TLS, ssh: cfg.SSH}
	files := map[string][]byte{
		caFile: cfg.TLS.CA, certFile: cfg.TLS.Cert, keyFile: cfg.TLS.Key,
		sshKeyFile: newlineEnded(cfg.SSH.Key), knownHostsFile: newlineEnded(cfg.SSH.KnownHosts),
	}
	for name, content := range files {
		if len(content) == 0 {
			continue
		}
		if c.dir == "" {
			if c.dir, c.err = os.MkdirTemp("", "virtrigaud-libvirt-"); c.err != nil {
				return c
			}
		}
		if c.err = os.WriteFile(filepath.Join(c.dir, name), content, 0o600); c.err != nil {
			return c
		}
	}
	return c
}

// newlineEnded adds the newline that Secrets made by hand often lack, and without which OpenSSH's formats are not valid.
func newlineEnded(content []byte) []byte {
	if len(content) == 0 || bytes.HasSuffix(content, []byte("\n")) {
		return content
	}
	return append(bytes.Clone(content), '\n')
}

// remove removes the files.
func (c *credentials) remove() {
	if c.dir != "" {
		_ = os.RemoveAll(c.dir)
	}
}

// uri returns the URI by which libvirt connects to a host with the credentials, and with all checks of who the host is.
func (c *credentials) uri(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errorf(clients.Invalid, "Host", "cannot parse the host's URI: %w", err)
	}
	driver, transport, _ := strings.Cut(u.Scheme, "+")
	switch transport {
	case "", "unix":
		return raw, nil
	case "tls":
		return c.tlsURI(u)
	case "ssh", "libssh", "libssh2":
		// NOTE: transport ssh runs a process for each connection, and looks for known hosts in the home directory only. libssh
		// and libssh2 are libraries and verify what they are told to.
		if transport == "ssh" {
			u.Scheme = driver + "+libssh"
		}
		return c.sshURI(u)
	default:
		return "", errorf(clients.Invalid, "Host", "transport %q of the host's URI is not one of unix, tls, ssh, libssh and libssh2", transport)
	}
}

// tlsURI adds the certificates. libvirt falls back to the system's where one is missing: that is refused here.
func (c *credentials) tlsURI(u *url.URL) (string, error) {
	if err := c.checkTLS(time.Now()); err != nil {
		return "", err
	}
	if c.err != nil {
		return "", fmt.Errorf("cannot write the certificates for libvirt: %w", c.err)
	}
	return withQuery(u, map[string]string{"pkipath": c.dir}, "no_verify"), nil
}

// checkTLS finds what libvirt would refuse with the name of a temporary file, or not notice.
func (c *credentials) checkTLS(now time.Time) error {
	if !x509.NewCertPool().AppendCertsFromPEM(c.tls.CA) {
		return errorf(clients.Untrusted, "Host", "there is no certificate of an authority that vouches for the host")
	}
	if len(c.tls.Cert) == 0 && len(c.tls.Key) == 0 {
		return nil
	}
	pair, err := tls.X509KeyPair(c.tls.Cert, c.tls.Key)
	if err != nil {
		return errorf(clients.Unauthorized, "Host", "cannot use the client's certificate: %w", err)
	}
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter):
		return errorf(clients.Unauthorized, "Host", "the client's certificate has expired on %s", leaf.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(leaf.NotBefore):
		return errorf(clients.Unauthorized, "Host", "the client's certificate is not valid before %s", leaf.NotBefore.UTC().Format(time.DateOnly))
	}
	return nil
}

// sshURI adds the key and the known hosts. A host that is not known, or has another key, is refused.
func (c *credentials) sshURI(u *url.URL) (string, error) {
	switch {
	case len(c.ssh.Key) == 0:
		return "", errorf(clients.Unauthorized, "Host", "there is no private key for SSH")
	case len(c.ssh.KnownHosts) == 0:
		return "", errorf(clients.Untrusted, "Host", "there are no known hosts for SSH, so that the host's key cannot be verified")
	case c.err != nil:
		return "", fmt.Errorf("cannot write the key for SSH: %w", c.err)
	}
	return withQuery(u, map[string]string{
		"keyfile":            filepath.Join(c.dir, sshKeyFile),
		"known_hosts":        filepath.Join(c.dir, knownHostsFile),
		"known_hosts_verify": "normal",
		"sshauth":            "privkey",
		"no_tty":             "1",
	}, "no_verify", "command", "netcat"), nil
}

// withQuery returns the URI with parameters set and others taken out.
func withQuery(u *url.URL, set map[string]string, without ...string) string {
	q := u.Query()
	for _, name := range without {
		q.Del(name)
	}
	for name, value := range set {
		q.Set(name, value)
	}
	out := *u
	// libvirt takes "+" for itself and not for a space.
	out.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	return out.String()
}

// A refusal is what libvirt says when either side does not take the other for who it says it is. It has no codes for it.
type refusal struct {
	says  string
	class clients.Class
}

// refusals in lower case; the first that matches counts.
func refusals() []refusal {
	return []refusal{
		{"host key verification failed", clients.Untrusted},
		{"verify the session host key", clients.Untrusted},
		{"failed to verify peer's certificate", clients.Untrusted},
		{"our own certificate", clients.Unauthorized},
		{"server verification (of our certificate", clients.Unauthorized},
		{"tls confirmation", clients.Unauthorized}, // what a host with TLS 1.3 leaves us with when it refuses our certificate
		{"access denied for", clients.Unauthorized},
		{"failed to authenticate", clients.Unauthorized},
	}
}

// explain gives an error of connecting its class, and takes the names of our files out of it.
func (c *credentials) explain(err error) error {
	message := err.Error()
	if c.dir != "" {
		message = strings.ReplaceAll(message, c.dir+string(filepath.Separator), "")
	}
	class, lower := clients.ClassOf(err), strings.ToLower(message)
	for _, r := range refusals() {
		if strings.Contains(lower, r.says) {
			class = r.class
			break
		}
	}
	return errorf(class, "Host", "%s", message)
}
