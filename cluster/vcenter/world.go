// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// A world is the simulator's state and the order in which it changes: one call at a time, together with the tasks that the
// call starts. It follows all changes as a handler of vcsim's registry.
type world struct {
	reg *simulator.Registry
	// ctx is that of changes which no call asked for.
	ctx *simulator.Context
	// shims are our objects that answer calls in vcsim's place, by the type of object that the calls are for.
	shims map[string]mo.Reference
	// standIn answers for vcsim's tasks.
	standIn *standIn
	// outage says whether all requests are dropped.
	outage func() bool

	// accounts are who may do what, by privileges that calls need.
	accounts   *accounts
	privileges map[string]string
	// taskTime is how long each task of ours takes at least.
	taskTime time.Duration
	// admission says that VMs are powered on only where there is memory for them.
	admission bool
	// anyGuest is the guest of VMs that have none of their own.
	anyGuest Guest
	// inProcess is the session key of calls that the simulator makes itself.
	inProcess string

	// call holds mu, and so does each task of ours while it works. It guards the fields up to state.
	mu sync.Mutex
	// rule of the call under way.
	rule *Rule
	// current is the task of ours that works now, if one does.
	current *simulator.Task
	// errands are the tasks on each VM.
	errands map[types.ManagedObjectReference][]errand
	// uuids are the instance UUIDs of VMs.
	uuids map[string]types.ManagedObjectReference
	// thin are the sizes of thin disks, by file.
	thin map[diskFile]int64
	// guests of VMs that are not anyGuest.
	guests map[types.ManagedObjectReference]Guest
	// boots counts them. booted has for each VM that is on the number of its boot, negative while that takes.
	boots  int64
	booted map[types.ManagedObjectReference]int64
	// refused is the rule that refuses the next wait for updates, which is the one call that does not hold mu.
	refused atomic.Pointer[Rule]

	// storage is what is known of disks and snapshots beyond vcsim. Guarded by mu.
	storage
	// state guards the fields below it, which are used with and without mu held.
	state sync.Mutex
	// running are vcsim's own tasks that have not ended; each channel is closed when its task has.
	running map[types.ManagedObjectReference]chan struct{}
	// ours are tasks that we run; each channel is closed when its task has ended.
	ours map[types.ManagedObjectReference]chan struct{}
	// powered are VMs whose power state changed during the call under way.
	powered []types.ManagedObjectReference
	// removed are VMs that left the inventory during the call under way.
	removed []types.ManagedObjectReference
	// fresh are VMs whose instance UUID may be new.
	fresh map[types.ManagedObjectReference]bool
	// touches counts what may have changed a VM, and touched has the last count for each VM.
	touches uint64
	touched map[types.ManagedObjectReference]uint64
	// edge is closed, and replaced, when something has changed.
	edge   chan struct{}
	closed chan struct{}
}

var _ simulator.RegisterObject = &world{}

func newWorld(reg *simulator.Registry, outage func() bool) *world {
	w := &world{
		reg:        reg,
		ctx:        simulator.NewContext(),
		outage:     outage,
		storage:    newStorage(),
		running:    map[types.ManagedObjectReference]chan struct{}{},
		ours:       map[types.ManagedObjectReference]chan struct{}{},
		errands:    map[types.ManagedObjectReference][]errand{},
		privileges: privileges(),
		uuids:      map[string]types.ManagedObjectReference{},
		thin:       map[diskFile]int64{},
		fresh:      map[types.ManagedObjectReference]bool{},
		guests:     map[types.ManagedObjectReference]Guest{},
		booted:     map[types.ManagedObjectReference]int64{},
		touched:    map[types.ManagedObjectReference]uint64{},
		edge:       make(chan struct{}),
		closed:     make(chan struct{}),
	}
	w.ctx.Context = context.Background()
	w.ctx.Map = reg
	reg.AddHandler(w)
	for _, vm := range reg.AllReference("VirtualMachine") {
		w.remember(vm.Reference())
	}
	w.shims = w.answering()
	w.standIn = &standIn{newShim(w, "StandIn")}
	return w
}

