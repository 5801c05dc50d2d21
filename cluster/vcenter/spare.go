// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"os"
	"path"
	"path/filepath"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// spare moves files of disks that were detached from a VM out of its directory, which vcsim removes with the VM, and returns how
// to put them back. A vCenter destroys a VM with "all associated storage, including the virtual disks" (vSphere API,
// VirtualMachine.Destroy_Task): disks that are not attached to it are not associated, even if they lie beside its files.
func (w *world) spare(vm *simulator.VirtualMachine) (restore func()) {
	home, ok := w.home(vm)
	if !ok {
		return func() {}
	}
	files, _ := filepath.Glob(filepath.Join(home, "*.vmdk"))
	used := w.associated(vm)
	aside := home + ".spared"
	moved := false
	for _, f := range files {
		if used[f] {
			continue
		}
		// A failure leaves the file where it is, as vcsim would.
		moved = os.MkdirAll(aside, 0o750) == nil && os.Rename(f, filepath.Join(aside, filepath.Base(f))) == nil || moved
	}
	return func() {
		if moved && os.MkdirAll(home, 0o750) == nil && os.Remove(home) == nil {
			_ = os.Rename(aside, home)
		}
	}
}

// home returns the directory of a VM's files.
func (w *world) home(vm *simulator.VirtualMachine) (string, bool) {
	var at object.DatastorePath
	if !at.FromString(vm.Config.Files.VmPathName) {
		return "", false
	}
	for _, ref := range vm.Datastore {
		if ds, ok := w.reg.Get(ref).(*simulator.Datastore); ok && ds.Name == at.Datastore {
			return path.Join(ds.Summary.Url, path.Dir(at.Path)), true
		}
	}
	return "", false
}

// associated returns the files of a VM's disks and of those of its snapshots.
func (w *world) associated(vm *simulator.VirtualMachine) map[string]bool {
	devices := append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...)
	for ref := range w.snapshotsOf[vm.Self] {
		if s, ok := w.reg.Get(ref).(*simulator.VirtualMachineSnapshot); ok {
			devices = append(devices, s.Config.Hardware.Device...)
		}
	}
	files := map[string]bool{}
	for _, d := range devices {
		_, b, ok := flatDisk(d)
		for ; ok && b != nil; b = b.Parent {
			if ds, ok := w.reg.Get(fileOf(b).datastore).(*simulator.Datastore); ok {
				local := localPath(ds, fileOf(b))
				files[local], files[simulator.VirtualDiskBackingFileName(local)] = true, true
			}
		}
	}
	return files
}
