// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

import (
	"context"
	"time"
)

// A TaskRef is a hypervisor's own reference to work it has accepted, such as "task-42". It is kept with the managed
// resource, so that a provider that starts anew finds the work again. Empty when the hypervisor keeps no such reference.
type TaskRef string

// A Hypervisor is one endpoint: a vCenter, or a fleet of libvirt hosts. It is shared by all resources of the endpoint and
// safe for concurrent use.
//
// No method waits for work on the hypervisor: what can take long is started, and a later observation reports how it went.
// Every method may be called again after an unknown outcome without doing the work twice. Errors are of the classes in
// errors.go.
type Hypervisor interface {
	// Check returns nil when the endpoint answers and its first observation is complete, otherwise why not:
	// Unreachable, Unauthorized, Untrusted. A fleet is usable when at least one of its hosts is; what is wrong with the
	// others is in Inventory.
	Check(ctx context.Context) error

	// Capabilities says what can be asked of the endpoint.
	Capabilities(ctx context.Context) (Capabilities, error)

	// Inventory returns what placement chooses from, out of the endpoint's cache.
	Inventory(ctx context.Context) (Inventory, error)

	// ObserveVM returns what is known of a VM, out of the endpoint's cache. State is VMAbsent only when the endpoint was
	// asked and confirmed it; when that cannot be known the error is Unreachable or another class, never absence. The task
	// is the one that CreateVM returned, or empty.
	ObserveVM(ctx context.Context, id Identity, task TaskRef) (VM, error)

	// FindVM returns the UUID of the VM that a user names for import: by inventory path on vSphere, by name or "host/name" on
	// libvirt. NotFound and Conflict, when several have the name, say so.
	FindVM(ctx context.Context, name string) (uuid string, err error)

	// CheckVM returns what is known to keep CreateVM from succeeding, out of the endpoint's cache and without a call: NotFound,
	// Conflict, Capacity, Invalid, Unsupported. Nil does not promise success.
	CheckVM(ctx context.Context, spec VMSpec) error

	// CreateVM starts to make a VM, powered off, complete with hardware, disks, networks and guest data. A VM of this
	// identity that exists already, or is being made, is left as it is and is no error. NotFound names a missing image,
	// network, datastore or host; Conflict says that a VM of somebody else has the name.
	CreateVM(ctx context.Context, spec VMSpec) (TaskRef, error)

	// AdoptVM starts to put the owner's mark on a VM that carries none, and to record which of its disks and interfaces are the
	// spec's: its first disk is RootDisk, the others are matched with those of the spec in order of attachment and by size, the
	// interfaces in order. A VM that carries another mark is refused with Conflict.
	AdoptVM(ctx context.Context, spec VMSpec) error

	// ReconfigureVM starts to change a VM's hardware, all of the change or nothing of it as far as the hypervisor can. Only what
	// VM.Plug and DiskObservation.Growable allowed is asked; what turns out not to be possible in the VM's present power state
	// is Invalid. Both what runs and what is kept for the next start are changed.
	ReconfigureVM(ctx context.Context, id Identity, c Change) error

	// PowerVM starts to change a VM's power. A VM that is as wanted already is no error. ActionShutdown is Unsupported where
	// the guest cannot be asked at the moment.
	PowerVM(ctx context.Context, id Identity, a PowerAction) error

	// DeleteVM starts the next step of removing a VM and what belongs to it: cancel or await its creation, power off,
	// destroy. It is called until ObserveVM says VMAbsent. A VM without the owner's mark is refused with Conflict. Images,
	// backing files, retained disks and disks that we did not make are never removed.
	DeleteVM(ctx context.Context, id Identity, o DeleteOptions) error

	// Subscribe calls changed with the UUID of each VM that changed, and with "" when all should be looked at again, until
	// cancel is called. It must not block for long.
	Subscribe(changed func(uuid string)) (cancel func())

	// Health says how the endpoint's connection is, for metrics.
	Health() Health

	// Close ends the connections and whatever the endpoint does in the background.
	Close()
}

// Health says how an endpoint's connection is.
type Health struct {
	// Sessions is how many connections or sessions are established, and how many there should be.
	Sessions, WantedSessions int
	// LastContact is when the endpoint last said how it is; zero when it never did.
	LastContact time.Time
}

// A Recorder is told what an endpoint does, for metrics. It must not block.
type Recorder interface {
	// Call is called after each call of a method, such as "CloneVM_Task". The class is "" for success.
	Call(method string, class Class)
	// Task is called after each task on a VM of ours. The class is "" for success.
	Task(kind TaskKind, took time.Duration, class Class)
}

// NopRecorder records nothing.
type NopRecorder struct{}

var _ Recorder = NopRecorder{}

// Call implements Recorder.
func (NopRecorder) Call(string, Class) {}

// Task implements Recorder.
func (NopRecorder) Task(TaskKind, time.Duration, Class) {}
