// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"fmt"
	"sync"

	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// startLibrary loads libvirt's client library and runs its event loop, which serves all connections of the process and
// cannot be ended. It must have been called before the first connection is made. The error says why there is no library.
//
//nolint:gochecknoglobals // The event loop is libvirt's, and the process has one.
var startLibrary = sync.OnceValue(func() error {
	if err := libvirt.EventRegisterDefaultImpl(); err != nil {
		return errorf(clients.Unsupported, "", "cannot load libvirt's client library, libvirt.so.0: %w", classify(err))
	}
	go func() {
		for {
			// It returns after each round of events. An error concerns one file descriptor, whose connection finds out.
			_ = libvirt.EventRunDefaultImpl()
		}
	}()
	return nil
})

// LibraryVersion returns the version of libvirt's client library, such as "9.0.0", or why there is none. Nothing else here
// works without it.
func LibraryVersion() (string, error) {
	if err := startLibrary(); err != nil {
		return "", err
	}
	v, err := libvirt.GetVersion()
	if err != nil {
		return "", classify(err)
	}
	return fmt.Sprintf("%d.%d.%d", v/1000000, v/1000%1000, v%1000), nil
}
