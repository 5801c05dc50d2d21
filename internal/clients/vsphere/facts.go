// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// facts are what a vCenter and our account in it can do, as found.
type facts struct {
	// version of the API, such as "8.0.3.0".
	version string
	// services says whether the REST services answer.
	services bool
	// keyProvider says whether there is one to encrypt VMs with.
	keyProvider bool
	// privileges of the account; nil when they are not known.
	privileges map[string]bool
}

// A need is a privilege and what cannot be done without it. https://techdocs.broadcom.com, "Defined Privileges".
type need struct {
	privilege string
	without   string
	// lose takes away the capabilities that need the privilege; nil for none.
	lose func(*clients.Capabilities)
}

// needs are the privileges that we use.
func needs() []need {
	return []need{
		{"VirtualMachine.Provisioning.DeployTemplate", "VMs cannot be made from templates", nil},
		{"VirtualMachine.Provisioning.Clone", "VMs cannot be made from other VMs", nil},
		{"VirtualMachine.Inventory.CreateFromExisting", "VMs cannot be made", nil},
		{"VirtualMachine.Inventory.Delete", "VMs cannot be deleted", nil},
		{"Resource.AssignVMToPool", "VMs cannot be made in resource pools and clusters", nil},
		{"Datastore.AllocateSpace", "disks cannot be made", nil},
		{"Network.Assign", "interfaces cannot be connected to networks", nil},
		{"Folder.Create", "folders cannot be made", nil},
		{"VirtualMachine.Config.AdvancedConfig", "VMs cannot be marked as ours, nor guests given data", nil},
		{"VirtualMachine.Config.AddNewDisk", "disks cannot be added", nil},
		{"VirtualMachine.Config.RemoveDisk", "disks cannot be detached", nil},
		{"VirtualMachine.Config.AddRemoveDevice", "interfaces and controllers cannot be added or removed", nil},
		{"VirtualMachine.Config.EditDevice", "interfaces cannot be connected elsewhere", nil},
		{"VirtualMachine.Config.CPUCount", "the number of CPUs cannot be changed", func(c *clients.Capabilities) { c.ReconfigureOnline = false }},
		{"VirtualMachine.Config.Memory", "memory cannot be changed", func(c *clients.Capabilities) { c.ReconfigureOnline = false }},
		{"VirtualMachine.Config.Settings", "firmware and secure boot cannot be set", func(c *clients.Capabilities) { c.SecureBoot = false }},
		{"VirtualMachine.Config.DiskExtend", "disks cannot grow", func(c *clients.Capabilities) { c.DiskExpansionOnline = false }},
		{"VirtualMachine.Interact.PowerOn", "VMs cannot be powered on", nil},
		{"VirtualMachine.Interact.PowerOff", "VMs cannot be powered off", nil},
		{"VirtualMachine.Interact.Suspend", "VMs cannot be suspended", nil},
		{"VirtualMachine.State.CreateSnapshot", "snapshots cannot be taken", func(c *clients.Capabilities) { c.Snapshots, c.MemorySnapshots = false, false }},
		{"VirtualMachine.State.RemoveSnapshot", "snapshots cannot be removed", func(c *clients.Capabilities) { c.Snapshots, c.MemorySnapshots = false, false }},
		{"VirtualMachine.State.RevertToSnapshot", "VMs cannot be reverted to snapshots", func(c *clients.Capabilities) { c.Snapshots, c.MemorySnapshots = false, false }},
		{"VirtualMachine.Provisioning.Customize", "guests cannot be customized by VMware Tools", func(c *clients.Capabilities) { c.GuestCustomization = false }},
		{"VApp.Import", "VMs cannot be made from OVFs of content libraries", func(c *clients.Capabilities) { c.ContentLibraries = false }},
		{"InventoryService.Tagging.AttachTag", "tags cannot be given to VMs", func(c *clients.Capabilities) { c.Tags = false }},
		{"Global.SetCustomField", "custom attributes cannot be set", nil},
		{"Global.ManageCustomFields", "custom attributes cannot be defined", nil},
		{"Cryptographer.EncryptNew", "VMs cannot have a TPM", func(c *clients.Capabilities) { c.TPM = false }},
	}
}

// Versions of the API since which there are secure boot, TPMs, and key providers other than KMIP servers.
const (
	sinceSecureBoot   = "6.5"
	sinceTPM          = "6.7"
	sinceKeyProviders = "7.0"
)

