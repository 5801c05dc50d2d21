// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"strings"

	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	agentChannel = "org.qemu.guest_agent.0"
	// maxSerial is how much of a disk's serial number virtio has room for.
	maxSerial = 20
	// memorySlots is how often memory can be added to a running VM.
	memorySlots = 16
	// sparePorts is how many devices can be added to a running VM of type q35, which has no slots but those it starts with.
	sparePorts = 6
	modelPort  = "pcie-root-port"
	// loopback is where graphical consoles listen.
	loopback = "127.0.0.1"
)

// A blueprint is a VM that was decided on: what to make of what, and where.
type blueprint struct {
	clients.VMSpec

	// pool of the VM's first disk and its seed; pools of the data disks by the disk's name.
	pool  pool
	pools map[string]pool
	image imageVolume
	// networks of the interfaces, with MAC addresses.
	networks []clients.Network
	guests   guestSupport
	// rootBytes is the size of the first disk, at least that of the image.
	rootBytes uint64
}

// An imageVolume is the base volume of a VM.
type imageVolume struct {
	pool string
	volume
}

// seed says that the guest's data is handed over on a disk of its own.
func (b *blueprint) seed() bool { return b.guests.upload }

// dataDisks returns the disks beside the image's.
func (b *blueprint) dataDisks() []clients.Disk { return dataDisksOf(b.VMSpec) }

func dataDisksOf(spec clients.VMSpec) []clients.Disk {
	var out []clients.Disk
	for _, d := range spec.Disks {
		if d.Name != clients.RootDisk {
			out = append(out, d)
		}
	}
	return out
}

// macAddress returns an address that stays the same however often a VM is made again.
func macAddress(uuid string, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", uuid, index))
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", sum[0], sum[1], sum[2]) // the prefix that libvirt uses itself
}

// domainXML describes the VM to libvirt.
func (b *blueprint) domainXML(incomplete bool) (string, error) {
	owner := newMark(b.VMSpec)
	owner.Incomplete = incomplete
	mark, err := owner.element()
	if err != nil {
		return "", err
	}
	x := &libvirtxml.Domain{
		Type:          b.guests.domainType,
		Name:          b.Name,
		UUID:          b.UUID,
		Metadata:      &libvirtxml.DomainMetadata{XML: mark},
		Memory:        &libvirtxml.DomainMemory{Value: uint(b.MemoryMiB), Unit: "MiB"},        //nolint:gosec // Positive by contract.
		CurrentMemory: &libvirtxml.DomainCurrentMemory{Value: uint(b.MemoryMiB), Unit: "MiB"}, //nolint:gosec // As above.
		VCPU:          &libvirtxml.DomainVCPU{Value: uint(maxCPUs(b.VMSpec))},                 //nolint:gosec // As above.
		OS:            b.os(),
		CPU:           b.guests.cpu(b.Libvirt.CPUModel),
		Devices:       b.devices(),
	}
	b.addHeadroom(x)
	if b.guests.full() && b.guests.arch == archX86 {
		x.Features = &libvirtxml.DomainFeatureList{ACPI: &libvirtxml.DomainFeature{}, APIC: &libvirtxml.DomainFeatureAPIC{}}
	}
	return x.Marshal()
}

// addHeadroom lets the VM grow while it runs. Memory is added as modules and not by a balloon that the guest would have to
// hold from its start: a guest needs memory to manage memory, whether it has it already or not.
func (b *blueprint) addHeadroom(x *libvirtxml.Domain) {
	if x.VCPU.Value > uint(b.CPU) { //nolint:gosec // Positive by contract.
		x.VCPU.Current = uint(b.CPU) //nolint:gosec // As above.
	}
	most := maxMemoryMiB(b.VMSpec)
	if most <= b.MemoryMiB {
		return
	}
	x.MaximumMemory = &libvirtxml.DomainMaxMemory{Value: uint(most), Unit: "MiB", Slots: memorySlots} //nolint:gosec // Positive by contract.
	// QEMU adds memory to a NUMA node only, so the guest has one.
	if x.CPU == nil {
		x.CPU = &libvirtxml.DomainCPU{}
	}
	node := uint(0)
	x.CPU.Numa = &libvirtxml.DomainNuma{Cell: []libvirtxml.DomainCell{{
		ID: &node, CPUs: fmt.Sprintf("0-%d", x.VCPU.Value-1), Memory: x.Memory.Value, Unit: x.Memory.Unit,
	}}}
}

