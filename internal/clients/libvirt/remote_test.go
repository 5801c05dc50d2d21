// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// An authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{cert: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority " + uuid.NewString()}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}}
	a.pem, a.key = sign(t, a.cert, a.cert, nil)
	return a
}

// issue returns a certificate for this machine and its key.
func (a authority) issue(t *testing.T, name string, until time.Time) (cert, key []byte) {
	t.Helper()
	cert, k := sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, // libvirt wants both
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, a.key)
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return cert, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// sign returns a certificate as PEM, and the key that was made for it. Without a key of the parent it signs itself.
func sign(t *testing.T, template, parent *x509.Certificate, by *ecdsa.PrivateKey) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if by == nil {
		by = key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), key
}

// sshKeys returns a new pair of keys for SSH.
func sshKeys(t *testing.T) (private, public []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	private, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	public, err = os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

// A wire leads from this machine into the network of a host, and can be cut.
type wire struct {
	port int

	mu    sync.Mutex
	conns []net.Conn
}

// newWire lays a wire to a port of a fleet's only host.
func newWire(t *testing.T, f *libvirthosts.Fleet, port int) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{port: l.Addr().(*net.TCPAddr).Port}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := f.Dial(context.Background(), 0, port)
			if err != nil {
				_ = near.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, near, far)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
			go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
		w.cut()
	})
	return w
}

// cut ends all connections. New ones can be made.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.conns {
		_ = c.Close()
	}
	w.conns = nil
}

// A remoteHost is a host that is reached over the network.
type remoteHost struct {
	libvirthosts.Host

	ca       authority
	tls, ssh *wire
	// config of a client that the host accepts.
	config Config
	// hostKey is the host's public key, as in a file of known hosts.
	hostKey []byte
}

// tlsConfig and sshConfig return the config of a client by either way.
func (r remoteHost) tlsConfig() Config {
	return r.to(fmt.Sprintf("qemu+tls://127.0.0.1:%d/system", r.tls.port))
}

func (r remoteHost) sshConfig(transport string) Config {
	return r.to(fmt.Sprintf("qemu+%s://root@127.0.0.1:%d/system", transport, r.ssh.port))
}

func (r remoteHost) to(uri string) Config {
	cfg := r.config
	cfg.Hosts = []Host{{Name: "kvm-01", URI: uri, Cluster: "kvm-cluster"}}
	return cfg
}

func knownHost(port int, public []byte) []byte {
	fields := strings.Fields(string(public))
	return fmt.Appendf(nil, "[127.0.0.1]:%d %s %s", port, fields[0], fields[1])
}

// startRemote starts a host that is reached over the network, for the length of a test.
func startRemote(t *testing.T) remoteHost {
	t.Helper()
	fleet(t) // or skip
	r := remoteHost{ca: newAuthority(t)}
	serverCert, serverKey := r.ca.issue(t, "host", time.Now().Add(time.Hour))
	hostKey, hostPublic := sshKeys(t)
	key, public := sshKeys(t)
	dir := t.TempDir()
	f, err := libvirthosts.Start(t.Context(), libvirthosts.Options{Dir: dir, Hosts: 1, Remote: &libvirthosts.Remote{
		TLSCert: serverCert, TLSKey: serverKey, TLSCA: r.ca.pem, SSHKey: hostKey, AuthorizedKeys: public,
	}})
	if errors.Is(err, libvirthosts.ErrUnavailable) && os.Getenv("VIRTRIGAUD_REQUIRE_LIBVIRT") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Stop(context.Background()) })
	r.Host, r.hostKey = f.Hosts()[0], hostPublic
	r.tls, r.ssh = newWire(t, f, libvirthosts.TLSPort), newWire(t, f, libvirthosts.SSHPort)
	r.config.TLS.CA = r.ca.pem
	r.config.TLS.Cert, r.config.TLS.Key = r.ca.issue(t, "client", time.Now().Add(time.Hour))
	r.config.SSH = SSH{Key: key, KnownHosts: knownHost(r.ssh.port, hostPublic)}
	return r
}

