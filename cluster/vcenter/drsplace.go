// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// An asker says who wants a VM to run on a host.
type asker int

const (
	// automatic is DRS: "VirtualCenter will never automatically move or power on a VM such that it triggers the violation" of a
	// rule (vSphere API, RuleViolation).
	automatic asker = iota
	// byHand is a user who names the host: "the VM can still be powered on manually by a user who knows what they are doing"
	// (the same), but "a mandatory rule will prevent a virtual machine from being powered on or migrated to a host that does not
	// satisfy the rule" (vSphere API, ClusterRuleInfo.mandatory).
	byHand
)

// placeForPowerOn moves a VM that is to be powered on to a host of its cluster that its rules allow, if it is not on one: "If
// [the host] is not set and the cluster is configured for automatic load balancing, a host is automatically selected" (vSphere
// API, PowerOnVM_Task). A VM stays where it is while it may.
func (w *world) placeForPowerOn(vm *simulator.VirtualMachine) types.BaseMethodFault {
	cl := w.ruled[w.clusterOf(vm)]
	if cl == nil || vm.Runtime.Host == nil {
		return nil
	}
	drs := configOf(cl).DrsConfig
	if !isTrue(drs.Enabled) {
		return nil
	}
	if drs.DefaultVmBehavior == types.DrsBehaviorManual {
		return w.violates(cl, vm, *vm.Runtime.Host, byHand)
	}
	fault := w.violates(cl, vm, *vm.Runtime.Host, automatic)
	if fault == nil {
		return nil
	}
	for _, ref := range cl.Host {
		host, ok := w.reg.Get(ref).(*simulator.HostSystem)
		if !ok || host.Runtime.InMaintenanceMode || host.Runtime.ConnectionState != types.HostSystemConnectionStateConnected {
			continue
		}
		if w.violates(cl, vm, ref, automatic) == nil {
			w.moveTo(vm, host)
			return nil
		}
	}
	return fault
}

// violates returns the fault that a VM may not run on a host of its cluster, nil if it may.
func (w *world) violates(cl *simulator.ClusterComputeResource, vm *simulator.VirtualMachine, host types.ManagedObjectReference, who asker) types.BaseMethodFault {
	config := configOf(cl)
	for _, rule := range config.Rule {
		info := rule.GetClusterRuleInfo()
		if !isTrue(info.Enabled) || (who == byHand && !isTrue(info.Mandatory)) {
			continue
		}
		if w.breaks(vm, host, rule) {
			return &types.RuleViolation{Host: &host, Rule: rule}
		}
		if r, ok := rule.(*types.ClusterVmHostRuleInfo); ok && isTrue(info.Mandatory) && barred(config.Group, r, vm.Self, host) {
			name := host.Value
			if h, ok := w.reg.Get(host).(*simulator.HostSystem); ok {
				name = h.Name
			}
			return &types.VmHostAffinityRuleViolation{VmName: vm.Name, HostName: name}
		}
	}
	return nil
}

// breaks says whether a rule about which VMs run together or apart would not hold with a VM on a host.
func (w *world) breaks(vm *simulator.VirtualMachine, host types.ManagedObjectReference, rule types.BaseClusterRuleInfo) bool {
	vms, _ := together(rule)
	if !slices.Contains(vms, vm.Self) {
		return false
	}
	_, apart := rule.(*types.ClusterAntiAffinityRuleSpec)
	for _, ref := range vms {
		other, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
		if !ok || other == vm || other.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn || other.Runtime.Host == nil {
			continue
		}
		if (*other.Runtime.Host == host) == apart {
			return true
		}
	}
	return false
}

// barred says whether a rule keeps a VM from a host.
func barred(groups []types.BaseClusterGroupInfo, rule *types.ClusterVmHostRuleInfo, vm, host types.ManagedObjectReference) bool {
	vms, ok := group(groups, rule.VmGroupName).(*types.ClusterVmGroup)
	if !ok || !slices.Contains(vms.Vm, vm) {
		return false
	}
	if hosts, ok := group(groups, rule.AffineHostGroupName).(*types.ClusterHostGroup); ok && !slices.Contains(hosts.Host, host) {
		return true
	}
	hosts, ok := group(groups, rule.AntiAffineHostGroupName).(*types.ClusterHostGroup)
	return ok && slices.Contains(hosts.Host, host)
}

// clusterOf returns the cluster that a VM's host belongs to.
func (w *world) clusterOf(vm *simulator.VirtualMachine) types.ManagedObjectReference {
	if vm.Runtime.Host == nil {
		return types.ManagedObjectReference{}
	}
	host, ok := w.reg.Get(*vm.Runtime.Host).(*simulator.HostSystem)
	if !ok || host.Parent == nil {
		return types.ManagedObjectReference{}
	}
	return *host.Parent
}

