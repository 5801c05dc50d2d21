// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A restSession is a login to a vCenter's REST services, which have sessions of their own: for tags and content libraries.
type restSession struct {
	client *rest.Client
	user   *url.Userinfo

	// login is held by who logs in. It guards logins, which counts how often that was.
	login  sync.Mutex
	logins int
}

// newRESTSession returns a session that logs in when it is first used.
func newRESTSession(vim *vim25.Client, user *url.Userinfo, recorder clients.Recorder) *restSession {
	rc := rest.NewClient(vim)
	rc.Transport = &restRecorder{next: rc.Transport, recorder: recorder}
	return &restSession{client: rc, user: user}
}

// ensure logs in unless that was done since the login that the caller knows of. It returns which one is in use.
func (r *restSession) ensure(ctx context.Context, known int) (int, error) {
	r.login.Lock()
	defer r.login.Unlock()
	if r.logins > known {
		return r.logins, nil
	}
	if err := r.client.Login(ctx, r.user); err != nil {
		return 0, err
	}
	r.logins++
	return r.logins, nil
}

// logout ends the session, if there is one.
func (r *restSession) logout(ctx context.Context) {
	r.login.Lock()
	defer r.login.Unlock()
	if r.logins > 0 {
		// It also ends on its own when it is idle.
		_ = r.client.Logout(ctx)
	}
}

// rest calls the REST services, as one of the calls that may be under way at once and for as long as given. It logs in when that is
// needed, and once more when the session has ended meanwhile. The error has a class.
func (c *Client) rest(ctx context.Context, s *session, timeout time.Duration, call func(context.Context, *rest.Client) error) error {
	select {
	case c.limit <- struct{}{}:
		defer func() { <-c.limit }()
	case <-ctx.Done():
		return classify(ctx.Err())
	}
	return c.restCall(ctx, s, timeout, call)
}

// restCall is rest without being one of the calls that may be under way at once.
func (c *Client) restCall(ctx context.Context, s *session, timeout time.Duration, call func(context.Context, *rest.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	known, err := s.rest.ensure(ctx, 0)
	if err == nil {
		err = call(ctx, s.rest.client)
	}
	if err != nil && known > 0 && statusOf(err) == http.StatusUnauthorized {
		if _, err = s.rest.ensure(ctx, known); err == nil {
			err = call(ctx, s.rest.client)
		}
	}
	return classifyREST(err)
}

// statuses are the HTTP statuses that a vCenter refuses calls with, and the class of error each is.
// https://developer.broadcom.com/xapis/vsphere-automation-api/latest/ describes them.
func statuses() map[int]clients.Class {
	return map[int]clients.Class{
		http.StatusBadRequest:          clients.Invalid,
		http.StatusUnauthorized:        clients.Unauthorized,
		http.StatusForbidden:           clients.Unauthorized,
		http.StatusNotFound:            clients.NotFound,
		http.StatusConflict:            clients.Busy,
		http.StatusInternalServerError: clients.Unknown,
		http.StatusServiceUnavailable:  clients.Unreachable,
	}
}

// statusOf returns the HTTP status that a call was refused with, 0 when it was not.
func statusOf(err error) int {
	for e := err; e != nil; e = errors.Unwrap(e) {
		for status := range statuses() {
			// govmomi keeps no status of a bad request but its text.
			if rest.IsStatusError(e, status) || strings.HasPrefix(e.Error(), "400 ") && status == http.StatusBadRequest {
				return status
			}
		}
	}
	return 0
}

// classifyREST gives an error of a REST call its class. What was not refused kept us from reaching the vCenter.
func classifyREST(err error) error {
	if err == nil || clients.ClassOf(err) != clients.Unknown {
		return err
	}
	if status := statusOf(err); status != 0 {
		return clients.NewError(statuses()[status], "", err)
	}
	return classify(err)
}

// A restRecorder tells of each REST call, by its method and path without the names of objects.
type restRecorder struct {
	next     http.RoundTripper
	recorder clients.Recorder
}

// RoundTrip implements http.RoundTripper.
func (r *restRecorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	class := clients.ClassOf(classify(err))
	if err == nil && res.StatusCode >= http.StatusBadRequest {
		if class = statuses()[res.StatusCode]; class == "" {
			class = clients.Unknown
		}
	}
	r.recorder.Call(restMethod(req), class)
	return res, err
}

// restMethod names a call, such as "POST /rest/com/vmware/cis/tagging/tag-association". Segments that name objects have
// other characters than letters, dashes and underscores.
func restMethod(req *http.Request) string {
	name := req.Method + " "
	for _, segment := range strings.Split(strings.Trim(req.URL.Path, "/"), "/") {
		if strings.Trim(strings.ToLower(segment), "abcdefghijklmnopqrstuvwxyz-_") == "" {
			name += "/" + segment
		}
	}
	return name
}
