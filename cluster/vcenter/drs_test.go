// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// drsCluster returns the second cluster, on whose host esxi-04 newVM makes VMs.
func drsCluster(t *testing.T, c *govmomi.Client) *object.ClusterComputeResource {
	t.Helper()
	cl, err := find.NewFinder(c.Client).ClusterComputeResource(t.Context(), "/prod-dc/host/prod-cluster-2")
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

// apart returns a rule that keeps VMs on hosts of their own.
func apart(name string, mandatory bool, vms ...*object.VirtualMachine) *types.ClusterAntiAffinityRuleSpec {
	rule := &types.ClusterAntiAffinityRuleSpec{ClusterRuleInfo: types.ClusterRuleInfo{Name: name, Enabled: types.NewBool(true), Mandatory: &mandatory}}
	for _, vm := range vms {
		rule.Vm = append(rule.Vm, vm.Reference())
	}
	return rule
}

// regulated applies a specification to a cluster.
func regulated(t *testing.T, cl *object.ClusterComputeResource, op types.ArrayUpdateOperation, removeKey types.AnyType, rule types.BaseClusterRuleInfo) error {
	t.Helper()
	task, err := cl.Reconfigure(t.Context(), &types.ClusterConfigSpecEx{RulesSpec: []types.ClusterRuleSpec{{
		ArrayUpdateSpec: types.ArrayUpdateSpec{Operation: op, RemoveKey: removeKey}, Info: rule,
	}}}, true)
	return failed(t, task, err)
}

// rulesOf returns a cluster's rules about VMs that run apart.
func rulesOf(t *testing.T, cl *object.ClusterComputeResource) []types.ClusterAntiAffinityRuleSpec {
	t.Helper()
	var m mo.ClusterComputeResource
	if err := cl.Properties(t.Context(), cl.Reference(), []string{"configurationEx"}, &m); err != nil {
		t.Fatal(err)
	}
	config, ok := m.ConfigurationEx.(*types.ClusterConfigInfoEx)
	if !ok {
		t.Fatalf("configurationEx is a %T", m.ConfigurationEx)
	}
	var rules []types.ClusterAntiAffinityRuleSpec
	for _, r := range config.Rule {
		if r, ok := r.(*types.ClusterAntiAffinityRuleSpec); ok {
			rules = append(rules, *r)
		}
	}
	return rules
}

func TestRuleLife(t *testing.T) {
	_, c := start(t)
	cl := drsCluster(t, c)
	a, b, d := newVM(t, c, "a"), newVM(t, c, "b"), newVM(t, c, "d")
	if err := regulated(t, cl, types.ArrayUpdateOperationAdd, nil, apart("set", false, a, b)); err != nil {
		t.Fatal(err)
	}
	rules := rulesOf(t, cl)
	if len(rules) != 1 || rules[0].Key == 0 || rules[0].RuleUuid == "" || rules[0].Status != types.ManagedEntityStatusGreen {
		t.Fatalf("the server assigns key and UUID of a new rule and says that it is satisfied: %+v", rules)
	}
	first := rules[0]

	edit := apart("renamed", false, a, b, d)
	edit.Key = first.Key
	if err := regulated(t, cl, types.ArrayUpdateOperationEdit, nil, edit); err != nil {
		t.Fatal(err)
	}
	want := first
	want.Name, want.Vm = "renamed", edit.Vm
	if diff := cmp.Diff([]types.ClusterAntiAffinityRuleSpec{want}, rulesOf(t, cl)); diff != "" {
		t.Errorf("an edit is matched by key and keeps the UUID: -want, +got:\n%s", diff)
	}

	task, err := d.Destroy(t.Context())
	made(t, task, err)
	task, err = b.Destroy(t.Context())
	made(t, task, err)
	want.Vm, want.Status = []types.ManagedObjectReference{a.Reference()}, types.ManagedEntityStatusRed
	if diff := cmp.Diff([]types.ClusterAntiAffinityRuleSpec{want}, rulesOf(t, cl)); diff != "" {
		t.Errorf("destroyed VMs leave rules, which need two: -want, +got:\n%s", diff)
	}

	if err := regulated(t, cl, types.ArrayUpdateOperationRemove, first.Key, nil); err != nil {
		t.Fatal(err)
	}
	if left := rulesOf(t, cl); len(left) != 0 {
		t.Errorf("left after removal: %+v", left)
	}
}

func TestRuleRefused(t *testing.T) {
	_, c := start(t)
	cl := drsCluster(t, c)
	a, b := newVM(t, c, "a"), newVM(t, c, "b")
	if err := regulated(t, cl, types.ArrayUpdateOperationAdd, nil, apart("taken", false, a, b)); err != nil {
		t.Fatal(err)
	}
	foreign, err := find.NewFinder(c.Client).VirtualMachine(t.Context(), "/prod-dc/vm/Templates/nginx-image")
	if err != nil {
		t.Fatal(err)
	}
	unknown := apart("unknown", false, a, b)
	unknown.Key = 4711
	cases := map[string]struct {
		reason string
		op     types.ArrayUpdateOperation
		key    types.AnyType
		rule   types.BaseClusterRuleInfo
		want   types.BaseMethodFault
	}{
		"OneVM":        {reason: "A rule applies to two or more VMs.", op: types.ArrayUpdateOperationAdd, rule: apart("x", false, a), want: &types.InvalidArgument{}},
		"TwiceOneVM":   {reason: "Twice the same VM are not two.", op: types.ArrayUpdateOperationAdd, rule: apart("x", false, a, a), want: &types.InvalidArgument{}},
		"OtherCluster": {reason: "The VMs are to be of the cluster.", op: types.ArrayUpdateOperationAdd, rule: apart("x", false, a, foreign), want: &types.InvalidArgument{}},
		"NameTaken":    {reason: "Names tell rules apart.", op: types.ArrayUpdateOperationAdd, rule: apart("taken", false, a, b), want: &types.DuplicateName{}},
		"NoName":       {reason: "A rule has a name.", op: types.ArrayUpdateOperationAdd, rule: apart("", false, a, b), want: &types.InvalidArgument{}},
		"EditUnknown":  {reason: "An edit names a rule by its key.", op: types.ArrayUpdateOperationEdit, rule: unknown, want: &types.InvalidArgument{}},
		"EditByName":   {reason: "The name alone does not tell which rule to edit.", op: types.ArrayUpdateOperationEdit, rule: apart("taken", false, a, b), want: &types.InvalidArgument{}},
		"RemoveNone":   {reason: "What is not there cannot be removed.", op: types.ArrayUpdateOperationRemove, key: int32(4711), want: &types.InvalidArgument{}},
		"NoGroup": {
			reason: "A rule about hosts names groups that exist.", op: types.ArrayUpdateOperationAdd,
			rule: &types.ClusterVmHostRuleInfo{ClusterRuleInfo: types.ClusterRuleInfo{Name: "x"}, VmGroupName: "vms", AffineHostGroupName: "hosts"},
			want: &types.InvalidArgument{},
		},
	}
	before := rulesOf(t, cl)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := regulated(t, cl, tc.op, tc.key, tc.rule); !fault.Is(err, tc.want) {
				t.Errorf("%s\nReconfigure: %v, want %T", tc.reason, err, tc.want)
			}
			if diff := cmp.Diff(before, rulesOf(t, cl)); diff != "" {
				t.Errorf("%s\na refused specification changes nothing: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// hostNames returns the hosts that VMs are on.
func hostNames(t *testing.T, c *govmomi.Client, vms ...*object.VirtualMachine) map[string]string {
	t.Helper()
	on := map[string]string{}
	for _, vm := range vms {
		m := vmOf(t, vm)
		name, err := object.NewHostSystem(c.Client, *m.Runtime.Host).ObjectName(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		on[m.Name] = name
	}
	return on
}

func TestRuleAtPowerOn(t *testing.T) {
	_, c := start(t)
	cl := drsCluster(t, c)
	var vms []*object.VirtualMachine
	for _, name := range []string{"a", "b", "c", "d"} {
		vms = append(vms, newVM(t, c, name))
	}
	if err := regulated(t, cl, types.ArrayUpdateOperationAdd, nil, apart("set", true, vms...)); err != nil {
		t.Fatal(err)
	}
	for _, vm := range vms[:3] {
		task, err := vm.PowerOn(t.Context())
		made(t, task, err)
	}
	// All were made on esxi-04.
	if diff := cmp.Diff(map[string]string{"a": "esxi-04", "b": "esxi-05", "c": "esxi-06"}, hostNames(t, c, vms[:3]...)); diff != "" {
		t.Errorf("DRS selects a host that the rule allows: -want, +got:\n%s", diff)
	}
	task, err := vms[3].PowerOn(t.Context())
	if err := failed(t, task, err); !fault.Is(err, &types.RuleViolation{}) {
		t.Errorf("a fourth VM on three hosts: %v, want RuleViolation", err)
	}
	task, err = vms[0].PowerOff(t.Context())
	made(t, task, err)
	task, err = vms[3].PowerOn(t.Context())
	made(t, task, err)
}

func TestRuleAtMigration(t *testing.T) {
	cases := map[string]struct {
		reason    string
		mandatory bool
		want      types.BaseMethodFault
	}{
		"Mandatory": {reason: "'A mandatory rule will prevent a virtual machine from being ... migrated to a host that does not satisfy the rule.'", mandatory: true, want: &types.RuleViolation{}},
		"Optional":  {reason: "By hand a VM can be moved against a rule, which shows that it is not satisfied."},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, c := start(t)
			cl := drsCluster(t, c)
			a, b := newVM(t, c, "a"), newVM(t, c, "b")
			if err := regulated(t, cl, types.ArrayUpdateOperationAdd, nil, apart("set", tc.mandatory, a, b)); err != nil {
				t.Fatal(err)
			}
			for _, vm := range []*object.VirtualMachine{a, b} {
				task, err := vm.PowerOn(t.Context())
				made(t, task, err)
			}
			to := vmOf(t, a).Runtime.Host
			task, err := b.Relocate(t.Context(), types.VirtualMachineRelocateSpec{Host: to}, types.VirtualMachineMovePriorityDefaultPriority)
			err = failed(t, task, err)
			if tc.want != nil {
				if !fault.Is(err, tc.want) {
					t.Errorf("%s\nRelocate: %v, want %T", tc.reason, err, tc.want)
				}
				return
			}
			if err != nil || rulesOf(t, cl)[0].Status != types.ManagedEntityStatusRed {
				t.Errorf("%s\nRelocate: %v, the rule is %s", tc.reason, err, rulesOf(t, cl)[0].Status)
			}
		})
	}
}

func TestHostRule(t *testing.T) {
	_, c := start(t)
	cl := drsCluster(t, c)
	vm := newVM(t, c, "a")
	host, err := find.NewFinder(c.Client).HostSystem(t.Context(), "/prod-dc/host/prod-cluster-2/esxi-06")
	if err != nil {
		t.Fatal(err)
	}
	add := types.ArrayUpdateSpec{Operation: types.ArrayUpdateOperationAdd}
	task, err := cl.Reconfigure(t.Context(), &types.ClusterConfigSpecEx{
		GroupSpec: []types.ClusterGroupSpec{
			{ArrayUpdateSpec: add, Info: &types.ClusterVmGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: "vms"}, Vm: []types.ManagedObjectReference{vm.Reference()}}},
			{ArrayUpdateSpec: add, Info: &types.ClusterHostGroup{ClusterGroupInfo: types.ClusterGroupInfo{Name: "hosts"}, Host: []types.ManagedObjectReference{host.Reference()}}},
		},
		RulesSpec: []types.ClusterRuleSpec{{ArrayUpdateSpec: add, Info: &types.ClusterVmHostRuleInfo{
			ClusterRuleInfo: types.ClusterRuleInfo{Name: "licence", Enabled: types.NewBool(true), Mandatory: types.NewBool(true)},
			VmGroupName:     "vms", AffineHostGroupName: "hosts",
		}}},
	}, true)
	made(t, task, err)
	task, err = vm.PowerOn(t.Context())
	made(t, task, err)
	if diff := cmp.Diff(map[string]string{"a": "esxi-06"}, hostNames(t, c, vm), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a VM runs on the hosts of its group: -want, +got:\n%s", diff)
	}
	other := vmOf(t, newVM(t, c, "b")).Runtime.Host
	task, err = vm.Relocate(t.Context(), types.VirtualMachineRelocateSpec{Host: other}, types.VirtualMachineMovePriorityDefaultPriority)
	if err := failed(t, task, err); !fault.Is(err, &types.VmHostAffinityRuleViolation{}) {
		t.Errorf("Relocate: %v, want VmHostAffinityRuleViolation", err)
	}
}
