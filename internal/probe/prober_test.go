// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

var web = types.NamespacedName{Namespace: "team-a", Name: "web"}

// errRefused is what a guest without the service answers.
var errRefused = errors.New("TCP 10.0.0.5:22: connection refused")

// guest is a guest that answers what the test says, one answer at a time.
type guest struct {
	answers chan error
	changed chan types.NamespacedName
}

func newProber(t *testing.T) (*Prober, *guest) {
	t.Helper()
	g := &guest{answers: make(chan error), changed: make(chan types.NamespacedName, 100)}
	p := New()
	p.ask = func(ctx context.Context, _ target) error {
		select {
		case err := <-g.answers:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	p.wait = func(context.Context, time.Duration) {}
	p.Subscribe(func(k types.NamespacedName) { g.changed <- k })
	t.Cleanup(p.Close)
	return p, g
}

func TestThresholds(t *testing.T) {
	type step struct {
		answer error
		want   Result
	}
	cases := map[string]struct {
		reason string
		probe  v1beta1.ReadinessProbe
		steps  []step
		news   int
	}{
		"FirstAnswer": {
			reason: "One answer makes a VM ready unless the probe wants more.",
			steps:  []step{{errRefused, Result{Known: true, Why: errRefused.Error()}}, {nil, Result{Known: true, Ready: true}}},
			news:   2,
		},
		"SuccessThreshold": {
			reason: "As many answers in a row as the probe wants make a VM ready; a failure between begins anew.",
			probe:  v1beta1.ReadinessProbe{SuccessThreshold: 2},
			steps: []step{
				{nil, Result{Known: true, Why: "the guest has to answer 2 times in a row"}},
				{errRefused, Result{Known: true, Why: errRefused.Error()}},
				{nil, Result{Known: true, Why: "the guest has to answer 2 times in a row"}},
				{nil, Result{Known: true, Ready: true}},
			},
			news: 2,
		},
		"FailureThreshold": {
			reason: "A ready VM stays ready until it failed as often in a row as the probe allows.",
			probe:  v1beta1.ReadinessProbe{FailureThreshold: 2},
			steps: []step{
				{nil, Result{Known: true, Ready: true}},
				{errRefused, Result{Known: true, Ready: true}},
				{nil, Result{Known: true, Ready: true}},
				{errRefused, Result{Known: true, Ready: true}},
				{errRefused, Result{Known: true, Why: errRefused.Error()}},
			},
			news: 2,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p, g := newProber(t)
			tc.probe.TCP = &v1beta1.TCPProbe{Port: 22}
			p.Watch("uid", web, tc.probe, "10.0.0.5")
			for i, s := range tc.steps {
				g.answers <- s.answer
				// The next answer is taken only after this one was taken in.
				got := eventually(t, func() (Result, bool) {
					r := p.Watch("uid", web, tc.probe, "10.0.0.5")
					return r, cmp.Equal(r, s.want)
				})
				if diff := cmp.Diff(s.want, got); diff != "" {
					t.Fatalf("\n%s\nstep %d: -want, +got:\n%s", tc.reason, i, diff)
				}
			}
			p.Close()
			if diff := cmp.Diff(tc.news, len(g.changed)); diff != "" {
				t.Errorf("\n%s\nnews: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	tcp := v1beta1.ReadinessProbe{TCP: &v1beta1.TCPProbe{Port: 22}}
	p, g := newProber(t)

	if diff := cmp.Diff(Result{Known: true, Ready: true}, p.Watch("uid", web, v1beta1.ReadinessProbe{GuestTools: true}, "10.0.0.5")); diff != "" {
		t.Errorf("A probe that asks nothing over the network is ready: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(Result{Why: "no address of the guest is known"}, p.Watch("uid", web, tcp, "")); diff != "" {
		t.Errorf("A guest without address cannot be asked: -want, +got:\n%s", diff)
	}
	p.Watch("uid", web, tcp, "10.0.0.5")
	g.answers <- nil
	eventually(t, func() (Result, bool) {
		r := p.Watch("uid", web, tcp, "10.0.0.5")
		return r, r.Ready
	})
	if diff := cmp.Diff(Result{Why: "the guest was not asked yet"}, p.Watch("uid", web, tcp, "10.0.0.6")); diff != "" {
		t.Errorf("What another address answered counts no more: -want, +got:\n%s", diff)
	}
	p.Forget("uid")
	if len(p.watched) != 0 {
		t.Errorf("A forgotten VM is still asked")
	}
}

func TestAsk(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/ready":
			w.WriteHeader(http.StatusNoContent)
		case "/moved":
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
		default:
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	open := port(t, u.Port())
	closed := closedPort(t)

	anywhere := func(netip.Addr) bool { return true }
	cases := map[string]struct {
		reason  string
		probe   v1beta1.ReadinessProbe
		allowed func(netip.Addr) bool
		want    string
	}{
		"TCP":       {reason: "A port that accepts is an answer.", probe: v1beta1.ReadinessProbe{TCP: &v1beta1.TCPProbe{Port: open}}},
		"TCPClosed": {reason: "A port that refuses is named.", probe: v1beta1.ReadinessProbe{TCP: &v1beta1.TCPProbe{Port: closed}}, want: "connection refused"},
		"HTTP":      {reason: "Any good status is an answer.", probe: v1beta1.ReadinessProbe{HTTP: &v1beta1.HTTPProbe{Port: open, Path: "/ready"}}},
		"Redirect":  {reason: "A redirection is an answer and is not followed.", probe: v1beta1.ReadinessProbe{HTTP: &v1beta1.HTTPProbe{Port: open, Path: "/moved"}}},
		"HTTPBad":   {reason: "A bad status is told.", probe: v1beta1.ReadinessProbe{HTTP: &v1beta1.HTTPProbe{Port: open}}, want: "503 Service Unavailable"},
		"HTTPS":     {reason: "An answer without TLS is none over https.", probe: v1beta1.ReadinessProbe{HTTP: &v1beta1.HTTPProbe{Port: open, Scheme: "https"}}, want: "server gave HTTP response to HTTPS client"},
		"Both": {
			reason: "All that is asked must hold.",
			probe:  v1beta1.ReadinessProbe{TCP: &v1beta1.TCPProbe{Port: closed}, HTTP: &v1beta1.HTTPProbe{Port: open, Path: "/ready"}},
			want:   "TCP 127.0.0.1:",
		},
		"OwnHost": {
			reason:  "A guest cannot have the provider ask its own host.",
			probe:   v1beta1.ReadinessProbe{TCP: &v1beta1.TCPProbe{Port: open}},
			allowed: isGuestAddress,
			want:    "which is not asked",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			a := asker{allowed: anywhere}
			if tc.allowed != nil {
				a.allowed = tc.allowed
			}
			err := a.ask(t.Context(), target{address: "127.0.0.1", probe: plain(tc.probe)})
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("\n%s\nask(...): %v", tc.reason, err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("\n%s\nask(...): want an error with %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}

func port(t *testing.T, s string) int32 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return int32(n)
}

// closedPort returns a port that nothing listens at.
func closedPort(t *testing.T) int32 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, p, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port(t, p)
}

// eventually returns what get last returned, once it is as wanted or has not become so for long.
func eventually(t *testing.T, get func() (Result, bool)) Result {
	t.Helper()
	for range 1000 {
		if r, ok := get(); ok {
			return r
		}
		time.Sleep(5 * time.Millisecond)
	}
	r, _ := get()
	return r
}
