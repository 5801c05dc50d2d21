// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package hypervisors

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

const (
	portVCenter    = "vcenter"
	vCenterUser    = "administrator@vsphere.local"
	vCenterTimeout = time.Minute
)

// A VCenter is the simulated vCenter.
type VCenter struct {
	// Address is its host:port.
	Address string
	// Username and Password of its administrator.
	Username string
	Password string
	// CAFile holds the certificate that vouches for its own.
	CAFile string
}

// URL returns the SDK's address with the account.
func (v VCenter) URL() string {
	u := url.URL{Scheme: "https", User: url.UserPassword(v.Username, v.Password), Host: v.Address, Path: "/sdk"}

	return u.String()
}

// VCenter makes the simulated vCenter run. Its VMs live in its memory.
func (h *Hypervisors) VCenter(ctx context.Context) (VCenter, error) {
	if err := h.Ports.Reserve(portVCenter); err != nil {
		return VCenter{}, err
	}

	path, err := h.own(ctx, "vcenter", "./cluster/vcenter/cmd/vcenter")
	if err != nil {
		return VCenter{}, err
	}

	dir := h.Layout.State("vcenter")

	password, err := h.password(filepath.Join(dir, "password"))
	if err != nil {
		return VCenter{}, err
	}

	v := VCenter{
		Address:  h.Ports.Address(portVCenter),
		Username: vCenterUser,
		Password: password,
		CAFile:   filepath.Join(dir, "ca.pem"),
	}

	started, err := h.Processes.Ensure(ctx, process.Spec{
		Name: "vcenter",
		Path: path,
		Args: []string{"--listen=" + v.Address, "--username=" + v.Username, "--dir=" + dir},
		// Not an argument, because those can be seen by everybody on the machine.
		Env: []string{"VCENTER_PASSWORD=" + v.Password},
	})
	if err != nil {
		return VCenter{}, err
	}

	if started {
		h.Console.Detail("started vcenter (log: %s)", h.Processes.LogFile("vcenter"))
	}

	return v, h.Processes.AwaitReady(ctx, "vcenter", vCenterTimeout, v.answers)
}

// answers checks that the vCenter shows a certificate of its own CA. An earlier vCenter's CA file does not count.
func (v VCenter) answers(ctx context.Context) error {
	ca, err := os.ReadFile(v.CAFile)
	if err != nil {
		return fmt.Errorf("cannot read the vCenter's CA: %w", err)
	}

	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return errors.New("cannot use the vCenter's CA: it is not a certificate")
	}

	host, _, err := net.SplitHostPort(v.Address)
	if err != nil {
		return fmt.Errorf("cannot parse the vCenter's address: %w", err)
	}

	d := tls.Dialer{Config: &tls.Config{RootCAs: pool, ServerName: host, MinVersion: tls.VersionTLS12}}

	conn, err := d.DialContext(ctx, "tcp", v.Address)
	if err != nil {
		return fmt.Errorf("vCenter does not answer: %w", err)
	}

	return conn.Close()
}

func (h *Hypervisors) password(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}

	if !os.IsNotExist(err) {
		return "", fmt.Errorf("cannot read the vCenter's password: %w", err)
	}

	p := rand.Text()

	return p, layout.WriteFile(path, []byte(p+"\n"))
}