// machine is the VM's type of machine.
func (b *blueprint) machine() string { return cmp.Or(b.Libvirt.Machine, b.guests.machine) }

// os describes what starts the VM's operating system. Which file is the firmware is left to libvirt, which also gives the VM
// the variables of its own that the firmware needs.
func (b *blueprint) os() *libvirtxml.DomainOS {
	out := &libvirtxml.DomainOS{
		Type:        &libvirtxml.DomainOSType{Arch: b.guests.arch, Machine: b.machine(), Type: "hvm"},
		BootDevices: []libvirtxml.DomainBootDevice{{Dev: "hd"}},
	}
	if b.Firmware != clients.UEFI {
		return out
	}
	enabled := "no"
	if b.SecureBoot {
		enabled = "yes"
	}
	out.Firmware = "efi"
	out.FirmwareInfo = &libvirtxml.DomainOSFirmwareInfo{Features: []libvirtxml.DomainOSFirmwareFeature{
		{Name: "secure-boot", Enabled: enabled}, {Name: "enrolled-keys", Enabled: enabled},
	}}
	return out
}

// devices of the VM.
func (b *blueprint) devices() *libvirtxml.DomainDeviceList {
	zero := uint(0)
	out := &libvirtxml.DomainDeviceList{
		Disks: b.disks(),
		Serials: []libvirtxml.DomainSerial{{
			Source: &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}},
			Target: &libvirtxml.DomainSerialTarget{Port: &zero},
		}},
		Consoles: []libvirtxml.DomainConsole{{
			Source: &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}},
			Target: &libvirtxml.DomainConsoleTarget{Type: "serial", Port: &zero},
		}},
		Channels: []libvirtxml.DomainChannel{{
			Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{Mode: "bind"}},
			Target: &libvirtxml.DomainChannelTarget{VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: agentChannel}},
		}},
		MemBalloon: &libvirtxml.DomainMemBalloon{Model: "virtio"},
		RNGs: []libvirtxml.DomainRNG{{
			Model:   "virtio",
			Backend: &libvirtxml.DomainRNGBackend{Random: &libvirtxml.DomainRNGBackendRandom{Device: "/dev/urandom"}},
		}},
	}
	for _, n := range b.networks {
		out.Interfaces = append(out.Interfaces, interfaceOf(n))
	}
	out.Controllers = b.controllers(out)
	if b.TPM {
		out.TPMs = []libvirtxml.DomainTPM{{
			Model:   "tpm-crb",
			Backend: &libvirtxml.DomainTPMBackend{Emulator: &libvirtxml.DomainTPMBackendEmulator{Version: "2.0"}},
		}}
	}
	if b.Libvirt.VNC {
		out.Graphics = []libvirtxml.DomainGraphic{{VNC: &libvirtxml.DomainGraphicVNC{
			AutoPort:  "yes",
			Listeners: []libvirtxml.DomainGraphicListener{{Address: &libvirtxml.DomainGraphicListenerAddress{Address: loopback}}},
		}}}
		out.Videos = []libvirtxml.DomainVideo{{Model: libvirtxml.DomainVideoModel{Type: "vga"}}}
	}
	return out
}

