// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A need is something that an endpoint must be able to do for a VM.
type need struct {
	// asked says that the VM needs it, has that the endpoint can do it.
	asked, has bool
	// what is needed, and what to do without it.
	what, instead string
}

// needs returns what a VM can need that not every endpoint has.
func needs(s clients.VMSpec, c clients.Capabilities) []need {
	all := []need{
		{s.Linked, c.LinkedClones, "linked clones", "leave out forProvider.linked"},
		{s.Image.Library != "", c.ContentLibraries, "content libraries", "name a template or volume in forProvider.imageRef.name"},
		{s.SecureBoot, c.SecureBoot, "secure boot", "leave out secureBoot of the firmware"},
		{s.TPM, c.TPM, "trusted platform modules", "leave out tpm of the firmware"},
		{s.GuestData.Prep != clients.PrepCloudInit, c.GuestCustomization, "guest customization of type " + string(s.GuestData.Prep), "use an image with cloud-init"},
		{len(s.Tags) > 0, c.Tags, "tags", "leave out forProvider.tags"},
		{len(s.Attributes) > 0, c.Tags, "custom attributes", "leave out forProvider.customAttributes"},
		oneOf("firmware", "", string(s.Firmware), c.Firmware),
	}
	for _, d := range s.Disks {
		of := fmt.Sprintf(" of disk %q", d.Name)
		all = append(all, oneOf("controller", of, d.Controller, c.DiskControllers), oneOf("format", of, d.Format, c.DiskFormats))
		if d.Name != clients.RootDisk {
			all = append(all, oneOf("type", of, diskType(d), c.DiskTypes))
		}
	}
	for _, n := range s.Networks {
		of := fmt.Sprintf(" of network %q", n.Name)
		all = append(all, oneOf("model", of, n.Model, c.NetworkTypes),
			need{n.Bridge != "", c.Bridges, "bridges, as asked" + of, "name a network"})
	}
	return all
}

// oneOf needs one of several values that an endpoint may have; no value needs nothing.
func oneOf(what, of, value string, have []string) need {
	return need{
		asked:   value != "",
		has:     slices.ContainsFunc(have, func(h string) bool { return strings.EqualFold(h, value) }),
		what:    fmt.Sprintf("%s %q%s", what, value, of),
		instead: fmt.Sprintf("it supports %q", have),
	}
}

// supported returns an error that says what the endpoint cannot do of what the VM needs.
func supported(s clients.VMSpec, c clients.Capabilities) error {
	var missing []string
	for _, n := range needs(s, c) {
		if n.asked && !n.has {
			missing = append(missing, fmt.Sprintf("the endpoint does not support %s: %s", n.what, n.instead))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return clients.NewError(clients.Unsupported, "", errors.New(strings.Join(missing, "; ")))
}

func diskType(d clients.Disk) string {
	if d.Thick {
		return string(v1beta1.DiskThick)
	}
	return string(v1beta1.DiskThin)
}
