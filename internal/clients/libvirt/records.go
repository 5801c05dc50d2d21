// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"path/filepath"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// What a VM's devices and volumes are to the VM is recorded in their names, so that it is there and gone with them:
//
//	device     alias          volume
//	root disk  ua-disk-root   UUID-root.qcow2
//	data disk  ua-disk-NAME   UUID-data-NAME.qcow2 or UUID-data-NAME.raw
//	seed       ua-seed        UUID-seed.iso
//	interface  ua-net-NAME
//
// A VM of an earlier version has no aliases: its disks are known by their volumes only, and its interfaces by nothing.
const (
	diskAliasPrefix = "ua-disk-" // libvirt keeps aliases of users only when they begin with "ua-"
	netAliasPrefix  = "ua-net-"
	seedAlias       = "ua-seed"
)

// Formats of a disk's file.
const (
	formatQCOW2 = "qcow2"
	formatRaw   = "raw"
)

// diskAlias returns the alias of a disk; clients.RootDisk is the name of the first.
func diskAlias(name string) string { return diskAliasPrefix + name }

// netAlias returns the alias of an interface.
func netAlias(name string) string { return netAliasPrefix + name }

// Kinds of a VM's own disks.
const (
	diskRoot = "root"
	diskData = "data"
	diskSeed = "seed"
)

func rootVolume(uuid string) string { return uuid + "-root.qcow2" }
func seedVolume(uuid string) string { return uuid + "-seed.iso" }

// dataVolume returns the name of a data disk's volume.
func dataVolume(uuid string, d clients.Disk) string {
	return uuid + "-data-" + d.Name + "." + cmp.Or(d.Format, formatQCOW2)
}

// isOwnVolume says whether a volume's name is one that we give to a VM's volumes.
func isOwnVolume(uuid, name string) bool {
	kind, _ := diskKindOf(uuid, name)
	return kind != ""
}

// diskKindOf says which of a VM's own disks a path or volume's name is, and the name of a data disk. The kind is empty for
// what is not of ours.
func diskKindOf(uuid, path string) (kind, name string) {
	rest, ok := strings.CutPrefix(filepath.Base(path), uuid+"-")
	switch {
	case !ok:
		return "", ""
	case rest == "root.qcow2":
		return diskRoot, ""
	case rest == "seed.iso":
		return diskSeed, ""
	}
	if rest, ok = strings.CutPrefix(rest, "data-"); !ok {
		return "", ""
	}
	for _, format := range []string{formatQCOW2, formatRaw} {
		if name, ok = strings.CutSuffix(rest, "."+format); ok && name != "" {
			return diskData, name
		}
	}
	return "", ""
}
