// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// A Result is what a guest's answers come to.
type Result struct {
	// Known says that the guest was asked at least once.
	Known bool
	// Ready says that it answered as often in a row as the probe wants.
	Ready bool
	// Why says what is missing, for people; empty when Ready.
	Why string
}

// A Prober asks guests whether they are ready. It is safe for concurrent use. Use New.
type Prober struct {
	ctx  context.Context //nolint:containedctx // It ends the goroutines, none of which belongs to one call.
	stop context.CancelFunc
	ask  func(ctx context.Context, t target) error
	wait func(ctx context.Context, d time.Duration)

	running sync.WaitGroup

	mu          sync.Mutex
	watched     map[types.UID]*watched
	subscribers map[int]func(types.NamespacedName)
	nextID      int
}

// target is whom to ask what. It is comparable, so that a change is seen.
type target struct {
	key     types.NamespacedName
	address string
	probe   probe
}

// probe is a readiness probe as plain values.
type probe struct {
	tcp, http                int32
	scheme, path             string
	period, timeout          time.Duration
	successes, failuresLimit int32
}

// watched is a VM that is asked.
type watched struct {
	target target
	stop   context.CancelFunc
	result Result
	// inARow counts the answers of the kind that would change the result.
	inARow int32
}

// New returns a Prober. It is to be closed.
func New() *Prober {
	ctx, stop := context.WithCancel(context.Background())
	return &Prober{
		ctx:         ctx,
		stop:        stop,
		ask:         asker{allowed: isGuestAddress}.ask,
		wait:        sleep,
		watched:     map[types.UID]*watched{},
		subscribers: map[int]func(types.NamespacedName){},
	}
}

// Close ends all asking.
func (p *Prober) Close() {
	p.stop()
	p.running.Wait()
}

// Subscribe calls changed with the name of each VM that has become ready or is no longer, until cancel is called. It must not
// block.
func (p *Prober) Subscribe(changed func(types.NamespacedName)) (cancel func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.nextID
	p.nextID++
	p.subscribers[id] = changed
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.subscribers, id)
	}
}

// Watch returns what the guest's answers come to, and has it asked from now on. A probe that asks nothing over the network is
// ready. An address that is empty or another than before begins anew.
func (p *Prober) Watch(uid types.UID, key types.NamespacedName, rp v1beta1.ReadinessProbe, address string) Result {
	t := target{key: key, address: address, probe: plain(rp)}
	if t.probe.tcp == 0 && t.probe.http == 0 {
		p.Forget(uid)
		return Result{Known: true, Ready: true}
	}
	if address == "" {
		p.Forget(uid)
		return Result{Why: "no address of the guest is known"}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.watched[uid]
	if w != nil && w.target == t {
		return w.result
	}
	if w != nil {
		w.stop()
	}
	ctx, stop := context.WithCancel(p.ctx)
	w = &watched{target: t, stop: stop, result: Result{Why: "the guest was not asked yet"}}
	p.watched[uid] = w
	p.running.Go(func() { p.follow(ctx, w) })
	return w.result
}

// Forget ends the asking of a VM's guest.
func (p *Prober) Forget(uid types.UID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.watched[uid]; w != nil {
		w.stop()
		delete(p.watched, uid)
	}
}

// follow asks a guest until ctx ends. Guests of VMs that were made together are not asked together.
func (p *Prober) follow(ctx context.Context, w *watched) {
	t := w.target
	p.wait(ctx, time.Duration(rand.Float64()*float64(min(t.probe.period, time.Second)))) //nolint:gosec // Jitter is no secret.
	for ctx.Err() == nil {
		asking, cancel := context.WithTimeout(ctx, t.probe.timeout)
		err := p.ask(asking, t)
		cancel()
		if ctx.Err() == nil && p.take(w, err) {
			p.notify(t.key)
		}
		p.wait(ctx, t.probe.period)
	}
}

// take takes an answer in, and says whether others should know of it.
func (p *Prober) take(w *watched, err error) (news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := w.result
	w.result.Known = true
	limit := w.target.probe.successes
	if before.Ready {
		limit = w.target.probe.failuresLimit
	}
	if (err == nil) == before.Ready {
		w.inARow = 0
	} else {
		w.inARow++
	}
	if w.inARow >= limit {
		w.result.Ready, w.inARow = !before.Ready, 0
	}
	switch {
	case w.result.Ready:
		w.result.Why = ""
	case err != nil:
		w.result.Why = err.Error()
	default:
		w.result.Why = fmt.Sprintf("the guest has to answer %d times in a row", limit)
	}
	return w.result.Ready != before.Ready || !before.Known
}

func (p *Prober) notify(key types.NamespacedName) {
	p.mu.Lock()
	subscribers := make([]func(types.NamespacedName), 0, len(p.subscribers))
	for _, s := range p.subscribers {
		subscribers = append(subscribers, s)
	}
	p.mu.Unlock()
	for _, s := range subscribers {
		s(key)
	}
}

// plain returns a probe as plain values. What the API server fills in is filled in here too, for objects it has not seen.
func plain(rp v1beta1.ReadinessProbe) probe {
	p := probe{
		period:        seconds(rp.PeriodSeconds, 10),
		timeout:       seconds(rp.TimeoutSeconds, 2),
		successes:     max(1, rp.SuccessThreshold),
		failuresLimit: rp.FailureThreshold,
	}
	if p.failuresLimit < 1 {
		p.failuresLimit = 3
	}
	if rp.TCP != nil {
		p.tcp = rp.TCP.Port
	}
	if h := rp.HTTP; h != nil {
		p.http, p.scheme, p.path = h.Port, h.Scheme, h.Path
		if p.scheme == "" {
			p.scheme = "http"
		}
		if p.path == "" {
			p.path = "/"
		}
	}
	return p
}

func seconds(n, otherwise int32) time.Duration {
	if n < 1 {
		n = otherwise
	}
	return time.Duration(n) * time.Second
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// isGuestAddress says whether an address can be a guest's. The address is what the guest itself says: it must not be able to
// have the provider ask the provider's own host or what only that host can reach.
func isGuestAddress(a netip.Addr) bool {
	return a.IsValid() && !a.IsLoopback() && !a.IsUnspecified() && !a.IsLinkLocalUnicast() && !a.IsMulticast() && !a.IsInterfaceLocalMulticast()
}
