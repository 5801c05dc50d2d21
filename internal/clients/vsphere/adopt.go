// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// FindVM implements clients.Hypervisor. A name that starts with a slash is an inventory path, either all of it or that below
// the VM folder of a datacenter.
func (c *Client) FindVM(_ context.Context, name string) (string, error) {
	if _, err := c.ready(); err != nil {
		return "", err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	var uuid string
	var paths []string
	for _, ref := range c.cache.all("VirtualMachine") {
		r, path := c.cache.vms[ref], c.cache.path(ref)
		if r == nil || r.template || r.uuid == "" || !c.cache.isNamed(r, path, name) {
			continue
		}
		uuid = r.uuid
		paths = append(paths, path)
	}
	switch len(paths) {
	case 0:
		return "", notFound("VM", "there is no VM %q", name)
	case 1:
		return uuid, nil
	}
	return "", clients.NewError(clients.Conflict, "VM", fmt.Errorf("the name %q is not unique, name one of: %s", name, strings.Join(paths, ", ")))
}

// isNamed says whether a VM is meant by a name.
func (c *cache) isNamed(r *record, path, name string) bool {
	if !strings.HasPrefix(name, "/") {
		return r.name == name
	}
	return path == name || strings.TrimSuffix(c.folder(r.parent), "/")+"/"+r.name == name
}

// AdoptVM implements clients.Hypervisor. It takes one call, and one more to follow the task.
func (c *Client) AdoptVM(ctx context.Context, spec clients.VMSpec) error {
	s, err := c.ready()
	if err != nil {
		return err
	}
	c.mu.RLock()
	r, err := c.cache.one(spec.Identity)
	running := c.work.running(spec.UUID)
	c.mu.RUnlock()
	switch {
	case err != nil:
		return err
	case r == nil:
		return notFound("VM", "there is no VM of UUID %s", spec.UUID)
	case r.unreachable:
		return c.outOfReach(r)
	case r.template:
		return clients.NewError(clients.Invalid, "VM", fmt.Errorf("cannot adopt %q: it is a template", r.name))
	case r.owner == spec.Owner:
		return nil
	case r.owner != "":
		return c.foreign(r)
	case running != nil || r.beingMade:
		return clients.NewError(clients.Busy, "VM", fmt.Errorf("the vCenter is at work on VM %q", r.name))
	}
	return c.reconfigure(ctx, s, r, toAdopt, &types.VirtualMachineConfigSpec{ExtraConfig: []types.BaseOptionValue{
		&types.OptionValue{Key: KeyOwner, Value: spec.Owner},
		&types.OptionValue{Key: KeyNamespace, Value: spec.Namespace},
		&types.OptionValue{Key: keyDisks, Value: adoptedDisks(r.disks, spec.Disks).String()},
		&types.OptionValue{Key: keyNetworks, Value: adoptedNICs(r.nics, spec.Networks).String()},
	}})
}

// adoptedDisks names disks: the first is the root disk, each of the others is the first of the spec's that has its size.
func adoptedDisks(disks []disk, wanted []clients.Disk) diskNames {
	names := diskNames{}
	taken := map[string]bool{clients.RootDisk: true}
	for i, d := range disks {
		switch {
		case !d.attached:
		case i == 0:
			names[d.slot] = clients.RootDisk
		default:
			for _, w := range wanted {
				if !taken[w.Name] && w.SizeGiB*gib == d.bytes {
					names[d.slot], taken[w.Name] = w.Name, true
					break
				}
			}
		}
	}
	return names
}

// adoptedNICs names interfaces: that of a MAC address by it, others in order.
func adoptedNICs(nics []nic, wanted []clients.Network) nicNames {
	taken := map[string]bool{}
	for _, w := range wanted {
		taken[strings.ToLower(w.MACAddress)] = w.MACAddress != ""
	}
	var names nicNames
	next := 0
	for _, w := range wanted {
		mac := strings.ToLower(w.MACAddress)
		for ; mac == "" && next < len(nics); next++ {
			if !taken[nics[next].mac] {
				mac = nics[next].mac
			}
		}
		if mac != "" {
			names = append(names, nicName{w.Name, mac})
		}
	}
	return names
}
