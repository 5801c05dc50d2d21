// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/libvirt"
)

// versionCommand prints versions.
type versionCommand struct{}

// Run prints one line for the provider and one for the libvirt library.
func (versionCommand) Run() error {
	_, err := fmt.Fprintf(os.Stdout, "provider-virtrigaud %s\nlibvirt %s\n", version, libvirtVersion())
	return err
}

// libvirtVersion returns the version of the libvirt library that is loaded at run time.
func libvirtVersion() string {
	v, err := libvirt.LibraryVersion()
	if err != nil {
		return "not found"
	}
	return v
}
