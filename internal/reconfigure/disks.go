// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// disksKnown says whether the observation tells which disk is which.
func disksKnown(vm clients.VM) bool {
	return slices.ContainsFunc(vm.Disks, func(d clients.DiskObservation) bool { return d.Name != "" })
}

// diskOf returns the observation of the disk of a name.
func diskOf(vm clients.VM, name string) (clients.DiskObservation, bool) {
	i := slices.IndexFunc(vm.Disks, func(d clients.DiskObservation) bool { return d.Name == name })
	if i < 0 {
		return clients.DiskObservation{}, false
	}
	return vm.Disks[i], true
}

func diskSizes(s clients.VMSpec, vm clients.VM) []difference {
	var ds []difference
	for _, want := range s.Disks {
		have, ok := diskOf(vm, want.Name)
		if !ok || have.SizeGiB == 0 || want.SizeGiB == 0 || have.SizeGiB == want.SizeGiB {
			continue
		}
		d := difference{
			of: want.Name, from: gib(have.SizeGiB), to: gib(want.SizeGiB),
			apply: func(c *clients.Change) { c.GrowDisks = append(c.GrowDisks, want) },
		}
		switch {
		case want.SizeGiB < have.SizeGiB:
			d.never = whyShrink
		case want.OfflineOnly && vm.PowerState != clients.PoweredOff:
			d.blocked = whyOffline
		case !have.Growable:
			d.blocked = because(vm, have.GrowWhy)
		}
		ds = append(ds, d)
	}
	return ds
}

func newDisks(s clients.VMSpec, vm clients.VM) []difference {
	if !disksKnown(vm) {
		return nil
	}
	var ds []difference
	for _, want := range s.Disks {
		if _, ok := diskOf(vm, want.Name); ok || want.Name == clients.RootDisk {
			continue
		}
		ds = append(ds, difference{
			of: want.Name, to: gib(want.SizeGiB), blocked: plugged(vm, vm.Plug.Disks),
			apply: func(c *clients.Change) { c.AddDisks = append(c.AddDisks, want) },
		})
	}
	return ds
}

// oldDisks are those of ours that are asked for no more. Those that others attached have no name and are left alone.
func oldDisks(s clients.VMSpec, vm clients.VM) []difference {
	var ds []difference
	for _, have := range vm.Disks {
		if have.Name == "" || have.Name == clients.RootDisk || slices.ContainsFunc(s.Disks, func(d clients.Disk) bool { return d.Name == have.Name }) {
			continue
		}
		ds = append(ds, difference{
			of: have.Name, from: gib(have.SizeGiB), blocked: plugged(vm, vm.Plug.Disks),
			apply: func(c *clients.Change) { c.DetachDisks = append(c.DetachDisks, have.Name) },
		})
	}
	return ds
}

func diskTypes(s clients.VMSpec, vm clients.VM) []difference {
	return eachDisk(s, vm, func(want clients.Disk, have clients.DiskObservation) (from, to string) {
		return allocation(have.Thick), allocation(want.Thick)
	})
}

func diskDatastores(s clients.VMSpec, vm clients.VM) []difference {
	return eachDisk(s, vm, func(want clients.Disk, have clients.DiskObservation) (from, to string) {
		return have.Datastore, want.Datastore
	})
}

func diskControllers(s clients.VMSpec, vm clients.VM) []difference {
	return eachDisk(s, vm, func(want clients.Disk, have clients.DiskObservation) (from, to string) {
		return have.Controller, want.Controller
	})
}

func diskFormats(s clients.VMSpec, vm clients.VM) []difference {
	return eachDisk(s, vm, func(want clients.Disk, have clients.DiskObservation) (from, to string) {
		return have.Format, want.Format
	})
}

// eachDisk compares what is decided when a data disk is made. What is not asked, or not told, is no difference.
func eachDisk(s clients.VMSpec, vm clients.VM, compare func(clients.Disk, clients.DiskObservation) (from, to string)) []difference {
	var ds []difference
	for _, want := range s.Disks {
		have, ok := diskOf(vm, want.Name)
		if !ok || want.Name == clients.RootDisk {
			continue
		}
		if from, to := compare(want, have); from != "" && to != "" && !strings.EqualFold(from, to) {
			ds = append(ds, difference{of: want.Name, from: from, to: to, never: whyDiskMade})
		}
	}
	return ds
}

// plugged returns why something cannot be added or removed, "" when it can.
func plugged(vm clients.VM, allowed bool) string {
	if allowed {
		return ""
	}
	return because(vm, "")
}

func gib(n int64) string { return fmt.Sprintf("%d GiB", n) }

func allocation(thick bool) string {
	if thick {
		return "thick"
	}
	return "thin"
}
