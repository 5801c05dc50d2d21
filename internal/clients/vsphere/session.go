// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	gsession "github.com/vmware/govmomi/session"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// logoutTimeout bounds how long closing a client waits for the vCenter.
const logoutTimeout = 5 * time.Second

// A session is a login to the vCenter and the feed that runs in it.
type session struct {
	vim  *vim25.Client
	rest *restSession
	// started is the vCenter's time of the login.
	started time.Time
	// userName is the vCenter's name of the account.
	userName string

	// tasks is the list view of the tasks that are followed. Set before the session is in use.
	tasks types.ManagedObjectReference

	over atomic.Bool
	// unfollow ends the feed, if there is one.
	unfollow atomic.Pointer[context.CancelFunc]
}

// login connects and logs in.
func (c *Client) login(ctx context.Context) (*session, error) {
	u, err := c.config.endpoint()
	if err != nil {
		return nil, err
	}
	roots, err := c.config.roots()
	if err != nil {
		return nil, err
	}
	sc := soap.NewClient(u, c.config.InsecureSkipTLSVerify)
	sc.UserAgent = UserAgent
	sc.DefaultTransport().TLSClientConfig.RootCAs = roots
	if c.config.Thumbprint != "" && !c.config.InsecureSkipTLSVerify {
		trust(sc.DefaultTransport().TLSClientConfig, c.config.Thumbprint)
	}
	// Keep as many connections as there may be calls: a TLS handshake costs more than most calls. One is for the feed.
	sc.DefaultTransport().MaxIdleConnsPerHost = c.options.MaxCalls + 1

	ctx, cancel := context.WithTimeout(ctx, c.options.CallTimeout)
	defer cancel()
	vim, err := vim25.NewClient(ctx, sc)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the vCenter: %w", err)
	}
	user := url.UserPassword(c.config.Username, c.config.Password)
	s := &session{vim: vim, rest: newRESTSession(vim, user, c.options.Recorder)}
	vim.RoundTripper = &limiter{
		next: vim.RoundTripper, session: s, slots: c.limit, contact: c.contact, recorder: c.options.Recorder,
		timeout: c.options.CallTimeout, wait: c.options.MaxWait + c.options.CallTimeout,
	}
	m := gsession.NewManager(vim)
	if err := m.Login(ctx, user); err != nil {
		return nil, fmt.Errorf("cannot log in to the vCenter: %w", err)
	}
	us, err := m.UserSession(ctx)
	if err != nil || us == nil {
		s.logout()
		return nil, fmt.Errorf("cannot read the session: %w", err)
	}
	s.userName, s.started = us.UserName, us.LoginTime
	return s, nil
}

// logout ends the session, if the vCenter answers soon.
func (s *session) logout() {
	ctx, cancel := context.WithTimeout(context.Background(), logoutTimeout)
	defer cancel()
	s.rest.logout(ctx)
	if s.expired() {
		return
	}
	// It also ends on its own when it is idle.
	_ = gsession.NewManager(s.vim).Logout(ctx)
}

// expire marks the session as ended by the vCenter, which also ends its feed.
func (s *session) expire() {
	s.over.Store(true)
	s.resync()
}

// resync ends the feed, which then is made anew.
func (s *session) resync() {
	if unfollow := s.unfollow.Load(); unfollow != nil {
		(*unfollow)()
	}
}

func (s *session) expired() bool { return s.over.Load() }

// A limiter bounds calls in number and time, tells of them, and notices when the session has ended.
type limiter struct {
	next     soap.RoundTripper
	session  *session
	slots    chan struct{}
	contact  func()
	recorder clients.Recorder
	timeout  time.Duration
	wait     time.Duration
}

// RoundTrip implements soap.RoundTripper.
func (l *limiter) RoundTrip(ctx context.Context, req, res soap.HasFault) error {
	timeout := l.timeout
	if _, ok := req.(*methods.WaitForUpdatesExBody); ok {
		timeout = l.wait
	} else {
		select {
		case l.slots <- struct{}{}:
			defer func() { <-l.slots }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := l.next.RoundTrip(ctx, req, res)
	if isSessionLost(err) {
		l.session.expire()
	}
	if err == nil || soap.IsSoapFault(err) {
		l.contact()
	}
	l.recorder.Call(strings.TrimSuffix(reflect.TypeOf(req).Elem().Name(), "Body"), clients.ClassOf(classify(err)))
	return err
}
