// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"maps"
	"slices"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// refreshNetworks lists the host's networks.
func (h *host) refreshNetworks(ctx context.Context) error {
	networks, err := ask(ctx, h, "ConnectListAllNetworks", func(conn *libvirt.Connect) (map[string]bool, error) {
		handles, err := conn.ListAllNetworks(0)
		if hasCode(err, libvirt.ERR_NO_SUPPORT) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		out := make(map[string]bool, len(handles))
		for i := range handles {
			if name, err := handles[i].GetName(); err == nil {
				out[name] = true
			}
			_ = handles[i].Free()
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cache.networks = networks
	return nil
}

// refreshPools lists the host's pools and their volumes. A volume is described when it is new, or when everything is asked
// for.
func (h *host) refreshPools(ctx context.Context, everything bool) error {
	h.refreshingPools.Lock()
	defer h.refreshingPools.Unlock()
	known := map[string]pool{}
	if !everything {
		h.mu.RLock()
		maps.Copy(known, h.cache.pools)
		h.mu.RUnlock()
	}
	pools, err := call(ctx, h, "ConnectListAllStoragePools", workLane, func(conn *libvirt.Connect) (map[string]pool, error) {
		handles, err := conn.ListAllStoragePools(0)
		if hasCode(err, libvirt.ERR_NO_SUPPORT) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		out := make(map[string]pool, len(handles))
		for i := range handles {
			// One that cannot be described, because it just went away, is not there.
			if p, err := describePool(&handles[i], known); err == nil {
				out[p.name] = p
			}
			_ = handles[i].Free()
		}
		return out, nil
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.cache.pools = pools
	h.mu.Unlock()
	return nil
}

func describePool(handle *libvirt.StoragePool, known map[string]pool) (pool, error) {
	info, err := handle.GetInfo()
	if err != nil {
		return pool{}, err
	}
	raw, err := handle.GetXMLDesc(0)
	if err != nil {
		return pool{}, err
	}
	x := &libvirtxml.StoragePool{}
	if err := x.Unmarshal(raw); err != nil {
		return pool{}, err
	}
	p := pool{
		name:      x.Name,
		active:    info.State == libvirt.STORAGE_POOL_RUNNING || info.State == libvirt.STORAGE_POOL_DEGRADED,
		capacity:  info.Capacity,
		available: info.Available,
	}
	if x.Target != nil {
		p.dir = x.Target.Path
	}
	if p.active {
		p.volumes, err = describeVolumes(handle, known[p.name].volumes)
	}
	return p, err
}

// describeVolumes returns a pool's volumes by name. Those that are known are not described again.
func describeVolumes(handle *libvirt.StoragePool, known map[string]volume) (map[string]volume, error) {
	handles, err := handle.ListAllStorageVolumes(0)
	if err != nil {
		return nil, err
	}
	out := make(map[string]volume, len(handles))
	for i := range handles {
		name, err := handles[i].GetName()
		if v, ok := known[name]; ok && err == nil {
			out[name] = v
		} else if v, err := describeVolume(&handles[i]); err == nil {
			out[v.name] = v
		}
		_ = handles[i].Free()
	}
	return out, nil
}

func describeVolume(handle *libvirt.StorageVol) (volume, error) {
	raw, err := handle.GetXMLDesc(0)
	if err != nil {
		return volume{}, err
	}
	x := &libvirtxml.StorageVolume{}
	if err := x.Unmarshal(raw); err != nil {
		return volume{}, err
	}
	v := volume{name: x.Name}
	if x.Target != nil {
		v.path = x.Target.Path
		if x.Target.Format != nil {
			v.format = x.Target.Format.Type
		}
	}
	if x.BackingStore != nil {
		v.backing = x.BackingStore.Path
	}
	if x.Capacity != nil {
		v.capacity = x.Capacity.Value // libvirt always answers in bytes
	}
	if x.Allocation != nil {
		v.allocation = x.Allocation.Value
	}
	return v, nil
}

// refreshVolume describes one volume again. One that is gone is forgotten.
func (h *host) refreshVolume(ctx context.Context, poolName, name string) error {
	h.refreshingPools.Lock()
	defer h.refreshingPools.Unlock()
	v, err := ask(ctx, h, "StorageVolGetXMLDesc", func(conn *libvirt.Connect) (v volume, err error) {
		err = withVolume(conn, poolName, name, func(_ *libvirt.StoragePool, handle *libvirt.StorageVol) error {
			v, err = describeVolume(handle)
			return err
		})
		return v, err
	})
	if err != nil && !hasCode(err, libvirt.ERR_NO_STORAGE_VOL, libvirt.ERR_NO_STORAGE_POOL) {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p, ok := h.cache.pools[poolName]
	if !ok {
		return nil
	}
	p.volumes = maps.Clone(p.volumes)
	if err == nil && p.volumes != nil {
		p.volumes[name] = v
	} else {
		delete(p.volumes, name)
	}
	h.cache.pools[poolName] = p
	return nil
}

// rescan makes the pools look at their disks again: for images that were put there behind libvirt's back, and for the space
// that guests have used.
func (h *host) rescan(ctx context.Context) {
	_ = work(ctx, h, "StoragePoolRefresh", func(conn *libvirt.Connect) error {
		handles, err := conn.ListAllStoragePools(libvirt.CONNECT_LIST_STORAGE_POOLS_ACTIVE)
		for i := range handles {
			_ = handles[i].Refresh(0) // refused while a volume is being made in the pool
			_ = handles[i].Free()
		}
		return err
	})
}

// pools returns the host's pools, sorted by name.
func (h *host) pools() []pool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	out := make([]pool, 0, len(h.cache.pools))
	for _, name := range slices.Sorted(maps.Keys(h.cache.pools)) {
		out = append(out, h.cache.pools[name])
	}
	return out
}

// ownVolumes returns a VM's own volumes on the host by the name of their pool.
func (h *host) ownVolumes(uuid string) map[string][]volume {
	out := map[string][]volume{}
	for _, p := range h.pools() {
		for _, name := range slices.Sorted(maps.Keys(p.volumes)) {
			if isOwnVolume(uuid, name) {
				out[p.name] = append(out[p.name], p.volumes[name])
			}
		}
	}
	return out
}

// withVolume calls fn with a volume of a pool.
func withVolume(conn *libvirt.Connect, poolName, name string, fn func(*libvirt.StoragePool, *libvirt.StorageVol) error) error {
	p, err := conn.LookupStoragePoolByName(poolName)
	if err != nil {
		return err
	}
	defer func() { _ = p.Free() }()
	v, err := p.LookupStorageVolByName(name)
	if err != nil {
		return err
	}
	defer func() { _ = v.Free() }()
	return fn(p, v)
}

// errNotActive says that a pool cannot be used.
func (h *host) errNotActive(name string) error {
	return errorf(clients.NotFound, "Datastore", "storage pool %q of host %q is not active", name, h.Name)
}
