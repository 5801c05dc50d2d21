// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"slices"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// cluster answers calls to clusters in vcsim's place.
type cluster struct{ shim }

// ReconfigureComputeResourceTask starts to reconfigure a cluster. The groups and rules of the specification are ours, what else
// there is in it is vcsim's.
func (c *cluster) ReconfigureComputeResourceTask(ctx *simulator.Context, req *types.ReconfigureComputeResource_Task) soap.HasFault {
	body := &methods.ReconfigureComputeResource_TaskBody{}
	cl, ok := c.world.reg.Get(req.This).(*simulator.ClusterComputeResource)
	if !ok {
		body.Fault_ = simulator.Fault("", &types.ManagedObjectNotFound{Obj: req.This})
		return body
	}
	ref := c.world.start(ctx, cl, "reconfigureEx", c.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		spec, ok := req.Spec.(*types.ClusterConfigSpecEx)
		if !ok {
			return nil, &types.InvalidArgument{InvalidProperty: "spec"}
		}
		if fault := c.world.regulate(cl, spec); fault != nil {
			return nil, fault
		}
		rest := *spec
		rest.GroupSpec, rest.RulesSpec = nil, nil
		return c.world.outcome(cl.ReconfigureComputeResourceTask(ctx, &types.ReconfigureComputeResource_Task{This: req.This, Spec: &rest}))
	})
	body.Res = &types.ReconfigureComputeResource_TaskResponse{Returnval: ref}
	return body
}

// regulations are the groups and rules of a cluster while they change: all of a specification applies, or nothing.
type regulations struct {
	world   *world
	cluster *simulator.ClusterComputeResource
	groups  []types.BaseClusterGroupInfo
	rules   []types.BaseClusterRuleInfo
}

// configOf returns a cluster's configuration.
func configOf(cl *simulator.ClusterComputeResource) *types.ClusterConfigInfoEx {
	config, ok := cl.ConfigurationEx.(*types.ClusterConfigInfoEx)
	if !ok {
		return &types.ClusterConfigInfoEx{}
	}
	return config
}

// regulate changes a cluster's groups and rules.
func (w *world) regulate(cl *simulator.ClusterComputeResource, spec *types.ClusterConfigSpecEx) types.BaseMethodFault {
	config := *configOf(cl)
	r := &regulations{world: w, cluster: cl, groups: slices.Clone(config.Group), rules: slices.Clone(config.Rule)}
	for _, s := range spec.GroupSpec {
		if fault := r.changeGroup(s); fault != nil {
			return fault
		}
	}
	for _, s := range spec.RulesSpec {
		if fault := r.changeRule(s); fault != nil {
			return fault
		}
	}
	config.Group, config.Rule = r.groups, r.rules
	w.setRegulations(cl, &config)
	return nil
}

// setRegulations gives a cluster its configuration.
func (w *world) setRegulations(cl *simulator.ClusterComputeResource, config *types.ClusterConfigInfoEx) {
	cl.ConfigurationEx = config
	delete(w.ruled, cl.Self)
	if len(config.Rule)+len(config.Group) > 0 {
		w.ruled[cl.Self] = cl
	}
}

// invalid is the fault that a part of a cluster's specification makes no sense.
func invalid(property string) types.BaseMethodFault {
	return &types.InvalidArgument{InvalidProperty: property}
}

// changeGroup adds, replaces or removes a group. Groups are known by their names.
func (r *regulations) changeGroup(s types.ClusterGroupSpec) types.BaseMethodFault {
	if s.Operation == types.ArrayUpdateOperationRemove {
		name, _ := s.RemoveKey.(string)
		at := slices.IndexFunc(r.groups, func(g types.BaseClusterGroupInfo) bool { return g.GetClusterGroupInfo().Name == name })
		if at < 0 {
			return invalid("spec.groupSpec.removeKey")
		}
		r.groups = slices.Delete(r.groups, at, at+1)
		return nil
	}
	if s.Info == nil || s.Info.GetClusterGroupInfo().Name == "" {
		return invalid("spec.groupSpec.info.name")
	}
	switch g := s.Info.(type) {
	case *types.ClusterVmGroup:
		if !r.has(g.Vm) {
			return invalid("spec.groupSpec.info.vm")
		}
	case *types.ClusterHostGroup:
		if slices.ContainsFunc(g.Host, func(h types.ManagedObjectReference) bool { return !slices.Contains(r.cluster.Host, h) }) {
			return invalid("spec.groupSpec.info.host")
		}
	}
	at := slices.IndexFunc(r.groups, func(g types.BaseClusterGroupInfo) bool {
		return g.GetClusterGroupInfo().Name == s.Info.GetClusterGroupInfo().Name
	})
	switch {
	case s.Operation == types.ArrayUpdateOperationAdd && at < 0:
		r.groups = append(r.groups, s.Info)
	case s.Operation == types.ArrayUpdateOperationEdit && at >= 0:
		r.groups[at] = s.Info
	default:
		return invalid("spec.groupSpec.info.name")
	}
	return nil
}

