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

	// Guest says what the guest does when it is asked to shut down.
	Guest Guest
	// Retained are the disks whose files were kept when the VM was deleted, or when they were detached from it.
	Retained []string

	// task is what is under way, next what the VM becomes when it is done; nil when nothing is.
	task clients.TaskKind
	next *clients.VM
	// boots counts how often the VM was powered on.
	boots int
}

// A Guest says what a guest does when it is asked to shut down.
type Guest string

// Guests.
const (
	// GuestObeys: the guest has shut down when Work is next called.
	GuestObeys Guest = ""
	// GuestIgnores: the guest runs on.
	GuestIgnores Guest = "Ignores"
	// GuestMissing: there is nobody to ask, and the hypervisor says so.
	GuestMissing Guest = "Missing"
)

// Hypervisor is a clients.Hypervisor in memory. Use New.
type Hypervisor struct {
	mu           sync.Mutex
	vms          map[string]*VM
	deleted      map[string]VM
	failures     map[string]failure
	errs         map[Method]error
	lost         map[Method]int
	refusals     []func(clients.Change) error
	calls        []Method
	changes      []clients.Change
	tasks        int
	closed       bool
	capabilities clients.Capabilities
	inventory    clients.Inventory
	subscribers  map[int]func(string)
	nextID       int
}

// A failure of the last task on a VM.
type failure struct {
	task clients.TaskKind
	err  error
}

var _ clients.Hypervisor = &Hypervisor{}

// New returns an empty hypervisor that can do everything.
func New() *Hypervisor {
	return &Hypervisor{
		vms:      map[string]*VM{},
		deleted:  map[string]VM{},
		failures: map[string]failure{},
		errs:     map[Method]error{},
		lost:     map[Method]int{},
		capabilities: clients.Capabilities{
			ReconfigureOnline: true, DiskExpansionOnline: true, Snapshots: true, MemorySnapshots: true, LinkedClones: true, ImageImport: true,
			GuestCustomization: true, ContentLibraries: true, Tags: true, SecureBoot: true, TPM: true, Bridges: true,
			Firmware: []string{"bios", "uefi"}, DiskControllers: []string{"scsi", "nvme"}, DiskFormats: []string{"qcow2", "raw"},
			DiskTypes: []string{"thin", "thick"}, NetworkTypes: []string{"VMXNET3", "E1000"},
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

// Lose makes the next n calls of a method that succeed look as if the endpoint had gone away before it answered.
func (h *Hypervisor) Lose(m Method, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost[m] = n
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
	plug(&vm.VM)
}

// Edit changes a VM as somebody else would, and tells the subscribers.
func (h *Hypervisor) Edit(uuid string, edit func(*VM)) {
	h.mu.Lock()
	if vm := h.vms[uuid]; vm != nil {
		before := vm.PowerState
		edit(vm)
		if vm.PowerState != before {
			vm.boot(&vm.VM)
		}
		plug(&vm.VM)
	}
	h.mu.Unlock()
	h.Notify(uuid)
}

// Refuse makes the start of each change fail for which refuse returns an error.
func (h *Hypervisor) Refuse(refuse func(clients.Change) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals = append(h.refusals, refuse)
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
		vm.VM, vm.next, vm.task = *vm.next, nil, ""
		plug(&vm.VM)
		if vm.State == clients.VMAbsent {
			h.deleted[uuid] = *vm
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
		h.failures[uuid] = failure{task: vm.task, err: err}
		vm.next, vm.task = nil, ""
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

// Changes returns the changes that were accepted since Changes was last called.
func (h *Hypervisor) Changes() []clients.Change {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.changes
	h.changes = nil
	return c
}

// Deleted returns what a VM was when it was deleted.
func (h *Hypervisor) Deleted(uuid string) VM {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.deleted[uuid]
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
		f := h.failures[id.UUID]
		return clients.VM{State: clients.VMAbsent, Failure: f.err, FailedTask: f.task}, nil
	}
	out := clone(vm.VM)
	out.Failure, out.FailedTask = h.failures[id.UUID].err, h.failures[id.UUID].task
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
		task: clients.TaskCreate,
		next: made(spec),
	}
	return clients.TaskRef(fmt.Sprintf("task-%d", h.tasks)), h.reply(CreateVM)
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

// DeleteVM implements clients.Hypervisor.
func (h *Hypervisor) DeleteVM(_ context.Context, id clients.Identity, o clients.DeleteOptions) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, DeleteVM)
	if err := h.err(DeleteVM); err != nil {
		return err
	}
	vm, err := h.owned(id)
	if vm == nil {
		return nil
	}
	if err != nil {
		return err
	}
	vm.Retained = append(vm.Retained, o.Retain...)
	vm.State, vm.task, vm.next = clients.VMDeleting, clients.TaskDelete, &clients.VM{State: clients.VMAbsent, PowerState: vm.PowerState}
	return h.reply(DeleteVM)
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

// reply returns nil, or what the caller sees of a reply that is lost.
func (h *Hypervisor) reply(m Method) error {
	if h.lost[m] == 0 {
		return nil
	}
	h.lost[m]--
	return clients.NewError(clients.Unreachable, "", errors.New("the connection was closed"))
}
