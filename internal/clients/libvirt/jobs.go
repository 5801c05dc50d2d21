// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"sync"
)

// jobKind is what a job does to its VM.
type jobKind string

const (
	jobCreate  jobKind = "create"
	jobPowerOn jobKind = "power on"
	jobDelete  jobKind = "delete"
)

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
	j.running.Go(func() {
		defer cancel()
		err := fn(ctx)
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
