// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"io"
	"net"
	"sync"
)

// A wire leads to a hypervisor endpoint and can be cut: then whoever uses it finds nobody listening.
type wire struct {
	// network is "tcp" or "unix", at both ends.
	network         string
	address, target string

	mu       sync.Mutex
	listener net.Listener // nil while the wire is cut
	conns    map[net.Conn]struct{}
	wg       sync.WaitGroup
}

// wire starts to listen and passes what it hears on to target. An empty address on "tcp" is a free port of loopback. It ends with
// the test, after the VMs that are reached through it.
func (w *world) wire(network, address, target string) *wire {
	w.Helper()
	if network == "tcp" && address == "" {
		address = "127.0.0.1:0"
	}
	r := &wire{network: network, address: address, target: target, conns: map[net.Conn]struct{}{}}
	r.mend(w)
	w.Cleanup(func() {
		r.mend(w)
		w.tidy()
		r.cut()
		r.wg.Wait()
	})
	return r
}

// mend lets connections through, if they are not already.
func (r *wire) mend(w *world) {
	w.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return
	}
	l, err := net.Listen(r.network, r.address)
	if err != nil {
		w.Fatalf("cannot listen: %v", err)
	}
	r.listener, r.address = l, l.Addr().String()
	r.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.pass(c) })
		}
	})
}

// cut ends all connections and refuses new ones.
func (r *wire) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		_ = r.listener.Close()
		r.listener = nil
	}
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *wire) pass(near net.Conn) {
	defer func() { _ = near.Close() }()
	if !r.keep(near) {
		return
	}
	defer r.forget(near)
	far, err := net.Dial(r.network, r.target)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	r.wg.Go(func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	})
	_, _ = io.Copy(near, far)
}

// keep remembers a connection, unless the wire was cut since it was made.
func (r *wire) keep(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return false
	}
	r.conns[c] = struct{}{}
	return true
}

func (r *wire) forget(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}
