// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A Client is the hypervisor port over one fleet. It is safe for concurrent use.
type Client struct {
	hosts       []*host // sorted by name
	credentials *credentials
	jobs        *jobs
	hooks       hooks
	stop        context.CancelFunc
	tasks       sync.WaitGroup

	mu        sync.Mutex
	nextID    int
	listeners map[int]func(string)
	// home is the host on which each of our VMs was last seen, or was to be made.
	home map[string]string
}

var _ clients.Hypervisor = &Client{}

// hooks are for tests.
type hooks struct {
	// afterStep is called after each step of a creation. An error abandons it there, as if the process had ended.
	afterStep func(uuid, step string) error
}

// New returns a Client, at once: it connects in the background. It must be closed.
func New(cfg Config, o Options) *Client { return newClient(cfg, o, hooks{}) }

func newClient(cfg Config, o Options, hk hooks) *Client {
	if o.RefreshInterval <= 0 {
		o.RefreshInterval = defaultRefreshInterval
	}
	if cfg.DomainType == "" {
		cfg.DomainType = DomainTypeAuto
	}
	if o.Recorder == nil {
		o.Recorder = clients.NopRecorder{}
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{credentials: newCredentials(cfg), hooks: hk, stop: stop, listeners: map[int]func(string){}, home: map[string]string{}}
	c.jobs = &jobs{
		newContext: func() (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
		changed:    c.notify,
		recorder:   o.Recorder,
		byUUID:     map[string]*job{},
	}
	for _, h := range cfg.Hosts {
		c.hosts = append(c.hosts, newHost(h, cfg.DomainType, c.credentials, o, c.notify))
	}
	slices.SortFunc(c.hosts, func(a, b *host) int { return cmp.Compare(a.Name, b.Name) })
	for _, h := range c.hosts {
		c.tasks.Go(func() { h.run(ctx) })
	}
	return c
}

// Close ends the connections and what is done in the background. A job that is under way is left where it is, for the next
// client to clean up.
func (c *Client) Close() {
	c.jobs.close()
	c.stop()
	c.tasks.Wait()
	c.jobs.running.Wait()
	c.credentials.remove()
}

// Health says how many hosts are connected, and when one of them last answered.
func (c *Client) Health() clients.Health {
	out := clients.Health{WantedSessions: len(c.hosts)}
	for _, h := range c.hosts {
		connected, contact := h.health()
		if connected {
			out.Sessions++
		}
		if contact.After(out.LastContact) {
			out.LastContact = contact
		}
	}
	return out
}

// Check returns nil when at least one host is connected, otherwise why none is.
func (c *Client) Check(ctx context.Context) error {
	c.awaitSettled(ctx)
	var errs []error
	for _, h := range c.hosts {
		err := h.ready()
		if err == nil {
			return nil
		}
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return errorf(clients.Invalid, "Host", "the fleet has no hosts")
	}
	return errors.Join(errs...)
}

// awaitSettled waits until each host has answered once or failed to, but not for long: otherwise a fleet that was only just
// opened would look as if it were unreachable.
func (c *Client) awaitSettled(ctx context.Context) {
	var timer <-chan time.Time
	for _, h := range c.hosts {
		select {
		case <-h.settled:
			continue
		default:
		}
		if timer == nil {
			timer = time.After(settleTimeout)
		}
		select {
		case <-h.settled:
		case <-timer:
			return
		case <-ctx.Done():
			return
		}
	}
}

// Subscribe calls changed with the UUID of each VM that changed, and with "" when all should be looked at again.
func (c *Client) Subscribe(changed func(uuid string)) (cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := c.nextID
	c.nextID++
	c.listeners[id] = changed
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.listeners, id)
	}
}

func (c *Client) notify(uuid string) {
	c.mu.Lock()
	listeners := slices.Collect(maps.Values(c.listeners))
	c.mu.Unlock()
	for _, fn := range listeners {
		fn(uuid)
	}
}

// host returns the host of a name.
func (c *Client) host(name string) (*host, error) {
	for _, h := range c.hosts {
		if h.Name == name {
			return h, nil
		}
	}
	return nil, errorf(clients.NotFound, "Host", "host %q is not one of this endpoint's", name)
}

// confirmAbsence returns nil when every host that may have the VM is connected: then that none has it is known. A VM may be
// on the host that its placement names, on the one where it was last seen, by us or by an earlier provider, and on the one where
// it was to be made, which a task says; when none of these is known, on any.
func (c *Client) confirmAbsence(id clients.Identity, task clients.TaskRef) error {
	hosts := c.hosts
	if named := c.hostsOf(id, task); len(named) > 0 {
		hosts = nil
		for _, name := range named {
			h, err := c.host(name)
			if err != nil {
				return err
			}
			hosts = append(hosts, h)
		}
	}
	for _, h := range hosts {
		if err := h.ready(); err != nil {
			return fmt.Errorf("the VM may be there: %w", err)
		}
	}
	return nil
}

// hostsOf returns the names of the hosts that a VM may be on, as far as they are known.
func (c *Client) hostsOf(id clients.Identity, task clients.TaskRef) []string {
	names := []string{id.Host, id.LastHost, c.homeOf(id.UUID), string(task)}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

func (c *Client) homeOf(uuid string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.home[uuid]
}

func (c *Client) setHome(uuid, host string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.home[uuid] = host
}

// forgetHome drops what is remembered of a VM that no host has.
func (c *Client) forgetHome(uuid string) {
	for _, h := range c.hosts {
		if h.ready() != nil {
			return // it may still be needed
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.home, uuid)
}
