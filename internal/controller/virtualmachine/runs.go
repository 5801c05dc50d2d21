// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"maps"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/reconfigure"
)

// run is what this process remembers of a VM for as long as it stays in a power state, whatever is asked of it meanwhile.
// Without it nothing is lost: a guest is asked once more, and a change refused once more.
type run struct {
	power clients.PowerState
	// asked is the request time of the operation for which the guest was asked to shut down; tried that of the one for which it
	// could not be asked; overdue says that it did not in time.
	asked, tried time.Time
	overdue      bool
	// refused are the changes that the hypervisor refused, with what it said. oneByOne says that it refused several at once.
	refused  map[string]string
	oneByOne bool
}

// run returns what is remembered of a VM. The caller holds mu.
func (t *tries) run(vm *v1beta1.VirtualMachine) *run {
	r, ok := t.runs[vm.GetUID()]
	if !ok {
		r = &run{refused: map[string]string{}}
		t.runs[vm.GetUID()] = r
	}
	return r
}

// seen forgets what is remembered of a VM when it is in another power state.
func (t *tries) seen(vm *v1beta1.VirtualMachine, p clients.PowerState) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.run(vm); r.power != p {
		t.runs[vm.GetUID()] = &run{power: p, refused: map[string]string{}}
	}
}

// gone forgets a VM that is not there.
func (t *tries) gone(vm *v1beta1.VirtualMachine) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.runs, vm.GetUID())
}

// ask remembers for which operation the guest was asked.
func (t *tries) ask(vm *v1beta1.VirtualMachine, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.run(vm).asked = at
}

// askedAt returns for which operation the guest was asked.
func (t *tries) askedAt(vm *v1beta1.VirtualMachine) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.run(vm).asked
}

// unasked remembers for which operation the guest could not be asked. It says whether that is news.
func (t *tries) unasked(vm *v1beta1.VirtualMachine, at time.Time) (news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.run(vm)
	news, r.tried = !r.tried.Equal(at), at
	return news
}

// overdue remembers that the guest did not shut down in time. It says whether that is news.
func (t *tries) overdue(vm *v1beta1.VirtualMachine) (news bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.run(vm)
	news, r.overdue = !r.overdue, true
	return news
}

// refuseItems remembers that the hypervisor refused a change. Of several items it is not known which one it was about: they
// are tried one by one from then on.
func (t *tries) refuseItems(vm *v1beta1.VirtualMachine, items []reconfigure.Item, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.run(vm)
	if len(items) > 1 {
		r.oneByOne = true
		return
	}
	for _, it := range items {
		r.refused[it.Key()] = why.Error()
	}
}

// facts returns what a plan for the VM depends on besides what is asked and observed.
func (t *tries) facts(vm *v1beta1.VirtualMachine) reconfigure.Facts {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.run(vm)
	return reconfigure.Facts{Refused: maps.Clone(r.refused), OneByOne: r.oneByOne}
}

// timestamp returns the time as it is written in status.
func (t *tries) timestamp() metav1.Time { return metav1.NewTime(t.now().Truncate(time.Second)) }
