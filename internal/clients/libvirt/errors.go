// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"errors"
	"fmt"
	"strings"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A hypervisorError is an error of libvirt that reads as a sentence.
type hypervisorError struct{ err libvirt.Error }

func (e *hypervisorError) Error() string { return e.err.Message }
func (e *hypervisorError) Unwrap() error { return e.err }

// hasCode says whether err is of libvirt and has one of the codes.
func hasCode(err error, codes ...libvirt.ErrorNumber) bool {
	var e libvirt.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code == c {
			return true
		}
	}
	return false
}

// classify gives an error of libvirt its class, and makes it readable. Others are returned as they are.
func classify(err error) error {
	var e libvirt.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	return clients.NewError(classOf(e), subjectOf(e.Code), &hypervisorError{err: e})
}

// classOf says what an error of libvirt means for a caller.
//
// https://libvirt.org/html/libvirt-virterror.html#virErrorNumber
func classOf(e libvirt.Error) clients.Class {
	switch message := strings.ToLower(e.Message); {
	case e.Domain == libvirt.FROM_RPC && strings.Contains(message, "permission denied"):
		return clients.Unauthorized
	case strings.Contains(message, "no space left"), strings.Contains(message, "cannot allocate memory"):
		return clients.Capacity
	}
	if e.Domain == libvirt.FROM_RPC {
		return clients.Unreachable
	}
	switch e.Code {
	case libvirt.ERR_NO_CONNECT, libvirt.ERR_INVALID_CONN, libvirt.ERR_RPC, libvirt.ERR_UNKNOWN_HOST, libvirt.ERR_NO_SERVER:
		return clients.Unreachable
	case libvirt.ERR_AUTH_FAILED, libvirt.ERR_AUTH_CANCELLED, libvirt.ERR_AUTH_UNAVAILABLE, libvirt.ERR_OPERATION_DENIED, libvirt.ERR_ACCESS_DENIED:
		return clients.Unauthorized
	case libvirt.ERR_GNUTLS_ERROR:
		return clients.Untrusted
	case libvirt.ERR_NO_DOMAIN, libvirt.ERR_NO_NETWORK, libvirt.ERR_NO_STORAGE_POOL, libvirt.ERR_NO_STORAGE_VOL:
		return clients.NotFound
	case libvirt.ERR_DOM_EXIST, libvirt.ERR_STORAGE_VOL_EXIST:
		return clients.Conflict
	case libvirt.ERR_NO_MEMORY:
		return clients.Capacity
	case libvirt.ERR_OPERATION_TIMEOUT, libvirt.ERR_RESOURCE_BUSY:
		return clients.Busy
	case libvirt.ERR_INVALID_ARG, libvirt.ERR_XML_ERROR, libvirt.ERR_XML_DETAIL, libvirt.ERR_XML_INVALID_SCHEMA:
		return clients.Invalid
	case libvirt.ERR_NO_SUPPORT, libvirt.ERR_CONFIG_UNSUPPORTED, libvirt.ERR_OPERATION_UNSUPPORTED, libvirt.ERR_ARGUMENT_UNSUPPORTED, libvirt.ERR_CPU_INCOMPATIBLE:
		return clients.Unsupported
	default:
		return clients.Unknown
	}
}

func subjectOf(code libvirt.ErrorNumber) string {
	switch code {
	case libvirt.ERR_NO_DOMAIN, libvirt.ERR_DOM_EXIST:
		return "VM"
	case libvirt.ERR_NO_NETWORK:
		return "Network"
	case libvirt.ERR_NO_STORAGE_POOL:
		return "Datastore"
	case libvirt.ERR_NO_STORAGE_VOL:
		return "Image"
	default:
		return ""
	}
}

func errorf(c clients.Class, subject, format string, args ...any) error {
	return clients.NewError(c, subject, fmt.Errorf(format, args...))
}
