// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/object"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Keys of a VM's extra configuration in which is written down what cannot be seen of its hardware.
const (
	// KeyOwner holds the owner's mark.
	KeyOwner = "virtrigaud.owner"
	// KeyNamespace holds the namespace of the owner, for people.
	KeyNamespace = "virtrigaud.namespace"
	// keyDisks holds the slots of our disks by name, as in "root=0:0,data=0:1,fast=nvme0:0". Disks of the image other than its
	// first have no name, as in "=0:1": they are ours all the same.
	keyDisks = "virtrigaud.disks"
	// keyNetworks holds the PCI units of interfaces by name, as in "primary=7,web=8". An interface has no other property that
	// is decided by who makes it and stays.
	keyNetworks = "virtrigaud.networks"
	// keyGuestData holds the hash of the data that the guest was given.
	keyGuestData = "virtrigaud.guestdata"
	// keyTags and keyAttributes hold, as JSON, the tags and custom attributes that we gave the VM.
	keyTags       = "virtrigaud.tags"
	keyAttributes = "virtrigaud.attributes"
)

// formatNames writes down what is where, by name, in the order of the places.
func formatNames[P comparable](names map[P]string, order func(a, b P) int, text func(P) string) string {
	places := slices.SortedFunc(maps.Keys(names), order)
	entries := make([]string, 0, len(places))
	for _, p := range places {
		entries = append(entries, names[p]+"="+text(p))
	}
	return strings.Join(entries, ",")
}

// parseNames reads what formatNames wrote. What it does not understand it leaves out.
func parseNames[P comparable](s string, place func(string) (P, bool)) map[P]string {
	names := map[P]string{}
	for _, entry := range strings.Split(s, ",") {
		name, at, ok := strings.Cut(entry, "=")
		if p, known := place(at); ok && known {
			names[p] = name
		}
	}
	return names
}

// formatDiskNames writes down which disk is where.
func formatDiskNames(names map[slot]string) string {
	return formatNames(names, func(a, b slot) int {
		return cmp.Or(cmp.Compare(a.on, b.on), cmp.Compare(a.number, b.number), cmp.Compare(a.unit, b.unit))
	}, slot.String)
}

// parseDiskNames reads what formatDiskNames wrote.
func parseDiskNames(s string) map[slot]string { return parseNames(s, parseSlot) }

// formatNetworkNames writes down which interface is at which PCI unit.
func formatNetworkNames(names map[int32]string) string {
	return formatNames(names, cmp.Compare[int32], func(unit int32) string { return strconv.Itoa(int(unit)) })
}

// imageDisks returns the names of an image's disks, of which the first is RootDisk and others have none.
func imageDisks(devices object.VirtualDeviceList) map[slot]string {
	names := map[slot]string{}
	name := clients.RootDisk
	for _, d := range virtualDisks(devices) {
		if at, ok := slotOf(devices, d); ok {
			names[at] = name
		}
		name = ""
	}
	return names
}

// parseNetworkNames reads what formatNetworkNames wrote.
func parseNetworkNames(s string) map[int32]string {
	return parseNames(s, func(s string) (int32, bool) {
		unit, err := strconv.ParseInt(s, 10, 32)
		return int32(unit), err == nil
	})
}

// formatTags writes tags down, sorted.
func formatTags(tags []clients.Tag) string {
	if len(tags) == 0 {
		return ""
	}
	tags = slices.Clone(tags)
	slices.SortFunc(tags, func(a, b clients.Tag) int {
		return cmp.Or(strings.Compare(a.Category, b.Category), strings.Compare(a.Name, b.Name))
	})
	return asJSON(tags)
}

// parseTags reads what formatTags wrote.
func parseTags(s string) []clients.Tag {
	var tags []clients.Tag
	if json.Unmarshal([]byte(s), &tags) != nil {
		return nil
	}
	return tags
}

// formatAttributes writes custom attributes down.
func formatAttributes(attributes map[string]string) string {
	if len(attributes) == 0 {
		return ""
	}
	return asJSON(attributes)
}

// parseAttributes reads what formatAttributes wrote.
func parseAttributes(s string) map[string]string {
	var attributes map[string]string
	if json.Unmarshal([]byte(s), &attributes) != nil {
		return nil
	}
	return attributes
}

// asJSON encodes values of strings and numbers only, which cannot fail.
func asJSON(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}
