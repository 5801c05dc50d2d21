// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// purpose of a job.
type purpose string

const (
	toCreate      purpose = "create"
	toReconfigure purpose = "reconfigure"
	toAdopt       purpose = "adopt"
	toPowerOn     purpose = "power on"
	toPowerOff    purpose = "power off"
	toSuspend     purpose = "suspend"
	// What comes before a VM is destroyed.
	toSwitchOff purpose = "switch off"
	toUnsnap    purpose = "remove the snapshots of"
	toDetach    purpose = "detach disks from"
	toDestroy   purpose = "destroy"
	toDiscard   purpose = "remove what is left of"
)

// kind returns what the port calls a job of the purpose.
func (p purpose) kind() clients.TaskKind {
	switch p {
	case toCreate:
		return clients.TaskCreate
	case toPowerOn:
		return clients.TaskPowerOn
	case toPowerOff:
		return clients.TaskPowerOff
	case toSuspend:
		return clients.TaskSuspend
	case toSwitchOff, toUnsnap, toDetach, toDestroy, toDiscard:
		return clients.TaskDelete
	default:
		return clients.TaskReconfigure
	}
}

// state returns the state of a VM while a job of the purpose is under way.
func (p purpose) state() clients.VMState {
	if p == toDiscard {
		// It is about to be made again.
		return clients.VMCreating
	}
	switch p.kind() {
	case clients.TaskCreate:
		return clients.VMCreating
	case clients.TaskDelete:
		return clients.VMDeleting
	default:
		return clients.VMBusy
	}
}

// A job is a task on one of our VMs. Jobs are not changed once they are known: a job that ends is replaced.
type job struct {
	task    types.ManagedObjectReference
	uuid    string
	purpose purpose
	// began is when we came to know of the task.
	began time.Time
	// reserved is what a VM that is being created will take.
	reserved reservation
	over     bool
	// err is why the task failed, of a class.
	err error
	// cause is why a VM was not made that is being discarded, of a class.
	cause error
	// stop ends a deployment, which has no task.
	stop func()
}

// A reservation is what a VM that is being made takes of a host and a datastore.
type reservation struct {
	host, datastore types.ManagedObjectReference
	memoryMiB       int64
	bytes           int64
	macs            []string
}

// work is what is under way. The client's mu guards it.
type work struct {
	// recorder is told of jobs that end.
	recorder clients.Recorder
	// jobs are the last ones of each VM, by instance UUID.
	jobs map[string]*job
	// tasks are the jobs that are not over, by task.
	tasks map[types.ManagedObjectReference]*job
	// suspects are clone tasks not known to be somebody else's: each may yet bring one of our VMs into being.
	suspects map[types.ManagedObjectReference]bool
	// unsure says that a call's reply was lost and suspects were not collected since.
	unsure bool
	// starting are VMs for which CreateVM is under way.
	starting map[string]bool
	// basing are the images of which a snapshot is taken, by image, with the task once it is known.
	basing map[types.ManagedObjectReference]types.ManagedObjectReference
	// ended are tasks that the vCenter still lists for us although they are over.
	ended []types.ManagedObjectReference
}

func newWork(recorder clients.Recorder) *work {
	return &work{
		recorder: recorder,
		jobs:     map[string]*job{},
		tasks:    map[types.ManagedObjectReference]*job{},
		suspects: map[types.ManagedObjectReference]bool{},
		starting: map[string]bool{},
		basing:   map[types.ManagedObjectReference]types.ManagedObjectReference{},
	}
}

// running returns the job under way on a VM, nil for none.
func (w *work) running(uuid string) *job {
	if j := w.jobs[uuid]; j != nil && !j.over {
		return j
	}
	return nil
}

// begin takes a job on.
func (w *work) begin(j *job) {
	j.began = time.Now()
	w.jobs[j.uuid] = j
	w.tasks[j.task] = j
	delete(w.suspects, j.task)
}

// suspect takes clone tasks on that may be ours.
func (w *work) suspect(tasks []types.ManagedObjectReference) {
	w.unsure = false
	for _, t := range tasks {
		if w.tasks[t] == nil {
			w.suspects[t] = true
		}
	}
}

// apply takes an update of a task in. It returns the instance UUID of the VM that it is about.
func (w *work) apply(u types.ObjectUpdate) []string {
	p := properties{}
	for _, ch := range u.ChangeSet {
		p[ch.Name] = ch.Val
	}
	state := get[types.TaskInfoState](p, "info.state")
	left := u.Kind == types.ObjectUpdateKindLeave
	if !left && !isEnded(state) {
		return nil
	}
	delete(w.suspects, u.Obj)
	if !left {
		w.ended = append(w.ended, u.Obj)
	}
	j := w.tasks[u.Obj]
	if j == nil {
		return nil
	}
	delete(w.tasks, u.Obj)
	if w.jobs[j.uuid] != j {
		return nil
	}
	if left {
		// The vCenter forgot the task: how it went shows in the VM.
		delete(w.jobs, j.uuid)
		return []string{j.uuid}
	}
	over := *j
	over.over = true
	if state == types.TaskInfoStateError {
		f := get[types.LocalizedMethodFault](p, "info.error")
		over.err = failure(j.purpose, &f)
	}
	w.jobs[j.uuid] = &over
	w.recorder.Task(j.purpose.kind(), time.Since(j.began), clients.ClassOf(over.err))
	return []string{j.uuid}
}

