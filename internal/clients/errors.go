// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

import "errors"

// A Class says what kind of thing went wrong, and so what to do about it. None of them means that a VM is gone:
// absence is a VMState.
type Class string

// Error classes.
const (
	// Unreachable: the endpoint, or the host a VM may be on, does not answer. Nothing is known of its VMs. Tried again.
	Unreachable Class = "Unreachable"
	// Unauthorized: the account or its permissions are refused. Not tried again until the Secret changes.
	Unauthorized Class = "Unauthorized"
	// Untrusted: the endpoint's certificate is not vouched for.
	Untrusted Class = "Untrusted"
	// NotFound: something the request names does not exist: an image, network, datastore, folder, host. Tried again.
	NotFound Class = "NotFound"
	// Conflict: something of that name or UUID exists and belongs to somebody else. A person must decide.
	Conflict Class = "Conflict"
	// Busy: the hypervisor is at work on the object. Tried again soon.
	Busy Class = "Busy"
	// Capacity: the chosen place has no room.
	Capacity Class = "Capacity"
	// Invalid: the hypervisor refuses the request as it stands. A person must change it.
	Invalid Class = "Invalid"
	// Unsupported: the endpoint cannot do this.
	Unsupported Class = "Unsupported"
	// Unknown: anything else. Tried again.
	Unknown Class = "Unknown"
)

// An Error carries its class. Subject names what a NotFound or Conflict is about, such as "Image", "Network", "Datastore",
// "Folder", "Host", "Cluster", "VM"; it becomes part of a condition's reason.
type Error struct {
	Class   Class
	Subject string
	Err     error
}

// Error returns the message of what went wrong.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *Error) Unwrap() error { return e.Err }

// NewError returns err with a class.
func NewError(c Class, subject string, err error) error {
	return &Error{Class: c, Subject: subject, Err: err}
}

// ClassOf returns the class of the first classified error in err's chain, Unknown when there is none and "" for nil.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Class
	}
	return Unknown
}

// SubjectOf returns the subject of the first classified error in err's chain, "" when there is none.
func SubjectOf(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Subject
	}
	return ""
}
