// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"slices"
	"strings"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// CPU models that are not names of processors.
const (
	cpuHostModel       = "host-model"
	cpuHostPassthrough = "host-passthrough"
	cpuMaximum         = "maximum"
)

// Buses of disks, by the names of both libvirt and the port.
const (
	busVirtio = "virtio"
	busSCSI   = "scsi"
	busSATA   = "sata"
)

// Models of network interface, by the names of the port.
const (
	modelVirtio = "VIRTIO"
	modelE1000  = "E1000"
	modelE1000E = "E1000E"
	modelRTL    = "RTL8139"
)

// networkModels returns the models of interface that QEMU has, the usual one first.
func networkModels() []string { return []string{modelVirtio, modelE1000, modelE1000E, modelRTL} }

// diskFormats returns the formats that a disk's file can have, the usual one first.
func diskFormats() []string { return []string{formatQCOW2, formatRaw} }

// hardware is what a host's guests can have, with its usual type of machine.
type hardware struct {
	uefi, secureBoot, tpm bool
	// buses that disks can be attached to, the usual one first.
	buses []string
	// cpuModes and cpuModels that run on the host.
	cpuModes, cpuModels []string
	// maxCPUs of one guest; 0 when that is not known.
	maxCPUs int32
}

// probeHardware asks a host what its guests can have. One that does not say has nothing but the usual; it may still have VMs
// to look after.
func (h *host) probeHardware(ctx context.Context, g guestSupport) (hardware, error) {
	caps, err := call(ctx, h, "ConnectGetDomainCapabilities", workLane, func(conn *libvirt.Connect) (libvirtxml.DomainCaps, error) {
		var caps libvirtxml.DomainCaps
		raw, err := conn.GetDomainCapabilities("", g.arch, g.machine, g.domainType, 0)
		if err != nil {
			return caps, err
		}
		err = caps.Unmarshal(raw)
		return caps, err
	})
	switch {
	case err == nil:
		return hardwareOf(caps), nil
	case clients.ClassOf(err) == clients.Unreachable:
		return hardware{}, err
	default:
		h.log.V(1).Info("Cannot tell what guests can have", "reason", err.Error())
		return hardware{buses: []string{busVirtio, busSCSI, busSATA}}, nil
	}
}

// hardwareOf reads from a host's capabilities what its guests can have.
//
// https://libvirt.org/formatdomaincaps.html
func hardwareOf(caps libvirtxml.DomainCaps) hardware {
	var out hardware
	if caps.VCPU != nil {
		out.maxCPUs = int32(caps.VCPU.Max) //nolint:gosec // Some hundreds.
	}
	if caps.OS != nil {
		out.uefi = slices.Contains(enum(caps.OS.Enums, "firmware"), "efi")
		out.secureBoot = out.uefi && caps.OS.Loader != nil && slices.Contains(enum(caps.OS.Loader.Enums, "secure"), "yes")
	}
	if d := caps.Devices; d != nil {
		if d.TPM != nil && d.TPM.Supported == "yes" {
			// NOTE: libvirt names the emulator where QEMU could talk to one; only its version says that swtpm is there.
			out.tpm = slices.Contains(enum(d.TPM.Enums, "backendModel"), "emulator") && slices.Contains(enum(d.TPM.Enums, "backendVersion"), "2.0")
		}
		if d.Disk != nil {
			has := enum(d.Disk.Enums, "bus")
			out.buses = slices.DeleteFunc([]string{busVirtio, busSCSI, busSATA}, func(bus string) bool { return !slices.Contains(has, bus) })
		}
	}
	if caps.CPU == nil {
		return out
	}
	for _, mode := range caps.CPU.Modes {
		if mode.Supported != "yes" {
			continue
		}
		out.cpuModes = append(out.cpuModes, mode.Name)
		for _, m := range mode.Models {
			if mode.Name == "custom" && m.Usable != "no" {
				out.cpuModels = append(out.cpuModels, m.Name)
			}
		}
	}
	return out
}

// enum returns the values of a capability.
func enum(all []libvirtxml.DomainCapsEnum, name string) []string {
	for _, e := range all {
		if e.Name == name {
			return e.Values
		}
	}
	return nil
}

