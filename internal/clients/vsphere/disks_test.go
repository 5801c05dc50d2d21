// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestFreeSlots(t *testing.T) {
	scsi := &types.VirtualLsiLogicController{VirtualSCSIController: types.VirtualSCSIController{
		VirtualController: types.VirtualController{BusNumber: 1, VirtualDevice: types.VirtualDevice{Key: 1001}},
	}}
	disk := func(unit int32) *types.VirtualDisk {
		return &types.VirtualDisk{VirtualDevice: types.VirtualDevice{ControllerKey: 1001, UnitNumber: &unit}}
	}
	type want struct {
		At    []slot
		Keys  []int32
		Added int
		Fails bool
	}
	cases := map[string]struct {
		reason  string
		devices object.VirtualDeviceList
		n       int
		want    want
	}{
		"None":     {"No disks need no controller.", nil, 0, want{}},
		"NoSCSI":   {"An image without a SCSI controller gets one.", nil, 1, want{At: []slot{{0, 0}}, Keys: []int32{-100}, Added: 1}},
		"Reserved": {"The controller's own unit is left out.", nil, 8, want{At: []slot{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 8}}, Keys: []int32{-100, -100, -100, -100, -100, -100, -100, -100}, Added: 1}},
		"TooMany":  {"Four controllers have room for sixty.", nil, 61, want{Fails: true}},
		"SecondBus": {"What is taken is left out, on whichever bus.", object.VirtualDeviceList{scsi, disk(0), disk(2)}, 16, want{
			At:   []slot{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 6}, {0, 8}, {0, 9}, {0, 10}, {0, 11}, {0, 12}, {0, 13}, {0, 14}, {0, 15}, {1, 1}},
			Keys: []int32{-100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, -100, 1001}, Added: 1,
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			at, keys, add, err := freeSlots(tc.devices, tc.n)
			got := want{At: at, Keys: keys, Added: len(add), Fails: err != nil}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(slot{})); diff != "" {
				t.Errorf("%s\nfreeSlots(..., %d): -want, +got:\n%s", tc.reason, tc.n, diff)
			}
		})
	}
}

func TestDiskNames(t *testing.T) {
	at := []slot{{0, 1}, {1, 15}}
	written := formatDiskNames([]clients.Disk{{Name: "data"}, {Name: "my-logs"}}, at)
	if diff := cmp.Diff(map[slot]string{{0, 1}: "data", {1, 15}: "my-logs"}, parseDiskNames(written)); diff != "" {
		t.Errorf("parseDiskNames(%q): -want, +got:\n%s", written, diff)
	}
	if got := parseDiskNames("changed by hand,=,a=b"); len(got) != 0 {
		t.Errorf("what is not understood is taken for %v", got)
	}
}
