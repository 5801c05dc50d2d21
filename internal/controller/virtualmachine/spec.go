// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"
	"net/netip"
	"strings"

	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// spec gathers what the VM is made from and kept to. An error of class NotFound names a missing class, Secret or key of it.
func (e *external) spec(ctx context.Context, vm *v1beta1.VirtualMachine) (clients.VMSpec, error) {
	id, err := identityOf(vm)
	if err != nil {
		return clients.VMSpec{}, err
	}
	class, err := e.class(ctx, vm)
	if err != nil {
		return clients.VMSpec{}, err
	}
	data, err := e.guestData(ctx, vm)
	if err != nil {
		return clients.VMSpec{}, err
	}
	return buildSpec(id, vm.Spec.ForProvider, class, data), nil
}

// supportedSpec is spec, with an error of class Unsupported when the endpoint cannot do what it needs.
func (e *external) supportedSpec(ctx context.Context, vm *v1beta1.VirtualMachine) (clients.VMSpec, error) {
	s, err := e.spec(ctx, vm)
	if err != nil {
		return s, err
	}
	caps, err := e.hypervisor.Capabilities(ctx)
	if err != nil {
		return s, fmt.Errorf("cannot get capabilities: %w", err)
	}
	return s, supported(s, caps)
}

// class returns the size and hardware that the VM's class gives it; none when it names no class.
func (e *external) class(ctx context.Context, vm *v1beta1.VirtualMachine) (v1beta1.VMClassSpec, error) {
	ref := vm.Spec.ForProvider.ClassRef
	if ref == nil {
		return v1beta1.VMClassSpec{}, nil
	}
	key := types.NamespacedName{Namespace: vm.GetNamespace(), Name: ref.Name}
	c := &v1beta1.VMClass{}
	if err := e.kube.Get(ctx, key, c); err != nil {
		return v1beta1.VMClassSpec{}, missing(err, "Class", "VMClass "+key.String())
	}
	return c.Spec, nil
}

// buildSpec returns what a VM is made from. What the VM says of its size and hardware wins over its class.
func buildSpec(id clients.Identity, p v1beta1.VirtualMachineParameters, class v1beta1.VMClassSpec, data clients.GuestData) clients.VMSpec {
	s := clients.VMSpec{
		Identity:   id,
		Image:      imageOf(p.ImageRef),
		Linked:     p.Linked,
		CPU:        class.CPU,
		MemoryMiB:  class.MemoryMiB,
		GuestData:  data,
		Placement:  placementOf(p.Placement),
		Attributes: p.CustomAttributes,
	}
	if r := p.Resources; r != nil {
		s.CPU = valueOr(r.CPU, s.CPU)
		s.MemoryMiB = valueOr(r.MemoryMiB, s.MemoryMiB)
	}
	equip(&s, class.VMHardware)
	if p.Hardware != nil {
		equip(&s, *p.Hardware)
	}
	for _, n := range p.Networks {
		s.Networks = append(s.Networks, networkOf(n))
	}
	for _, d := range p.Disks {
		s.Disks = append(s.Disks, diskOf(d))
	}
	for _, t := range p.Tags {
		s.Tags = append(s.Tags, clients.Tag{Category: t.Category, Name: t.Name})
	}
	return s
}

// equip gives a VM the blocks of hardware that are set.
func equip(s *clients.VMSpec, h v1beta1.VMHardware) {
	if f := h.Firmware; f != nil {
		s.Firmware, s.SecureBoot, s.TPM = clients.Firmware(f.Type), f.SecureBoot, f.TPM
	}
	if a := h.HotAdd; a != nil {
		s.HotAdd = &clients.HotAdd{CPU: a.CPU, Memory: a.Memory, MaxCPU: valueOr(a.MaxCPU, 0), MaxMemoryMiB: valueOr(a.MaxMemoryMiB, 0)}
	}
	if l := h.Libvirt; l != nil {
		s.Libvirt = clients.LibvirtHardware{Machine: l.Machine, CPUModel: l.CPUModel, VNC: l.VNC, Autostart: l.Autostart}
	}
}

func networkOf(n v1beta1.VMNetwork) clients.Network {
	return clients.Network{
		Name: n.Name, Network: n.Network, Bridge: n.Bridge, Model: string(n.Model), MACAddress: valueOr(n.MACAddress, ""),
		Address: withPrefix(valueOr(n.IPAddress, "")), Gateway: valueOr(n.Gateway, ""), DNS: n.DNS,
	}
}

// withPrefix gives an address without a prefix length that of a usual network.
func withPrefix(address string) string {
	if address == "" || strings.Contains(address, "/") {
		return address
	}
	if a, err := netip.ParseAddr(address); err == nil && a.Is6() {
		return address + "/64"
	}
	return address + "/24"
}

func diskOf(d v1beta1.VMDisk) clients.Disk {
	return clients.Disk{
		Name: d.Name, SizeGiB: d.SizeGiB, Thick: d.Type == v1beta1.DiskThick, Datastore: valueOr(d.Datastore, ""),
		Controller: string(valueOr(d.Controller, "")), Format: string(valueOr(d.Format, "")),
		OfflineOnly: d.ExpandPolicy == v1beta1.ExpandOffline,
	}
}

// retained returns the names of the VM's disks whose files survive it.
func retained(vm *v1beta1.VirtualMachine) []string {
	var names []string
	for _, d := range vm.Spec.ForProvider.Disks {
		if d.Retain {
			names = append(names, d.Name)
		}
	}
	return names
}

func imageOf(r *v1beta1.ImageReference) clients.Image {
	switch {
	case r == nil:
		return clients.Image{}
	case r.ContentLibrary != nil:
		return clients.Image{Library: r.ContentLibrary.Library, Item: r.ContentLibrary.Item}
	default:
		return clients.Image{Name: r.Name}
	}
}

func placementOf(p *v1beta1.VMPlacement) clients.Placement {
	if p == nil {
		return clients.Placement{}
	}
	return clients.Placement{
		Datacenter:       valueOr(p.Datacenter, ""),
		Cluster:          valueOr(p.Cluster, ""),
		Host:             valueOr(p.Host, ""),
		Datastore:        valueOr(p.Datastore, ""),
		DatastoreCluster: valueOr(p.DatastoreCluster, ""),
		Folder:           valueOr(p.Folder, ""),
		ResourcePool:     valueOr(p.ResourcePool, ""),
	}
}

// missing classifies an error of reading a Kubernetes object: what is not there gets a sentence that names it.
func missing(err error, subject, name string) error {
	if kerrors.IsNotFound(err) {
		return clients.NewError(clients.NotFound, subject, fmt.Errorf("%s does not exist", name))
	}
	return fmt.Errorf("cannot get %s: %w", name, err)
}

func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
