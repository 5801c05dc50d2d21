// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// work is what a task does. It is called with the world's lock held.
type work func() (types.AnyType, types.BaseMethodFault)

// start makes a task of ours on an object and starts it. The caller holds the world's lock. A gate holds the task back, a
// cancelled task does nothing.
func (w *world) start(ctx *simulator.Context, on mo.Reference, name string, rule *Rule, do work) types.ManagedObjectReference {
	if rule != nil && rule.TaskFault != nil {
		do = func() (types.AnyType, types.BaseMethodFault) { return nil, rule.TaskFault }
	}
	task := simulator.CreateTask(on, name, nil)
	task.Info.Cancelable = true
	if ctx.Session != nil {
		task.Info.Reason = &types.TaskReasonUser{UserName: ctx.Session.UserName}
	}
	w.reg.Put(task)
	task.Info.Key = task.Self.Value
	task.Info.Task = task.Self

	cancelled := make(chan struct{})
	w.state.Lock()
	w.ours[task.Self] = cancelled
	w.state.Unlock()
	w.reg.AtomicUpdate(w.ctx, task, []types.PropertyChange{
		{Name: "info.startTime", Val: time.Now()},
		{Name: "info.state", Val: types.TaskInfoStateRunning},
	})

	go func() {
		if rule != nil && rule.Gate != nil {
			select {
			case <-rule.Gate:
			case <-cancelled:
				return
			case <-w.closed:
				return
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		if !isOver(task.Info.State) {
			w.end(task, do)
		}
	}()
	return task.Self
}

// end does a task's work and records how it ended.
func (w *world) end(task *simulator.Task, do work) {
	res, fault := do()
	w.settle()
	changes := []types.PropertyChange{
		{Name: "info.completeTime", Val: time.Now()},
		{Name: "info.state", Val: types.TaskInfoStateSuccess},
		{Name: "info.result", Val: res},
	}
	if fault != nil {
		changes = []types.PropertyChange{
			{Name: "info.completeTime", Val: time.Now()},
			{Name: "info.error", Val: types.LocalizedMethodFault{Fault: fault, LocalizedMessage: fmt.Sprintf("%T", fault)}},
			{Name: "info.state", Val: types.TaskInfoStateError},
		}
	}
	w.reg.AtomicUpdate(w.ctx, task, changes)
	w.finish()
}

// outcome waits for the task that a call of vcsim's started, and returns how it ended.
func (w *world) outcome(body soap.HasFault) (types.AnyType, types.BaseMethodFault) {
	if f := body.Fault(); f != nil {
		return nil, asFault(f)
	}
	var ref types.ManagedObjectReference
	switch b := body.(type) {
	case *methods.CreateVM_TaskBody:
		ref = b.Res.Returnval
	case *methods.PowerOnVM_TaskBody:
		ref = b.Res.Returnval
	case *methods.PowerOffVM_TaskBody:
		ref = b.Res.Returnval
	case *methods.Destroy_TaskBody:
		ref = b.Res.Returnval
	}
	w.settle()
	task, ok := w.reg.Get(ref).(*simulator.Task)
	if !ok {
		return nil, &types.ManagedObjectNotFound{Obj: ref}
	}
	if task.Info.Error != nil {
		return nil, task.Info.Error.Fault
	}
	return task.Info.Result, nil
}

// isOver says whether a task in that state has ended.
func isOver(s types.TaskInfoState) bool {
	return s == types.TaskInfoStateSuccess || s == types.TaskInfoStateError
}
