// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"fmt"
	"slices"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	archX86    = "x86_64"
	machineQ35 = "q35"
)

// guestSupport is what kind of guests a host runs.
type guestSupport struct {
	// domainType is libvirt's: "kvm", "qemu", or that of a driver for tests.
	domainType string
	arch       string
	// types that the host has, of which domainType may not be one when it was asked for.
	types []string
	// machine is empty for libvirt's default.
	machine string
	// machines are all that there are, with their short names.
	machines []string
	// upload says that volumes can be filled from here.
	upload bool
	// hardware is what guests can have, as far as the host says.
	hardware hardware
}

// full says that guests are machines with firmware, and not those of a driver for tests.
func (g guestSupport) full() bool {
	return g.domainType == string(DomainTypeKVM) || g.domainType == string(DomainTypeQEMU)
}

// cpu is what the guest's processors are like, by the name that a VM asks for.
func (g guestSupport) cpu(model string) *libvirtxml.DomainCPU {
	if model == "" && g.domainType == string(DomainTypeKVM) {
		model = cpuHostModel
	}
	switch model {
	case "":
		return nil // libvirt's default is right for emulation
	case cpuHostModel, cpuMaximum:
		return &libvirtxml.DomainCPU{Mode: model}
	case cpuHostPassthrough:
		return &libvirtxml.DomainCPU{Mode: model, Migratable: "on"}
	default:
		return &libvirtxml.DomainCPU{Mode: "custom", Match: "exact", Model: &libvirtxml.DomainCPUModel{Value: model, Fallback: "forbid"}}
	}
}

// guests returns what kind of guests the host runs.
func (h *host) guests() guestSupport {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.cache.guests
}

// probeGuests finds out what kind of guests the host runs.
func (h *host) probeGuests(ctx context.Context) (guestSupport, error) {
	type answer struct {
		driver string
		caps   libvirtxml.Caps
	}
	// libvirt may have to ask QEMU first, which takes seconds.
	a, err := call(ctx, h, "ConnectGetCapabilities", workLane, func(conn *libvirt.Connect) (answer, error) {
		var a answer
		var err error
		if a.driver, err = conn.GetType(); err != nil {
			return a, err
		}
		raw, err := conn.GetCapabilities()
		if err != nil {
			return a, err
		}
		err = a.caps.Unmarshal(raw)
		return a, err
	})
	if err != nil {
		return guestSupport{}, err
	}
	g, types, err := guestsOf(a.caps)
	if err != nil {
		return guestSupport{}, fmt.Errorf("host %q: %w", h.Name, err)
	}
	g.upload, g.types = a.driver == "QEMU", types
	g.domainType = h.chooseDomainType(ctx, g, types)
	g.hardware, err = h.probeHardware(ctx, g)
	return g, err
}

// guestsOf reads from a host's capabilities what full virtualisation of its own architecture it has, and by what types.
func guestsOf(caps libvirtxml.Caps) (guestSupport, []string, error) {
	arch := archX86
	if caps.Host.CPU != nil && caps.Host.CPU.Arch != "" {
		arch = caps.Host.CPU.Arch
	}
	var found *libvirtxml.CapsGuest
	for i := range caps.Guests {
		g := &caps.Guests[i]
		if g.OSType != "hvm" {
			continue
		}
		// The test driver's guests are of another architecture than its host.
		if found == nil || g.Arch.Name == arch {
			found = g
		}
	}
	if found == nil {
		return guestSupport{}, nil, clients.NewError(clients.Unsupported, "Host", fmt.Errorf("no kind of guest can be run"))
	}
	types := make([]string, 0, len(found.Arch.Domains))
	for _, d := range found.Arch.Domains {
		types = append(types, d.Type)
	}
	if len(types) == 0 {
		return guestSupport{}, nil, clients.NewError(clients.Unsupported, "Host", fmt.Errorf("no kind of %s guest can be run", found.Arch.Name))
	}
	g := guestSupport{arch: found.Arch.Name}
	q35 := func(m libvirtxml.CapsGuestMachine) bool { return m.Name == machineQ35 }
	if g.arch == archX86 && slices.ContainsFunc(found.Arch.Machines, q35) {
		g.machine = machineQ35
	}
	for _, m := range found.Arch.Machines {
		g.machines = append(g.machines, m.Name)
	}
	return g, types, nil
}

// chooseDomainType returns the type of new VMs. That a host has /dev/kvm and says so in its capabilities is not enough: in
// containers and nested guests it may be there and not work. So one guest is started to see, and removed.
func (h *host) chooseDomainType(ctx context.Context, g guestSupport, types []string) string {
	kvm, qemu := string(DomainTypeKVM), string(DomainTypeQEMU)
	switch {
	case h.domainType == DomainTypeKVM, h.domainType == DomainTypeQEMU:
		if slices.Contains([]string{kvm, qemu}, types[0]) {
			return string(h.domainType)
		}
		return types[0]
	case !slices.Contains(types, kvm):
		return types[0]
	}
	g.domainType = kvm
	if err := h.tryGuest(ctx, g); err != nil {
		h.log.Info("KVM is offered but does not work, guests are emulated", "reason", err.Error())
		return qemu
	}
	return kvm
}

// tryGuest starts a guest of nothing but a processor, which ends before it runs.
func (h *host) tryGuest(ctx context.Context, g guestSupport) error {
	x := &libvirtxml.Domain{
		Type:   g.domainType,
		Name:   "virtrigaud-probe-" + h.Name,
		Memory: &libvirtxml.DomainMemory{Value: 32, Unit: "MiB"},
		VCPU:   &libvirtxml.DomainVCPU{Value: 1},
		OS:     &libvirtxml.DomainOS{Type: &libvirtxml.DomainOSType{Arch: g.arch, Machine: g.machine, Type: "hvm"}},
		CPU:    g.cpu(""),
	}
	raw, err := x.Marshal()
	if err != nil {
		return err
	}
	return work(ctx, h, "DomainCreateXML", func(conn *libvirt.Connect) error {
		d, err := conn.DomainCreateXML(raw, libvirt.DOMAIN_START_PAUSED|libvirt.DOMAIN_START_AUTODESTROY)
		if err != nil {
			return err
		}
		defer func() { _ = d.Free() }()
		return d.Destroy()
	})
}
