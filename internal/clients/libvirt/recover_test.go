// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// TestCreateInterrupted ends the client between any two steps of a creation, as if the process had been killed there.
func TestCreateInterrupted(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	fast := secondPool(t, h, "fast")
	for _, last := range []string{"claim", "root", "disk data", "disk log", "seed", "autostart", "complete"} {
		t.Run(last, func(t *testing.T) {
			spec := newVM("web", "kvm-01")
			spec.Firmware, spec.TPM, spec.Libvirt.Autostart = clients.UEFI, true, true
			spec.Disks = []clients.Disk{{Name: clients.RootDisk, SizeGiB: 1}, {Name: "data", SizeGiB: 1}, {Name: "log", SizeGiB: 1, Format: formatRaw, Datastore: "fast"}}
			spec.GuestData.UserData = "#cloud-config"
			reached := make(chan struct{})
			killed := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
				if step != last {
					return nil
				}
				close(reached)
				return errAbandoned
			}})
			if _, err := killed.CreateVM(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			<-reached
			killed.Close()

			c := open(t, fleetConfig(f), hooks{})
			create(t, c, spec)
			if diff := cmp.Diff([]string{"web"}, domains(t, h)); diff != "" {
				t.Errorf("there is one VM: -want, +got:\n%s", diff)
			}
			if diff := cmp.Diff(want(rootVolume(spec.UUID), dataVolume(spec.UUID, clients.Disk{Name: "data"}), seedVolume(spec.UUID)), volumes(t, h)); diff != "" {
				t.Errorf("it has its volumes and no others: -want, +got:\n%s", diff)
			}
			if diff := cmp.Diff([]string{filepath.Join(fast, dataVolume(spec.UUID, spec.Disks[2]))}, filesIn(t, fast)); diff != "" {
				t.Errorf("it has its volume in the other pool: -want, +got:\n%s", diff)
			}
			if xml := virsh(t, h, "dumpxml", "web"); strings.Contains(xml, "incomplete") {
				t.Errorf("it is complete, but is:\n%s", xml)
			}
			if last == "complete" {
				virsh(t, h, "start", "web") // has the firmware's variables and the TPM's state made
			}
			remove(t, c, spec.Identity)
			assertEmpty(t, h)
			assertNothing(t, "volumes of the second pool", filesIn(t, fast))
			assertNothing(t, "files of the firmware", firmwareFiles(t, h))
		})
	}
}

// TestDeleteInterrupted has a VM deleted whose creation an earlier client left unfinished.
func TestDeleteInterrupted(t *testing.T) {
	f := fleet(t)
	spec := newVM("web", "kvm-01")
	reached := make(chan struct{})
	killed := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
		if step != "root" {
			return nil
		}
		close(reached)
		return errAbandoned
	}})
	if _, err := killed.CreateVM(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	<-reached
	killed.Close()

	c := open(t, fleetConfig(f), hooks{})
	if vm := observe(t, c, spec.Identity); vm.State == clients.VMAbsent {
		t.Error("a VM of which something is left is not absent")
	}
	remove(t, c, spec.Identity)
	assertEmpty(t, f.Hosts()[0])
}

func TestDeleteDuringCreate(t *testing.T) {
	f := fleet(t)
	spec := newVM("web", "kvm-01")
	reached, goOn := make(chan struct{}), make(chan struct{})
	c := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
		if step == "root" {
			close(reached)
			<-goOn
		}
		return nil
	}})
	if _, err := c.CreateVM(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	<-reached
	if diff := cmp.Diff(clients.VMCreating, observe(t, c, spec.Identity).State); diff != "" {
		t.Errorf("before: -want, +got:\n%s", diff)
	}
	if err := c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(clients.VMDeleting, observe(t, c, spec.Identity).State); diff != "" {
		t.Errorf("after: -want, +got:\n%s", diff)
	}
	close(goOn)
	remove(t, c, spec.Identity)
	assertEmpty(t, f.Hosts()[0])
}

// TestCreateFails has a step fail: nothing may be left, and the reason is reported until it is tried again.
func TestCreateFails(t *testing.T) {
	f := fleet(t)
	spec := newVM("web", "kvm-01")
	fail := true
	c := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
		if step == "root" && fail {
			fail = false
			return errors.New("the disk is on fire")
		}
		return nil
	}})
	if _, err := c.CreateVM(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	var vm clients.VM
	eventually(t, "it has failed", func() bool {
		vm = observe(t, c, spec.Identity)
		return vm.State == clients.VMAbsent
	})
	if vm.Failure == nil || !strings.Contains(vm.Failure.Error(), "on fire") {
		t.Errorf("the failure is %v", vm.Failure)
	}
	assertEmpty(t, f.Hosts()[0])

	if _, err := c.CreateVM(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	create(t, c, spec)
	remove(t, c, spec.Identity)
	assertEmpty(t, f.Hosts()[0])
}

// TestUndefined has somebody undefine a VM's domain: what its guest wrote is kept, and removed only with the VM.
func TestUndefined(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1}}
	create(t, c, spec)
	data := h.PoolDir + "/" + dataVolume(spec.UUID, clients.Disk{Name: "data"})
	id := fileID(t, data)

	virsh(t, h, "undefine", "web")
	eventually(t, "it is seen to be gone", func() bool { return observe(t, c, spec.Identity).State == clients.VMAbsent })
	create(t, c, spec)
	if diff := cmp.Diff(id, fileID(t, data)); diff != "" {
		t.Errorf("the VM gets its disk back: -want, +got:\n%s", diff)
	}

	virsh(t, h, "undefine", "web")
	eventually(t, "it is seen to be gone", func() bool { return observe(t, c, spec.Identity).State == clients.VMAbsent })
	if diff := cmp.Diff([]string{"data", "root", clients.SeedDisk}, observe(t, c, spec.Identity).Leftovers); diff != "" {
		t.Errorf("what it has left is told: -want, +got:\n%s", diff)
	}
	if err := c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
}
