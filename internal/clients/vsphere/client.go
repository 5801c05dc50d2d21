// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A Client is one vCenter with one account. It is safe for concurrent use.
type Client struct {
	config  Config
	options Options
	limit   chan struct{}
	stop    context.CancelFunc
	done    chan struct{}

	// background is the context of what goes on behind the calls, deployments are what does so besides the feed, and deploying has a
	// slot for each that is at work.
	background  context.Context //nolint:containedctx // It ends with the client, as stop does.
	deployments sync.WaitGroup
	deploying   chan struct{}

	// mu guards what follows.
	mu sync.RWMutex
	// session is the one in use, nil when there is none or what it says is not complete.
	session *session
	// err is why there is no session.
	err   error
	cache *cache
	zones zones
	facts facts
	work  *work
	// subscribers by their number.
	subscribers map[int]func(string)
	subscribed  int

	// heard is when the vCenter last answered, as nanoseconds since 1970; 0 when it never did.
	heard atomic.Int64
}

var _ clients.Hypervisor = &Client{}

// New returns a client of a vCenter. It returns at once and connects in the background, until Close is called. The error is
// of class Invalid.
func New(config Config, options Options) (*Client, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	options = options.withDefaults()
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{
		config:      config,
		options:     options,
		limit:       make(chan struct{}, options.MaxCalls),
		stop:        stop,
		background:  ctx,
		deploying:   make(chan struct{}, maxDeployments),
		done:        make(chan struct{}),
		err:         clients.NewError(clients.Unreachable, "", errors.New("the vCenter is not connected yet")),
		cache:       newCache(),
		work:        newWork(options.Recorder),
		subscribers: map[int]func(string){},
	}
	go func() {
		defer close(c.done)
		c.run(ctx)
	}()
	return c, nil
}

// Close ends the session and all that the client does in the background.
func (c *Client) Close() {
	c.stop()
	c.deployments.Wait()
	<-c.done
}

// Check implements clients.Hypervisor.
func (c *Client) Check(context.Context) error {
	_, err := c.ready()
	return err
}

// Health implements clients.Hypervisor.
func (c *Client) Health() clients.Health {
	h := clients.Health{WantedSessions: 1}
	if _, err := c.ready(); err == nil {
		h.Sessions = 1
	}
	if at := c.heard.Load(); at != 0 {
		h.LastContact = time.Unix(0, at)
	}
	return h
}

// contact remembers that the vCenter answered.
func (c *Client) contact() { c.heard.Store(time.Now().UnixNano()) }

// ready returns the session, or why there is none.
func (c *Client) ready() (*session, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.session == nil {
		return nil, c.err
	}
	return c.session, nil
}

// Subscribe implements clients.Hypervisor.
func (c *Client) Subscribe(changed func(uuid string)) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribed++
	n := c.subscribed
	c.subscribers[n] = changed
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.subscribers, n)
	}
}

// notify tells subscribers which VMs changed. It is called without locks held.
func (c *Client) notify(uuids ...string) {
	if len(uuids) == 0 {
		return
	}
	c.mu.RLock()
	subscribers := make([]func(string), 0, len(c.subscribers))
	for _, s := range c.subscribers {
		subscribers = append(subscribers, s)
	}
	c.mu.RUnlock()
	for _, uuid := range uuids {
		for _, s := range subscribers {
			s(uuid)
		}
	}
}

// run keeps the client connected until ctx ends. It is the only place that logs in, so that no two logins race.
func (c *Client) run(ctx context.Context) {
	var s *session
	pause := c.options.MinBackoff
	for ctx.Err() == nil {
		synced, err := c.serve(ctx, &s)
		if ctx.Err() != nil {
			break
		}
		c.lost(err)
		if fault.Is(err, &types.InvalidLogin{}) {
			// Trying the same password again would only lock the account. Other credentials come with another client.
			c.options.Log.Info("The vCenter refuses the username or password: not trying again")
			<-ctx.Done()
			break
		}
		if synced {
			pause = c.options.MinBackoff
		}
		c.options.Log.Info("Lost the vCenter", "error", err, "retry-in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // Jitter is no secret.
		}
		pause = min(2*pause, c.options.MaxBackoff)
	}
	c.lost(errors.New("the client is closed"))
	if s != nil {
		s.logout()
	}
}

// serve logs in unless there is a session, and follows the vCenter. It returns why it could not go on, and whether it had
// been complete. A session that has ended is forgotten, any other is used again: logging in each time would leave sessions.
func (c *Client) serve(ctx context.Context, s **session) (synced bool, err error) {
	if *s == nil {
		if *s, err = c.login(ctx); err != nil {
			*s = nil
			return false, err
		}
	}
	synced, err = c.follow(ctx, *s)
	if isSessionLost(err) || (*s).expired() {
		(*s).expire()
		(*s).logout()
		*s = nil
	}
	return synced, err
}

// connectionError gives an error that ended the connection one of the classes of Check.
func connectionError(err error) error {
	err = classify(err)
	switch clients.ClassOf(err) {
	case clients.Unauthorized, clients.Untrusted, clients.Unreachable:
		return err
	default:
		return clients.NewError(clients.Unreachable, "", err)
	}
}

// lost remembers why there is no session to answer from, and lets everybody look again.
func (c *Client) lost(err error) {
	c.mu.Lock()
	known := c.session == nil && c.err != nil && c.err.Error() == err.Error()
	c.session = nil
	c.err = connectionError(err)
	c.mu.Unlock()
	if !known {
		c.notify("")
	}
}
