// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package vmplacementpolicy says what a VMPlacementPolicy comes to: which hosts and datastores of which endpoints satisfy its
// hard rules, and which sets use it. It composes nothing; the sets that name a policy read it themselves.
//
// A policy is ready when at least one host and one datastore qualify. A policy that makes no sense is a fatal result that names
// the field and its value.
package vmplacementpolicy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/claim"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
	"github.com/crossplane-contrib/provider-virtrigaud/function/policy"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// ttl of a response: inventories and sets wake a policy when they change, and this is for what was missed.
const ttl = time.Minute

// conditionQualified says whether anything satisfies the hard rules.
const conditionQualified = "Qualified"

// Reasons of the condition.
const (
	reasonQualified    = "Qualified"
	reasonNothing      = "NothingQualifies"
	reasonInvalidRules = "InvalidRules"
	reasonUnresolved   = "Unresolved"
)

// An endpoint is a config and its inventory.
type endpoint struct {
	kind, name string
	inventory  placement.Inventory
}

// Run one pass over a policy. The response must come with what earlier functions desire. An error means that the policy cannot
// be understood.
func Run(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) error {
	rsp.Meta.Ttl = durationpb.New(ttl)
	xr := object.Of(req.GetObserved().GetComposite().GetResource())

	spec := v1beta1.VMPlacementPolicySpec{}
	err := xr.Read(&spec, "spec")
	var rules placement.Rules
	if err == nil {
		rules, err = policy.Rules(spec)
	}
	if err != nil {
		response.ConditionFalse(rsp, conditionQualified, reasonInvalidRules).WithMessage(err.Error())
		return err
	}

	rsp.Requirements = requirements(xr.Namespace())
	for kind := range rsp.GetRequirements().GetResources() {
		if _, resolved := req.GetRequiredResources()[kind]; !resolved {
			response.ConditionUnknown(rsp, conditionQualified, reasonUnresolved).
				WithMessage("What the policy needs to know is being looked up")
			return nil
		}
	}

	endpoints, unreadable := endpoints(req.GetRequiredResources())
	status, missing := qualify(rules, endpoints)
	status.UsedBy = users(xr.Name(), req.GetRequiredResources()[v1beta1.VMSetKind])
	status.Users = int32(len(status.UsedBy)) //nolint:gosec // Far fewer than 2^31.

	return report(rsp, status, append(unreadable, missing...))
}

// requirements are the endpoints that the VMs of a namespace may use, and the namespace's sets, each under its kind.
func requirements(namespace string) *fnv1.Requirements {
	all := func(kind string, namespace *string) *fnv1.ResourceSelector {
		return &fnv1.ResourceSelector{ApiVersion: v1beta1.GroupVersion().String(), Kind: kind, Namespace: namespace}
	}
	return &fnv1.Requirements{Resources: map[string]*fnv1.ResourceSelector{
		v1beta1.ClusterProviderConfigKind: all(v1beta1.ClusterProviderConfigKind, nil),
		v1beta1.ProviderConfigKind:        all(v1beta1.ProviderConfigKind, &namespace),
		v1beta1.VMSetKind:                 all(v1beta1.VMSetKind, &namespace),
	}}
}

// endpoints with an inventory, sorted by kind and name. An inventory that cannot be read is told of instead.
func endpoints(required map[string]*fnv1.Resources) (out []endpoint, unreadable []string) {
	for _, kind := range []string{v1beta1.ClusterProviderConfigKind, v1beta1.ProviderConfigKind} {
		for _, r := range required[kind].GetItems() {
			o := object.Of(r.GetResource())
			i := v1beta1.Inventory{}
			if err := o.Read(&i, "status", "inventory"); err != nil {
				unreadable = append(unreadable, fmt.Sprintf("the inventory of %s %q is not understood: %v", kind, o.Name(), err))
				continue
			}
			out = append(out, endpoint{kind: kind, name: o.Name(), inventory: policy.Inventory(i)})
		}
	}
	slices.SortFunc(out, func(a, b endpoint) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.name, b.name))
	})
	return out, unreadable
}

// qualify endpoints. Those without a host that qualifies are left out, and what they miss is told of.
func qualify(rules placement.Rules, endpoints []endpoint) (status v1beta1.VMPlacementPolicyStatus, missing []string) {
	for _, e := range endpoints {
		q := placement.Qualify(e.inventory, rules)
		if len(q.Hosts) == 0 {
			if len(q.Missing) > 0 {
				missing = append(missing, fmt.Sprintf("%s %q does not have %s", e.kind, e.name, strings.Join(q.Missing, ", ")))
			}
			continue
		}
		status.Endpoints = append(status.Endpoints, v1beta1.PolicyEndpoint{
			Kind:       e.kind,
			Name:       e.name,
			Hosts:      q.Hosts,
			Datastores: q.Datastores,
			Missing:    q.Missing,
		})
		status.QualifyingHosts += int32(len(q.Hosts))           //nolint:gosec // Far fewer than 2^31.
		status.QualifyingDatastores += int32(len(q.Datastores)) //nolint:gosec // Far fewer than 2^31.
	}
	return status, missing
}

// users are the sets that name a policy, sorted by name.
func users(name string, sets *fnv1.Resources) []v1beta1.PolicyUser {
	var out []v1beta1.PolicyUser
	for _, r := range sets.GetItems() {
		o := object.Of(r.GetResource())
		if o.Text("spec", "placementRef", "name") != name {
			continue
		}
		out = append(out, v1beta1.PolicyUser{
			Kind: v1beta1.VMSetKind,
			Name: o.Name(),
			VMs:  int32(o.Number("status", "replicas")), //nolint:gosec // A set has 1,000 VMs at most.
		})
	}
	slices.SortFunc(out, func(a, b v1beta1.PolicyUser) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// report writes status, readiness and condition. What is in the way of qualifying is in notes.
func report(rsp *fnv1.RunFunctionResponse, status v1beta1.VMPlacementPolicyStatus, notes []string) error {
	ready := status.QualifyingHosts > 0 && status.QualifyingDatastores > 0
	if ready {
		response.ConditionTrue(rsp, conditionQualified, reasonQualified).
			WithMessage(fmt.Sprintf("Hosts that qualify: %d, datastores: %d", status.QualifyingHosts, status.QualifyingDatastores))
	} else {
		message := strings.Join(append([]string{"No host of any endpoint qualifies"}, notes...), "; ")
		response.ConditionFalse(rsp, conditionQualified, reasonNothing).WithMessage(message)
	}
	return claim.Report(rsp, v1beta1.VMPlacementPolicyKind, status, ready)
}
