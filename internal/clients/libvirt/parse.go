// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// bootNamespace is the XML namespace of the element that a running domain of ours carries, and that it loses when it ends.
const bootNamespace = "https://infra.virtrigaud.io/boot/v1"

// parseDomain reads from a domain's description what the cache keeps, except its state.
func parseDomain(x *libvirtxml.Domain) domain {
	d := domain{uuid: x.UUID, name: x.Name, mark: markOf(x.Metadata), boot: bootOf(x.Metadata), equipment: parseEquipment(x)}
	if x.ID != nil && *x.ID > 0 {
		d.run = uint(*x.ID)
	}
	d.emulated = x.Type == string(DomainTypeQEMU)
	d.firmware, d.secureBoot = parseFirmware(x.OS)
	d.acpi = x.Features != nil && x.Features.ACPI != nil
	if x.Devices == nil {
		return d
	}
	for _, c := range x.Devices.Channels {
		if c.Target != nil && c.Target.VirtIO != nil && c.Target.VirtIO.Name == agentChannel {
			d.agent = c.Target.VirtIO.State == "connected"
		}
	}
	return d
}

// bootOf returns what tells a domain's current run from others.
func bootOf(m *libvirtxml.DomainMetadata) string {
	if m == nil {
		return ""
	}
	var metadata struct {
		Boot struct {
			ID string `xml:"id,attr"`
		} `xml:"https://infra.virtrigaud.io/boot/v1 boot"`
	}
	if err := xml.Unmarshal([]byte("<metadata>"+m.XML+"</metadata>"), &metadata); err != nil {
		return ""
	}
	return metadata.Boot.ID
}

func parseEquipment(x *libvirtxml.Domain) equipment {
	var w equipment
	if x.VCPU != nil {
		w.maxCPU = int32(x.VCPU.Value) //nolint:gosec // libvirt has an upper bound of some thousands.
		w.cpu = w.maxCPU
		if x.VCPU.Current > 0 {
			w.cpu = int32(x.VCPU.Current) //nolint:gosec // As above.
		}
	}
	if x.Memory != nil {
		w.maxMemoryMiB = mib(x.Memory.Value, x.Memory.Unit)
		w.memoryMiB = w.maxMemoryMiB
	}
	if x.CurrentMemory != nil {
		w.memoryMiB = mib(x.CurrentMemory.Value, x.CurrentMemory.Unit)
	}
	if x.MaximumMemory != nil {
		w.plugMemoryMiB = mib(x.MaximumMemory.Value, x.MaximumMemory.Unit)
		w.freeSlots = int(x.MaximumMemory.Slots)
	}
	if x.Devices == nil {
		return w
	}
	for _, m := range x.Devices.Memorydevs {
		if m.Model == "dimm" {
			w.freeSlots--
		}
	}
	for _, i := range x.Devices.Interfaces {
		w.interfaces = append(w.interfaces, parseInterface(i))
	}
	for i := range x.Devices.Disks {
		if parsed, ok := parseDisk(&x.Devices.Disks[i]); ok {
			w.disks = append(w.disks, parsed)
		}
	}
	return w
}

func parseFirmware(os *libvirtxml.DomainOS) (f clients.Firmware, secure bool) {
	if os == nil {
		return "", false
	}
	f = clients.BIOS
	if os.Firmware == "efi" || os.Loader != nil && os.Loader.Type == "pflash" {
		f = clients.UEFI
	}
	secure = os.Loader != nil && os.Loader.Secure == "yes"
	if os.FirmwareInfo != nil {
		secure = secure || slices.ContainsFunc(os.FirmwareInfo.Features, func(f libvirtxml.DomainOSFirmwareFeature) bool {
			return f.Name == "enrolled-keys" && f.Enabled == "yes"
		})
	}
	return f, secure && f == clients.UEFI
}

func parseInterface(i libvirtxml.DomainInterface) networkInterface {
	out := networkInterface{}
	if i.MAC != nil {
		out.mac = strings.ToLower(i.MAC.Address)
	}
	if i.Model != nil {
		out.model = i.Model.Type
	}
	if i.Alias != nil {
		out.alias = i.Alias.Name
	}
	switch {
	case i.Source == nil:
	case i.Source.Network != nil:
		out.network = i.Source.Network.Network
	case i.Source.Bridge != nil:
		out.bridge = i.Source.Bridge.Bridge
	}
	return out
}

// parseDisk returns what the cache keeps of a disk; ok is false for one without a file.
func parseDisk(d *libvirtxml.DomainDisk) (out disk, ok bool) {
	out.path, ok = sourcePath(d.Source)
	for b := d.BackingStore; b != nil; b = b.BackingStore {
		if path, has := sourcePath(b.Source); has {
			out.backing = append(out.backing, path)
		}
	}
	out.removable = d.Device != "" && d.Device != "disk" && d.Device != "lun"
	out.readOnly = d.ReadOnly != nil
	if d.Driver != nil {
		out.format = d.Driver.Type
	}
	if d.Target != nil {
		out.target, out.bus = d.Target.Dev, d.Target.Bus
	}
	if d.Alias != nil {
		out.alias = d.Alias.Name
	}
	return out, ok
}

func sourcePath(s *libvirtxml.DomainDiskSource) (string, bool) {
	switch {
	case s == nil:
		return "", false
	case s.File != nil:
		return s.File.File, s.File.File != ""
	case s.Block != nil:
		return s.Block.Dev, s.Block.Dev != ""
	default:
		return "", false
	}
}

// freePorts returns how many more devices can be plugged into a running domain, -1 where its bus has no ports of their own.
// Ports and the buses behind them are counted in the description as it is: a device of any kind can occupy one.
func freePorts(x *libvirtxml.Domain, raw string) int {
	if x.Devices == nil {
		return -1
	}
	taken := map[string]bool{}
	for _, m := range pciBus().FindAllStringSubmatch(raw, -1) {
		taken[m[1]] = true
	}
	free, ports := 0, 0
	for _, c := range x.Devices.Controllers {
		if c.Type != "pci" || c.Model != modelPort && c.Model != "pcie-switch-downstream-port" || c.Index == nil {
			continue
		}
		ports++
		if !taken[fmt.Sprintf("0x%02x", *c.Index)] {
			free++
		}
	}
	if ports == 0 {
		return -1
	}
	return free
}

func pciBus() *regexp.Regexp {
	return regexp.MustCompile(`<address type='pci' domain='0x0000' bus='(0x[0-9a-f]+)'`)
}

// mib converts from the units in which libvirt answers.
func mib(value uint, unit string) int64 {
	v := int64(value) //nolint:gosec // No machine has that much memory.
	switch unit {
	case "b", "bytes":
		return v >> 20
	case "MiB":
		return v
	case "GiB":
		return v << 10
	default: // KiB, which is what libvirt always uses
		return v >> 10
	}
}
