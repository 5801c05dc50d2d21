// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fake is a hypervisor in memory, for tests of controllers.
//
// It keeps to the contract of the port: work is started and goes on only when the test calls Work, lookups can fail, and
// every call is recorded. It stands in for no real hypervisor: those are tested with a simulated vCenter and with libvirt.
package fake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A Method of the port that can be made to fail and whose calls are recorded.
type Method string

// Methods of the port.
const (
	Check        Method = "Check"
	Capabilities Method = "Capabilities"
	Inventory    Method = "Inventory"
	ObserveVM    Method = "ObserveVM"
	CreateVM     Method = "CreateVM"
	CheckVM      Method = "CheckVM"
	FindVM       Method = "FindVM"
	AdoptVM      Method = "AdoptVM"
	Reconfigure  Method = "ReconfigureVM"
	PowerOnVM    Method = "PowerOnVM"
	PowerOffVM   Method = "PowerOffVM"
	ShutdownVM   Method = "ShutdownVM"
	SuspendVM    Method = "SuspendVM"
	DeleteVM     Method = "DeleteVM"
)

// A VM of the fake, with the work that is under way on it.
type VM struct {
	clients.VM
	// UUID of the VM.
	UUID string
	// Spec the VM was made from; zero for one that was put there.
	Spec clients.VMSpec

	// next is what the VM becomes when the work is done; nil when there is none.
	next *clients.VM
}

// Hypervisor is a clients.Hypervisor in memory. Use New.
type Hypervisor struct {
	mu           sync.Mutex
	vms          map[string]*VM
	failures     map[string]error
	errs         map[Method]error
	calls        []Method
	tasks        int
	closed       bool
	capabilities clients.Capabilities
	inventory    clients.Inventory
	subscribers  map[int]func(string)
	nextID       int
}

var _ clients.Hypervisor = &Hypervisor{}

// New returns an empty hypervisor that can do everything.
func New() *Hypervisor {
	return &Hypervisor{
		vms:      map[string]*VM{},
		failures: map[string]error{},
		errs:     map[Method]error{},
		capabilities: clients.Capabilities{
			ReconfigureOnline: true, DiskExpansionOnline: true, Snapshots: true, MemorySnapshots: true, LinkedClones: true, ImageImport: true,
			DiskTypes: []string{"thin", "thick"}, NetworkTypes: []string{"VMXNET3"},
		},
		subscribers: map[int]func(string){},
	}
}

// Fail makes each call of a method fail with err, until it is called again with nil.
func (h *Hypervisor) Fail(m Method, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs[m] = err
}

// SetCapabilities says what the hypervisor can do.
func (h *Hypervisor) SetCapabilities(c clients.Capabilities) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.capabilities = c
}

// SetInventory says what the hypervisor has.
func (h *Hypervisor) SetInventory(i clients.Inventory) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.inventory = i
}

// Put makes a VM be there, whoever made it.
func (h *Hypervisor) Put(vm VM) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vms[vm.UUID] = &vm
}

// Work completes all work that is under way and tells the subscribers.
func (h *Hypervisor) Work() {
	h.mu.Lock()
	var changed []string
	for _, uuid := range slices.Sorted(maps.Keys(h.vms)) {
		vm := h.vms[uuid]
		if vm.next == nil {
			continue
		}
		changed = append(changed, uuid)
		vm.VM, vm.next = *vm.next, nil
		if vm.State == clients.VMAbsent {
			delete(h.vms, uuid)
		}
	}
	h.mu.Unlock()
	h.Notify(changed...)
}

// FailWork ends the work under way on a VM with err: a VM that was being made is gone, another is as it was before.
func (h *Hypervisor) FailWork(uuid string, err error) {
	h.mu.Lock()
	if vm := h.vms[uuid]; vm != nil && vm.next != nil {
		h.failures[uuid] = err
		vm.next = nil
		if vm.State == clients.VMCreating {
			delete(h.vms, uuid)
		} else {
			vm.State = clients.VMPresent
		}
	}
	h.mu.Unlock()
	h.Notify(uuid)
}

// Notify tells the subscribers that VMs changed.
func (h *Hypervisor) Notify(uuids ...string) {
	h.mu.Lock()
	subscribers := slices.Collect(maps.Values(h.subscribers))
	h.mu.Unlock()
	for _, changed := range subscribers {
		for _, uuid := range uuids {
			changed(uuid)
		}
	}
}

// VMs returns all VMs that are there or being made, sorted by UUID.
func (h *Hypervisor) VMs() []VM {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]VM, 0, len(h.vms))
	for _, uuid := range slices.Sorted(maps.Keys(h.vms)) {
		out = append(out, *h.vms[uuid])
	}
	return out
}

// Calls returns the methods called since Calls was last called, without those that only look.
func (h *Hypervisor) Calls() []Method {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.calls
	h.calls = nil
	return c
}

// Closed says whether Close was called.
func (h *Hypervisor) Closed() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closed
}

// Subscribers returns how many there are.
func (h *Hypervisor) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.subscribers)
}

// Check implements clients.Hypervisor.
func (h *Hypervisor) Check(context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err(Check)
}

// Capabilities implements clients.Hypervisor.
func (h *Hypervisor) Capabilities(context.Context) (clients.Capabilities, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.capabilities, h.err(Capabilities)
}

// Inventory implements clients.Hypervisor.
func (h *Hypervisor) Inventory(context.Context) (clients.Inventory, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.inventory, h.err(Inventory)
}

