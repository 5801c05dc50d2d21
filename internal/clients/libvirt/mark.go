// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"encoding/xml"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// ownerNamespace is the XML namespace of the mark that our domains carry in their metadata.
const ownerNamespace = "https://infra.virtrigaud.io/owner/v1"

// An ownerMark says whose a domain is.
type ownerMark struct {
	UID       string `xml:"uid,attr"`
	Namespace string `xml:"namespace,attr"`
	Name      string `xml:"name,attr"`
	// Incomplete while the domain's volumes are being made: it must not be started.
	Incomplete bool `xml:"incomplete,attr"`
	// GuestData is the hash of what the guest was last given; empty for a VM of an earlier version.
	GuestData string `xml:"guestdata,attr"`
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
	attr := func(name, value string) xml.Attr { return xml.Attr{Name: xml.Name{Local: name}, Value: value} }
	start := xml.StartElement{Name: xml.Name{Local: "virtrigaud:owner"}, Attr: []xml.Attr{
		attr("xmlns:virtrigaud", ownerNamespace),
		attr("uid", m.UID), attr("namespace", m.Namespace), attr("name", m.Name),
	}}
	if m.Incomplete {
		start.Attr = append(start.Attr, attr("incomplete", "true"))
	}
	if m.GuestData != "" {
		start.Attr = append(start.Attr, attr("guestdata", m.GuestData))
	}
	out := &strings.Builder{}
	e := xml.NewEncoder(out)
	if err := e.EncodeToken(start); err != nil {
		return "", err
	}
	if err := e.EncodeToken(start.End()); err != nil {
		return "", err
	}
	if err := e.Flush(); err != nil {
		return "", err
	}
	return out.String(), nil
}
