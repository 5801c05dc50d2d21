// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// answering returns our objects that answer calls in vcsim's place, by the type of object that the calls are for. Each
// answers, for all objects of that type, the calls that it has a method for; vcsim answers the others. So to take over
// another call, add a method; to take over calls to another type, add a row.
func (w *world) answering() map[string]mo.Reference {
	return map[string]mo.Reference{
		"VirtualMachine":         &machine{shim: newShim(w, "VirtualMachine")},
		"VirtualMachineSnapshot": &snapshots{shim: newShim(w, "VirtualMachineSnapshot")},
	}
}

// A shim is what all our objects that answer in vcsim's place have in common.
type shim struct {
	unlocked

	Self  types.ManagedObjectReference
	world *world
}

func newShim(w *world, kind string) shim {
	return shim{Self: types.ManagedObjectReference{Type: "Shim", Value: kind}, world: w}
}

// Reference returns what vcsim knows the shim by.
func (s *shim) Reference() types.ManagedObjectReference { return s.Self }

// unlocked opts out of vcsim's lock per object: the world's lock is held by each call already.
type unlocked struct{}

func (unlocked) Lock()   {}
func (unlocked) Unlock() {}

// handle is vcsim's hook before each call. It sends the calls that we answer to objects of ours, by changing whom the call
// is for: a handler that the hook returns would not be used for calls with a session.
func (w *world) handle(ctx *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	if w.faults(m) {
		return nil, w.rule.Fault
	}
	if ctx.Session == nil {
		return nil, nil
	}
	if m.This.Type == "VirtualMachine" {
		w.touch(m.This)
	}
	if m.This.Type == "PropertyCollector" {
		if ref, ok := w.collector(ctx, m); ok {
			m.This = ref
		}
		return nil, nil
	}
	if s := w.shims[m.This.Type]; s != nil && implements(s, m.Name) {
		m.This = s.Reference()
		// In the registry of all sessions it would be in the way of vcsim, which looks for VMs among all objects there.
		if ctx.Session.Registry.Get(m.This) == nil {
			ctx.Session.Registry.Put(s)
		}
	}
	return nil, nil
}

// implements says whether an object has a method for a call.
func implements(o mo.Reference, call string) bool {
	name, isTask := strings.CutSuffix(call, "_Task")
	if isTask {
		name += "Task"
	}
	return reflect.ValueOf(o).MethodByName(strings.ToUpper(name[:1]) + name[1:]).IsValid()
}

// faults says whether the rule of the call under way refuses it. Waiting for updates has no rule: it does not hold the lock.
func (w *world) faults(m *simulator.Method) bool {
	return m.Name != "WaitForUpdatesEx" && w.rule != nil && w.rule.Fault != nil
}

// asFault returns the fault that a call was refused with.
func asFault(f *soap.Fault) types.BaseMethodFault {
	if fault, ok := f.VimFault().(types.BaseMethodFault); ok {
		return fault
	}
	return &types.RuntimeFault{}
}