func TestRemote(t *testing.T) {
	r := startRemote(t)
	otherKey, otherPublic := sshKeys(t)
	cases := map[string]struct {
		reason string
		config func() Config
		want   clients.Class
	}{
		"TLS":     {reason: "Both sides trust each other's certificate.", config: r.tlsConfig},
		"SSH":     {reason: "Both sides know each other's key.", config: func() Config { return r.sshConfig("ssh") }},
		"LibSSH2": {reason: "The other library does as well.", config: func() Config { return r.sshConfig("libssh2") }},
		"WrongCA": {
			reason: "The host's certificate was signed by somebody else.", want: clients.Untrusted,
			config: func() Config {
				cfg, other := r.tlsConfig(), newAuthority(t)
				cfg.TLS.CA = other.pem
				cfg.TLS.Cert, cfg.TLS.Key = other.issue(t, "client", time.Now().Add(time.Hour))
				return cfg
			},
		},
		"Mismatch": {
			reason: "The client's certificate was signed by somebody whom the client itself does not trust.", want: clients.Unauthorized,
			config: func() Config { cfg := r.tlsConfig(); cfg.TLS.CA = newAuthority(t).pem; return cfg },
		},
		"NoCA": {
			reason: "Nothing vouches for the host's certificate, and the system's authorities do not count.", want: clients.Untrusted,
			config: func() Config { cfg := r.tlsConfig(); cfg.TLS.CA = nil; return cfg },
		},
		"OtherName": {
			reason: "The host's certificate is for another name.", want: clients.Untrusted,
			config: func() Config { return r.to(fmt.Sprintf("qemu+tls://localhost:%d/system", r.tls.port)) },
		},
		"ExpiredCertificate": {
			reason: "The client's certificate has expired.", want: clients.Unauthorized,
			config: func() Config {
				cfg := r.tlsConfig()
				cfg.TLS.Cert, cfg.TLS.Key = r.ca.issue(t, "client", time.Now().Add(-time.Minute))
				return cfg
			},
		},
		"OtherCertificate": {
			reason: "The client's certificate was signed by somebody whom the host does not trust.", want: clients.Unauthorized,
			config: func() Config {
				cfg, other := r.tlsConfig(), newAuthority(t)
				cfg.TLS.CA = append(slices.Clone(cfg.TLS.CA), other.pem...)
				cfg.TLS.Cert, cfg.TLS.Key = other.issue(t, "client", time.Now().Add(time.Hour))
				return cfg
			},
		},
		"NoCertificate": {
			reason: "The client has no certificate, and the host wants one.", want: clients.Unauthorized,
			config: func() Config { cfg := r.tlsConfig(); cfg.TLS.Cert, cfg.TLS.Key = nil, nil; return cfg },
		},
		"ChangedHostKey": {
			reason: "The host has another key than it had.", want: clients.Untrusted,
			config: func() Config {
				cfg := r.sshConfig("ssh")
				cfg.SSH.KnownHosts = knownHost(r.ssh.port, otherPublic)
				return cfg
			},
		},
		"UnknownHost": {
			reason: "The host was never known.", want: clients.Untrusted,
			config: func() Config { cfg := r.sshConfig("ssh"); cfg.SSH.KnownHosts = knownHost(1, r.hostKey); return cfg },
		},
		"ChangedHostKeyLibSSH2": {
			reason: "The other library looks as well.", want: clients.Untrusted,
			config: func() Config {
				cfg := r.sshConfig("libssh2")
				cfg.SSH.KnownHosts = knownHost(r.ssh.port, otherPublic)
				return cfg
			},
		},
		"ChecksOff": {
			reason: "A URI cannot turn the check of the host's key off.", want: clients.Untrusted,
			config: func() Config {
				cfg := r.sshConfig("ssh")
				cfg.Hosts[0].URI += "?no_verify=1&known_hosts_verify=ignore"
				cfg.SSH.KnownHosts = knownHost(r.ssh.port, otherPublic)
				return cfg
			},
		},
		"OtherKey": {
			reason: "The host does not let the client's key in.", want: clients.Unauthorized,
			config: func() Config { cfg := r.sshConfig("ssh"); cfg.SSH.Key = otherKey; return cfg },
		},
		"NoKey": {
			reason: "There is no key.", want: clients.Unauthorized,
			config: func() Config { cfg := r.sshConfig("ssh"); cfg.SSH.Key = nil; return cfg },
		},
		"NoKnownHosts": {
			reason: "Without known hosts nothing vouches for the host.", want: clients.Untrusted,
			config: func() Config { cfg := r.sshConfig("ssh"); cfg.SSH.KnownHosts = nil; return cfg },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := newClient(tc.config(), Options{RefreshInterval: time.Hour}, hooks{})
			defer c.Close()
			h := c.hosts[0]
			eventually(t, "it is known whether the host can be reached", func() bool {
				err := h.ready()
				return err == nil || !strings.Contains(err.Error(), "not connected yet")
			})
			err := h.ready()
			if got := clients.ClassOf(err); got != tc.want {
				t.Errorf("\n%s\nwant class %q, got %q: %v", tc.reason, tc.want, got, err)
			}
			if dir := c.credentials.dir; err != nil && dir != "" && strings.Contains(err.Error(), dir) {
				t.Errorf("\n%s\nthe error names a temporary file: %v", tc.reason, err)
			}
			wantHealth := clients.Health{WantedSessions: 1}
			if tc.want == "" {
				wantHealth.Sessions = 1
			}
			got := c.Health()
			got.LastContact = time.Time{}
			if diff := cmp.Diff(wantHealth, got); diff != "" {
				t.Errorf("\n%s\nHealth(): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}

	c := open(t, r.tlsConfig(), hooks{})
	info, err := os.Stat(c.credentials.dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(os.FileMode(0o700), info.Mode().Perm()); diff != "" {
		t.Errorf("nobody else can read the credentials: -want, +got:\n%s", diff)
	}
	c.Close()
	if _, err := os.Stat(c.credentials.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the credentials are removed with the client: %v", err)
	}
}

// TestConnectionCut cuts the connection between the steps of a creation.
func TestConnectionCut(t *testing.T) {
	r := startRemote(t)
	for _, after := range []string{"claim", "root", "disk data", "seed"} {
		t.Run(after, func(t *testing.T) {
			spec := newVM("web", "kvm-01")
			spec.Firmware = clients.UEFI
			spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1}}
			cut := sync.OnceFunc(r.tls.cut)
			c := open(t, r.tlsConfig(), hooks{afterStep: func(_, step string) error {
				if step == after {
					cut()
				}
				return nil
			}})
			createThroughFaults(t, c, spec)
			if diff := cmp.Diff([]string{"web"}, domains(t, r.Host)); diff != "" {
				t.Errorf("there is one VM: -want, +got:\n%s", diff)
			}
			if diff := cmp.Diff(want(rootVolume(spec.UUID), dataVolume(spec.UUID, spec.Disks[0]), seedVolume(spec.UUID)), volumes(t, r.Host)); diff != "" {
				t.Errorf("it has its volumes and no others: -want, +got:\n%s", diff)
			}
			remove(t, c, spec.Identity)
			assertEmpty(t, r.Host)
		})
	}
}
