// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package clients

import "context"

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

	// CreateVM starts to make a VM, powered off, complete with hardware, disks, networks and guest data. A VM of this
	// identity that exists already, or is being made, is left as it is and is no error. NotFound names a missing image,
	// network, datastore or host; Conflict says that a VM of somebody else has the name.
	CreateVM(ctx context.Context, spec VMSpec) (TaskRef, error)

	// PowerOnVM starts to power a VM on. A VM that is on already is no error.
	PowerOnVM(ctx context.Context, id Identity) error

	// DeleteVM starts the next step of removing a VM and what belongs to it: cancel or await its creation, power off,
	// destroy. It is called until ObserveVM says VMAbsent. A VM without the owner's mark is refused with Conflict. Images
	// and backing files are never removed.
	DeleteVM(ctx context.Context, id Identity, task TaskRef) error

	// Subscribe calls changed with the UUID of each VM that changed, and with "" when all should be looked at again, until
	// cancel is called. It must not block for long.
	Subscribe(changed func(uuid string)) (cancel func())

	// Close ends the connections and whatever the endpoint does in the background.
	Close()
}
