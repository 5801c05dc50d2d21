// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// An errand is a task on an entity that has not ended, or not long ago.
type errand struct {
	task *simulator.Task
	// reads says that the task leaves the entity as it is, so that others that do can run beside it.
	reads bool
}

// occupy records that a task works on a VM, and returns the fault that another is in the way: TaskInProgress is "when an
// operation tries to access an entity that already has another (long) operation in progress" (vSphere API). Clones of one VM
// run side by side. Entities of other types are never busy. The caller holds the world's lock.
func (w *world) occupy(on mo.Reference, e errand) types.BaseMethodFault {
	ref := on.Reference()
	if ref.Type != "VirtualMachine" {
		return nil
	}
	under := slices.DeleteFunc(w.errands[ref], func(e errand) bool { return isOver(e.task.Info.State) })
	for _, other := range under {
		if !other.reads || !e.reads {
			w.errands[ref] = under
			return &types.TaskInProgress{Task: other.task.Self}
		}
	}
	w.errands[ref] = append(under, e)
	return nil
}

// disabled returns the fault that a VM cannot take a call because its clone failed half-way. While the clone is under way, the
// VM is busy instead.
func (w *world) disabled(m *simulator.Method) types.BaseMethodFault {
	vm, ok := w.reg.Get(m.This).(*simulator.VirtualMachine)
	if !ok || !slices.Contains(vm.DisabledMethod, m.Name) {
		return nil
	}
	if slices.ContainsFunc(w.errands[m.This], func(e errand) bool { return !isOver(e.task.Info.State) }) {
		return nil
	}
	return &types.MethodDisabled{}
}

// unfinished are the calls that a vCenter refuses for a VM whose clone is not complete. It says so in the VM's property
// disabledMethod.
func unfinished() []string {
	return []string{
		"CloneVM_Task", "CreateSnapshot_Task", "CreateSnapshotEx_Task", "CustomizeVM_Task", "MarkAsTemplate", "MigrateVM_Task",
		"PowerOnVM_Task", "ReconfigVM_Task", "RelocateVM_Task",
	}
}
