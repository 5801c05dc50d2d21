// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
	"github.com/crossplane-contrib/provider-virtrigaud/function/policy"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// machinesRequirement is the name under which a set requires its own VMs.
const machinesRequirement = "machines"

// requirementName of a single object. It holds the object's name, so that an answer that Crossplane remembers from before the
// claim was changed is not taken for the object that is named now.
func requirementName(kind, name string) string { return kind + "/" + name }

// requirements of a set: its own VMs, by their labels, and the objects that its claim names.
func requirements(s set) *fnv1.Requirements {
	r := map[string]*fnv1.ResourceSelector{
		machinesRequirement: {
			ApiVersion: v1beta1.GroupVersion().String(),
			Kind:       v1beta1.VirtualMachineKind,
			Match:      &fnv1.ResourceSelector_MatchLabels{MatchLabels: &fnv1.MatchLabels{Labels: s.ownLabels()}},
			Namespace:  &s.namespace,
		},
	}
	named := func(kind, name string, namespace *string) {
		if name == "" {
			return
		}
		r[requirementName(kind, name)] = &fnv1.ResourceSelector{
			ApiVersion: v1beta1.GroupVersion().String(),
			Kind:       kind,
			Match:      &fnv1.ResourceSelector_MatchName{MatchName: name},
			Namespace:  namespace,
		}
	}
	if s.config.kind == v1beta1.ClusterProviderConfigKind {
		named(s.config.kind, s.config.name, nil)
	} else {
		named(s.config.kind, s.config.name, &s.namespace)
	}
	named(v1beta1.VMPlacementPolicyKind, s.policy, &s.namespace)
	named(v1beta1.VMClassKind, s.class, &s.namespace)
	return &fnv1.Requirements{Resources: r}
}

// Surroundings are what a set's VMs are made in.
type surroundings struct {
	// machines of the set that are known by their labels.
	machines  []object.Object
	inventory placement.Inventory
	rules     placement.Rules
	// class of the VMs, the zero object when the template names none.
	class     object.Object
	memoryMiB int64
}

// A blockage is why a set can be neither grown nor shrunk at the moment. It is reported, and ends by itself.
type blockage struct {
	// reason is one word, for programs.
	reason string
	// message is a sentence without an end, for people.
	message string
}

// Reasons of blockages.
const (
	reasonUnresolved      = "Unresolved"
	reasonConfigNotFound  = "ProviderConfigNotFound"
	reasonConfigNotReady  = "ProviderConfigNotReady"
	reasonPolicyNotFound  = "PolicyNotFound"
	reasonPolicyInvalid   = "PolicyInvalid"
	reasonClassNotFound   = "ClassNotFound"
	reasonNotUnderstood   = "NotUnderstood"
	messageNotYetResolved = "What the set needs to know is being looked up"
)

// survey what the set's claim names, as far as it is there. The machines are always filled in when they are resolved.
func survey(s set, required map[string]*fnv1.Resources) (surroundings, *blockage) {
	out := surroundings{}
	for name := range requirements(s).GetResources() {
		if _, resolved := required[name]; !resolved {
			return out, &blockage{reason: reasonUnresolved, message: messageNotYetResolved}
		}
	}
	for _, r := range required[machinesRequirement].GetItems() {
		out.machines = append(out.machines, object.Of(r.GetResource()))
	}

	var b *blockage
	if out.inventory, b = inventory(s.config, required); b != nil {
		return out, b
	}
	if out.rules, b = rules(s.policy, required); b != nil {
		return out, b
	}
	if out.class, b = class(s.class, required); b != nil {
		return out, b
	}
	if out.memoryMiB = s.memoryMiB; out.memoryMiB == 0 {
		out.memoryMiB = out.class.Number("spec", "memoryMiB")
	}
	return out, nil
}

// inventory of the endpoint that a config stands for.
func inventory(ref configRef, required map[string]*fnv1.Resources) (placement.Inventory, *blockage) {
	config, found := one(required, ref.kind, ref.name)
	if !found {
		return placement.Inventory{}, &blockage{reason: reasonConfigNotFound, message: fmt.Sprintf("%s does not exist", ref)}
	}
	if c := config.Condition("Ready"); c.Status != "True" {
		message := fmt.Sprintf("%s is not ready", ref)
		if c.Message != "" {
			message += ": " + c.Message
		}
		return placement.Inventory{}, &blockage{reason: reasonConfigNotReady, message: message}
	}
	if config.Field("status", "inventory") == nil {
		return placement.Inventory{}, &blockage{reason: reasonConfigNotReady, message: fmt.Sprintf("%s has no inventory yet", ref)}
	}
	i := v1beta1.Inventory{}
	if err := config.Read(&i, "status", "inventory"); err != nil {
		return placement.Inventory{}, &blockage{reason: reasonNotUnderstood, message: fmt.Sprintf("The inventory of %s is not understood: %v", ref, err)}
	}
	return policy.Inventory(i), nil
}

// rules of a policy, which are none when no policy is named.
func rules(name string, required map[string]*fnv1.Resources) (placement.Rules, *blockage) {
	if name == "" {
		return placement.Rules{}, nil
	}
	p, found := one(required, v1beta1.VMPlacementPolicyKind, name)
	if !found {
		return placement.Rules{}, &blockage{reason: reasonPolicyNotFound, message: fmt.Sprintf("VMPlacementPolicy %q does not exist", name)}
	}
	spec := v1beta1.VMPlacementPolicySpec{}
	err := p.Read(&spec, "spec")
	if err == nil {
		var r placement.Rules
		if r, err = policy.Rules(spec); err == nil {
			return r, nil
		}
	}
	return placement.Rules{}, &blockage{reason: reasonPolicyInvalid, message: fmt.Sprintf("VMPlacementPolicy %q is not valid: %v", name, err)}
}

// class of the VMs, the zero object when none is named.
func class(name string, required map[string]*fnv1.Resources) (object.Object, *blockage) {
	if name == "" {
		return object.Object{}, nil
	}
	c, found := one(required, v1beta1.VMClassKind, name)
	if !found {
		return object.Object{}, &blockage{reason: reasonClassNotFound, message: fmt.Sprintf("VMClass %q does not exist", name)}
	}
	return c, nil
}

// one object of a kind and name, if it exists.
func one(required map[string]*fnv1.Resources, kind, name string) (object.Object, bool) {
	items := required[requirementName(kind, name)].GetItems()
	if len(items) == 0 {
		return object.Object{}, false
	}
	return object.Of(items[0].GetResource()), true
}
