// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestFreePlaces(t *testing.T) {
	controller := &types.VirtualLsiLogicController{VirtualSCSIController: types.VirtualSCSIController{
		VirtualController: types.VirtualController{BusNumber: 1, VirtualDevice: types.VirtualDevice{Key: 1001}},
	}}
	attached := func(unit int32) *types.VirtualDisk {
		return &types.VirtualDisk{VirtualDevice: types.VirtualDevice{ControllerKey: 1001, UnitNumber: &unit}}
	}
	disks := func(controller string, n int) []clients.Disk {
		return slices.Repeat([]clients.Disk{{Name: "data", Controller: controller}}, n)
	}
	type want struct {
		At    string
		Keys  []int32
		Added int
		Fails bool
	}
	cases := map[string]struct {
		reason  string
		devices object.VirtualDeviceList
		disks   []clients.Disk
		want    want
	}{
		"None":     {"No disks need no controller.", nil, nil, want{}},
		"NoSCSI":   {"An image without a SCSI controller gets one.", nil, disks("", 1), want{At: "0:0", Keys: []int32{-100}, Added: 1}},
		"Reserved": {"The controller's own unit is left out.", nil, disks("scsi", 8), want{At: "0:0 0:1 0:2 0:3 0:4 0:5 0:6 0:8", Keys: []int32{-100}, Added: 1}},
		"TooMany":  {"Four controllers have room for sixty.", nil, disks("", 61), want{Fails: true}},
		"Unknown":  {"There is no such controller.", nil, disks("floppy", 1), want{Fails: true}},
		"Mixed": {"Each kind has controllers of its own.", nil, append(disks("nvme", 1), disks("sata", 2)...), want{
			At: "nvme0:0 sata0:0 sata0:1", Keys: []int32{-120, -110}, Added: 2,
		}},
		"SecondBus": {"What is taken is left out, on whichever bus.", object.VirtualDeviceList{controller, attached(0), attached(2)}, disks("", 16), want{
			At:   "0:0 0:1 0:2 0:3 0:4 0:5 0:6 0:8 0:9 0:10 0:11 0:12 0:13 0:14 0:15 1:1",
			Keys: []int32{-100, 1001}, Added: 1,
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at, add, err := freePlaces(tc.devices, tc.disks)
			got := want{Added: len(add), Fails: err != nil}
			var slots []string
			for _, p := range at {
				slots = append(slots, p.String())
				got.Keys = append(got.Keys, p.controller)
			}
			got.At, got.Keys = strings.Join(slots, " "), slices.Compact(got.Keys)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\nfreePlaces(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestDiskNames(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		// again is what is written of it.
		again string
	}{
		"Sorted":    {"What is read is written in the order of attachment.", "my-logs=1:15,data=0:1,root=0:0", "root=0:0,data=0:1,my-logs=1:15"},
		"Kinds":     {"Disks of other controllers say so.", "a=sata0:2,b=nvme1:0,c=ide0:1,=0:3", "c=ide0:1,b=nvme1:0,a=sata0:2,=0:3"},
		"Mutilated": {"What somebody changed by hand is left out.", "changed by hand,=,a=b,data=0:1", "data=0:1"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := parseDiskNames(tc.text).String(); got != tc.again {
				t.Errorf("%s\nparseDiskNames(%q) is written as %q, want %q", tc.reason, tc.text, got, tc.again)
			}
		})
	}
}
