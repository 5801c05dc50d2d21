// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Ports on which hosts that are reached over the network listen, on their own loopback interface.
const (
	TLSPort = 16514
	SSHPort = 22
)

// Remote is how hosts are reached over the network. All hosts of a fleet show the same certificate and key. It counts for
// hosts that are not running yet.
type Remote struct {
	// TLSCert and TLSKey are the hosts' certificate, TLSCA vouches for those of clients. All PEM; none for no TLS.
	TLSCert, TLSKey, TLSCA []byte
	// SSHKey is the hosts' private key and AuthorizedKeys are those that may log in as root, in the formats of OpenSSH. None
	// for no SSH.
	SSHKey, AuthorizedKeys []byte
}

// files returns what a host needs to listen, by its path below the host's directory.
func (r *Remote) files(dir string) map[string][]byte {
	out := map[string][]byte{}
	if r == nil {
		return out
	}
	if len(r.TLSCert) > 0 {
		out["etc/tls/cert.pem"], out["etc/tls/key.pem"], out["etc/tls/ca.pem"] = r.TLSCert, r.TLSKey, r.TLSCA
	}
	if len(r.SSHKey) > 0 {
		out["ssh/host_key"], out["ssh/authorized_keys"] = r.SSHKey, r.AuthorizedKeys
		out["ssh/sshd_config"] = []byte(strings.ReplaceAll(sshdConfig, "DIR", filepath.Join(dir, "ssh")))
	}
	return out
}

const sshdConfig = `Port 22
ListenAddress 127.0.0.1
HostKey DIR/host_key
AuthorizedKeysFile DIR/authorized_keys
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
StrictModes no
`

const tlsConfig = `
listen_tls = 1
listen_tcp = 0
listen_addr = "127.0.0.1"
cert_file = "/etc/libvirt/tls/cert.pem"
key_file = "/etc/libvirt/tls/key.pem"
ca_file = "/etc/libvirt/tls/ca.pem"
`

// prepareRemote writes what the host needs to listen.
func (h *host) prepareRemote(r *Remote) error {
	for name, content := range r.files(h.dir) {
		path := filepath.Join(h.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return fmt.Errorf("cannot prepare host %q: %w", h.Name, err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("cannot prepare host %q: %w", h.Name, err)
		}
	}
	return nil
}

// Dial connects to a port of host i, which has a network of its own.
func (f *Fleet) Dial(ctx context.Context, i, port int) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result)
	go func() {
		// The thread is in the host's network from here on. It ends with the goroutine that never unlocks it.
		runtime.LockOSThread()
		conn, err := f.host(i).dial(ctx, port)
		done <- result{conn: conn, err: err}
	}()
	r := <-done
	return r.conn, r.err
}

// dial brings the calling thread into the host's network and connects.
func (h *host) dial(ctx context.Context, port int) (net.Conn, error) {
	network, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", h.Init.PID))
	if err != nil {
		return nil, fmt.Errorf("cannot find the network of host %q: %w", h.Name, err)
	}
	defer func() { _ = network.Close() }()
	if err := unix.Setns(int(network.Fd()), unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("cannot enter the network of host %q: %w", h.Name, err)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp4", fmt.Sprintf("127.0.0.1:%d", port))
}

// Command returns a command that runs in host i: in its file system, its network and among its processes. util-linux has
// the program that brings it there.
func (f *Fleet) Command(ctx context.Context, i int, name string, args ...string) *exec.Cmd {
	in := []string{"--target", strconv.Itoa(f.host(i).Init.PID), "--mount", "--net", "--pid", "--", name}
	return exec.CommandContext(ctx, "nsenter", append(in, args...)...)
}
