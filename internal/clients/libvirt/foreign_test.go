// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// fileID tells a file from another of the same name.
func fileID(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

// uuidOfDomain asks libvirt.
func uuidOfDomain(t *testing.T, h libvirthosts.Host, name string) string {
	t.Helper()
	return virsh(t, h, "domuuid", name)
}

func TestForeignDomain(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	define(t, h, "theirs")
	before := virsh(t, h, "dumpxml", "theirs")
	c := open(t, fleetConfig(f), hooks{})

	sameName := newVM("theirs", "kvm-01")
	sameUUID := newVM("ours", "kvm-01")
	sameUUID.UUID = uuidOfDomain(t, h, "theirs")
	cases := map[string]struct {
		reason string
		do     func() error
	}{
		"CreateSameName": {"A domain of somebody else has the name.", func() error {
			_, err := c.CreateVM(t.Context(), sameName)
			return err
		}},
		"CreateSameUUID": {"A domain of somebody else has the UUID.", func() error {
			_, err := c.CreateVM(t.Context(), sameUUID)
			return err
		}},
		"PowerOn": {"A domain without our mark is not started.", func() error { return c.PowerVM(t.Context(), sameUUID.Identity, clients.ActionPowerOn) }},
		"Delete":  {"A domain without our mark is not deleted.", func() error { return c.DeleteVM(t.Context(), sameUUID.Identity, clients.DeleteOptions{}) }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := tc.do()
			if clients.ClassOf(err) != clients.Conflict || clients.SubjectOf(err) != "VM" {
				t.Errorf("\n%s\nwant Conflict of VM, got %q of %q: %v", tc.reason, clients.ClassOf(err), clients.SubjectOf(err), err)
			}
		})
	}
	if got := observe(t, c, sameUUID.Identity).Owner; got != "" {
		t.Errorf("somebody else's domain is observed as owned by %q", got)
	}
	if diff := cmp.Diff(before, virsh(t, h, "dumpxml", "theirs")); diff != "" {
		t.Errorf("somebody else's domain has changed: -before, +after:\n%s", diff)
	}
	if diff := cmp.Diff(want(), volumes(t, h)); diff != "" {
		t.Errorf("volumes were made: -want, +got:\n%s", diff)
	}
}

// TestDeleteRefused has somebody use a VM's disk: then nothing of the VM is removed.
func TestDeleteRefused(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	cases := map[string]struct {
		reason string
		use    func(t *testing.T, root string)
		end    func(t *testing.T)
	}{
		"Overlay": {
			reason: "A volume is an overlay of the VM's disk.",
			use: func(t *testing.T, root string) {
				t.Helper()
				virsh(t, h, "vol-create-as", "default", "overlay", "1G", "--format", "qcow2", "--backing-vol", filepath.Base(root), "--backing-vol-format", "qcow2")
			},
			end: func(t *testing.T) {
				t.Helper()
				virsh(t, h, "vol-delete", "--pool", "default", "overlay")
			},
		},
		"Domain": {
			reason: "Somebody else's domain has the VM's disk.",
			use: func(t *testing.T, root string) {
				t.Helper()
				define(t, h, "theirs", root)
			},
			end: func(t *testing.T) {
				t.Helper()
				virsh(t, h, "undefine", "theirs")
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := open(t, fleetConfig(f), hooks{})
			spec := newVM("web", "kvm-01")
			create(t, c, spec)
			root := filepath.Join(h.PoolDir, rootVolume(spec.UUID))
			tc.use(t, root)
			eventually(t, "the client knows of it", func() bool {
				return strings.Contains(virsh(t, h, "dumpxml", "web"), spec.UUID) && (name == "Overlay" || len(c.hosts[0].usersOf(spec.UUID, root)) > 0)
			})
			if err := c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}); err != nil {
				t.Fatal(err)
			}
			var vm clients.VM
			eventually(t, "the deletion has failed", func() bool {
				vm = observe(t, c, spec.Identity)
				return vm.Failure != nil
			})
			if got := clients.ClassOf(vm.Failure); got != clients.Conflict || vm.State != clients.VMPresent {
				t.Errorf("\n%s\nwant the VM to be there with a Conflict, got %q with %q: %v", tc.reason, vm.State, got, vm.Failure)
			}
			if _, err := os.Stat(root); err != nil {
				t.Errorf("\n%s\nthe disk is gone: %v", tc.reason, err)
			}
			tc.end(t)
			eventually(t, "it can be deleted", func() bool {
				if err := c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}); err != nil {
					t.Fatal(err)
				}
				return observe(t, c, spec.Identity).State == clients.VMAbsent
			})
			assertEmpty(t, h)
		})
	}
}

// TestDeleteKeepsOthers has somebody attach a disk to a VM: it is not the VM's own and stays.
func TestDeleteKeepsOthers(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	create(t, c, spec)
	theirs := filepath.Join(h.PoolDir, "theirs.qcow2")
	virsh(t, h, "vol-create-as", "default", "theirs.qcow2", "1G", "--format", "qcow2")
	virsh(t, h, "attach-disk", "web", theirs, "vdx", "--config", "--subdriver", "qcow2")
	remove(t, c, spec.Identity)
	if diff := cmp.Diff(want("theirs.qcow2"), volumes(t, h)); diff != "" {
		t.Errorf("what is left: -want, +got:\n%s", diff)
	}
	virsh(t, h, "vol-delete", "--pool", "default", "theirs.qcow2")
}

// TestDeleteKeepsDetached has a disk detached from a VM: its file is there after the VM.
func TestDeleteKeepsDetached(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1}, {Name: "log", SizeGiB: 1}}
	create(t, c, spec)
	reconfigure(t, c, spec.Identity, clients.Change{DetachDisks: []string{"data", "log"}})
	reconfigure(t, c, spec.Identity, clients.Change{AddDisks: spec.Disks[1:]})
	remove(t, c, spec.Identity)
	kept := dataVolume(spec.UUID, spec.Disks[0])
	if diff := cmp.Diff(want(kept), volumes(t, h)); diff != "" {
		t.Errorf("what is left: -want, +got:\n%s", diff)
	}
	virsh(t, h, "vol-delete", "--pool", "default", kept)
}

// TestImageAddedLater has an image put into a pool's directory behind libvirt's back.
func TestImageAddedLater(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	spec.Image.Name, spec.Linked = "later", true
	if _, err := c.CreateVM(t.Context(), spec); clients.SubjectOf(err) != "Image" {
		t.Fatalf("before: want an error about the image, got %v", err)
	}
	later := filepath.Join(h.PoolDir, "later")
	if out, err := exec.Command("cp", filepath.Join(h.PoolDir, libvirthosts.BaseVolume), later).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	eventually(t, "a later try finds the image", func() bool {
		_, err := c.CreateVM(t.Context(), spec)
		return err == nil
	})
	create(t, c, spec)
	remove(t, c, spec.Identity)
	virsh(t, h, "vol-delete", "--pool", "default", "later")
	assertEmpty(t, h)
}
