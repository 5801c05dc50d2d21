// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"fmt"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// Facts is what a plan depends on besides the VM and what is asked of it.
type Facts struct {
	// Refused are items that the hypervisor refused to change in the VM's present power state although the observation allowed
	// it, by Item.Key, with what it said. They wait for the VM to be off, unless it is.
	Refused map[string]string
	// OneByOne puts only one item into the change, so that its refusal says which one it is about.
	OneByOne bool
	// Hold keeps what can depend on the power state as it is also while the VM is off, and says why, for people; empty to not.
	Hold string
}

// An Item is one thing of a VM that is not as asked.
type Item struct {
	// Field that differs, such as "cpu" or "size of disk data".
	Field string
	// From and To are what it is and what is asked, for people; empty for what is not there, or is not to be.
	From, To string
	// Why it is not changed now, for people; empty for an item that is.
	Why string
	// Cycle says that the item is worth stopping a running VM for. Of a refused item it says that it would be, had it not been
	// refused while the VM was off.
	Cycle bool
}

// Key identifies the item and the values it is about, as in "cpu from 2 to 4".
func (i Item) Key() string {
	switch {
	case i.From == "" && i.To == "":
		return i.Field
	case i.From == "":
		return fmt.Sprintf("%s to %s", i.Field, i.To)
	case i.To == "":
		return fmt.Sprintf("%s from %s", i.Field, i.From)
	default:
		return fmt.Sprintf("%s from %s to %s", i.Field, i.From, i.To)
	}
}

// String returns the item and why it is not changed now.
func (i Item) String() string {
	if i.Why == "" {
		return i.Key()
	}
	return fmt.Sprintf("%s (%s)", i.Key(), i.Why)
}

// A Plan is what is to be done about the differences of a VM from what is asked. All lists are in a stable order.
type Plan struct {
	// Now is the change that can be made in the VM's present power state; Doing are the items in it.
	Now   clients.Change
	Doing []Item
	// Deferred wait for the VM to be off.
	Deferred []Item
	// Refused are never changed on an existing VM, or could not be on this one although it is off.
	Refused []Item
}

// Empty says that the VM is as asked, as far as that can be known.
func (p Plan) Empty() bool { return len(p.Doing) == 0 && len(p.Deferred) == 0 && len(p.Refused) == 0 }

// Items returns all items of the plan.
func (p Plan) Items() []Item {
	return append(append(append([]Item(nil), p.Doing...), p.Deferred...), p.Refused...)
}

// Describe returns the items in one line for people.
func Describe(items []Item) string {
	s := make([]string, len(items))
	for i, it := range items {
		s[i] = it.String()
	}
	return strings.Join(s, "; ")
}

// Make returns what is to be done to make of a VM what is asked.
func Make(spec clients.VMSpec, vm clients.VM, facts Facts) Plan {
	p := Plan{}
	for _, f := range fields() {
		for _, d := range f.differences(spec, vm) {
			p.add(f, d, vm, facts)
		}
	}
	return p
}

// add puts a difference where it belongs.
func (p *Plan) add(f field, d difference, vm clients.VM, facts Facts) {
	it := Item{Field: f.name, From: d.from, To: d.to}
	if d.of != "" {
		it.Field += " " + d.of
	}
	why, forGood := f.obstacle(d, it, vm, facts)
	it.Why = why
	it.Cycle = f.cycle && why != "" && d.never == ""
	switch {
	case forGood:
		p.Refused = append(p.Refused, it)
	case why != "":
		p.Deferred = append(p.Deferred, it)
	case facts.OneByOne && len(p.Doing) > 0:
		// Its turn comes when what is being done is done.
	default:
		p.Doing = append(p.Doing, it)
		d.apply(&p.Now)
	}
}

// obstacle returns why a difference is not removed in the VM's present power state, "" when it can be, and whether another
// power state would not help either.
func (f field) obstacle(d difference, it Item, vm clients.VM, facts Facts) (why string, forGood bool) {
	off := vm.PowerState == clients.PoweredOff
	switch {
	case d.never != "":
		return d.never, true
	case f.held && off && facts.Hold != "":
		return facts.Hold, false
	case d.blocked != "":
		return d.blocked, off
	default:
		why = facts.Refused[it.Key()]
		return why, off && why != ""
	}
}
