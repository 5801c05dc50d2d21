// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"cmp"
	"context"
	"fmt"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// makeRoot makes the VM's first disk: a copy of the image, or an overlay of it, grown to its size.
func (h *host) makeRoot(ctx context.Context, b *blueprint) error {
	x := describedVolume(rootVolume(b.UUID), formatQCOW2, b.rootBytes)
	if b.Linked {
		x.BackingStore = &libvirtxml.StorageVolumeBackingStore{
			Path: b.image.path, Format: &libvirtxml.StorageVolumeTargetFormat{Type: b.image.format},
		}
		return h.makeVolume(ctx, b.pool.name, x, 0)
	}
	select {
	case h.copies <- struct{}{}:
		defer func() { <-h.copies }()
	case <-ctx.Done():
		return ctx.Err()
	}
	raw, err := x.Marshal()
	if err != nil {
		return err
	}
	err = work(ctx, h, "StorageVolCreateXMLFrom", func(conn *libvirt.Connect) error {
		return withVolume(conn, b.image.pool, b.image.name, func(_ *libvirt.StoragePool, image *libvirt.StorageVol) error {
			return unlessThere(conn, b.pool.name, x.Name, func(p *libvirt.StoragePool) (*libvirt.StorageVol, error) {
				return p.StorageVolCreateXMLFrom(raw, image, 0)
			})
		})
	})
	if err != nil {
		return fmt.Errorf("cannot copy image %q: %w", b.Image, err)
	}
	if b.rootBytes == b.image.capacity {
		return nil
	}
	return h.grow(ctx, b.pool.name, x.Name, b.rootBytes)
}

// grow makes a volume that no running VM uses at least as large as is asked. A copy has the size of what it is a copy of,
// whatever was asked.
func (h *host) grow(ctx context.Context, poolName, name string, bytes uint64) error {
	err := work(ctx, h, "StorageVolResize", func(conn *libvirt.Connect) error {
		return withVolume(conn, poolName, name, func(_ *libvirt.StoragePool, v *libvirt.StorageVol) error {
			info, err := v.GetInfo()
			if err != nil || info.Capacity >= bytes {
				return err
			}
			return v.Resize(bytes, 0)
		})
	})
	if err != nil {
		return fmt.Errorf("cannot grow volume %q: %w", name, err)
	}
	return nil
}

// makeData makes one of a VM's data disks.
func (h *host) makeData(ctx context.Context, poolName, uuid string, d clients.Disk) error {
	x := describedVolume(dataVolume(uuid, d), cmp.Or(d.Format, formatQCOW2), uint64(d.SizeGiB)*gib) //nolint:gosec // Positive by contract.
	x.Allocation = &libvirtxml.StorageVolumeSize{}
	var flags libvirt.StorageVolCreateFlags
	if d.Thick {
		x.Allocation = x.Capacity // has the whole size taken at once
		if x.Target.Format.Type == formatQCOW2 && h.guests().full() {
			flags = libvirt.STORAGE_VOL_CREATE_PREALLOC_METADATA // without which the allocation is not looked at
		}
	}
	return h.makeVolume(ctx, poolName, x, flags)
}

// makeSeed makes the disk with the guest's data.
func (h *host) makeSeed(ctx context.Context, b *blueprint) error {
	image, err := seedImage(b.UUID, b.Name, b.GuestData, b.networks)
	if err != nil {
		return fmt.Errorf("cannot make the guest's data: %w", err)
	}
	x := describedVolume(seedVolume(b.UUID), formatRaw, uint64(len(image)))
	if err := h.makeVolume(ctx, b.pool.name, x, 0); err != nil {
		return err
	}
	err = work(ctx, h, "StorageVolUpload", func(conn *libvirt.Connect) error {
		return withVolume(conn, b.pool.name, x.Name, func(_ *libvirt.StoragePool, v *libvirt.StorageVol) error {
			return upload(conn, v, image)
		})
	})
	if err != nil {
		return fmt.Errorf("cannot upload the guest's data: %w", err)
	}
	return nil
}

func describedVolume(name, format string, bytes uint64) *libvirtxml.StorageVolume {
	return &libvirtxml.StorageVolume{
		Name:     name,
		Capacity: &libvirtxml.StorageVolumeSize{Value: bytes},
		Target:   &libvirtxml.StorageVolumeTarget{Format: &libvirtxml.StorageVolumeTargetFormat{Type: format}},
	}
}

// makeVolume makes a volume.
func (h *host) makeVolume(ctx context.Context, poolName string, x *libvirtxml.StorageVolume, flags libvirt.StorageVolCreateFlags) error {
	raw, err := x.Marshal()
	if err != nil {
		return err
	}
	err = work(ctx, h, "StorageVolCreateXML", func(conn *libvirt.Connect) error {
		return unlessThere(conn, poolName, x.Name, func(p *libvirt.StoragePool) (*libvirt.StorageVol, error) {
			return p.StorageVolCreateXML(raw, flags)
		})
	})
	if err != nil {
		return fmt.Errorf("cannot make volume %q: %w", x.Name, err)
	}
	return nil
}

// unlessThere makes a volume. One that is there already is kept: what an incomplete VM had was removed, so that it is of a VM
// of ours whose domain somebody undefined, with all that its guest has written.
func unlessThere(conn *libvirt.Connect, poolName, name string, create func(*libvirt.StoragePool) (*libvirt.StorageVol, error)) error {
	return inPool(conn, poolName, func(p *libvirt.StoragePool) error {
		v, err := p.LookupStorageVolByName(name)
		if hasCode(err, libvirt.ERR_NO_STORAGE_VOL) {
			v, err = create(p)
		}
		if err != nil {
			return err
		}
		return v.Free()
	})
}

func inPool(conn *libvirt.Connect, name string, fn func(*libvirt.StoragePool) error) error {
	p, err := conn.LookupStoragePoolByName(name)
	if err != nil {
		return err
	}
	defer func() { _ = p.Free() }()
	return fn(p)
}
