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
	w                *world
	network, address string
	listener         net.Listener
	targetNetwork    string
	target           string

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	wg    sync.WaitGroup
}

// wire starts to listen and passes what it hears on to target. An empty address on "tcp" is a free port of loopback.
func (w *world) wire(network, address, target string) *wire {
	w.Helper()
	if network == "tcp" && address == "" {
		address = "127.0.0.1:0"
	}
	r := &wire{w: w, network: network, address: address, targetNetwork: network, target: target, conns: map[net.Conn]struct{}{}}
	r.mend()
	r.address = r.listener.Addr().String()
	w.Cleanup(func() { r.cut(); r.wg.Wait() })
	return r
}

// mend lets connections through again.
func (r *wire) mend() {
	r.w.Helper()
	l, err := net.Listen(r.network, r.address)
	if err != nil {
		r.w.Fatalf("cannot listen: %v", err)
	}
	r.listener = l
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
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		_ = c.Close()
	}
}

func (r *wire) pass(near net.Conn) {
	defer func() { _ = near.Close() }()
	far, err := net.Dial(r.targetNetwork, r.target)
	if err != nil {
		return
	}
	defer func() { _ = far.Close() }()
	r.keep(near)
	defer r.forget(near)
	r.wg.Go(func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	})
	_, _ = io.Copy(near, far)
}

func (r *wire) keep(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
}

func (r *wire) forget(c net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}
