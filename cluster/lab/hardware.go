// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// Power states, as both hypervisors' are told.
const (
	PowerOn        = "On"
	PowerOff       = "Off"
	PowerSuspended = "Suspended"
)

// Hardware is a VM's hardware as its hypervisor shows it.
type Hardware struct {
	// CPUs and MemoryMiB that the guest has.
	CPUs      int
	MemoryMiB int
	// DisksGiB are the sizes of the disks in the order in which they are attached, rounded up.
	DisksGiB []int
	// Power is PowerOn, PowerOff or PowerSuspended.
	Power string
	// Boot is another one each time the VM is powered on; empty while it is off.
	Boot string
}

const gib = 1 << 30

// Hardware returns what a VM consists of.
func (v *VCenter) Hardware(ctx context.Context, vm VM) (Hardware, error) {
	var o mo.VirtualMachine
	if err := v.vm(vm).Properties(ctx, v.vm(vm).Reference(), []string{"config.hardware", "runtime"}, &o); err != nil {
		return Hardware{}, fmt.Errorf("cannot read VM %q: %w", vm.Name, err)
	}
	h := Hardware{CPUs: int(o.Config.Hardware.NumCPU), MemoryMiB: int(o.Config.Hardware.MemoryMB)}
	for _, d := range object.VirtualDeviceList(o.Config.Hardware.Device).SelectByType((*types.VirtualDisk)(nil)) {
		if disk, ok := d.(*types.VirtualDisk); ok {
			h.DisksGiB = append(h.DisksGiB, int((disk.CapacityInBytes+gib-1)/gib))
		}
	}
	switch o.Runtime.PowerState {
	case types.VirtualMachinePowerStatePoweredOn:
		h.Power = PowerOn
	case types.VirtualMachinePowerStateSuspended:
		h.Power = PowerSuspended
	case types.VirtualMachinePowerStatePoweredOff:
		h.Power = PowerOff
	}
	if o.Runtime.BootTime != nil && h.Power != PowerOff {
		h.Boot = o.Runtime.BootTime.String()
	}
	return h, nil
}

// Files lists the virtual disks' files in a VM's folder of a datastore.
func (v *VCenter) Files(ctx context.Context, datastore, folder string) ([]string, error) {
	for ref, name := range v.names {
		if ref.Type == "Datastore" && name == datastore {
			return v.filesIn(ctx, ref, fmt.Sprintf("[%s] %s", name, folder))
		}
	}
	return nil, fmt.Errorf("cannot find datastore %q", datastore)
}

// domain is what is read of a domain's description.
type domain struct {
	VCPU struct {
		Current int `xml:"current,attr"`
		Max     int `xml:",chardata"`
	} `xml:"vcpu"`
	CurrentMemoryKiB int `xml:"currentMemory"`
	Disks            []struct {
		Device string `xml:"device,attr"`
		Target struct {
			Dev string `xml:"dev,attr"`
		} `xml:"target"`
		ReadOnly *struct{} `xml:"readonly"`
	} `xml:"devices>disk"`
}

// Hardware returns what a domain consists of: what its guest has while it runs, and what it is started with otherwise. The seed
// is no disk of it.
func (l *Libvirt) Hardware(ctx context.Context, vm VM) (Hardware, error) {
	raw, err := l.virsh(ctx, vm.Host, "dumpxml "+vm.ID)
	if err != nil {
		return Hardware{}, err
	}
	var d domain
	if err := xml.Unmarshal([]byte(raw), &d); err != nil {
		return Hardware{}, fmt.Errorf("cannot parse domain %q: %w", vm.Name, err)
	}
	h := Hardware{CPUs: d.VCPU.Max, MemoryMiB: d.CurrentMemoryKiB / 1024}
	if d.VCPU.Current > 0 {
		h.CPUs = d.VCPU.Current
	}
	for _, disk := range d.Disks {
		if disk.Device != "disk" || disk.ReadOnly != nil {
			continue
		}
		out, err := l.virsh(ctx, vm.Host, fmt.Sprintf("domblkinfo %s %s", vm.ID, disk.Target.Dev))
		if err != nil {
			return Hardware{}, err
		}
		h.DisksGiB = append(h.DisksGiB, int((numberAfter(out, "Capacity:")+gib-1)/gib))
	}
	info, err := l.virsh(ctx, vm.Host, "dominfo "+vm.ID)
	if err != nil {
		return Hardware{}, err
	}
	h.Power, h.Boot = powerOf(info)
	return h, nil
}

// powerOf reads the output of virsh dominfo.
func powerOf(info string) (power, boot string) {
	fields := map[string]string{}
	for line := range strings.Lines(info) {
		if key, value, ok := strings.Cut(line, ":"); ok {
			fields[key] = strings.TrimSpace(value)
		}
	}
	switch {
	case fields["State"] == "running" || fields["State"] == "idle":
		return PowerOn, fields["Id"]
	case fields["State"] == "paused" || fields["Managed save"] == "yes":
		return PowerSuspended, ""
	default:
		return PowerOff, ""
	}
}

func numberAfter(out, key string) int64 {
	for line := range strings.Lines(out) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
			return n
		}
	}
	return 0
}
