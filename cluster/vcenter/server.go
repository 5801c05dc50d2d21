// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	_ "github.com/vmware/govmomi/vapi/simulator" // Registers the tagging service.
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
)

// Options of a simulated vCenter.
type Options struct {
	// Username and Password of the administrator's account. Both are required; other credentials are refused.
	Username string
	Password string
	// Accounts that there are beside the administrator's.
	Accounts []Account
	// Listen is the address to listen at; 127.0.0.1 and a free port when empty.
	Listen string
	// Datacenters to simulate; Production when empty.
	Datacenters []Datacenter
	// TaskTime is how long each task of a VM takes at least.
	TaskTime time.Duration
	// Guest of each VM that SetGuest has not changed.
	Guest Guest
	// AdmissionControl refuses to power a VM on when the VMs on its host would have more memory than the host.
	AdmissionControl bool
}

// A Server is a running simulated vCenter.
type Server struct {
	url      *url.URL
	identity *identity
	model    *simulator.Model
	server   *simulator.Server
	world    *world
	rules    *rules
	accounts *accounts
	close    sync.Once
	rest     *restFront
}

// Start starts a simulated vCenter. It is ready when Start returns, and is to be closed.
func Start(o Options) (*Server, error) {
	if o.Username == "" || o.Password == "" {
		return nil, errors.New("cannot start a vCenter without a username and a password")
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if len(o.Datacenters) == 0 {
		o.Datacenters = []Datacenter{Production()}
	}
	id := &identity{}
	if err := id.renew(time.Now()); err != nil {
		return nil, err
	}

	model := &simulator.Model{ServiceContent: vpx.ServiceContent, RootFolder: vpx.RootFolder}
	if err := model.Create(); err != nil {
		return nil, fmt.Errorf("cannot create the simulator: %w", err)
	}
	s := &Server{identity: id, model: model, rules: newRules(), accounts: newAccounts(o)}
	if err := s.build(context.Background(), o.Datacenters); err != nil {
		model.Remove()
		return nil, fmt.Errorf("cannot build the inventory: %w", err)
	}

	s.world = newWorld(model.Map(), s.rules.outage)
	s.world.taskTime = o.TaskTime
	s.world.admission = o.AdmissionControl
	s.world.anyGuest = o.Guest
	s.world.accounts = s.accounts
	model.Map().SessionManager().ValidLogin = s.accounts.login
	s.world.inProcess = inProcess(model)
	model.Map().Handler = s.world.handle
	svc := model.Service
	svc.TLS = id.config()
	svc.Listen = &url.URL{Host: o.Listen, User: url.UserPassword(o.Username, o.Password)}
	svc.RegisterEndpoints = true
	// A pattern with a method is more specific than vcsim's own, so that each SOAP call passes through the front.
	svc.ServeMux = http.NewServeMux()
	svc.ServeMux.Handle("POST "+vim25.Path, &front{serve: svc.ServeSDK, world: s.world, rules: s.rules})
	s.rest = &restFront{mux: svc.ServeMux, world: s.world, rules: s.rules, sessions: map[string]string{}}
	s.rest.register()
	s.server = svc.NewServer()
	s.url = s.server.URL

	if err := s.libraries(context.Background(), o.Datacenters); err != nil {
		s.Close()
		return nil, fmt.Errorf("cannot make the content libraries: %w", err)
	}
	if err := s.tagZones(context.Background(), o.Datacenters); err != nil {
		s.Close()
		return nil, fmt.Errorf("cannot tag the clusters: %w", err)
	}
	s.rules.reset()
	return s, nil
}

// URL of the SDK, with the administrator's account.
func (s *Server) URL() *url.URL {
	u := *s.url
	u.User = s.administrator()
	return &u
}

// administrator returns the credentials of the administrator as they are now.
func (s *Server) administrator() *url.Userinfo {
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	name := s.url.User.Username()
	return url.UserPassword(name, s.accounts.byName[name].Password)
}

// Close stops the server and forgets its inventory. Calls under way are cut off.
func (s *Server) Close() {
	s.close.Do(func() {
		s.world.shut()
		s.server.CloseClientConnections()
		s.server.Close()
		s.model.Remove()
	})
}

// Client returns a new client of the server, logged in and trusting its certificate. The caller logs out.
func (s *Server) Client(ctx context.Context) (*govmomi.Client, error) {
	c, err := s.anonymous(ctx)
	if err != nil {
		return nil, err
	}
	g := &govmomi.Client{Client: c, SessionManager: session.NewManager(c)}
	if err := g.Login(ctx, s.administrator()); err != nil {
		return nil, fmt.Errorf("cannot log in: %w", err)
	}
	return g, nil
}

// anonymous returns a client that is not logged in.
func (s *Server) anonymous(ctx context.Context) (*vim25.Client, error) {
	u := s.URL()
	u.User = nil
	sc := soap.NewClient(u, false)
	ca, err := os.CreateTemp("", "vcenter-ca-*.pem")
	if err != nil {
		return nil, fmt.Errorf("cannot create a file for the authority's certificate: %w", err)
	}
	defer os.Remove(ca.Name())
	if _, err := ca.Write(s.CAPEM()); err != nil {
		return nil, fmt.Errorf("cannot write the authority's certificate: %w", err)
	}
	if err := ca.Close(); err != nil {
		return nil, fmt.Errorf("cannot write the authority's certificate: %w", err)
	}
	if err := sc.SetRootCAs(ca.Name()); err != nil {
		return nil, fmt.Errorf("cannot trust the authority's certificate: %w", err)
	}
	c, err := vim25.NewClient(ctx, sc)
	if err != nil {
		return nil, fmt.Errorf("cannot connect: %w", err)
	}
	return c, nil
}

// TerminateSessions ends all SOAP sessions of clients whose user agent begins with prefix, as an administrator of a vCenter can.
// It returns how many those were.
func (s *Server) TerminateSessions(ctx context.Context, prefix string) (int, error) {
	c, err := s.Client(ctx)
	if err != nil {
		return 0, err
	}
	defer c.Logout(ctx) //nolint:errcheck // The session ends with the server at the latest.

	var m mo.SessionManager
	if err := property.DefaultCollector(c.Client).RetrieveOne(ctx, *c.ServiceContent.SessionManager, []string{"sessionList", "currentSession"}, &m); err != nil {
		return 0, fmt.Errorf("cannot list sessions: %w", err)
	}
	var keys []string
	for _, us := range m.SessionList {
		if strings.HasPrefix(us.UserAgent, prefix) && us.Key != m.CurrentSession.Key {
			keys = append(keys, us.Key)
		}
	}
	if len(keys) == 0 {
		return 0, nil
	}
	if err := c.SessionManager.TerminateSession(ctx, keys); err != nil {
		return 0, fmt.Errorf("cannot terminate sessions: %w", err)
	}
	return len(keys), nil
}
