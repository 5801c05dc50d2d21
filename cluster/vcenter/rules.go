// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"sync"

	"github.com/vmware/govmomi/vim25/types"
)

// AnyMethod is the Method of a Rule for every call.
const AnyMethod = "*"

// A Rule says how the server treats some calls. Its fields can be combined.
type Rule struct {
	// Method is the SOAP method, such as "CloneVM_Task", the REST call, such as "POST /rest/com/vmware/cis/session", with {id} for
	// what names one object, or AnyMethod.
	Method string
	// Times is how often the rule applies before it ends; 0 means until it is removed.
	Times int

	// Fault refuses the call.
	Fault types.BaseMethodFault
	// DropSession ends the caller's session before the call, which is then refused as not authenticated.
	DropSession bool
	// Hold keeps the call from being carried out until it is closed.
	Hold <-chan struct{}
	// TaskFault lets the task that the call starts fail, having done nothing.
	TaskFault types.BaseMethodFault
	// Unmerged lets the removal of snapshots leave their disks, as a vCenter that could not consolidate them, for the methods
	// RemoveSnapshot_Task and RemoveAllSnapshots_Task.
	Unmerged bool
	// LoseRequest drops the connection and does nothing.
	LoseRequest bool
	// LoseReply carries the call out and drops the connection instead of replying.
	LoseReply bool
	// Gate holds the task that the call starts back until it is closed.
	Gate <-chan struct{}
	// Midway moves TaskFault and Gate from the beginning of a task to half-way. Of a clone the VM is then in the inventory, and
	// not usable; it stays there when the task fails. Other tasks are done whole or not at all.
	Midway bool
}

// refuses says whether the rule refuses the call.
func (r *Rule) refuses() bool { return r != nil && (r.Fault != nil || r.DropSession) }

// held says whether the rule needs the task to be one of ours.
func (r *Rule) held() bool { return r != nil && (r.TaskFault != nil || r.Gate != nil) }

// unmerged says whether snapshots are removed without their disks.
func (r *Rule) unmerged() bool { return r != nil && r.Unmerged }

// rules are the rules in force and the calls counted so far.
type rules struct {
	mu    sync.Mutex
	rules []*activeRule
	calls map[string]int
}

// An activeRule is a rule and how often it still applies; negative without limit.
type activeRule struct {
	Rule
	left int
}

func newRules() *rules { return &rules{calls: map[string]int{}} }

// reset forgets the calls counted.
func (r *rules) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.calls)
}

// take counts a call and returns the rule that applies to it, nil for none.
func (r *rules) take(method string) *Rule {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[method]++
	for _, a := range r.rules {
		if a.left == 0 || (a.Method != method && a.Method != AnyMethod) {
			continue
		}
		if a.left > 0 {
			a.left--
		}
		return &a.Rule
	}
	return nil
}

// outage says whether all requests are dropped.
func (r *rules) outage() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.rules {
		if a.Method == AnyMethod && a.LoseRequest && a.left != 0 {
			return true
		}
	}
	return false
}

// Inject puts a rule in force, before those injected earlier, until remove is called. A rule that loses the request of
// AnyMethod is an outage and also cuts off clients that wait for updates.
func (s *Server) Inject(rule Rule) (remove func()) {
	left := rule.Times
	if left == 0 {
		left = -1
	}
	a := &activeRule{Rule: rule, left: left}
	s.rules.mu.Lock()
	s.rules.rules = append([]*activeRule{a}, s.rules.rules...)
	s.rules.mu.Unlock()
	s.world.changed()
	return func() {
		s.rules.mu.Lock()
		defer s.rules.mu.Unlock()
		a.left = 0
	}
}

// Calls returns how many SOAP calls of each method and how many REST calls of each kind came in since the server started.
func (s *Server) Calls() map[string]int {
	s.rules.mu.Lock()
	defer s.rules.mu.Unlock()
	calls := make(map[string]int, len(s.rules.calls))
	for method, n := range s.rules.calls {
		calls[method] = n
	}
	return calls
}
