// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"strings"
	"sync"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A lane is a number of connections, each of which serves one call at a time: whoever takes one out puts it back.
//
// NOTE: never two calls on one connection. Before libvirt 10.4 the client library then uses the stack of one thread in
// another (CVE-2024-4418), and the process ends some time later.
type lane chan *libvirt.Connect

// A session is the connections to one host, from when they were made until they are lost.
type session struct {
	// fast is for what libvirt answers from memory. work is for what takes its time, so that observation does not queue
	// behind it.
	fast, work lane
	// all connections; events come from the first.
	all []*libvirt.Connect

	lost     chan struct{}
	loseOnce sync.Once
	// reason why the session was lost; read it only after lost is closed.
	reason error

	// calls under way. They are added under the host's mutex, while the session is the host's.
	calls sync.WaitGroup
	// unregister takes back what was registered for events.
	unregister []func()
}

// openSession connects to a host. It can block for ever: a daemon that is stopped accepts and says nothing.
func openSession(uri string) (*session, error) {
	s := &session{lost: make(chan struct{})}
	var err error
	if s.fast, err = s.openLane(uri, 1); err != nil {
		s.close()
		return nil, err
	}
	s.work = s.fast
	// The test driver has state of its own in each connection.
	if strings.HasPrefix(uri, "test:") {
		return s, nil
	}
	if s.work, err = s.openLane(uri, workConnections); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// openLane makes n connections.
func (s *session) openLane(uri string, n int) (lane, error) {
	l := make(lane, n)
	for range n {
		conn, err := openConnection(uri)
		if err != nil {
			return nil, err
		}
		s.all = append(s.all, conn)
		l <- conn
		// A driver that cannot tell that it closed is not remote and does not close.
		err = conn.RegisterCloseCallback(func(*libvirt.Connect, libvirt.ConnectCloseReason) {
			s.lose(errorf(clients.Unreachable, "", "the connection was closed"))
		})
		if err == nil {
			s.unregister = append(s.unregister, func() { _ = conn.UnregisterCloseCallback() })
		}
	}
	return l, nil
}

func openConnection(uri string) (*libvirt.Connect, error) {
	conn, err := libvirt.NewConnect(uri)
	if err != nil {
		return nil, classify(err)
	}
	// Refused by drivers that are not remote, where there is nothing to keep alive.
	_ = conn.SetKeepAlive(keepAliveSeconds, keepAliveCount)
	return conn, nil
}

// lose ends the session. The first reason is kept.
func (s *session) lose(reason error) {
	s.loseOnce.Do(func() {
		s.reason = reason
		close(s.lost)
	})
}

// release closes the connections when the calls under way have returned, which they do once keep-alive finds a dead
// connection. A connection must not be closed under a call. Nobody waits for it.
func (s *session) release() {
	go func() {
		s.calls.Wait()
		s.close()
	}()
}

func (s *session) close() {
	for _, fn := range s.unregister {
		fn()
	}
	for _, conn := range s.all {
		_, _ = conn.Close()
	}
}

// Lane choosers of call.
func fastLane(s *session) lane { return s.fast }
func workLane(s *session) lane { return s.work }

// call runs fn with a connection to the host, and is the only way to libvirt. The method is what fn is for, in libvirt's own
// words, as metrics count it. A call into libvirt cannot be cancelled: when ctx ends first, or the session is lost, the call
// is left to itself and its result is dropped. Errors have a class.
func call[T any](ctx context.Context, h *host, method string, choose func(*session) lane, fn func(*libvirt.Connect) (T, error)) (T, error) {
	var zero T
	s, err := h.begin()
	if err != nil {
		return zero, err
	}
	l := choose(s)
	var conn *libvirt.Connect
	select {
	case conn = <-l:
	case <-s.lost:
		s.calls.Done()
		return zero, h.unreachable(s.reason)
	case <-ctx.Done():
		s.calls.Done()
		return zero, h.unreachable(ctx.Err())
	}

	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		defer s.calls.Done()
		v, err := fn(conn)
		if err != nil {
			if alive, aliveErr := conn.IsAlive(); aliveErr == nil && !alive {
				s.lose(classify(err))
			}
		}
		l <- conn
		h.record(method, classify(err))
		done <- result{value: v, err: err}
	}()
	select {
	case r := <-done:
		return r.value, classify(r.err)
	case <-s.lost:
		return zero, h.unreachable(s.reason)
	case <-ctx.Done():
		return zero, h.unreachable(ctx.Err())
	}
}

// ask is call for what libvirt answers from memory: it waits no longer than callTimeout.
func ask[T any](ctx context.Context, h *host, method string, fn func(*libvirt.Connect) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return call(ctx, h, method, fastLane, fn)
}

// work is call for what takes as long as it takes. It is not given up when ctx ends: what it does goes on anyway, and
// whoever cleans up after it has to know when it is over.
func work(ctx context.Context, h *host, method string, fn func(*libvirt.Connect) error) error {
	_, err := call(context.WithoutCancel(ctx), h, method, workLane, func(conn *libvirt.Connect) (struct{}, error) {
		return struct{}{}, fn(conn)
	})
	return err
}