// track takes a job on and has the feed bring its end.
func (c *Client) track(ctx context.Context, s *session, j *job) {
	c.mu.Lock()
	c.work.begin(j)
	ended := c.work.ended
	c.work.ended = nil
	c.mu.Unlock()
	res, err := methods.ModifyListView(ctx, s.vim, &types.ModifyListView{
		This: s.tasks, Add: []types.ManagedObjectReference{j.task}, Remove: ended,
	})
	if err != nil {
		// Without the list the feed is of no use: it is made anew, with the job in it.
		c.options.Log.V(1).Info("Cannot list a task", "task", j.task.Value, "error", err)
		s.resync()
		return
	}
	c.forget(res.Returnval)
}

// suspect looks for clone tasks that may be ours without our knowing, and has the feed bring the end of all tasks under way.
func (c *Client) suspect(ctx context.Context, s *session) error {
	clones, err := runningClones(ctx, s)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.work.suspect(clones)
	tasks := make([]types.ManagedObjectReference, 0, len(c.work.tasks)+len(c.work.suspects))
	for t := range c.work.tasks {
		tasks = append(tasks, t)
	}
	for t := range c.work.suspects {
		tasks = append(tasks, t)
	}
	c.mu.Unlock()
	if len(tasks) == 0 {
		return nil
	}
	res, err := methods.ModifyListView(ctx, s.vim, &types.ModifyListView{This: s.tasks, Add: tasks})
	if err != nil {
		return fmt.Errorf("cannot list tasks: %w", err)
	}
	c.forget(res.Returnval)
	return nil
}

// forget drops tasks that the vCenter does not know any more.
func (c *Client) forget(unknown []types.ManagedObjectReference) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range unknown {
		c.work.apply(types.ObjectUpdate{Kind: types.ObjectUpdateKindLeave, Obj: t})
	}
}

// isClone says whether a task clones a VM or deploys one from an OVF. Real vCenters and simulators write its name differently.
func isClone(info types.TaskInfo) bool {
	what := strings.ToLower(info.Name + " " + info.DescriptionId)
	return strings.EqualFold(strings.TrimSuffix(info.Name, "_Task"), "CloneVM") ||
		strings.Contains(what, "ovf") || strings.Contains(what, "importvapp")
}

// runningClones returns the clone tasks of our account that have not ended. vCenter keeps a task among the recent ones for as
// long as it runs.
func runningClones(ctx context.Context, s *session) ([]types.ManagedObjectReference, error) {
	var tasks []mo.Task
	err := retrieve(ctx, s, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{
			Obj: *s.vim.ServiceContent.TaskManager, Skip: types.NewBool(true),
			SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{Type: "TaskManager", Path: "recentTask"}},
		}},
		PropSet:                       []types.PropertySpec{{Type: "Task", PathSet: []string{"info"}}},
		ReportMissingObjectsInResults: types.NewBool(true),
	}, &tasks)
	if err != nil {
		return nil, fmt.Errorf("cannot read recent tasks: %w", err)
	}
	var running []types.ManagedObjectReference
	for _, t := range tasks {
		by, isUser := t.Info.Reason.(*types.TaskReasonUser)
		if !isClone(t.Info) || isEnded(t.Info.State) || isUser && !strings.EqualFold(by.UserName, s.userName) {
			continue
		}
		running = append(running, t.Self)
	}
	return running, nil
}

func isEnded(s types.TaskInfoState) bool {
	return s == types.TaskInfoStateSuccess || s == types.TaskInfoStateError
}

// retrieve reads properties into dst, a pointer to a slice of managed objects.
func retrieve(ctx context.Context, s *session, spec types.PropertyFilterSpec, dst any) error {
	res, err := property.DefaultCollector(s.vim).RetrieveProperties(ctx, types.RetrieveProperties{SpecSet: []types.PropertyFilterSpec{spec}})
	if err != nil {
		return err
	}
	return mo.LoadObjectContent(res.Returnval, dst)
}

// adopt takes a creation on that an earlier process started, by the reference it left. It returns nil when the vCenter does
// not know the task any more.
func (c *Client) adopt(ctx context.Context, s *session, id clients.Identity, task clients.TaskRef) (*job, error) {
	c.mu.RLock()
	known := c.work.jobs[id.UUID]
	c.mu.RUnlock()
	if known != nil || task == "" {
		return known, nil
	}
	ref := types.ManagedObjectReference{Type: "Task", Value: string(task)}
	var tasks []mo.Task
	err := retrieve(ctx, s, types.PropertyFilterSpec{
		ObjectSet: []types.ObjectSpec{{Obj: ref}},
		PropSet:   []types.PropertySpec{{Type: "Task", PathSet: []string{"info"}}},
	}, &tasks)
	if isGone(err) || err == nil && len(tasks) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, classify(fmt.Errorf("cannot read task %q: %w", task, err))
	}
	j := &job{task: ref, uuid: id.UUID, purpose: toCreate}
	switch info := tasks[0].Info; {
	case !isEnded(info.State):
		c.track(ctx, s, j)
	case info.Error != nil:
		j.over, j.err = true, failure(j.purpose, info.Error)
	default:
		j.over = true
	}
	if j.over {
		c.mu.Lock()
		c.work.jobs[j.uuid] = j
		c.mu.Unlock()
	}
	return j, nil
}
