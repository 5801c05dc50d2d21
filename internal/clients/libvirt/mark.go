// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"encoding/xml"

	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// ownerNamespace is the XML namespace of the mark that our domains carry in their metadata.
const ownerNamespace = "https://infra.virtrigaud.io/owner/v1"

// What a mark's HotAdd says.
const (
	hotAddCPU    = "cpu"
	hotAddMemory = "memory"
)

// An ownerMark says whose a domain is, and keeps what cannot be read off its devices.
type ownerMark struct {
	UID       string `xml:"uid,attr"`
	Namespace string `xml:"namespace,attr"`
	// Name of the managed resource.
	Name string `xml:"name,attr"`
	// Incomplete while the domain's volumes are being made: it must not be started.
	Incomplete bool `xml:"incomplete,attr,omitempty"`
	// GuestData is the hash of what the guest was last given; empty for a VM of an earlier version.
	GuestData string `xml:"guestdata,attr,omitempty"`
	// CPU and MemoryMiB that the VM was last given, to tell which of what runs and what is kept for the next start is the one
	// that somebody changed. 0 for a VM of an earlier version.
	CPU       int32 `xml:"cpu,attr,omitempty"`
	MemoryMiB int64 `xml:"memory,attr,omitempty"`
	// HotAdd says what the VM shall be able to grow in while it runs: "cpu", "memory", both, or "none". Empty when it was not
	// asked.
	HotAdd string `xml:"hotadd,attr,omitempty"`
	// Thick are the names of the data disks whose space was taken when they were made.
	Thick []string `xml:"thick,omitempty"`
	// Detached are the names of data disks that the VM had: their files stay when the VM goes.
	Detached []string `xml:"detached,omitempty"`
	// Disks and Networks are those of a VM that was adopted: the aliases of its devices are somebody else's.
	Disks    []diskRecord    `xml:"disk"`
	Networks []networkRecord `xml:"network"`
}

// A diskRecord gives a disk of an adopted VM its name.
type diskRecord struct {
	Name string `xml:"name,attr"`
	Path string `xml:"path,attr"`
}

// A networkRecord gives an interface of an adopted VM its name.
type networkRecord struct {
	Name string `xml:"name,attr"`
	MAC  string `xml:"mac,attr"`
}

// newMark returns the mark of a VM that is made, or kept, as it is specified.
func newMark(s clients.VMSpec) ownerMark {
	m := ownerMark{
		UID: s.Owner, Namespace: s.Namespace, Name: s.Name,
		GuestData: s.GuestData.Hash(s.Networks), CPU: s.CPU, MemoryMiB: s.MemoryMiB, HotAdd: hotAddRecord(s.HotAdd),
	}
	for _, d := range s.Disks {
		if d.Thick && d.Name != clients.RootDisk {
			m.Thick = append(m.Thick, d.Name)
		}
	}
	return m
}

func hotAddRecord(h *clients.HotAdd) string {
	switch {
	case h == nil:
		return ""
	case h.CPU && h.Memory:
		return hotAddCPU + " " + hotAddMemory
	case h.CPU:
		return hotAddCPU
	case h.Memory:
		return hotAddMemory
	default:
		return "none"
	}
}

// markOf finds the mark in a domain's metadata. The zero mark is that of somebody else's domain.
func markOf(m *libvirtxml.DomainMetadata) ownerMark {
	if m == nil {
		return ownerMark{}
	}
	var metadata struct {
		Owner ownerMark `xml:"https://infra.virtrigaud.io/owner/v1 owner"`
	}
	if err := xml.Unmarshal([]byte("<metadata>"+m.XML+"</metadata>"), &metadata); err != nil {
		return ownerMark{}
	}
	return metadata.Owner
}

// element returns the mark as metadata.
func (m ownerMark) element() (string, error) {
	raw, err := xml.Marshal(struct {
		XMLName xml.Name `xml:"https://infra.virtrigaud.io/owner/v1 owner"`
		ownerMark
	}{ownerMark: m})
	return string(raw), err
}