// moveTo puts a VM on another host.
func (w *world) moveTo(vm *simulator.VirtualMachine, host *simulator.HostSystem) {
	if old, ok := w.reg.Get(*vm.Runtime.Host).(*simulator.HostSystem); ok {
		w.reg.RemoveReference(w.ctx, old, &old.Vm, vm.Self)
	}
	w.reg.AddReference(w.ctx, host, &host.Vm, vm.Self)
	w.reg.Update(w.ctx, vm, []types.PropertyChange{
		{Name: "runtime.host", Val: &host.Self},
		{Name: "summary.runtime.host", Val: &host.Self},
	})
}

// RelocateVMTask starts to move a VM. A host that a mandatory rule of its cluster keeps a running VM from is refused.
func (m *machine) RelocateVMTask(ctx *simulator.Context, req *types.RelocateVM_Task) soap.HasFault {
	vm, fault := m.world.vm(req.This)
	if fault != nil {
		return &methods.RelocateVM_TaskBody{Fault_: fault}
	}
	ref := m.world.start(ctx, vm, "relocate", m.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		return m.world.relocate(ctx, vm, req)
	})
	return &methods.RelocateVM_TaskBody{Res: &types.RelocateVM_TaskResponse{Returnval: ref}}
}

// relocate moves a VM. vcsim does not keep the lists of the hosts.
func (w *world) relocate(ctx *simulator.Context, vm *simulator.VirtualMachine, req *types.RelocateVM_Task) (types.AnyType, types.BaseMethodFault) {
	var host *simulator.HostSystem
	if ref := req.Spec.Host; ref != nil {
		h, ok := w.reg.Get(*ref).(*simulator.HostSystem)
		if !ok {
			return nil, &types.ManagedObjectNotFound{Obj: *ref}
		}
		host = h
		cl := w.ruled[*host.Parent]
		if cl != nil && isTrue(configOf(cl).DrsConfig.Enabled) && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
			if fault := w.violates(cl, vm, *ref, byHand); fault != nil {
				return nil, fault
			}
		}
	}
	rest := *req
	rest.Spec.Host = nil
	res, fault := w.outcome(vm.RelocateVMTask(ctx, &rest))
	if fault == nil && host != nil {
		w.moveTo(vm, host)
	}
	return res, fault
}

// leaveRules takes a VM that is gone out of groups and rules, as vCenter does. A rule may be left with one VM.
func (w *world) leaveRules(vm types.ManagedObjectReference) {
	without := func(vms []types.ManagedObjectReference) []types.ManagedObjectReference {
		return slices.DeleteFunc(slices.Clone(vms), func(o types.ManagedObjectReference) bool { return o == vm })
	}
	for _, cl := range w.ruled {
		config := *configOf(cl)
		config.Group, config.Rule = slices.Clone(config.Group), slices.Clone(config.Rule)
		for i, g := range config.Group {
			if g, ok := g.(*types.ClusterVmGroup); ok && slices.Contains(g.Vm, vm) {
				left := *g
				left.Vm = without(g.Vm)
				config.Group[i] = &left
			}
		}
		for i, r := range config.Rule {
			switch r := r.(type) {
			case *types.ClusterAntiAffinityRuleSpec:
				left := *r
				left.Vm = without(r.Vm)
				config.Rule[i] = &left
			case *types.ClusterAffinityRuleSpec:
				left := *r
				left.Vm = without(r.Vm)
				config.Rule[i] = &left
			}
		}
		w.setRegulations(cl, &config)
	}
}

// judgeRules says on each rule "whether or not the rule is currently satisfied" (vSphere API, ClusterRuleInfo.status): red if its
// running VMs violate it, or if it has less than the two VMs that a rule needs. Its property inCompliance is left alone, as "the
// Server does not currently use this property".
func (w *world) judgeRules() {
	for _, cl := range w.ruled {
		config := *configOf(cl)
		rules := slices.Clone(config.Rule)
		changed := false
		for i, rule := range rules {
			status := w.statusOf(rule)
			if status == rule.GetClusterRuleInfo().Status {
				continue
			}
			changed = true
			switch r := rule.(type) {
			case *types.ClusterAntiAffinityRuleSpec:
				judged := *r
				judged.Status = status
				rules[i] = &judged
			case *types.ClusterAffinityRuleSpec:
				judged := *r
				judged.Status = status
				rules[i] = &judged
			}
		}
		if changed {
			config.Rule = rules
			w.setRegulations(cl, &config)
		}
	}
}

// statusOf returns whether a rule about which VMs run together or apart is satisfied.
func (w *world) statusOf(rule types.BaseClusterRuleInfo) types.ManagedEntityStatus {
	vms, ok := together(rule)
	if !ok {
		return rule.GetClusterRuleInfo().Status
	}
	if len(vms) < 2 {
		return types.ManagedEntityStatusRed
	}
	for _, ref := range vms {
		vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
		if ok && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn && w.breaks(vm, *vm.Runtime.Host, rule) {
			return types.ManagedEntityStatusRed
		}
	}
	return types.ManagedEntityStatusGreen
}
