// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// moved returns where a VM is although it was asked to be elsewhere. The host is left out: to move a VM between the hosts of a
// cluster is the hypervisor's own affair.
func moved(want, have clients.Placement) []reconfigure.Item {
	if want.DatastoreCluster != "" {
		want.Datastore = ""
	}
	var items []reconfigure.Item
	for _, p := range []struct{ field, want, have string }{
		{"cluster", want.Cluster, have.Cluster},
		{"datastore", want.Datastore, have.Datastore},
		{"folder", want.Folder, have.Folder},
	} {
		if p.want != "" && p.have != "" && p.want != p.have {
			items = append(items, reconfigure.Item{Field: p.field, From: p.want, To: p.have, Why: "the VM was moved"})
		}
	}
	return items
}

// misplacedPower returns that the VM is not in the power state that is asked for.
func misplacedPower(vm *v1beta1.VirtualMachine, o clients.VM) []reconfigure.Item {
	want := v1beta1.PowerState(desiredPower(vm))
	if want == v1beta1.PowerState(v1beta1.PowerOffGraceful) {
		want = v1beta1.PoweredOff
	}
	have := v1beta1.PowerState(o.PowerState)
	if have == "" || have == want {
		return nil
	}
	return []reconfigure.Item{{Field: "powerState", From: string(have), To: string(want)}}
}
