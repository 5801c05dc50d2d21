// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
	"github.com/crossplane-contrib/provider-virtrigaud/function/rollout"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// maxReplicas of a set.
const maxReplicas = 1000

// maxCreates is how many VMs one pass makes. Each VM that appears wakes its set several times, and Crossplane stops listening
// to a set that is woken too often.
const maxCreates = 20

// A configRef names the ProviderConfig or ClusterProviderConfig of a set's VMs.
type configRef struct {
	kind, name string
}

func (r configRef) String() string { return fmt.Sprintf("%s %q", r.kind, r.name) }

// A set is a VMSet as its claim asks for it.
type set struct {
	namespace, name, uid string

	// rollout is what is wanted of the set.
	rollout rollout.Spec

	// labels and annotations of all VMs.
	labels, annotations map[string]string
	// template is the spec of new VMs, as it is in the claim. It must not be written to.
	template *structpb.Struct

	// config of the VMs' endpoint, and policy and class by name; policy and class are empty when none is named.
	config        configRef
	policy, class string
	// memoryMiB of each VM, 0 when the class says it. diskGiB is the size of its data disks.
	memoryMiB, diskGiB int64
	// pin is the placement that the template asks for.
	pin placement.Place

	// deaf says that Crossplane does not listen to changes of the set and its VMs at the moment, because there were many.
	deaf bool
}

// parseSet reads a claim. An error is a sentence that names the field and its value.
func parseSet(xr object.Object) (set, error) {
	spec := v1beta1.VMSetSpec{}
	if err := xr.Read(&spec, "spec"); err != nil {
		return set{}, err
	}
	template := xr.Field("spec", "template", "spec")
	if template.GetStructValue() == nil {
		return set{}, errors.New("spec.template.spec is missing")
	}
	if xr.UID() == "" {
		return set{}, errors.New("metadata.uid is missing")
	}
	revision, err := Revision(template)
	if err != nil {
		return set{}, err
	}
	want, err := wanted(spec)
	if err != nil {
		return set{}, err
	}
	want.Revision = revision

	vm := spec.Template.Spec
	s := set{
		namespace:   xr.Namespace(),
		name:        xr.Name(),
		uid:         xr.UID(),
		rollout:     want,
		labels:      spec.Template.Metadata.Labels,
		annotations: spec.Template.Metadata.Annotations,
		template:    template.GetStructValue(),
		config:      configRef{kind: v1beta1.ClusterProviderConfigKind, name: "default"},
		pin:         pinned(vm.ForProvider.Placement),
		deaf:        xr.Condition(conditionResponsive).Status == "False",
	}
	if ref := vm.ProviderConfigReference; ref != nil {
		s.config = configRef{kind: ref.Kind, name: ref.Name}
	}
	if s.config.kind != v1beta1.ProviderConfigKind && s.config.kind != v1beta1.ClusterProviderConfigKind {
		return set{}, fmt.Errorf("spec.template.spec.providerConfigRef.kind is %q, but must be %s or %s",
			s.config.kind, v1beta1.ProviderConfigKind, v1beta1.ClusterProviderConfigKind)
	}
	if spec.PlacementRef != nil {
		s.policy = spec.PlacementRef.Name
	}
	if vm.ForProvider.ClassRef != nil {
		s.class = vm.ForProvider.ClassRef.Name
	}
	if r := vm.ForProvider.Resources; r != nil && r.MemoryMiB != nil {
		s.memoryMiB = *r.MemoryMiB
	}
	for _, d := range vm.ForProvider.Disks {
		s.diskGiB += d.SizeGiB
	}
	return s, nil
}

// wanted of a set, without the revision.
func wanted(spec v1beta1.VMSetSpec) (rollout.Spec, error) {
	replicas := int32(1)
	if spec.Replicas != nil {
		replicas = *spec.Replicas
	}
	if replicas < 0 || replicas > maxReplicas {
		return rollout.Spec{}, fmt.Errorf("spec.replicas is %d, but must be from 0 to %d", replicas, maxReplicas)
	}
	var unavailable, surge *intstr.IntOrString
	if strategy := spec.UpdateStrategy; strategy != nil {
		if t := strategy.Type; t != "" && t != v1beta1.RollingUpdateStrategy {
			return rollout.Spec{}, fmt.Errorf("spec.updateStrategy.type is %q, but must be %s", t, v1beta1.RollingUpdateStrategy)
		}
		if r := strategy.RollingUpdate; r != nil {
			unavailable, surge = r.MaxUnavailable, r.MaxSurge
		}
	}
	u, s, err := rollout.Resolve(int(replicas), unavailable, surge)
	if err != nil {
		return rollout.Spec{}, fmt.Errorf("spec.updateStrategy.rollingUpdate.%w", err)
	}
	return rollout.Spec{Replicas: int(replicas), MaxUnavailable: u, MaxSurge: s, MaxCreates: maxCreates}, nil
}

// pinned is the place that a template asks for.
func pinned(p *v1beta1.VMPlacement) placement.Place {
	if p == nil {
		return placement.Place{}
	}
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return placement.Place{
		Cluster:   text(p.Cluster),
		Host:      text(p.Host),
		Datastore: text(p.Datastore),
		Folder:    text(p.Folder),
	}
}

// ownLabels are the labels by which a set knows its VMs.
func (s set) ownLabels() map[string]string {
	return map[string]string{v1beta1.LabelVMSet: s.name, v1beta1.LabelVMSetUID: s.uid}
}
