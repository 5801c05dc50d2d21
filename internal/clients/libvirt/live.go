// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	_ "embed" // for the guest's script
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// plugTimeout is how long a guest has to let go of a device, and to take the memory it is given.
const plugTimeout = 15 * time.Second

// growScript grows what is in a disk, in the guest.
//
//go:embed growfs.sh
var growScript string

// alterLive changes a domain that runs, as what is kept of it was changed.
func (h *host) alterLive(ctx context.Context, a *alteration) error {
	err := work(ctx, h, "DomainAttachDevice", func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(a.id.UUID)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		if active, err := d.IsActive(); err != nil || !active {
			return err
		}
		x, _, err := definition(d, 0)
		if err != nil {
			return err
		}
		l := &liveDomain{Domain: d, x: x}
		for _, do := range []func(*alteration) error{l.plugCPUs, l.plugMemory, l.unplugDisks, l.plugDisks, l.unplugNetworks, l.plugNetworks, l.mark} {
			if err := do(a); err != nil {
				return err
			}
		}
		return nil
	})
	if hasCode(err, libvirt.ERR_OPERATION_FAILED, libvirt.ERR_INTERNAL_ERROR, libvirt.ERR_OPERATION_UNSUPPORTED, libvirt.ERR_CONFIG_UNSUPPORTED) {
		err = clients.NewError(clients.Invalid, "", err) // not in this power state
	}
	if err != nil {
		return fmt.Errorf("cannot change the running VM: %w", err)
	}
	return nil
}

// A liveDomain is a domain that runs, as it was when its change began.
type liveDomain struct {
	*libvirt.Domain

	x *libvirtxml.Domain
}

func (l *liveDomain) plugCPUs(a *alteration) error {
	if now := parseEquipment(l.x).cpu; a.CPU <= now {
		return nil // what runs never loses one
	}
	return l.SetVcpusFlags(uint(a.CPU), libvirt.DOMAIN_VCPU_LIVE) //nolint:gosec // Positive by contract.
}

// plugMemory gives the guest memory: by its balloon as far as that goes, and by another module beyond. A module is of a size
// that guests can take; what is too much of it, the balloon takes back.
func (l *liveDomain) plugMemory(a *alteration) error {
	now := parseEquipment(l.x)
	if a.MemoryMiB == 0 || a.MemoryMiB == now.memoryMiB {
		return nil
	}
	if lacks := a.MemoryMiB - now.maxMemoryMiB; lacks > 0 {
		size := (lacks + moduleMiB - 1) / moduleMiB * moduleMiB
		raw, err := (&libvirtxml.DomainMemorydev{Model: "dimm", Target: &libvirtxml.DomainMemorydevTarget{
			Size: &libvirtxml.DomainMemorydevTargetSize{Value: uint(size), Unit: "MiB"}, //nolint:gosec // Positive.
			Node: &libvirtxml.DomainMemorydevTargetNode{},
		}}).Marshal()
		if err != nil {
			return err
		}
		if err := l.AttachDeviceFlags(raw, libvirt.DOMAIN_DEVICE_MODIFY_LIVE); err != nil {
			return err
		}
	}
	if err := l.SetMemoryFlags(uint64(a.MemoryMiB)*1024, libvirt.DOMAIN_MEM_LIVE); err != nil { //nolint:gosec // Positive by contract.
		return err
	}
	// A guest that knows of no balloon has all that there is, and does not have to answer.
	return l.await(func(x *libvirtxml.Domain) bool { return parseEquipment(x).memoryMiB >= a.MemoryMiB })
}

// await waits until the domain is as it should be, but not for long. Whether it was is for others to see.
func (l *liveDomain) await(done func(*libvirtxml.Domain) bool) error {
	for until := time.Now().Add(plugTimeout); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
		x, _, err := definition(l.Domain, 0)
		if err != nil || done(x) {
			return err
		}
	}
	return nil
}

func (l *liveDomain) hasDisk(x *libvirtxml.Domain, path string) (libvirtxml.DomainDisk, bool) {
	i := slices.IndexFunc(x.Devices.Disks, func(d libvirtxml.DomainDisk) bool {
		have, ok := sourcePath(d.Source)
		return ok && have == path
	})
	if i < 0 {
		return libvirtxml.DomainDisk{}, false
	}
	return x.Devices.Disks[i], true
}

func (l *liveDomain) plugDisks(a *alteration) error {
	for _, n := range a.add {
		if _, ok := l.hasDisk(l.x, n.path); ok {
			continue
		}
		if n.Controller == busSCSI && !hasSCSI(l.x.Devices) {
			if err := l.attach(new(scsiController())); err != nil {
				return err
			}
			l.x.Devices.Controllers = append(l.x.Devices.Controllers, scsiController())
		}
		if err := l.attach(new(diskOf(n.Disk, n.path, n.target))); err != nil {
			return fmt.Errorf("cannot attach disk %q: %w", n.Name, err)
		}
	}
	return nil
}

