// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
)

// maxRequest bounds the size of a SOAP request in bytes.
const maxRequest = 16 << 20

// waiting is the call that waits for updates. It does not keep other calls out.
const waiting = "WaitForUpdatesEx"

// A front stands before vcsim's SOAP handler: it counts calls, applies rules, and lets one call in at a time.
type front struct {
	serve http.HandlerFunc
	world *world
	rules *rules
}

// ServeHTTP serves one SOAP call.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	method, err := soapMethod(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	rule := f.rules.take(method)
	if rule != nil && rule.LoseRequest {
		drop()
	}
	if rule != nil && rule.Hold != nil && !f.hold(rule.Hold, r) {
		drop()
	}
	lose := rule != nil && rule.LoseReply
	if lose {
		w = &discard{header: http.Header{}}
	}
	if method == waiting {
		if rule.refuses() {
			f.world.refused.Store(rule)
		}
		f.serve(w, r)
		lose = lose || f.rules.outage()
	} else {
		f.world.call(rule, func() { f.serve(w, r) })
	}
	if lose {
		drop()
	}
}

// hold waits until a held call may go on, and says whether it is to.
func (f *front) hold(until <-chan struct{}, r *http.Request) bool {
	select {
	case <-until:
		return true
	case <-r.Context().Done():
		return false
	case <-f.world.closed:
		return false
	}
}

// drop ends the request under way by closing its connection, without a reply. It does not return.
func drop() {
	panic(http.ErrAbortHandler) //nolint:forbidigo // This is how net/http is told to drop a connection.
}

// soapMethod returns the name of the first element of a SOAP request's body.
func soapMethod(request []byte) (string, error) {
	d := xml.NewDecoder(bytes.NewReader(request))
	inBody := false
	for {
		t, err := d.Token()
		if err != nil {
			return "", fmt.Errorf("cannot find the method of a SOAP request: %w", err)
		}
		start, ok := t.(xml.StartElement)
		switch {
		case !ok:
		case inBody:
			return start.Name.Local, nil
		case start.Name.Local == "Body":
			inBody = true
		}
	}
}

// discard is a response that nobody gets.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}
