// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// How long to wait after the first failure of work that the hypervisor had accepted, and at most. Each failure doubles it.
const (
	minRetryDelay = 5 * time.Second
	maxRetryDelay = 2 * time.Minute
)

// tries remembers how often work was started for a VM that is not yet as it should be. It is only about pace and wording:
// nothing is lost when the provider starts anew without it.
type tries struct {
	now func() time.Time

	mu    sync.Mutex
	byUID map[types.UID]*try
	runs  map[types.UID]*run
}

// try is what is remembered of one VM.
type try struct {
	// generation of the VM that the rest is about.
	generation int64
	// count of the times the same work was started, and when it last was.
	work  action
	count int
	last  time.Time
	// reported says that the failure of the work was reported in an event.
	reported bool
	// refused is the condition that says why the hypervisor would not start to make the VM; nil when it did.
	refused *xpv2.Condition
}

func newTries(now func() time.Time) *tries {
	return &tries{now: now, byUID: map[types.UID]*try{}, runs: map[types.UID]*run{}}
}

// of returns what is remembered of a VM. What was remembered of another generation of it counts no more. The caller holds mu.
func (t *tries) of(vm *v1beta1.VirtualMachine) *try {
	tr, ok := t.byUID[vm.GetUID()]
	if !ok || tr.generation != vm.GetGeneration() {
		tr = &try{generation: vm.GetGeneration()}
		t.byUID[vm.GetUID()] = tr
	}
	return tr
}

// started remembers that the hypervisor accepted work.
func (t *tries) started(vm *v1beta1.VirtualMachine, work action) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := t.of(vm)
	if tr.work != work {
		tr.work, tr.count = work, 0
	}
	tr.count++
	tr.last = t.now()
	tr.reported = false
	tr.refused = nil
}

// refuse remembers why the hypervisor would not start to make the VM.
func (t *tries) refuse(vm *v1beta1.VirtualMachine, c xpv2.Condition) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := t.of(vm)
	c.ObservedGeneration = vm.GetGeneration()
	if tr.refused == nil || !tr.refused.Equal(c) {
		tr.refused = &c
	}
}

// allowed forgets why the hypervisor would not start to make the VM: it is being made, or there.
func (t *tries) allowed(vm *v1beta1.VirtualMachine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if tr, ok := t.byUID[vm.GetUID()]; ok {
		tr.refused = nil
	}
}

// failed is called when the work that was last started has failed. It returns how long to wait before it is started again,
// and whether this failure is news.
func (t *tries) failed(vm *v1beta1.VirtualMachine) (wait time.Duration, news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := t.of(vm)
	news, tr.reported = !tr.reported, true
	return tr.last.Add(retryDelay(tr.count)).Sub(t.now()), news
}

// pause returns how long to wait before the work that was last started is started again although it has not failed: what
// came of it may not show yet.
func (t *tries) pause(vm *v1beta1.VirtualMachine, work action) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr := t.of(vm)
	if tr.work != work || tr.count == 0 {
		return 0
	}
	return tr.last.Add(retryDelay(tr.count)).Sub(t.now())
}

// settled forgets a VM that is as it should be, or gone.
func (t *tries) settled(vm *v1beta1.VirtualMachine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byUID, vm.GetUID())
}

// explain replaces a Ready condition that only says that the VM is being created by the reason why it is not.
func (t *tries) explain(vm *v1beta1.VirtualMachine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tr, ok := t.byUID[vm.GetUID()]
	if !ok || tr.refused == nil || vm.GetCondition(xpv2.TypeReady).Reason != xpv2.ReasonCreating {
		return
	}
	vm.SetConditions(*tr.refused)
}

// retryDelay returns how long to wait after work was started for the count-th time and failed.
func retryDelay(count int) time.Duration {
	d := minRetryDelay
	for ; count > 1 && d < maxRetryDelay; count-- {
		d *= 2
	}
	return min(d, maxRetryDelay)
}

// explainingManager is a manager whose client explains why a VM is not created whenever it writes the VM's status.
//
// NOTE: the runtime sets Ready to Creating when Create fails, whatever Create had set, and Observe has said why at the last
// reconcile. Without this, the condition would change twice with each try.
type explainingManager struct {
	manager.Manager
	tries *tries
}

// GetClient returns the manager's client, with the status writer that explains.
func (m explainingManager) GetClient() client.Client {
	return explainingClient{Client: m.Manager.GetClient(), tries: m.tries}
}

type explainingClient struct {
	client.Client
	tries *tries
}

// Status returns the client's status writer that explains.
func (c explainingClient) Status() client.SubResourceWriter {
	return explainingWriter{SubResourceWriter: c.Client.Status(), tries: c.tries}
}

type explainingWriter struct {
	client.SubResourceWriter
	tries *tries
}

// Update explains and updates.
func (w explainingWriter) Update(ctx context.Context, o client.Object, opts ...client.SubResourceUpdateOption) error {
	if vm, ok := o.(*v1beta1.VirtualMachine); ok {
		w.tries.explain(vm)
	}
	return w.SubResourceWriter.Update(ctx, o, opts...)
}
