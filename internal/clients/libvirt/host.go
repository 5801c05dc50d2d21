// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A host keeps the connections to one host of the fleet and the cache of what it has.
type host struct {
	Host

	log             logr.Logger
	credentials     *credentials
	recorder        clients.Recorder
	refreshInterval time.Duration
	domainType      DomainType
	// changed is called with the UUID of a VM that changed, and with "" when all may have.
	changed func(uuid string)

	// copies bounds the volumes that are copied at a time.
	copies chan struct{}
	// calls counts the calls into libvirt.
	calls atomic.Int64

	// dirty is what events said has changed and was not looked at yet; kick tells of it.
	dirty dirt
	kick  chan struct{}
	// search is the guests whose addresses are looked for.
	search searches
	// settled is closed when the first attempt to connect has come to an end, or takes too long.
	settled    chan struct{}
	settleOnce sync.Once

	// refreshing is held from reading of a domain until the cache has what was read; refreshingPools likewise.
	refreshing, refreshingPools sync.Mutex

	mu sync.RWMutex
	// contact is when the host last answered.
	contact time.Time
	// session is nil while the host is not connected.
	session *session
	// synced says that the cache is what the connected host has. It stays, as what was last known, when the host is lost.
	synced bool
	// failure is why the host is not connected.
	failure error
	cache   cache
}

func newHost(h Host, t DomainType, keys *credentials, o Options, changed func(string)) *host {
	return &host{
		Host:            h,
		log:             o.Log.WithValues("host", h.Name),
		credentials:     keys,
		recorder:        o.Recorder,
		refreshInterval: o.RefreshInterval,
		domainType:      t,
		changed:         changed,
		copies:          make(chan struct{}, copySlots),
		dirty:           dirt{domains: map[string]bool{}},
		kick:            make(chan struct{}, 1),
		search:          newSearches(),
		settled:         make(chan struct{}),
		failure:         errors.New("not connected yet"),
		cache:           newCache(),
	}
}

// begin returns the session for one call, which must be reported done to it.
func (h *host) begin() (*session, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.session == nil {
		return nil, h.unreachable(h.failure)
	}
	h.session.calls.Add(1)
	h.calls.Add(1)
	return h.session, nil
}

// ready returns nil when the cache is what the host has now.
func (h *host) ready() error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.synced {
		return nil
	}
	return h.unreachable(h.failure)
}

// health says whether the host is connected and when it last answered. One that is connected does: it is asked to keep the
// connection alive.
func (h *host) health() (connected bool, contact time.Time) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.synced {
		return true, time.Now()
	}
	return false, h.contact
}

// record notes how a call of a method of libvirt ended.
func (h *host) record(method string, err error) {
	class := clients.ClassOf(err)
	h.recorder.Call(method, class)
	if class == clients.Unreachable {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.contact = time.Now()
}

// unreachable says of an error that it came from this host not answering. A class the error has already is kept.
func (h *host) unreachable(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("no answer in time")
	}
	class := clients.ClassOf(err)
	if class == clients.Unknown {
		class = clients.Unreachable
	}
	return errorf(class, "Host", "host %q cannot be asked: %w", h.Name, err)
}

// run keeps the host connected until ctx ends.
func (h *host) run(ctx context.Context) {
	for wait := minBackoff; ; wait = min(2*wait, maxBackoff) {
		s, err := h.dial(ctx)
		if err == nil {
			var synced bool
			synced, err = h.serve(ctx, s)
			if synced {
				wait = minBackoff
			}
		}
		if ctx.Err() != nil {
			return
		}
		h.disconnected(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// dial connects. There is never more than one attempt at a time: one that gets no answer is waited for, and the host is
// said to be unreachable meanwhile.
func (h *host) dial(ctx context.Context) (*session, error) {
	if err := startLibrary(); err != nil {
		return nil, err
	}
	uri, err := h.credentials.uri(h.URI)
	if err != nil {
		return nil, err
	}
	type result struct {
		s   *session
		err error
	}
	done := make(chan result, 1)
	go func() {
		s, err := openSession(uri)
		if err != nil {
			err = h.credentials.explain(err)
		}
		done <- result{s: s, err: err}
	}()
	late := time.NewTimer(dialTimeout)
	defer late.Stop()
	for {
		select {
		case r := <-done:
			return r.s, r.err
		case <-late.C:
			h.disconnected(errors.New("the daemon accepts no connection"))
		case <-ctx.Done():
			go func() { // the attempt may never end; if it does, what it made is closed
				if r := <-done; r.err == nil {
					r.s.close()
				}
			}()
			return nil, ctx.Err()
		}
	}
}

// serve keeps the cache up to date until the session is lost, and returns why it was and whether the cache ever was.
func (h *host) serve(ctx context.Context, s *session) (synced bool, err error) {
	h.register(s)
	h.mu.Lock()
	h.session = s
	h.mu.Unlock()
	defer func() { h.drop(s, err) }()

	if err := h.refreshAll(ctx, true); err != nil {
		return false, err
	}
	h.mu.Lock()
	h.synced, h.failure = true, nil
	h.mu.Unlock()
	h.log.V(1).Info("Connected")
	h.settle()
	h.changed("")

	var tasks sync.WaitGroup
	defer tasks.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	tasks.Go(func() { h.discover(ctx) })
	return true, h.follow(ctx, s)
}

// follow looks at what changes, until the session is lost or the host cannot be asked.
func (h *host) follow(ctx context.Context, s *session) error {
	refresh := time.NewTicker(h.refreshInterval)
	defer refresh.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.lost:
			return s.reason
		case <-h.kick:
			time.Sleep(coalesce)
			err = h.refreshDirty(ctx)
		case <-refresh.C:
			err = h.refreshAll(ctx, false)
		}
		if err != nil {
			return err
		}
	}
}

// drop ends a session.
func (h *host) drop(s *session, reason error) {
	h.mu.Lock()
	was := h.synced
	h.session, h.synced, h.failure = nil, false, reason
	h.mu.Unlock()
	s.lose(reason)
	s.release()
	if was {
		h.log.Info("Disconnected", "reason", reason.Error())
		h.changed("")
	}
}

// disconnected says why the host is not connected.
func (h *host) disconnected(err error) {
	h.mu.Lock()
	h.failure = err
	h.mu.Unlock()
	h.settle()
}

func (h *host) settle() { h.settleOnce.Do(func() { close(h.settled) }) }