// Reference returns what vcsim knows the world by.
func (w *world) Reference() types.ManagedObjectReference {
	return types.ManagedObjectReference{Type: "World", Value: "world"}
}

// call runs f, which serves one call, and waits for the tasks that it started.
func (w *world) call(rule *Rule, f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rule = rule
	defer func() { w.rule = nil }()
	f()
	w.finish()
}

// finish waits for vcsim's tasks, lets guests follow the power state of their VM, and announces that something changed.
func (w *world) finish() {
	w.settle()
	w.state.Lock()
	powered, removed := w.powered, w.removed
	w.powered, w.removed = nil, nil
	w.state.Unlock()
	for _, ref := range removed {
		w.forgetVM(ref)
	}
	for _, ref := range powered {
		w.followPower(ref)
	}
	w.judgeRules()
	w.changed()
}

// settle waits until all of vcsim's own tasks have ended.
func (w *world) settle() {
	for {
		w.state.Lock()
		var ref types.ManagedObjectReference
		var done chan struct{}
		for ref, done = range w.running {
			break
		}
		w.state.Unlock()
		if done == nil {
			return
		}
		<-done
		// vcsim holds the task's lock until all handlers have heard of its end.
		w.reg.WithLock(w.ctx, ref, func() {})
	}
}

// changed wakes whoever waits for changes.
func (w *world) changed() {
	w.state.Lock()
	defer w.state.Unlock()
	close(w.edge)
	w.edge = make(chan struct{})
}

// touch remembers that a VM may have changed. vcsim does not announce all changes: a call to a VM also counts.
func (w *world) touch(vm types.ManagedObjectReference) {
	w.state.Lock()
	defer w.state.Unlock()
	w.touches++
	w.touched[vm] = w.touches
}

// touchedSince returns which of some VMs may have changed since a count, and the count now.
func (w *world) touchedSince(count uint64, vms []types.ManagedObjectReference) (changed []types.ManagedObjectReference, now uint64) {
	w.state.Lock()
	defer w.state.Unlock()
	for _, vm := range vms {
		if w.touched[vm] > count {
			changed = append(changed, vm)
		}
	}
	return changed, w.touches
}

// next returns a channel that is closed when something changes from now on.
func (w *world) next() <-chan struct{} {
	w.state.Lock()
	defer w.state.Unlock()
	return w.edge
}

// shut lets go of whoever waits. It may be called once.
func (w *world) shut() { close(w.closed) }

// PutObject implements simulator.RegisterObject: VMs are put in their place when they are new, and when they are moved.
func (w *world) PutObject(_ *simulator.Context, o mo.Reference) {
	if ref := o.Reference(); ref.Type == "VirtualMachine" {
		w.remember(ref)
		w.touch(ref)
	}
}

// RemoveObject implements simulator.RegisterObject.
func (w *world) RemoveObject(_ *simulator.Context, ref types.ManagedObjectReference) {
	w.state.Lock()
	defer w.state.Unlock()
	delete(w.touched, ref)
	if ref.Type == "VirtualMachine" {
		w.removed = append(w.removed, ref)
	}
}

// UpdateObject implements simulator.RegisterObject: it follows the state of tasks and the power of VMs.
func (w *world) UpdateObject(_ *simulator.Context, obj mo.Reference, changes []types.PropertyChange) {
	switch o := obj.(type) {
	case *mo.Task:
		w.followTask(o)
	case *mo.VirtualMachine:
		w.touch(o.Self)
		if slices.ContainsFunc(changes, func(c types.PropertyChange) bool { return c.Name == "runtime.powerState" }) {
			w.state.Lock()
			w.powered = append(w.powered, o.Self)
			w.state.Unlock()
		}
	}
}

func (w *world) followTask(t *mo.Task) {
	w.state.Lock()
	defer w.state.Unlock()
	done, isOurs := w.ours[t.Self]
	if !isOurs {
		done = w.running[t.Self]
	}
	switch {
	case isOver(t.Info.State):
		if done != nil {
			close(done)
			delete(w.running, t.Self)
			delete(w.ours, t.Self)
		}
	case t.Info.State == types.TaskInfoStateRunning && done == nil:
		w.running[t.Self] = make(chan struct{})
	}
}