// changeRule adds, replaces or removes a rule. Rules are known by their keys: "When adding a new rule, do not specify this
// property. The Server will assign the key" (vSphere API, ClusterRuleInfo.key, and ruleUuid alike).
func (r *regulations) changeRule(s types.ClusterRuleSpec) types.BaseMethodFault {
	key, _ := s.RemoveKey.(int32)
	if s.Info != nil && s.Operation != types.ArrayUpdateOperationRemove {
		key = s.Info.GetClusterRuleInfo().Key
	}
	at := slices.IndexFunc(r.rules, func(o types.BaseClusterRuleInfo) bool { return o.GetClusterRuleInfo().Key == key })
	switch {
	case s.Operation == types.ArrayUpdateOperationRemove && at >= 0:
		r.rules = slices.Delete(r.rules, at, at+1)
		return nil
	case s.Operation == types.ArrayUpdateOperationRemove:
		return invalid("spec.rulesSpec.removeKey")
	case s.Info == nil:
		return invalid("spec.rulesSpec.info")
	}
	info := s.Info.GetClusterRuleInfo()
	switch s.Operation {
	case types.ArrayUpdateOperationAdd:
		r.world.ruleKeys++
		info.Key, info.RuleUuid = r.world.ruleKeys, uuid.NewString()
		if info.UserCreated == nil {
			info.UserCreated = types.NewBool(true)
		}
		at = len(r.rules)
		r.rules = append(r.rules, s.Info)
	case types.ArrayUpdateOperationEdit:
		if at < 0 {
			return invalid("spec.rulesSpec.info.key")
		}
		old := r.rules[at].GetClusterRuleInfo()
		info.RuleUuid, info.UserCreated = old.RuleUuid, old.UserCreated
		info.Name = cmp.Or(info.Name, old.Name)
		r.rules[at] = s.Info
	default:
		return invalid("spec.rulesSpec.operation")
	}
	return r.checkRule(at)
}

// checkRule returns why a rule makes no sense, nil if it does. "VM-VM affinity rules apply to two or more virtual machines"
// of the cluster, and names tell rules apart (vSphere Resource Management, "Using DRS Affinity Rules").
func (r *regulations) checkRule(at int) types.BaseMethodFault {
	name := r.rules[at].GetClusterRuleInfo().Name
	if name == "" {
		return invalid("spec.rulesSpec.info.name")
	}
	for i, o := range r.rules {
		if i != at && o.GetClusterRuleInfo().Name == name {
			return &types.DuplicateName{Name: name, Object: r.cluster.Self}
		}
	}
	if vms, ok := together(r.rules[at]); ok && (len(vms) < 2 || !r.has(vms)) {
		return invalid("spec.rulesSpec.info.vm")
	}
	if rule, ok := r.rules[at].(*types.ClusterVmHostRuleInfo); ok {
		for _, name := range []string{rule.VmGroupName, rule.AffineHostGroupName, rule.AntiAffineHostGroupName} {
			if name != "" && group(r.groups, name) == nil {
				return invalid("spec.rulesSpec.info")
			}
		}
	}
	return nil
}

// has says whether all VMs are of the cluster, and none is named twice.
func (r *regulations) has(vms []types.ManagedObjectReference) bool {
	seen := map[types.ManagedObjectReference]bool{}
	for _, ref := range vms {
		vm, ok := r.world.reg.Get(ref).(*simulator.VirtualMachine)
		if !ok || seen[ref] || vm.Runtime.Host == nil || !slices.Contains(r.cluster.Host, *vm.Runtime.Host) {
			return false
		}
		seen[ref] = true
	}
	return true
}

// together returns the VMs of a rule about which VMs run together or apart.
func together(rule types.BaseClusterRuleInfo) ([]types.ManagedObjectReference, bool) {
	switch r := rule.(type) {
	case *types.ClusterAntiAffinityRuleSpec:
		return r.Vm, true
	case *types.ClusterAffinityRuleSpec:
		return r.Vm, true
	default:
		return nil, false
	}
}

// group returns a group by its name, nil if there is none.
func group(groups []types.BaseClusterGroupInfo, name string) types.BaseClusterGroupInfo {
	for _, g := range groups {
		if g.GetClusterGroupInfo().Name == name {
			return g
		}
	}
	return nil
}
