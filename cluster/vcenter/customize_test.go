// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/event"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

// linux returns a customization of a guest with one interface.
func linux(name, address string) types.CustomizationSpec {
	var ip types.BaseCustomizationIpGenerator = &types.CustomizationDhcpIpGenerator{}
	if address != "" {
		ip = &types.CustomizationFixedIp{IpAddress: address}
	}
	return types.CustomizationSpec{
		Identity:      &types.CustomizationLinuxPrep{HostName: &types.CustomizationFixedName{Name: name}, Domain: "example.org"},
		NicSettingMap: []types.CustomizationAdapterMapping{{Adapter: types.CustomizationIPSettings{Ip: ip, SubnetMask: "255.255.255.0"}}},
	}
}

// customizationEvents returns the kinds of events about the customization of a VM.
func customizationEvents(t *testing.T, c *govmomi.Client, vm *object.VirtualMachine) []string {
	t.Helper()
	events, err := event.NewManager(c.Client).QueryEvents(t.Context(), types.EventFilterSpec{Entity: &types.EventFilterSpecByEntity{
		Entity: vm.Reference(), Recursion: types.EventFilterSpecRecursionOptionSelf,
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(events, func(a, b types.BaseEvent) int { return cmp.Compare(a.GetEvent().Key, b.GetEvent().Key) })
	var kinds []string
	for _, e := range events {
		switch e.(type) {
		case *types.CustomizationStartedEvent:
			kinds = append(kinds, "started")
		case *types.CustomizationSucceeded:
			kinds = append(kinds, "succeeded")
		case *types.CustomizationFailed:
			kinds = append(kinds, "failed")
		}
	}
	return kinds
}

func TestCustomization(t *testing.T) {
	cases := map[string]struct {
		reason  string
		clone   bool
		address string
		fails   bool
		host    string
		events  []string
	}{
		"OfVM":    {reason: "The first power-on customizes.", address: "192.0.2.7", host: "web.example.org", events: []string{"started", "succeeded"}},
		"OfClone": {reason: "A clone can be asked for with its customization.", clone: true, address: "192.0.2.7", host: "web.example.org", events: []string{"started", "succeeded"}},
		"DHCP":    {reason: "An interface with DHCP gets an address.", host: "web.example.org", events: []string{"started", "succeeded"}},
		"Fails":   {reason: "A failure is an event, and the guest stays as it is.", address: "192.0.2.7", fails: true, events: []string{"started", "failed"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, c := start(t)
			src, folder, spec := template(t, c)
			custom := linux("web", tc.address)
			if tc.clone {
				spec.Customization = &custom
			}
			task, err := src.Clone(t.Context(), folder, "vm", spec)
			vm := object.NewVirtualMachine(c.Client, made(t, task, err))
			if !tc.clone {
				task, err := vm.Customize(t.Context(), custom)
				made(t, task, err)
			}
			if m := vmOf(t, vm); m.Config.Tools.PendingCustomization == "" || len(customizationEvents(t, c, vm)) != 0 {
				t.Errorf("%s\nthe customization is not pending before power-on", tc.reason)
			}
			s.SetGuest(vm.Reference(), Guest{FailsCustomization: tc.fails})
			task, err = vm.PowerOn(t.Context())
			made(t, task, err)
			m := vmOf(t, vm)
			if diff := gocmp.Diff([]any{tc.host, tc.events, ""}, []any{m.Guest.HostName, customizationEvents(t, c, vm), m.Config.Tools.PendingCustomization}); diff != "" {
				t.Errorf("%s\nhost name, events, pending: -want, +got:\n%s", tc.reason, diff)
			}
			want := tc.address
			if want == "" || tc.fails {
				want = guestIP(m.Config.InstanceUuid, 0)
			}
			if m.Guest.IpAddress != want || m.Guest.Net[0].IpAddress[0] != want {
				t.Errorf("%s\nthe guest has address %q, want %q", tc.reason, m.Guest.IpAddress, want)
			}
		})
	}
}

func TestCustomizationRefused(t *testing.T) {
	_, c := start(t)
	running, waiting := newVM(t, c, "running"), newVM(t, c, "waiting")
	task, err := running.PowerOn(t.Context())
	made(t, task, err)
	task, err = waiting.Customize(t.Context(), linux("a", ""))
	made(t, task, err)
	idle := newVM(t, c, "idle")
	twoNICs := linux("a", "")
	twoNICs.NicSettingMap = append(twoNICs.NicSettingMap, twoNICs.NicSettingMap...)
	windows := linux("a", "")
	windows.Identity = &types.CustomizationSysprep{UserData: types.CustomizationUserData{FullName: "a", OrgName: "b", ComputerName: &types.CustomizationVirtualMachineName{}}}
	noMask := linux("a", "192.0.2.7")
	noMask.NicSettingMap[0].Adapter.SubnetMask = ""

	cases := map[string]struct {
		reason string
		vm     *object.VirtualMachine
		spec   types.CustomizationSpec
		want   types.BaseMethodFault
	}{
		"PoweredOn":    {reason: "'InvalidPowerState if the virtual machine is not powered off'", vm: running, spec: linux("a", ""), want: &types.InvalidPowerState{}},
		"Pending":      {reason: "'CustomizationPending' while another one waits.", vm: waiting, spec: linux("a", ""), want: &types.CustomizationPending{}},
		"Interfaces":   {reason: "'NicSettingMismatch' unless there is a setting for each interface.", vm: idle, spec: twoNICs, want: &types.NicSettingMismatch{}},
		"NotWindows":   {reason: "Sysprep is for Windows.", vm: idle, spec: windows, want: &types.UncustomizableGuest{}},
		"HostName":     {reason: "A host name has letters, numbers and hyphens.", vm: idle, spec: linux("no good", ""), want: &types.InvalidArgument{}},
		"NotAnAddress": {reason: "An address has to be one.", vm: idle, spec: linux("a", "192.0.2.700"), want: &types.InvalidArgument{}},
		"NoMask":       {reason: "A static address needs a subnet mask.", vm: idle, spec: noMask, want: &types.InvalidArgument{}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			task, err := tc.vm.Customize(t.Context(), tc.spec)
			if err := failed(t, task, err); !fault.Is(err, tc.want) {
				t.Errorf("%s\nCustomize: %v, want %T", tc.reason, err, tc.want)
			}
		})
	}
	t.Run("Clone", func(t *testing.T) {
		src, folder, spec := template(t, c)
		spec.Customization = &twoNICs
		task, err := src.Clone(t.Context(), folder, "clone", spec)
		if err := failed(t, task, err); !fault.Is(err, &types.NicSettingMismatch{}) {
			t.Errorf("Clone: %v, want NicSettingMismatch", err)
		}
	})
}

func TestGuestData(t *testing.T) {
	pack := func(data string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(data)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(b.Bytes())
	}
	const plain = "local-hostname: web-0.example.org\nnetwork:\n  version: 2\n  ethernets:\n    nic0:\n      addresses: [192.0.2.9/24, '2001:db8::9/64']\n"
	nested := "local-hostname: web-0.example.org\nnetwork.encoding: base64\nnetwork: " + base64.StdEncoding.EncodeToString([]byte("network:\n  ethernets:\n    e:\n      addresses: [192.0.2.9/24]\n")) + "\n"
	cases := map[string]struct {
		reason   string
		value    string
		encoding string
		host     string
		first    string
	}{
		"Plain":       {reason: "Metadata may be plain YAML.", value: plain, host: "web-0.example.org", first: "192.0.2.9"},
		"Base64":      {reason: "Metadata may be base64.", value: base64.StdEncoding.EncodeToString([]byte(plain)), encoding: "base64", host: "web-0.example.org", first: "192.0.2.9"},
		"Gzip":        {reason: "Metadata may be compressed.", value: pack(plain), encoding: "gzip+base64", host: "web-0.example.org", first: "192.0.2.9"},
		"Nested":      {reason: "The network configuration may be encoded itself.", value: nested, host: "web-0.example.org", first: "192.0.2.9"},
		"DHCP":        {reason: "Without a network configuration interfaces use DHCP.", value: `{"local-hostname": "a"}`, host: "a", first: "own"},
		"OtherNIC":    {reason: "An interface that is not listed is not configured.", value: `{"local-hostname": "a", "network": {"ethernets": {"x": {"match": {"macaddress": "00:00:00:00:00:01"}, "dhcp4": true}}}}`, host: "a"},
		"NotReadable": {reason: "Data that the guest cannot decode are as none.", value: "%%", encoding: "base64", first: "own"},
	}
	_, c := start(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			vm := newVM(t, c, name)
			task, err := vm.Reconfigure(t.Context(), types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
				&types.OptionValue{Key: "guestinfo.metadata", Value: tc.value}, &types.OptionValue{Key: "guestinfo.metadata.encoding", Value: tc.encoding},
			}})
			made(t, task, err)
			task, err = vm.PowerOn(t.Context())
			made(t, task, err)
			m := vmOf(t, vm)
			want := tc.first
			if want == "own" {
				want = guestIP(m.Config.InstanceUuid, 0)
			}
			if diff := gocmp.Diff([]string{tc.host, want}, []string{m.Guest.HostName, m.Guest.IpAddress}); diff != "" {
				t.Errorf("%s\nhost name and address: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
