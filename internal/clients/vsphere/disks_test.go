// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestRack(t *testing.T) {
	scsi := &types.VirtualLsiLogicController{VirtualSCSIController: types.VirtualSCSIController{
		VirtualController: types.VirtualController{BusNumber: 1, VirtualDevice: types.VirtualDevice{Key: 1001}},
	}}
	disk := func(unit int32) *types.VirtualDisk {
		return &types.VirtualDisk{VirtualDevice: types.VirtualDevice{ControllerKey: 1001, UnitNumber: &unit}}
	}
	cases := map[string]struct {
		reason  string
		devices object.VirtualDeviceList
		take    []bus
		// want are slots, each with the key of its controller.
		want  string
		added string
		fails bool
	}{
		"None":     {reason: "No disks need no controller."},
		"NoSCSI":   {reason: "An image without a SCSI controller gets one.", take: []bus{busSCSI}, want: "0:0@-100", added: "*types.ParaVirtualSCSIController"},
		"Reserved": {reason: "The controller's own unit is left out.", take: []bus{busSCSI, busSCSI, busSCSI, busSCSI, busSCSI, busSCSI, busSCSI, busSCSI}, want: "0:0@-100 0:1@-100 0:2@-100 0:3@-100 0:4@-100 0:5@-100 0:6@-100 0:8@-100", added: "*types.ParaVirtualSCSIController"},
		"Mixed":    {reason: "Each type of controller has slots of its own.", take: []bus{busSATA, busNVMe, busSATA}, want: "sata0:0@-100 nvme0:0@-101 sata0:1@-100", added: "*types.VirtualAHCIController *types.VirtualNVMEController"},
		"TooMany":  {reason: "Four controllers have room for sixty.", take: slicesOf(busSCSI, 61), fails: true},
		"Taken":    {reason: "What is taken is left out, on whichever bus.", devices: object.VirtualDeviceList{scsi, disk(0), disk(2)}, take: slicesOf(busSCSI, 17)[15:], want: "0:0@-100 0:1@-100", added: "*types.ParaVirtualSCSIController"},
		"Second":   {reason: "The second controller is used when the first is full.", devices: object.VirtualDeviceList{scsi, disk(0), disk(2)}, take: slicesOf(busSCSI, 16), want: "0:0@-100 0:1@-100 0:2@-100 0:3@-100 0:4@-100 0:5@-100 0:6@-100 0:8@-100 0:9@-100 0:10@-100 0:11@-100 0:12@-100 0:13@-100 0:14@-100 0:15@-100 1:1@1001", added: "*types.ParaVirtualSCSIController"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRack(tc.devices)
			var got, added []string
			failed := false
			for _, b := range tc.take {
				at, key, err := r.take(b)
				if err != nil {
					failed = true
					break
				}
				got = append(got, fmt.Sprintf("%s@%d", at, key))
			}
			for _, c := range r.added {
				added = append(added, fmt.Sprintf("%T", c))
			}
			if failed != tc.fails {
				t.Errorf("%s\ntake fails: %t, want %t", tc.reason, failed, tc.fails)
			}
			if tc.fails {
				return
			}
			if diff := cmp.Diff([]string{tc.want, tc.added}, []string{strings.Join(got, " "), strings.Join(added, " ")}); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func slicesOf(b bus, n int) []bus {
	all := make([]bus, n)
	for i := range all {
		all[i] = b
	}
	return all
}

func TestNames(t *testing.T) {
	disks := map[slot]string{{busSCSI, 0, 1}: "data", {busSCSI, 1, 15}: "my-logs", {busNVMe, 0, 0}: "fast", {busIDE, 1, 0}: "root"}
	if diff := cmp.Diff(disks, parseDiskNames(formatDiskNames(disks))); diff != "" {
		t.Errorf("disks written as %q: -want, +got:\n%s", formatDiskNames(disks), diff)
	}
	if diff := cmp.Diff(map[slot]string{{busSCSI, 0, 1}: "data"}, parseDiskNames("data=0:1")); diff != "" {
		t.Errorf("disks written by an earlier version: -want, +got:\n%s", diff)
	}
	networks := map[int32]string{8: "web", 7: "primary"}
	if diff := cmp.Diff(networks, parseNetworkNames(formatNetworkNames(networks))); diff != "" {
		t.Errorf("networks written as %q: -want, +got:\n%s", formatNetworkNames(networks), diff)
	}
	const nonsense = "changed by hand,=,a=b"
	if got := parseDiskNames(nonsense); len(got) != 0 {
		t.Errorf("what is not understood is taken for disks %v", got)
	}
	if got := parseNetworkNames(nonsense); len(got) != 0 {
		t.Errorf("what is not understood is taken for networks %v", got)
	}
	tags := []clients.Tag{{Category: "b", Name: "1"}, {Category: "a,=", Name: "2"}}
	if diff := cmp.Diff([]clients.Tag{tags[1], tags[0]}, parseTags(formatTags(tags))); diff != "" {
		t.Errorf("tags written as %q: -want, +got:\n%s", formatTags(tags), diff)
	}
	attributes := map[string]string{"cost": "12 €", "": "x"}
	if diff := cmp.Diff(attributes, parseAttributes(formatAttributes(attributes))); diff != "" {
		t.Errorf("attributes written as %q: -want, +got:\n%s", formatAttributes(attributes), diff)
	}
}
