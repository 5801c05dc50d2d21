// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestRecord(t *testing.T) {
	type want struct {
		Addresses              []string
		BeingMade, Unreachable bool
		Power                  clients.PowerState
	}
	card := &types.VirtualVmxnet3{VirtualVmxnet: types.VirtualVmxnet{VirtualEthernetCard: types.VirtualEthernetCard{
		VirtualDevice: types.VirtualDevice{Key: 4000}, MacAddress: "00:50:56:AA:BB:CC",
	}}}
	cases := map[string]struct {
		reason string
		p      properties
		want   want
	}{
		"Empty": {"A VM whose configuration cannot be read yet is there all the same.", properties{}, want{Power: clients.PoweredOff}},
		"BeingCloned": {
			"A VM that is off and cannot be powered on is still being cloned.",
			properties{"disabledMethod": types.ArrayOfString{String: []string{"PowerOnVM_Task"}}},
			want{Power: clients.PoweredOff, BeingMade: true},
		},
		"Running": {
			"A VM that is on cannot be powered on either, and is complete.",
			properties{
				"disabledMethod":     types.ArrayOfString{String: []string{"PowerOnVM_Task"}},
				"runtime.powerState": types.VirtualMachinePowerStatePoweredOn,
			},
			want{Power: clients.PoweredOn},
		},
		"HostGone": {
			"A VM of a host that does not answer is out of reach.",
			properties{"runtime.connectionState": types.VirtualMachineConnectionStateInaccessible},
			want{Power: clients.PoweredOff, Unreachable: true},
		},
		"Addresses": {
			"The guest's own address comes first, others in the order of interfaces, none twice and none that is only local.",
			properties{
				"guest.ipAddress":        "10.0.0.2",
				"config.hardware.device": types.ArrayOfVirtualDevice{VirtualDevice: []types.BaseVirtualDevice{card}},
				"guest.net": types.ArrayOfGuestNicInfo{GuestNicInfo: []types.GuestNicInfo{{
					MacAddress: "00:50:56:aa:bb:cc", IpAddress: []string{"fe80::1", "10.0.0.1", "10.0.0.2"},
				}}},
			},
			want{Power: clients.PoweredOff, Addresses: []string{"10.0.0.2", "10.0.0.1"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newRecord(ref{Type: "VirtualMachine", Value: "vm-1"}, tc.p)
			got := want{Addresses: r.addresses, BeingMade: r.beingMade, Unreachable: r.unreachable, Power: r.power}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\nnewRecord(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
