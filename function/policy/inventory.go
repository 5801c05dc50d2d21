// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// Inventory as the placement planner sees it. A host of unknown memory, and a datastore of unknown size, are not limits.
func Inventory(i v1beta1.Inventory) placement.Inventory {
	out := placement.Inventory{
		Hosts:      make([]placement.Host, 0, len(i.Hosts)),
		Datastores: make([]placement.Datastore, 0, len(i.Datastores)),
		Folders:    i.Folders,
	}
	for _, h := range i.Hosts {
		free := placement.Unlimited
		if h.MemoryMiB > 0 {
			free = max(0, h.MemoryMiB-h.AllocatedMemoryMiB)
		}
		out.Hosts = append(out.Hosts, placement.Host{
			Name:          h.Name,
			Cluster:       h.Cluster,
			Zone:          h.Zone,
			FreeMemoryMiB: free,
			Unavailable:   h.Unavailable,
		})
	}
	for _, d := range i.Datastores {
		free := placement.Unlimited
		if d.CapacityGiB > 0 {
			free = max(0, d.FreeGiB)
		}
		out.Datastores = append(out.Datastores, placement.Datastore{
			Name:        d.Name,
			Hosts:       d.Hosts,
			FreeGiB:     free,
			Unavailable: d.Unavailable,
		})
	}
	return out
}
