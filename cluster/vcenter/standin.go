// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"reflect"
	"strings"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// A standIn answers calls that start a task of vcsim's with a task of ours that does the same, so that rules apply to it and
// VMs are busy with it.
type standIn struct{ shim }

// A standInCall is a call that a standIn answers.
type standInCall struct {
	method string
	on     types.ManagedObjectReference
	body   types.AnyType
}

// Serve starts the task.
func (s *standIn) Serve(ctx *simulator.Context, call *standInCall) soap.HasFault {
	on := s.world.reg.Get(call.on)
	if on == nil {
		return &standInReply{fault: simulator.Fault("", &types.ManagedObjectNotFound{Obj: call.on})}
	}
	serve := reflect.ValueOf(on).MethodByName(methodName(call.method))
	if !serve.IsValid() {
		return &standInReply{fault: simulator.Fault("", &types.MethodNotFound{Receiver: call.on, Method: call.method})}
	}
	name := strings.TrimSuffix(call.method, "_Task")
	ref := s.world.start(ctx, on, strings.ToLower(name[:1])+name[1:], s.world.rule, func() (types.AnyType, types.BaseMethodFault) {
		args := []reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(call.body)}
		body, ok := serve.Call(args[2-serve.Type().NumIn():])[0].Interface().(soap.HasFault)
		if !ok {
			return nil, &types.NotSupported{}
		}
		return s.world.outcome(body)
	})
	return &standInReply{Res: &taskReply{method: call.method, task: ref}}
}

// A standInReply is the reply to any call that starts a task.
type standInReply struct {
	Res   *taskReply
	fault *soap.Fault
}

// Fault returns why the call was refused.
func (r *standInReply) Fault() *soap.Fault { return r.fault }

// A taskReply encodes as the reply to a method whose result is a task.
type taskReply struct {
	method string
	task   types.ManagedObjectReference
}

// MarshalXML names the reply after the method.
func (r *taskReply) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	start.Name.Local = r.method + "Response"
	return e.EncodeElement(struct {
		Returnval types.ManagedObjectReference `xml:"returnval"`
	}{r.task}, start)
}
