// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
)

// asker asks guests over the network.
type asker struct {
	// allowed says whether an address may be asked.
	allowed func(netip.Addr) bool
}

// ask returns nil when a guest answers all that the probe asks, otherwise what it does not.
func (a asker) ask(ctx context.Context, t target) error {
	addr, err := netip.ParseAddr(t.address)
	if err != nil {
		return fmt.Errorf("the guest's address %q is none", t.address)
	}
	if !a.allowed(addr.Unmap()) {
		return fmt.Errorf("the guest says that its address is %s, which is not asked", addr)
	}
	if t.probe.tcp != 0 {
		if err := askTCP(ctx, addr, t.probe.tcp); err != nil {
			return err
		}
	}
	if t.probe.http != 0 {
		return askHTTP(ctx, addr, t.probe)
	}
	return nil
}

func askTCP(ctx context.Context, addr netip.Addr, port int32) error {
	at := hostPort(addr, port)
	c, err := new(net.Dialer).DialContext(ctx, "tcp", at)
	if err != nil {
		return fmt.Errorf("TCP %s: %s", at, cause(err))
	}
	return c.Close()
}

func askHTTP(ctx context.Context, addr netip.Addr, p probe) error {
	u, err := url.Parse(p.path)
	if err != nil {
		return fmt.Errorf("cannot parse path %q: %w", p.path, err)
	}
	u.Scheme, u.Host = p.scheme, hostPort(addr, p.http)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return fmt.Errorf("cannot ask %s: %w", u, err)
	}
	transport := &http.Transport{
		DisableKeepAlives: true,
		// A guest's certificate is seldom for its address, and nothing confidential is sent.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // As above, and as a Pod's probe does.
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport: transport,
		// A guest must not send the provider elsewhere. A redirection is an answer.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("GET %s: %s", u, cause(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode >= 400 {
		return fmt.Errorf("GET %s: %s", u, resp.Status)
	}
	return nil
}

// cause returns what went wrong without the addresses of this end, which are different each time.
func cause(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Err != nil {
		if op.Timeout() {
			return "no answer in time"
		}
		return op.Err.Error()
	}
	if u := (*url.Error)(nil); errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

func hostPort(addr netip.Addr, port int32) string {
	return net.JoinHostPort(addr.String(), strconv.Itoa(int(port)))
}