// unplugDisks detaches disks. The guest has to let go of them.
func (l *liveDomain) unplugDisks(a *alteration) error {
	for _, k := range a.detach {
		device, ok := l.hasDisk(l.x, k.path)
		if !ok {
			continue
		}
		gone := func(x *libvirtxml.Domain) bool { _, there := l.hasDisk(x, k.path); return !there }
		if err := l.detach(&device, gone); err != nil {
			return fmt.Errorf("cannot detach disk %q: %w", k.target, err)
		}
	}
	return nil
}

func (l *liveDomain) interfaceAt(x *libvirtxml.Domain, mac string) (libvirtxml.DomainInterface, bool) {
	i := slices.IndexFunc(x.Devices.Interfaces, func(i libvirtxml.DomainInterface) bool { return macOf(i) == mac })
	if i < 0 {
		return libvirtxml.DomainInterface{}, false
	}
	return x.Devices.Interfaces[i], true
}

func (l *liveDomain) unplugNetworks(a *alteration) error {
	for _, mac := range a.remove {
		device, ok := l.interfaceAt(l.x, mac)
		if !ok {
			continue
		}
		gone := func(x *libvirtxml.Domain) bool { _, there := l.interfaceAt(x, mac); return !there }
		if err := l.detach(&device, gone); err != nil {
			return fmt.Errorf("cannot remove interface %s: %w", mac, err)
		}
	}
	return nil
}

func (l *liveDomain) plugNetworks(a *alteration) error {
	for _, n := range a.reconnect {
		device, ok := l.interfaceAt(l.x, n.MACAddress)
		if !ok {
			continue // it is there at the next start
		}
		device.Source = interfaceOf(n).Source
		raw, err := device.Marshal()
		if err != nil {
			return err
		}
		if err := l.UpdateDeviceFlags(raw, libvirt.DOMAIN_DEVICE_MODIFY_LIVE); err != nil {
			return fmt.Errorf("cannot connect interface %q: %w", n.Name, err)
		}
	}
	for _, n := range a.connect {
		if _, ok := l.interfaceAt(l.x, n.MACAddress); ok {
			continue
		}
		if err := l.attach(new(interfaceOf(n))); err != nil {
			return fmt.Errorf("cannot add interface %q: %w", n.Name, err)
		}
	}
	return nil
}

// mark has what runs carry the mark that is kept.
func (l *liveDomain) mark(*alteration) error {
	x, _, err := definition(l.Domain, libvirt.DOMAIN_XML_INACTIVE)
	if err != nil {
		return err
	}
	return l.setMark(markOf(x.Metadata), libvirt.DOMAIN_AFFECT_LIVE)
}

func (l *liveDomain) setMark(m ownerMark, flags libvirt.DomainModificationImpact) error {
	element, err := m.element()
	if err != nil {
		return err
	}
	return l.SetMetadata(libvirt.DOMAIN_METADATA_ELEMENT, element, "virtrigaud", ownerNamespace, flags)
}

// A device can be described to libvirt.
type device interface{ Marshal() (string, error) }

func (l *liveDomain) attach(d device) error {
	raw, err := d.Marshal()
	if err != nil {
		return err
	}
	return l.AttachDeviceFlags(raw, libvirt.DOMAIN_DEVICE_MODIFY_LIVE)
}

// detach asks the guest to let go of a device, and waits until it has.
func (l *liveDomain) detach(d device, gone func(*libvirtxml.Domain) bool) error {
	raw, err := d.Marshal()
	if err != nil {
		return err
	}
	if err := l.DetachDeviceFlags(raw, libvirt.DOMAIN_DEVICE_MODIFY_LIVE); err != nil {
		return err
	}
	let := false
	if err := l.await(func(x *libvirtxml.Domain) bool { let = gone(x); return let }); err != nil {
		return err
	}
	if !let {
		return errorf(clients.Invalid, "", "the guest does not let go of the device; it is gone when the VM is off")
	}
	return nil
}

// growFileSystem asks the guest's agent to grow the partition and the file system in a disk, where both are of a kind that
// can, and the guest has the tools. QEMU's agent has no command for it, so a script is run. Nothing is said when it cannot.
func (h *host) growFileSystem(ctx context.Context, uuid, disk string) {
	request, err := json.Marshal(map[string]any{"execute": "guest-exec", "arguments": map[string]any{
		"path": "/bin/sh", "arg": []string{"-c", growScript, "growfs", disk},
	}})
	if err != nil {
		return
	}
	err = work(ctx, h, "DomainQemuAgentCommand", func(conn *libvirt.Connect) error {
		d, err := conn.LookupDomainByUUIDString(uuid)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		_, err = d.QemuAgentCommand(string(request), agentTimeout, 0)
		return err
	})
	if err != nil {
		h.log.V(1).Info("Cannot ask the guest to grow its file system", "uuid", uuid, "disk", disk, "reason", err.Error())
	}
}