// ObserveVM implements clients.Hypervisor.
func (h *Hypervisor) ObserveVM(_ context.Context, id clients.Identity, _ clients.TaskRef) (clients.VM, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.err(ObserveVM); err != nil {
		return clients.VM{}, err
	}
	vm, ok := h.vms[id.UUID]
	if !ok {
		return clients.VM{State: clients.VMAbsent, Failure: h.failures[id.UUID]}, nil
	}
	out := vm.VM
	out.Failure = h.failures[id.UUID]
	return out, nil
}

// CreateVM implements clients.Hypervisor.
func (h *Hypervisor) CreateVM(_ context.Context, spec clients.VMSpec) (clients.TaskRef, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, CreateVM)
	if err := h.err(CreateVM); err != nil {
		return "", err
	}
	if _, ok := h.vms[spec.UUID]; ok {
		return "", nil
	}
	delete(h.failures, spec.UUID)
	h.tasks++
	h.vms[spec.UUID] = &VM{
		UUID: spec.UUID,
		Spec: spec,
		VM:   clients.VM{State: clients.VMCreating},
		next: &clients.VM{
			State: clients.VMPresent, Owner: spec.Owner, ID: "vm-" + spec.Name, Name: spec.Name, PowerState: clients.PoweredOff,
			CPU: spec.CPU, MemoryMiB: spec.MemoryMiB, Placement: spec.Placement,
		},
	}
	return clients.TaskRef(fmt.Sprintf("task-%d", h.tasks)), nil
}

// FindVM implements clients.Hypervisor: VMs are found by name.
func (h *Hypervisor) FindVM(_ context.Context, name string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.err(FindVM); err != nil {
		return "", err
	}
	for _, vm := range h.vms {
		if vm.Name == name {
			return vm.UUID, nil
		}
	}
	return "", clients.NewError(clients.NotFound, "VM", fmt.Errorf("there is no VM %q", name))
}

// CheckVM implements clients.Hypervisor.
func (h *Hypervisor) CheckVM(context.Context, clients.VMSpec) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err(CheckVM)
}

// AdoptVM implements clients.Hypervisor.
func (h *Hypervisor) AdoptVM(_ context.Context, spec clients.VMSpec) error {
	return h.begin(AdoptVM, spec.UUID, func(vm *clients.VM) { vm.Owner = spec.Owner })
}

// ReconfigureVM implements clients.Hypervisor.
func (h *Hypervisor) ReconfigureVM(_ context.Context, id clients.Identity, c clients.Change) error {
	return h.begin(Reconfigure, id.UUID, func(vm *clients.VM) { apply(vm, c) })
}

// powerMethod returns the method by which a power action is recorded, and what becomes of the VM.
func powerMethod(a clients.PowerAction) (Method, clients.PowerState) {
	switch a {
	case clients.ActionPowerOn:
		return PowerOnVM, clients.PoweredOn
	case clients.ActionSuspend:
		return SuspendVM, clients.Suspended
	case clients.ActionShutdown:
		return ShutdownVM, clients.PoweredOff
	default:
		return PowerOffVM, clients.PoweredOff
	}
}

// PowerVM implements clients.Hypervisor.
func (h *Hypervisor) PowerVM(_ context.Context, id clients.Identity, a clients.PowerAction) error {
	m, state := powerMethod(a)
	return h.begin(m, id.UUID, func(vm *clients.VM) { vm.PowerState = state })
}

// begin records a call and starts work that makes of the VM what change does.
func (h *Hypervisor) begin(m Method, uuid string, change func(*clients.VM)) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, m)
	if err := h.err(m); err != nil {
		return err
	}
	vm, ok := h.vms[uuid]
	if !ok {
		return clients.NewError(clients.NotFound, "VM", errors.New("no such VM"))
	}
	delete(h.failures, uuid)
	next := vm.VM
	change(&next)
	next.State = clients.VMPresent
	vm.State, vm.next = clients.VMBusy, &next
	return nil
}

// apply makes of a VM what a change asks.
func apply(vm *clients.VM, c clients.Change) {
	if c.CPU > 0 {
		vm.CPU = c.CPU
	}
	if c.MemoryMiB > 0 {
		vm.MemoryMiB = c.MemoryMiB
	}
}

// DeleteVM implements clients.Hypervisor.
func (h *Hypervisor) DeleteVM(_ context.Context, id clients.Identity, _ clients.DeleteOptions) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, DeleteVM)
	if err := h.err(DeleteVM); err != nil {
		return err
	}
	vm, ok := h.vms[id.UUID]
	if !ok {
		return nil
	}
	if vm.State != clients.VMCreating && vm.Owner != id.Owner {
		return clients.NewError(clients.Conflict, "VM", errors.New("the VM is somebody else's"))
	}
	vm.State, vm.next = clients.VMDeleting, &clients.VM{State: clients.VMAbsent}
	return nil
}

// Subscribe implements clients.Hypervisor.
func (h *Hypervisor) Subscribe(changed func(uuid string)) (cancel func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := h.nextID
	h.nextID++
	h.subscribers[id] = changed
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.subscribers, id)
	}
}

// Health implements clients.Hypervisor.
func (h *Hypervisor) Health() clients.Health {
	return clients.Health{Sessions: 1, WantedSessions: 1}
}

// Close implements clients.Hypervisor.
func (h *Hypervisor) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
}

func (h *Hypervisor) err(m Method) error {
	if h.closed {
		return clients.NewError(clients.Unreachable, "", errors.New("the endpoint is closed"))
	}
	return h.errs[m]
}
