// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// fails expects all that reads the endpoint to fail with a class, and never with absence.
func (s *site) fails(c *Client, want clients.Class) {
	s.t.Helper()
	ctx := context.Background()
	for what, call := range map[string]func() error{
		"Check":        func() error { return c.Check(ctx) },
		"Capabilities": func() error { _, err := c.Capabilities(ctx); return err },
		"Inventory":    func() error { _, err := c.Inventory(ctx); return err },
		"ObserveVM":    func() error { _, err := c.ObserveVM(ctx, spec("web-1").Identity, ""); return err },
		"CreateVM":     func() error { _, err := c.CreateVM(ctx, spec("web-1")); return err },
		"PowerOnVM":    func() error { return c.PowerVM(ctx, spec("web-1").Identity, clients.ActionPowerOn) },
		"DeleteVM":     func() error { return c.DeleteVM(ctx, spec("web-1").Identity, clients.DeleteOptions{}) },
	} {
		if got := clients.ClassOf(call()); got != want {
			s.t.Errorf("%s: %v of class %q, want %q", what, call(), got, want)
		}
	}
}

func TestWrongPassword(t *testing.T) {
	s := newSite(t)
	config := s.config()
	config.Password = "wrong"
	before := s.server.Calls()["Login"]
	c := s.client(config)
	s.await("the refusal", func() bool { return clients.ClassOf(c.Check(t.Context())) == clients.Unauthorized })
	// The client would have tried again long before a good one is in sync: its pause is at most milliseconds.
	s.connect()
	s.connect()
	if got := s.server.Calls()["Login"] - before; got != 3 {
		t.Errorf("there were %d logins, want one with the wrong password and two others", got)
	}
	s.fails(c, clients.Unauthorized)
}

func TestUntrusted(t *testing.T) {
	s := newSite(t)
	config := s.config()
	config.CABundle = ""
	before := s.server.Calls()["Login"]
	c := s.client(config)
	s.await("the distrust", func() bool { return clients.ClassOf(c.Check(t.Context())) == clients.Untrusted })
	s.fails(c, clients.Untrusted)
	if got := s.server.Calls()["Login"] - before; got != 0 {
		t.Errorf("the password was sent %d times to a server that is not trusted", got)
	}

	config.InsecureSkipTLSVerify = true
	insecure := s.client(config)
	s.await("the insecure client to be in sync", func() bool { return insecure.Check(t.Context()) == nil })
}

func TestNobodyListens(t *testing.T) {
	s := newSite(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := s.config()
	config.Server = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.fails(s.client(config), clients.Unreachable)
}

// watchAbsence observes a VM until stop, and expects it never to be absent.
func (s *site) watchAbsence(c *Client, id clients.Identity) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			vm, err := c.ObserveVM(context.Background(), id, "")
			if err == nil && vm.State != clients.VMPresent {
				s.t.Errorf("the VM is said to be %s", vm.State)
				return
			}
			if class := clients.ClassOf(err); err != nil && class != clients.Unreachable {
				s.t.Errorf("ObserveVM: %v of class %q, want Unreachable", err, class)
				return
			}
		}
	})
	return func() { close(done); wg.Wait() }
}

func TestSessionTerminated(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	stop := s.watchAbsence(c, id)
	defer stop()

	for range 3 {
		before := s.server.Calls()["Login"]
		n, err := s.server.TerminateSessions(t.Context(), UserAgent)
		if err != nil || n != 1 {
			t.Fatalf("TerminateSessions: %d, %v: want the one session of the client", n, err)
		}
		// Whichever call comes next notices.
		for range 4 {
			_, _ = c.ObserveVM(t.Context(), spec("other").Identity, "")
		}
		s.await("another login, besides the administrator's", func() bool { return s.server.Calls()["Login"] == before+2 })
		s.await("the client to be in sync again", func() bool { return c.Check(t.Context()) == nil })
	}
	s.powerByHand("web-1", true)
	s.await("a change after recovery to arrive", func() bool {
		vm, err := c.ObserveVM(t.Context(), id, "")
		return err == nil && vm.PowerState == clients.PoweredOn
	})
}

func TestOutage(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	id := spec("web-1").Identity
	s.create(c, spec("web-1"))
	stop := s.watchAbsence(c, id)
	logins := s.server.Calls()["Login"]

	end := s.server.Inject(vcenter.Rule{Method: vcenter.AnyMethod, LoseRequest: true})
	s.await("the outage to be noticed", func() bool { return c.Check(t.Context()) != nil })
	s.fails(c, clients.Unreachable)
	end()
	s.await("the client to be in sync again", func() bool { return c.Check(t.Context()) == nil })
	stop()
	if got := s.server.Calls()["Login"] - logins; got != 0 {
		t.Errorf("there were %d logins, want the session to be used again", got)
	}
	s.one()
}

