// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// jobKind is what a job does to its VM.
type jobKind string

const (
	jobCreate      jobKind = "create"
	jobReconfigure jobKind = "reconfigure"
	jobAdopt       jobKind = "adopt"
	jobPowerOn     jobKind = "power on"
	jobPowerOff    jobKind = "power off"
	jobShutdown    jobKind = "shut down"
	jobSuspend     jobKind = "suspend"
	jobDelete      jobKind = "delete"
)

// task returns the kind of task that a job is for others.
func (k jobKind) task() clients.TaskKind {
	switch k {
	case jobCreate:
		return clients.TaskCreate
	case jobPowerOn:
		return clients.TaskPowerOn
	case jobPowerOff, jobShutdown:
		return clients.TaskPowerOff
	case jobSuspend:
		return clients.TaskSuspend
	case jobDelete:
		return clients.TaskDelete
	default:
		return clients.TaskReconfigure
	}
}

// errAbandoned ends a job that leaves everything as it is, for a later client to find.
var errAbandoned = errors.New("abandoned")

// A job is work on one VM that takes its time.
type job struct {
	kind jobKind
	host string
	// ended says that it is over; err then says why it failed, nil when it did not.
	ended bool
	err   error
	// unwanted says that what it makes is to be removed.
	unwanted bool
	cancel   context.CancelFunc
}

// running says that there is a job and it is not over.
func (j job) running() bool { return j.kind != "" && !j.ended }

// jobs runs at most one job of each VM at a time, and remembers the last one that failed.
type jobs struct {
	// newContext returns the context of a new job, which ends with the client.
	newContext func() (context.Context, context.CancelFunc)
	changed    func(uuid string)
	recorder   clients.Recorder

	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
	byUUID map[string]*job
}

// get returns the VM's job; the zero job when it has none.
func (j *jobs) get(uuid string) job {
	j.mu.Lock()
	defer j.mu.Unlock()
	if found := j.byUUID[uuid]; found != nil {
		return *found
	}
	return job{}
}

// start runs fn as the VM's job, unless one is running.
func (j *jobs) start(uuid string, kind jobKind, host string, fn func(ctx context.Context) error) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if before := j.byUUID[uuid]; j.closed || before != nil && !before.ended {
		return false
	}
	ctx, cancel := j.newContext()
	now := &job{kind: kind, host: host, cancel: cancel}
	j.byUUID[uuid] = now
	began := time.Now()
	j.running.Go(func() {
		defer cancel()
		err := fn(ctx)
		if !errors.Is(err, errAbandoned) {
			j.recorder.Task(kind.task(), time.Since(began), clients.ClassOf(err))
		}
		j.mu.Lock()
		now.ended, now.err = true, err
		if err == nil || now.unwanted {
			delete(j.byUUID, uuid)
		}
		j.mu.Unlock()
		if !errors.Is(err, errAbandoned) {
			j.changed(uuid)
		}
	})
	return true
}

// unwant ends the VM's running job, and has what it made removed.
func (j *jobs) unwant(uuid string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if now := j.byUUID[uuid]; now != nil && !now.ended {
		now.unwanted = true
		now.cancel()
	}
}

// close lets no job start any more.
func (j *jobs) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
}