// checkGuest returns an error when the host's guests cannot be what is asked.
func (h *host) checkGuest(g guestSupport, spec clients.VMSpec) error {
	unsupported := func(format string, args ...any) error {
		return errorf(clients.Unsupported, "", "host %q "+format, append([]any{h.Name}, args...)...)
	}
	hw, machine := g.hardware, spec.Libvirt.Machine
	switch {
	case spec.GuestData.Prep != clients.PrepCloudInit:
		return errorf(clients.Unsupported, "", "customization %s needs VMware Tools: guests of libvirt hosts are customized by cloud-init", spec.GuestData.Prep)
	case spec.Image.Library != "":
		return errorf(clients.Unsupported, "Image", "libvirt hosts have no content libraries")
	case spec.GuestData.UserData != "" && !g.upload:
		return unsupported("cannot be given the guest's user data")
	case !slices.Contains(g.types, g.domainType):
		return unsupported("cannot run guests of domain type %q, but of %q", g.domainType, g.types)
	case machine != "" && !slices.Contains(g.machines, machine):
		return unsupported("has no machine type %q", machine)
	case spec.Firmware == clients.UEFI && !hw.uefi:
		return unsupported("has no UEFI firmware")
	case spec.SecureBoot && (!hw.secureBoot || machine != "" && !strings.Contains(machine, machineQ35)):
		return unsupported("has no UEFI firmware with secure boot for machine type %q", machine)
	case spec.TPM && !hw.tpm:
		return unsupported("has no emulated TPM: swtpm is not installed")
	case !hw.hasCPU(spec.Libvirt.CPUModel):
		return unsupported("cannot run guests with CPU model %q", spec.Libvirt.CPUModel)
	case hw.maxCPUs > 0 && maxCPUs(spec) > hw.maxCPUs:
		return unsupported("has guests of at most %d CPUs, and not of %d", hw.maxCPUs, maxCPUs(spec))
	}
	for _, d := range spec.Disks {
		if d.Controller != "" && !slices.Contains(hw.buses, d.Controller) {
			return unsupported("has no disks on %q", d.Controller)
		}
		if d.Format != "" && !slices.Contains(diskFormats(), d.Format) {
			return unsupported("has no disks of format %q", d.Format)
		}
	}
	for _, n := range spec.Networks {
		if n.Model != "" && !slices.Contains(networkModels(), n.Model) {
			return unsupported("has no network interfaces of model %q", n.Model)
		}
	}
	return nil
}

// hasCPU says whether guests can have a CPU model.
func (hw hardware) hasCPU(model string) bool {
	switch model {
	case "":
		return true
	case cpuHostModel, cpuHostPassthrough, cpuMaximum:
		return slices.Contains(hw.cpuModes, model)
	default:
		return slices.Contains(hw.cpuModels, model)
	}
}

const (
	// headroom is how many times its size a VM can grow to while it runs, when it does not say.
	headroom = 2
	// usualCPUs bounds the headroom that nobody asked for: more CPUs need another kind of interrupt controller.
	usualCPUs = 255
)

// maxCPUs returns how many CPUs the VM can have without being switched off.
func maxCPUs(spec clients.VMSpec) int32 {
	h := spec.HotAdd
	switch {
	case h == nil || !h.CPU:
		return spec.CPU
	case h.MaxCPU == 0:
		return max(min(headroom*spec.CPU, usualCPUs), spec.CPU)
	default:
		return max(h.MaxCPU, spec.CPU)
	}
}

// maxMemoryMiB returns how much memory the VM can have without being switched off.
func maxMemoryMiB(spec clients.VMSpec) int64 {
	h := spec.HotAdd
	switch {
	case h == nil || !h.Memory:
		return spec.MemoryMiB
	case h.MaxMemoryMiB == 0:
		return headroom * spec.MemoryMiB
	default:
		return max(h.MaxMemoryMiB, spec.MemoryMiB)
	}
}

// boundHeadroom returns the headroom that the VM gets on a host: what nobody asked for is no more than the host has.
func (hw hardware) boundHeadroom(spec clients.VMSpec) *clients.HotAdd {
	if spec.HotAdd == nil || spec.HotAdd.MaxCPU != 0 || hw.maxCPUs == 0 {
		return spec.HotAdd
	}
	out := *spec.HotAdd
	out.MaxCPU = min(maxCPUs(spec), hw.maxCPUs)
	return &out
}
