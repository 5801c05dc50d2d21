// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// How long a hypervisor that was just opened is given to connect before it counts as unreachable, and how often it is asked
// meanwhile. It answers that from memory.
const (
	defaultSettleTime = 10 * time.Second
	settleInterval    = 50 * time.Millisecond
)

// Dial opens the hypervisor that an endpoint names. It does not wait for the hypervisor to answer: Hypervisor.Check says
// whether it does. It fails when the endpoint cannot be meant as it is written.
type Dial func(e v1beta1.Endpoint, c Credentials) (clients.Hypervisor, error)

// A Listener is told of each VM that changed at an endpoint, by its UUID, and with "" when all VMs of the endpoint should be
// looked at again. It must not block.
type Listener func(ref Ref, uuid string)

// A Pool holds the open hypervisors. It is safe for concurrent use.
type Pool struct {
	kube     client.Reader
	metadata client.Reader
	dial     map[v1beta1.ProviderType]Dial
	log      logging.Logger
	settle   time.Duration

	mu        sync.Mutex
	closed    bool
	endpoints map[Ref]*endpoint
	listeners map[int]Listener
	nextID    int
}

// An endpoint is the open hypervisor of one config.
type endpoint struct {
	// mu is held while the hypervisor is looked up, opened or closed.
	mu sync.Mutex
	// gone says that the endpoint is no longer of the pool.
	gone bool
	// seen is the fingerprint of spec and versions that were last compared; it saves reading the Secret's data.
	seen string
	// key is the fingerprint of spec and Secret data that the hypervisor was opened with.
	key string
	// failing says that the last lookup failed.
	failing    bool
	hypervisor clients.Hypervisor
	// settled is when the hypervisor is no longer waited for.
	settled     time.Time
	unsubscribe func()
}

// An Option configures a Pool.
type Option func(*Pool)

// WithLogger says where to log.
func WithLogger(l logging.Logger) Option {
	return func(p *Pool) { p.log = l }
}

// WithSettleTime says how long a hypervisor that was just opened is given to connect.
func WithSettleTime(d time.Duration) Option {
	return func(p *Pool) { p.settle = d }
}

// NewPool returns a Pool. Configs and Secrets are read through kube, which should not cache Secrets; metadata reads only the
// metadata of Secrets and may be a cache.
func NewPool(kube, metadata client.Reader, dial map[v1beta1.ProviderType]Dial, o ...Option) *Pool {
	p := &Pool{
		kube:      kube,
		metadata:  metadata,
		dial:      dial,
		log:       logging.NewNopLogger(),
		settle:    defaultSettleTime,
		endpoints: map[Ref]*endpoint{},
		listeners: map[int]Listener{},
	}
	for _, fn := range o {
		fn(p)
	}
	return p
}

// Get returns the hypervisor of the config that ref names. The hypervisor is shared and must not be closed. Errors have a
// class: NotFound when the config, its Secret or a key of it is missing, Invalid when the config cannot be meant.
//
// A hypervisor that was just opened is given time to connect, so that a provider that starts anew does not call endpoints
// unreachable which are not. It is returned in any case.
func (p *Pool) Get(ctx context.Context, ref Ref) (clients.Hypervisor, error) {
	e, err := p.endpoint(ref)
	if err != nil {
		return nil, err
	}
	h, changed, err := p.refresh(ctx, e, ref)
	if err != nil {
		return nil, err
	}
	if changed {
		p.notify(ref, "")
	}
	e.awaitSettled(ctx, h)
	return h, nil
}

// Forget closes the hypervisor of a config that is gone.
func (p *Pool) Forget(ref Ref) {
	p.mu.Lock()
	e := p.endpoints[ref]
	delete(p.endpoints, ref)
	p.mu.Unlock()
	if e != nil {
		e.close()
		p.log.Debug("Closed endpoint", "config", ref.String())
	}
}

// Subscribe calls l for each change at each endpoint, until cancel is called.
func (p *Pool) Subscribe(l Listener) (cancel func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.nextID
	p.nextID++
	p.listeners[id] = l
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.listeners, id)
	}
}