// capabilities says what can be asked of a vCenter with these facts.
func (f facts) capabilities() clients.Capabilities {
	c := clients.Capabilities{
		ReconfigureOnline: true, DiskExpansionOnline: true, Snapshots: true, MemorySnapshots: true, LinkedClones: true,
		GuestCustomization: true, ContentLibraries: f.services, Tags: f.services,
		SecureBoot:      isSince(f.version, sinceSecureBoot),
		TPM:             f.keyProvider && isSince(f.version, sinceTPM),
		Firmware:        []string{string(clients.BIOS), string(clients.UEFI)},
		DiskControllers: []string{scsi, sata, nvme},
		DiskTypes:       []string{"thin", "thick"},
		NetworkTypes:    networkModels(),
	}
	if f.privileges == nil {
		return c
	}
	for _, n := range needs() {
		if f.privileges[n.privilege] {
			continue
		}
		c.MissingPrivileges = append(c.MissingPrivileges, n.privilege+": "+n.without)
		if n.lose != nil {
			n.lose(&c)
		}
	}
	return c
}

// isSince says whether a version is not before another one. Both are numbers with dots between them.
func isSince(version, since string) bool {
	return slices.Compare(numbers(version), numbers(since)) >= 0
}

func numbers(version string) []int {
	var all []int
	for _, part := range strings.Split(version, ".") {
		n := 0
		if _, err := fmt.Sscanf(part, "%d", &n); err != nil {
			break
		}
		all = append(all, n)
	}
	return all
}

// findFacts asks a vCenter what it and our account can do. What does not answer is taken for not there, but privileges that cannot
// be read are not taken for missing. The account may have its privileges on datacenters only.
func (c *Client) findFacts(ctx context.Context, s *session, datacenters []ref) facts {
	f := facts{version: s.vim.ServiceContent.About.ApiVersion}
	f.services = c.rest(ctx, s, c.options.CallTimeout, func(ctx context.Context, rc *rest.Client) error {
		_, err := rc.Session(ctx)
		return err
	}) == nil
	f.keyProvider = hasKeyProvider(ctx, s)
	m := s.vim.ServiceContent.AuthorizationManager
	if m == nil {
		return f
	}
	res, err := methods.FetchUserPrivilegeOnEntities(ctx, s.vim, &types.FetchUserPrivilegeOnEntities{
		This: *m, UserName: s.userName, Entities: append(datacenters, s.vim.ServiceContent.RootFolder),
	})
	if err != nil {
		c.options.Log.V(1).Info("Cannot read the privileges of the account", "error", err)
		return f
	}
	f.privileges = map[string]bool{}
	for _, r := range res.Returnval {
		for _, p := range r.Privileges {
			f.privileges[p] = true
		}
	}
	return f
}

// hasKeyProvider says whether a vCenter has keys to encrypt VMs with.
func hasKeyProvider(ctx context.Context, s *session) bool {
	m := s.vim.ServiceContent.CryptoManager
	if m == nil {
		return false
	}
	if isSince(s.vim.ServiceContent.About.ApiVersion, sinceKeyProviders) {
		res, err := methods.ListKmsClusters(ctx, s.vim, &types.ListKmsClusters{This: *m, IncludeKmsServers: types.NewBool(false)})
		return err == nil && len(res.Returnval) > 0
	}
	res, err := methods.ListKmipServers(ctx, s.vim, &types.ListKmipServers{This: *m})
	return err == nil && len(res.Returnval) > 0
}

// lacks returns why a VM cannot be made for want of a capability, nil when nothing is wanting.
func lacks(spec clients.VMSpec, has clients.Capabilities) error {
	for _, n := range []struct {
		wanted, has bool
		subject     string
		why         string
	}{
		{spec.TPM, has.TPM, "TPM", "a TPM needs a key provider in the vCenter, and the privilege to encrypt"},
		{spec.SecureBoot, has.SecureBoot, "SecureBoot", "the vCenter knows no secure boot, or does not let the account set it"},
		{spec.GuestData.Prep != clients.PrepCloudInit, has.GuestCustomization, "GuestData", "the account may not customize guests"},
		{spec.Image.Library != "", has.ContentLibraries, "Image", "the vCenter's content libraries do not answer, or the account may not use them"},
		{len(spec.Tags) > 0, has.Tags, "Tags", "the vCenter's tags do not answer, or the account may not attach them"},
	} {
		if n.wanted && !n.has {
			return clients.NewError(clients.Unsupported, n.subject, fmt.Errorf("cannot create VM %q: %s", spec.Name, n.why))
		}
	}
	return nil
}
