// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"fmt"
	"reflect"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// work is what a task does, or a step of it. It is called with the world's lock held.
type work func() (types.AnyType, types.BaseMethodFault)

// start makes a task of ours on an object and starts it. The task ends with the result of the last step, or with the first
// fault; between steps others have their turn. The caller holds the world's lock.
//
// A task on a VM that another task works on fails. A cancelled task does no further step. The rule may hold the task or let it
// fail, before the first step or half-way.
func (w *world) start(ctx *simulator.Context, on mo.Reference, name string, rule *Rule, steps ...work) types.ManagedObjectReference {
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

	if busy := w.occupy(on, errand{task: task, reads: name == cloning}); busy != nil {
		rule, steps = nil, []work{func() (types.AnyType, types.BaseMethodFault) { return nil, busy }}
	}
	go w.run(task, rule, steps, cancelled)
	return task.Self
}

// run carries out the steps of a task.
func (w *world) run(task *simulator.Task, rule *Rule, steps []work, cancelled <-chan struct{}) {
	at := 0
	if rule != nil && rule.Midway {
		at = len(steps) - 1
	}
	for i, step := range steps {
		if i == at {
			if !w.wait(rule, cancelled) {
				return
			}
			if rule != nil && rule.TaskFault != nil {
				step = func() (types.AnyType, types.BaseMethodFault) { return nil, rule.TaskFault }
			}
		}
		if !w.step(task, step, i == len(steps)-1) {
			return
		}
	}
}

// wait waits until a task may go on, and says whether it still is to.
func (w *world) wait(rule *Rule, cancelled <-chan struct{}) bool {
	var gate <-chan struct{}
	if rule != nil {
		gate = rule.Gate
	}
	if gate != nil {
		select {
		case <-gate:
		case <-cancelled:
			return false
		case <-w.closed:
			return false
		}
	}
	if w.taskTime == 0 {
		return true
	}
	t := time.NewTimer(w.taskTime)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-cancelled:
		return false
	case <-w.closed:
		return false
	}
}

// step carries out one step of a task, and says whether the next is to follow.
func (w *world) step(task *simulator.Task, do work, last bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if isOver(task.Info.State) {
		return false
	}
	w.current = task
	defer func() { w.current = nil }()
	res, fault := do()
	w.settle()
	if on := *task.Info.Entity; w.reg.Get(on) != nil {
		w.touch(on)
	} else {
		delete(w.errands, on)
	}
	if last || fault != nil {
		w.end(task, res, fault)
	}
	w.finish()
	return fault == nil
}

// end records how a task ended.
func (w *world) end(task *simulator.Task, res types.AnyType, fault types.BaseMethodFault) {
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
}

// outcome waits for the task that a call of vcsim's started, and returns how it ended.
func (w *world) outcome(body soap.HasFault) (types.AnyType, types.BaseMethodFault) {
	if f := body.Fault(); f != nil {
		return nil, asFault(f)
	}
	ref, ok := taskOf(body)
	if !ok {
		return nil, &types.NotSupported{}
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

// taskOf returns the task in a reply: all types of replies have it in the same place.
func taskOf(body soap.HasFault) (types.ManagedObjectReference, bool) {
	res := reflect.ValueOf(body).Elem().FieldByName("Res")
	if !res.IsValid() || res.IsNil() {
		return types.ManagedObjectReference{}, false
	}
	val := res.Elem().FieldByName("Returnval")
	if !val.IsValid() {
		return types.ManagedObjectReference{}, false
	}
	ref, ok := val.Interface().(types.ManagedObjectReference)
	return ref, ok
}

// isOver says whether a task in that state has ended.
func isOver(s types.TaskInfoState) bool {
	return s == types.TaskInfoStateSuccess || s == types.TaskInfoStateError
}
