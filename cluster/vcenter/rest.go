// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

const (
	restSessionPath   = "/rest/com/vmware/cis/session"
	restSessionHeader = "vmware-api-session-id"
)

// restID is what in the path of a REST call names one object.
var restID = regexp.MustCompile(`(urn:[^/]+|[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}[^/]*|(vm|host|datastore|domain|group|resgroup)-[^/]+)`)

// A restFront stands before the REST services as front does before SOAP: it counts calls and applies rules. A call is known
// as its method and path with {id} for each object, such as "GET /rest/com/vmware/cis/tagging/tag/id:{id}", and its action. The
// SOAP calls that a REST service makes are calls of their own.
type restFront struct {
	mux   *http.ServeMux
	world *world
	rules *rules

	mu sync.Mutex
	// sessions in use, and by which user agent.
	sessions map[string]string
}

// register puts the front before what else serves REST. Patterns with a method are more specific than vcsim's.
func (f *restFront) register() {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		for _, prefix := range []string{"/rest/", "/api/"} {
			f.mux.Handle(method+" "+prefix, f)
		}
	}
}

// ServeHTTP serves one REST call.
func (f *restFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rule := f.rules.take(restCall(r))
	if rule != nil && rule.LoseRequest {
		drop()
	}
	if rule != nil && rule.Hold != nil {
		select {
		case <-rule.Hold:
		case <-r.Context().Done():
			drop()
		}
	}
	f.note(r)
	switch {
	case rule != nil && rule.DropSession:
		f.end(restSession(r))
		w.WriteHeader(http.StatusUnauthorized)
	case rule != nil && rule.Fault != nil:
		refuseREST(w, rule.Fault)
	case rule != nil && rule.LoseReply:
		f.serve(&discard{header: http.Header{}}, r)
		drop()
	default:
		f.serve(w, r)
	}
}

// serve answers a call.
func (f *restFront) serve(w http.ResponseWriter, r *http.Request) {
	if deploysTemplate(r) {
		f.deployTemplate(w, r)
		return
	}
	f.forward(w, r)
}

// forward lets vcsim answer.
func (f *restFront) forward(w http.ResponseWriter, r *http.Request) {
	h, _ := f.mux.Handler(&http.Request{URL: r.URL, Host: r.Host})
	h.ServeHTTP(w, r)
}

// restCall returns what a REST call is known as.
func restCall(r *http.Request) string {
	call := r.Method + " " + restID.ReplaceAllString(r.URL.Path, "{id}")
	for _, key := range []string{"~action", "action"} {
		if action := r.URL.Query().Get(key); action != "" {
			call += "?" + key + "=" + action
		}
	}
	return call
}

// restSession returns the session of a REST call, empty if it has none.
func restSession(r *http.Request) string {
	if id := r.Header.Get(restSessionHeader); id != "" {
		return id
	}
	if c, err := r.Cookie(restSessionHeader); err == nil {
		return c.Value
	}
	return ""
}

// note remembers who uses a session.
func (f *restFront) note(r *http.Request) {
	id := restSession(r)
	if id == "" {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions[id] = r.UserAgent()
	if r.Method == http.MethodDelete && strings.HasSuffix(r.URL.Path, "/session") {
		delete(f.sessions, id)
	}
}

// end ends a session.
func (f *restFront) end(id string) {
	f.mu.Lock()
	delete(f.sessions, id)
	f.mu.Unlock()
	f.serve(&discard{header: http.Header{}}, &http.Request{
		Method: http.MethodDelete, URL: &url.URL{Path: restSessionPath}, Header: http.Header{http.CanonicalHeaderKey(restSessionHeader): {id}},
	})
}

// TerminateRESTSessions ends all REST sessions of clients whose user agent begins with prefix, and returns how many those were.
func (s *Server) TerminateRESTSessions(prefix string) int { return s.rest.terminate(prefix) }

// terminate ends the sessions of user agents that begin with prefix, and returns how many those were.
func (f *restFront) terminate(prefix string) int {
	f.mu.Lock()
	var ids []string
	for id, agent := range f.sessions {
		if strings.HasPrefix(agent, prefix) {
			ids = append(ids, id)
		}
	}
	f.mu.Unlock()
	for _, id := range ids {
		f.end(id)
	}
	return len(ids)
}

// refuseREST replies with an error, as a vCenter maps faults to REST.
func refuseREST(w http.ResponseWriter, fault types.BaseMethodFault) {
	status, kind := http.StatusInternalServerError, "error"
	switch fault.(type) {
	case *types.NotAuthenticated, *types.InvalidLogin:
		status, kind = http.StatusUnauthorized, "unauthenticated"
	case *types.NoPermission:
		status, kind = http.StatusForbidden, "unauthorized"
	case *types.ManagedObjectNotFound, *types.NotFound:
		status, kind = http.StatusNotFound, "not_found"
	case *types.DuplicateName, *types.AlreadyExists:
		status, kind = http.StatusBadRequest, "already_exists"
	case *types.InvalidArgument:
		status, kind = http.StatusBadRequest, "invalid_argument"
	case *types.HostCommunication, *types.VimFault:
		status, kind = http.StatusServiceUnavailable, "service_unavailable"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"type": "com.vmware.vapi.std.errors." + kind, "value": map[string]any{"messages": []any{}}}) //nolint:errcheck,errchkjson,gosec // The client has gone.
}