func TestServerCloses(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.server.Close()
	s.await("the end to be noticed", func() bool { return c.Check(context.Background()) != nil })
	s.fails(c, clients.Unreachable)
}

func TestCollectorVersionRefused(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.create(c, spec("web-1"))
	before := s.server.Calls()
	// The feed ends as if the vCenter had dropped it; the session lasts.
	session, err := c.ready()
	if err != nil {
		t.Fatal(err)
	}
	session.resync()
	s.await("another collector", func() bool {
		return s.server.Calls()["CreatePropertyCollector"] == before["CreatePropertyCollector"]+1 && c.Check(t.Context()) == nil
	})
	if got := s.server.Calls()["Login"] - before["Login"]; got != 0 {
		t.Errorf("there were %d logins, want none", got)
	}
	s.awaitState(c, spec("web-1").Identity, "", clients.VMPresent)
}

func TestCloseLogsOut(t *testing.T) {
	s := newSite(t)
	s.connect().Close()
	if n, err := s.server.TerminateSessions(t.Context(), UserAgent); err != nil || n != 0 {
		t.Errorf("%d sessions are left, %v", n, err)
	}
}

func TestThumbprint(t *testing.T) {
	s := newSite(t)
	config := s.config()
	config.CABundle = ""
	conn, err := tls.Dial("tcp", config.Server, &tls.Config{InsecureSkipVerify: true}) // The test reads the fingerprint.
	if err != nil {
		t.Fatal(err)
	}
	config.Thumbprint = strings.ToLower(soap.ThumbprintSHA256(conn.ConnectionState().PeerCertificates[0]))
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	c := s.client(config)
	s.await("the certificate to be trusted", func() bool { return c.Check(t.Context()) == nil })
	s.create(c, spec("web-1"))

	config.Thumbprint = strings.Repeat("00:", 31) + "00"
	before := s.server.Calls()["Login"]
	other := s.client(config)
	s.await("another certificate not to be", func() bool { return clients.ClassOf(other.Check(t.Context())) == clients.Untrusted })
	if got := s.server.Calls()["Login"] - before; got != 0 {
		t.Errorf("the password was sent %d times to a server that is not trusted", got)
	}
	config.CABundle = string(s.server.CAPEM())
	rotated := s.client(config)
	s.await("a certificate of the authority to be trusted all the same", func() bool { return rotated.Check(t.Context()) == nil })
}

// recorded are the calls and tasks that a client told of.
type recorded struct {
	mu    sync.Mutex
	calls map[string]int
	tasks map[string]int
}

func (r *recorded) Call(method string, class clients.Class) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[method+" "+string(class)]++
}

func (r *recorded) Task(kind clients.TaskKind, _ time.Duration, class clients.Class) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tasks[string(kind)+" "+string(class)]++
}

func (r *recorded) count(of map[string]int, what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return of[what]
}

func TestRecorder(t *testing.T) {
	s := newSite(t)
	r := &recorded{calls: map[string]int{}, tasks: map[string]int{}}
	c, err := New(s.config(), Options{Recorder: r})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s.await("the client to be in sync", func() bool { return c.Check(t.Context()) == nil })
	s.server.Inject(vcenter.Rule{Method: "CloneVM_Task", Times: 1, Fault: &types.InvalidArgument{}})
	if _, err := c.CreateVM(t.Context(), spec("web-1")); err == nil {
		t.Fatal("CreateVM: no error")
	}
	s.create(c, spec("web-1"))
	for what, want := range map[string]int{
		"CloneVM_Task ": 1, "CloneVM_Task Invalid": 1, "FindAllByUuid ": 2, "Login ": 1, "POST /rest/com/vmware/cis/session ": 2,
	} {
		if got := r.count(r.calls, what); got != want {
			t.Errorf("calls %q: %d, want %d of %v", what, got, want, r.calls)
		}
	}
	s.await("the task to be told of", func() bool { return r.count(r.tasks, "Create ") == 1 })

	h := c.Health()
	if h.Sessions != 1 || h.WantedSessions != 1 || time.Since(h.LastContact) > patience {
		t.Errorf("Health: %+v, want one session of one, and a contact just now", h)
	}
}
