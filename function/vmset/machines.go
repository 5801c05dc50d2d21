// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"cmp"
	"slices"
	"strconv"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
	"github.com/crossplane-contrib/provider-virtrigaud/function/rollout"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// A machine is a VM of the set that exists.
type machine struct {
	rollout.VM

	// resource is the composition resource name, empty when Crossplane does not count the VM as part of the claim any more.
	resource string
	object   object.Object
}

// observedMachines are the VMs that Crossplane counts as part of the claim, by name. Other resources, which other functions may
// have composed, are not among them.
func observedMachines(observed *fnv1.State) []machine {
	var out []machine
	for resource, r := range observed.GetResources() {
		o := object.Of(r.GetResource())
		slot, revision, ok := parseResourceName(resource)
		if !ok || !isMachine(o) {
			continue
		}
		out = append(out, machine{VM: virtualMachine(o, slot, revision), resource: resource, object: o})
	}
	sortMachines(out)
	return out
}

// merge the observed VMs with those of the set that are known by their labels only.
func merge(s set, observed []machine, labelled []object.Object) []machine {
	terminating := map[string]bool{}
	out := slices.Clone(observed)
	seen := make(map[string]bool, len(observed))
	for _, m := range observed {
		seen[m.Name] = true
	}
	for _, o := range labelled {
		if !isMachine(o) || o.ControllerUID() != s.uid || o.Namespace() != s.namespace {
			continue
		}
		if seen[o.Name()] {
			terminating[o.Name()] = o.Terminating()
			continue
		}
		slot, err := strconv.Atoi(o.Label(v1beta1.LabelSlot))
		if err != nil {
			slot = -1 // It holds resources all the same.
		}
		vm := virtualMachine(o, slot, o.Label(v1beta1.LabelRevision))
		vm.Terminating = true
		out = append(out, machine{VM: vm, object: o})
	}
	for i := range out {
		out[i].Terminating = out[i].Terminating || terminating[out[i].Name]
	}
	sortMachines(out)
	return out
}

func sortMachines(machines []machine) {
	slices.SortFunc(machines, func(a, b machine) int {
		return cmp.Or(cmp.Compare(a.Slot, b.Slot), cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Name, b.Name))
	})
}

func isMachine(o object.Object) bool {
	return o.Kind() == v1beta1.VirtualMachineKind && o.APIVersion() == v1beta1.GroupVersion().String()
}

func virtualMachine(o object.Object, slot int, revision string) rollout.VM {
	return rollout.VM{
		Name:         o.Name(),
		Slot:         slot,
		Revision:     revision,
		Availability: availability(o),
		Terminating:  o.Terminating(),
		Created:      o.Created(),
	}
}

// availability of a VM: that of its Ready condition. A VM that has none was not looked at yet, and so is not available.
func availability(o object.Object) rollout.Availability {
	switch o.Condition("Ready").Status {
	case "True":
		return rollout.Available
	case "Unknown":
		return rollout.Unknown
	default:
		return rollout.Unavailable
	}
}

// place of a VM: where it is seen, else where it was told to be.
func (m machine) place() placement.Place {
	field := func(name string) string {
		return cmp.Or(m.object.Text("status", "atProvider", name), m.object.Text("spec", "forProvider", "placement", name))
	}
	return placement.Place{
		Cluster:   field("cluster"),
		Host:      field("host"),
		Datastore: field("datastore"),
		Folder:    field("folder"),
	}
}

// seen says whether the hypervisor has reported the VM, and so counts it in its inventory.
func (m machine) seen() bool {
	return m.object.Text("status", "atProvider", "host") != ""
}