// Close closes all hypervisors. Get fails from then on.
func (p *Pool) Close() {
	p.mu.Lock()
	open := p.endpoints
	p.endpoints = map[Ref]*endpoint{}
	p.closed = true
	p.mu.Unlock()
	for _, e := range open {
		e.close()
	}
}

func (p *Pool) endpoint(ref Ref) (*endpoint, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, clients.NewError(clients.Unreachable, "", errors.New("the provider is stopping"))
	}
	e, ok := p.endpoints[ref]
	if !ok {
		e = &endpoint{}
		p.endpoints[ref] = e
	}
	return e, nil
}

// refresh returns the endpoint's hypervisor, after it was opened anew if it had to be. Changed says that those who asked
// before should ask again.
func (p *Pool) refresh(ctx context.Context, e *endpoint, ref Ref) (h clients.Hypervisor, changed bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	recovered := e.failing
	defer func() { e.failing = err != nil }()
	if e.gone {
		return nil, false, clients.NewError(clients.Unreachable, "", fmt.Errorf("%s is being removed", ref))
	}

	c, err := loadConfig(ctx, p.kube, ref)
	if err != nil {
		return nil, false, err
	}
	version, err := secretVersion(ctx, p.metadata, c.secret)
	if err != nil {
		return nil, false, err
	}
	seen, err := fingerprint(c.uid, c.endpoint, c.secret, version)
	if err != nil {
		return nil, false, err
	}
	if e.hypervisor != nil && e.seen == seen {
		return e.hypervisor, recovered, nil
	}

	creds, err := loadCredentials(ctx, p.kube, c)
	if err != nil {
		return nil, false, err
	}
	key, err := fingerprint(c.uid, c.endpoint, creds)
	if err != nil {
		return nil, false, err
	}
	if e.hypervisor == nil || e.key != key {
		if err := p.open(e, ref, c, creds); err != nil {
			return nil, false, err
		}
		changed = true
	}
	e.seen, e.key = seen, key
	return e.hypervisor, changed || recovered, nil
}

// open replaces the endpoint's hypervisor. The one before is closed once the new one is there.
func (p *Pool) open(e *endpoint, ref Ref, c config, creds Credentials) error {
	dial, ok := p.dial[c.endpoint.Type]
	if !ok {
		return clients.NewError(clients.Unsupported, "", fmt.Errorf("%s is of type %q, which this provider does not know", ref, c.endpoint.Type))
	}
	h, err := dial(c.endpoint, creds)
	if err != nil {
		return fmt.Errorf("cannot open %s: %w", ref, err)
	}
	e.closeHypervisor()
	e.hypervisor = h
	e.settled = time.Now().Add(p.settle)
	e.unsubscribe = h.Subscribe(func(uuid string) { p.notify(ref, uuid) })
	p.log.Debug("Opened endpoint", "config", ref.String())
	return nil
}

func (p *Pool) notify(ref Ref, uuid string) {
	p.mu.Lock()
	ls := make([]Listener, 0, len(p.listeners))
	for _, l := range p.listeners {
		ls = append(ls, l)
	}
	p.mu.Unlock()
	for _, l := range ls {
		l(ref, uuid)
	}
}

func (e *endpoint) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.gone = true
	e.closeHypervisor()
}

func (e *endpoint) closeHypervisor() {
	if e.hypervisor == nil {
		return
	}
	e.unsubscribe()
	e.hypervisor.Close()
	e.hypervisor = nil
}

// awaitSettled waits until the hypervisor is connected or has said why it cannot be, but not for long.
func (e *endpoint) awaitSettled(ctx context.Context, h clients.Hypervisor) {
	e.mu.Lock()
	until := e.settled
	e.mu.Unlock()
	if !time.Now().Before(until) {
		return
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	tick := time.NewTicker(settleInterval)
	defer tick.Stop()
	for clients.ClassOf(h.Check(ctx)) == clients.Unreachable {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
