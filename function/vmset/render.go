// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"
	"maps"
	"strconv"

	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
	"github.com/crossplane-contrib/provider-virtrigaud/function/rollout"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// desire adds a resource to what a response asks for, which keeps what earlier functions ask for.
func desire(rsp *fnv1.RunFunctionResponse, resource string, r *fnv1.Resource) {
	if rsp.GetDesired() == nil {
		rsp.Desired = &fnv1.State{}
	}
	if rsp.GetDesired().GetResources() == nil {
		rsp.Desired.Resources = map[string]*fnv1.Resource{}
	}
	rsp.Desired.Resources[resource] = r
}

// keep a VM that exists.
func keep(rsp *fnv1.RunFunctionResponse, s set, m machine, class object.Object) {
	ready := fnv1.Ready_READY_FALSE
	if m.Availability == rollout.Available && !m.Terminating {
		ready = fnv1.Ready_READY_TRUE
	}
	spec := m.object.Field("spec")
	if m.Revision == s.rollout.Revision {
		place := m.object.Field("spec", "forProvider", "placement")
		size := m.object.Field("spec", "forProvider", "resources")
		spec = structpb.NewStructValue(withSize(machineSpec(s.template, place, m.Slot, m.Revision), size, class.Field("spec")))
	}
	desire(rsp, m.resource, &fnv1.Resource{Resource: machineObject(s, m.Name, m.Slot, m.Revision, spec), Ready: ready})
}

// create a VM.
func create(rsp *fnv1.RunFunctionResponse, s set, c creation, class object.Object) {
	spec := withSize(machineSpec(s.template, placeValue(c.place), c.slot, s.rollout.Revision), class.Field("spec"))
	desire(rsp, resourceName(c.slot, s.rollout.Revision), &fnv1.Resource{
		Resource: machineObject(s, c.name, c.slot, s.rollout.Revision, structpb.NewStructValue(spec)),
		Ready:    fnv1.Ready_READY_FALSE,
	})
}

// machineObject is a VirtualMachine with the fields that a set decides, and no others.
func machineObject(s set, name string, slot int, revision string, spec *structpb.Value) *structpb.Struct {
	labels := maps.Clone(s.labels)
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, s.ownLabels())
	labels[v1beta1.LabelSlot] = strconv.Itoa(slot)
	labels[v1beta1.LabelRevision] = revision

	metadata := map[string]*structpb.Value{
		"name":   structpb.NewStringValue(name),
		"labels": textsValue(labels),
	}
	if len(s.annotations) > 0 {
		metadata["annotations"] = textsValue(s.annotations)
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"apiVersion": structpb.NewStringValue(v1beta1.GroupVersion().String()),
		"kind":       structpb.NewStringValue(v1beta1.VirtualMachineKind),
		"metadata":   structpb.NewStructValue(&structpb.Struct{Fields: metadata}),
		"spec":       spec,
	}}
}

// machineSpec is a template with a VM's own placement and connection secret. It shares the rest with the template.
func machineSpec(template *structpb.Struct, place *structpb.Value, slot int, revision string) *structpb.Struct {
	forProvider := maps.Clone(template.GetFields()["forProvider"].GetStructValue().GetFields())
	if forProvider == nil {
		forProvider = map[string]*structpb.Value{}
	}
	delete(forProvider, "placement")
	if place != nil {
		forProvider["placement"] = place
	}
	spec := maps.Clone(template.GetFields())
	if spec == nil {
		spec = map[string]*structpb.Value{}
	}
	spec["forProvider"] = structpb.NewStructValue(&structpb.Struct{Fields: forProvider})

	const secret = "writeConnectionSecretToRef"
	if name := spec[secret].GetStructValue().GetFields()["name"].GetStringValue(); name != "" {
		spec[secret] = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"name": structpb.NewStringValue(fmt.Sprintf("%s-%d-%s", name, slot, revision)),
		}})
	}
	return &structpb.Struct{Fields: spec}
}

// withSize writes into a VM's spec, which is its own, each part of its size that the template does not say, from the first that
// has it: the size the VM has, its class. A VM of a set does not follow its class, because all of a set's VMs would do so at
// once, whatever the set's budgets say.
func withSize(spec *structpb.Struct, from ...*structpb.Value) *structpb.Struct {
	forProvider := spec.GetFields()["forProvider"].GetStructValue().GetFields()
	size := maps.Clone(forProvider["resources"].GetStructValue().GetFields())
	if size == nil {
		size = map[string]*structpb.Value{}
	}
	for _, source := range from {
		for _, part := range []string{"cpu", "memoryMiB"} {
			value, has := source.GetStructValue().GetFields()[part]
			if _, said := size[part]; has && !said {
				size[part] = value
			}
		}
	}
	if len(size) > 0 {
		forProvider["resources"] = structpb.NewStructValue(&structpb.Struct{Fields: size})
	}
	return spec
}

// placeValue is a place as a VirtualMachine's forProvider.placement has it.
func placeValue(p placement.Place) *structpb.Value {
	fields := map[string]*structpb.Value{}
	for name, value := range map[string]string{
		"cluster": p.Cluster, "host": p.Host, "datastore": p.Datastore, "folder": p.Folder,
	} {
		if value != "" {
			fields[name] = structpb.NewStringValue(value)
		}
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: fields})
}

func textsValue(texts map[string]string) *structpb.Value {
	fields := make(map[string]*structpb.Value, len(texts))
	for k, v := range texts {
		fields[k] = structpb.NewStringValue(v)
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: fields})
}
