// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// answering returns our objects that answer calls in vcsim's place, by the type of object that the calls are for. Each
// answers, for all objects of that type, the calls that it has a method for; vcsim answers the others. So to take over
// another call, add a method; to take over calls to another type, add a row.
func (w *world) answering() map[string]mo.Reference {
	return map[string]mo.Reference{
		"VirtualMachine":         &machine{newShim(w, "VirtualMachine")},
		"AuthorizationManager":   &authorization{newShim(w, "AuthorizationManager")},
		"Datacenter":             &datacenter{newShim(w, "Datacenter")},
		"HostSystem":             &host{newShim(w, "HostSystem")},
		"ClusterComputeResource": &cluster{newShim(w, "ClusterComputeResource")},
		"Datastore":              &datastores{newShim(w, "Datastore")},
		"StorageResourceManager": &storageManager{newShim(w, "StorageResourceManager")},
		"VirtualMachineSnapshot": &snapshots{newShim(w, "VirtualMachineSnapshot")},
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
	outside := ctx.Session == nil || ctx.Session.Key != w.inProcess
	if outside {
		if fault := w.refuse(ctx, m); fault != nil {
			return nil, fault
		}
	}
	if ctx.Session == nil {
		return nil, nil
	}
	if outside {
		if fault := w.forbid(ctx, m); fault != nil {
			return nil, fault
		}
	}
	switch m.This.Type {
	case "PropertyCollector":
		if ref, ok := w.collector(ctx, m); ok {
			m.This = ref
		}
		return nil, nil
	case "VirtualMachine":
		w.touch(m.This)
		if fault := w.disabled(m); fault != nil {
			return nil, fault
		}
	}
	s := w.shims[m.This.Type]
	switch {
	case s != nil && implements(s, m.Name):
		m.This = s.Reference()
	case outside && strings.HasSuffix(m.Name, "_Task") && (m.This.Type == "VirtualMachine" || w.rule.held()):
		s = w.standIn
		m.Body = &standInCall{method: m.Name, on: m.This, body: m.Body}
		m.This, m.Name = s.Reference(), "Serve"
	default:
		return nil, nil
	}
	// In the registry of all sessions it would be in the way of vcsim, which looks for VMs among all objects there.
	if ctx.Session.Registry.Get(m.This) == nil {
		ctx.Session.Registry.Put(s)
	}
	return nil, nil
}

// refuse returns the fault that the rule of the call refuses it with, nil if it does not.
func (w *world) refuse(ctx *simulator.Context, m *simulator.Method) types.BaseMethodFault {
	var rule *Rule
	if m.Name == waiting {
		rule = w.refused.Swap(nil)
	} else {
		rule = w.rule
	}
	switch {
	case !rule.refuses():
		return nil
	case rule.Fault != nil:
		return rule.Fault
	}
	if ctx.Session != nil {
		admin := *w.ctx
		admin.Session = &simulator.Session{}
		w.reg.SessionManager().TerminateSession(&admin, &types.TerminateSession{SessionId: []string{ctx.Session.Key}})
	}
	return &types.NotAuthenticated{NoPermission: types.NoPermission{Object: &m.This, PrivilegeId: "System.View"}}
}

// implements says whether an object has a method for a call.
func implements(o mo.Reference, call string) bool {
	return reflect.ValueOf(o).MethodByName(methodName(call)).IsValid()
}

// methodName returns vcsim's name of the Go method for a call.
func methodName(call string) string {
	name, isTask := strings.CutSuffix(call, "_Task")
	if isTask {
		name += "Task"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// asFault returns the fault that a call was refused with.
func asFault(f *soap.Fault) types.BaseMethodFault {
	if fault, ok := f.VimFault().(types.BaseMethodFault); ok {
		return fault
	}
	return &types.RuntimeFault{}
}

// inProcess returns the key of the session that calls have which the simulator makes itself.
func inProcess(m *simulator.Model) (key string) {
	m.Map().Handler = func(ctx *simulator.Context, _ *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		key = ctx.Session.Key
		return nil, nil
	}
	// The call itself does not matter.
	_, _ = methods.GetCurrentTime(context.Background(), m.Service)
	return key
}
