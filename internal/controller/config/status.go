// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/condition"
)

// ReasonCheckFailed says that the endpoint cannot be used, for a reason of no known class.
const ReasonCheckFailed xpv2.ConditionReason = "CheckFailed"

// freeSteps is in how many steps the free space of a datastore is told. Placement needs no more, and the status is seldom
// written for it.
const freeSteps = 50

// readyOf returns the Ready condition of an endpoint: available when err is nil, otherwise why it cannot be used and what to
// do about it.
func readyOf(err error) xpv2.Condition {
	if err == nil {
		return xpv2.Available()
	}
	c := condition.NotReady(err, ReasonCheckFailed)
	c.Status = corev1.ConditionFalse
	if h := hint(clients.ClassOf(err)); h != "" {
		c.Message += ": " + h
	}
	return c
}

// hint returns what a person can do about an error of a class.
func hint(c clients.Class) string {
	switch c {
	case clients.Unreachable:
		return "check the address in the spec and that the hypervisor can be reached from the provider"
	case clients.Unauthorized:
		return "correct the account in the Secret that credentialsSecretRef names, or its permissions"
	case clients.Untrusted:
		return "set vsphere.caBundle or vsphere.thumbprint, or for libvirt ca.crt or known_hosts in the Secret, so that the endpoint is vouched for"
	case clients.NotFound:
		return "create it, or correct the reference"
	default:
		return ""
	}
}

// capabilitiesOf returns capabilities as the status shows them.
func capabilitiesOf(c clients.Capabilities) *v1beta1.Capabilities {
	out := &v1beta1.Capabilities{
		SupportsReconfigureOnline:   c.ReconfigureOnline,
		SupportsDiskExpansionOnline: c.DiskExpansionOnline,
		SupportsSnapshots:           c.Snapshots,
		SupportsMemorySnapshots:     c.MemorySnapshots,
		SupportsLinkedClones:        c.LinkedClones,
		SupportsImageImport:         c.ImageImport,
		SupportsGuestCustomization:  c.GuestCustomization,
		SupportsContentLibraries:    c.ContentLibraries,
		SupportsTags:                c.Tags,
		SupportsSecureBoot:          c.SecureBoot,
		SupportsTPM:                 c.TPM,
		MissingPrivileges:           sorted(c.MissingPrivileges),
		SupportedNetworkTypes:       slices.Clone(c.NetworkTypes),
	}
	for _, t := range c.DiskTypes {
		out.SupportedDiskTypes = append(out.SupportedDiskTypes, v1beta1.DiskType(t))
	}
	for _, f := range c.Firmware {
		out.SupportedFirmware = append(out.SupportedFirmware, v1beta1.FirmwareType(f))
	}
	// The first controller is the usual one, and so their order says something.
	for _, d := range c.DiskControllers {
		out.SupportedDiskControllers = append(out.SupportedDiskControllers, v1beta1.DiskController(d))
	}
	slices.Sort(out.SupportedFirmware)
	slices.Sort(out.SupportedDiskTypes)
	slices.Sort(out.SupportedNetworkTypes)
	return out
}

// inventoryOf returns an inventory as the status shows it: sorted, and with free space in coarse steps. The same inventory
// gives the same result, in whatever order it came.
func inventoryOf(i clients.Inventory) *v1beta1.Inventory {
	out := &v1beta1.Inventory{Clusters: sorted(i.Clusters), Folders: sorted(i.Folders)}
	for _, h := range i.Hosts {
		out.Hosts = append(out.Hosts, v1beta1.InventoryHost{
			Name:               h.Name,
			Cluster:            h.Cluster,
			Zone:               h.Zone,
			CPUs:               h.CPUs,
			MemoryMiB:          h.MemoryMiB,
			AllocatedMemoryMiB: h.AllocatedMemoryMiB,
			VMs:                h.VMs,
			Unavailable:        h.Unavailable,
		})
	}
	for _, d := range i.Datastores {
		out.Datastores = append(out.Datastores, v1beta1.InventoryDatastore{
			Name:        d.Name,
			Hosts:       sorted(d.Hosts),
			CapacityGiB: d.CapacityGiB,
			FreeGiB:     coarse(d.FreeGiB, d.CapacityGiB),
			Unavailable: d.Unavailable,
		})
	}
	slices.SortFunc(out.Hosts, func(a, b v1beta1.InventoryHost) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(out.Datastores, func(a, b v1beta1.InventoryDatastore) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), slices.Compare(a.Hosts, b.Hosts))
	})
	return out
}

// coarse returns free space, rounded down to a step of the capacity.
func coarse(free, capacity int64) int64 {
	step := max(1, capacity/freeSteps)
	return free / step * step
}

func sorted(s []string) []string {
	out := slices.Clone(s)
	slices.Sort(out)
	return out
}