// controllers of the VM: one for disks on SCSI, whether it has any yet or not, and ports to add devices to.
func (b *blueprint) controllers(d *libvirtxml.DomainDeviceList) []libvirtxml.DomainController {
	if !b.guests.full() {
		return nil
	}
	zero := uint(0)
	out := []libvirtxml.DomainController{scsiController()}
	if !strings.Contains(b.machine(), machineQ35) {
		return out
	}
	// What libvirt itself would give the VM ports for comes first to the ports that there are.
	ports := sparePorts + len(d.Interfaces) + len(d.RNGs) + 4 // controllers of SCSI, USB and serial channels, and the balloon
	for _, disk := range d.Disks {
		if disk.Target.Bus == busVirtio {
			ports++
		}
	}
	out = append(out, libvirtxml.DomainController{Type: "pci", Index: &zero, Model: "pcie-root"})
	for i := range uint(ports) {
		out = append(out, libvirtxml.DomainController{Type: "pci", Index: new(i + 1), Model: modelPort})
	}
	return out
}

// disks returns the VM's disks in the order in which the guest finds them: the image's, the data disks, the seed.
func (b *blueprint) disks() []libvirtxml.DomainDisk {
	names := targets{}
	root := diskOf(clients.Disk{Name: clients.RootDisk}, b.pool.dir+"/"+rootVolume(b.UUID), names.next(busVirtio))
	root.Serial = "" // it is what the guest starts from, and has never had one
	out := []libvirtxml.DomainDisk{root}
	for _, d := range b.dataDisks() {
		out = append(out, diskOf(d, b.pools[d.Name].dir+"/"+dataVolume(b.UUID, d), names.next(cmp.Or(d.Controller, busVirtio))))
	}
	if b.seed() {
		out = append(out, seedDisk(b.pool.dir+"/"+seedVolume(b.UUID), names.next(busVirtio)))
	}
	return out
}

// seedDisk describes the disk with the guest's data.
func seedDisk(path, target string) libvirtxml.DomainDisk {
	// NOTE: a disk and not a CD-ROM: the cloud kernels of some distributions have no driver for SATA.
	out := diskOf(clients.Disk{Format: formatRaw}, path, target)
	out.Alias.Name, out.Driver.Discard, out.ReadOnly = seedAlias, "", &libvirtxml.DomainDiskReadOnly{}
	return out
}

// targets gives out the names by which libvirt tells the disks of a VM apart.
type targets map[string]int

func (t targets) next(bus string) string {
	prefix := "sd"
	if bus == busVirtio {
		prefix = "vd"
	}
	t[prefix]++
	return fmt.Sprintf("%s%c", prefix, 'a'+t[prefix]-1)
}

// diskOf describes a disk of ours.
func diskOf(d clients.Disk, path, target string) libvirtxml.DomainDisk {
	out := libvirtxml.DomainDisk{
		Device: "disk",
		Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: cmp.Or(d.Format, formatQCOW2), Discard: "unmap"},
		Source: &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: path}},
		Target: &libvirtxml.DomainDiskTarget{Dev: target, Bus: cmp.Or(d.Controller, busVirtio)},
		Alias:  &libvirtxml.DomainAlias{Name: diskAlias(d.Name)},
	}
	if len(d.Name) <= maxSerial {
		out.Serial = d.Name // the guest finds it as /dev/disk/by-id/virtio-NAME
	}
	return out
}

// interfaceOf describes an interface of ours.
func interfaceOf(n clients.Network) libvirtxml.DomainInterface {
	out := libvirtxml.DomainInterface{
		MAC:    &libvirtxml.DomainInterfaceMAC{Address: n.MACAddress},
		Source: &libvirtxml.DomainInterfaceSource{},
		Model:  &libvirtxml.DomainInterfaceModel{Type: strings.ToLower(cmp.Or(n.Model, modelVirtio))},
	}
	if n.Bridge != "" {
		out.Source.Bridge = &libvirtxml.DomainInterfaceSourceBridge{Bridge: n.Bridge}
	} else {
		out.Source.Network = &libvirtxml.DomainInterfaceSourceNetwork{Network: n.Network}
	}
	if n.Name != "" {
		out.Alias = &libvirtxml.DomainAlias{Name: netAlias(n.Name)}
	}
	return out
}
