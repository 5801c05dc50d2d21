// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// documentsPatch is the feature document's own example of a reconfiguration.
const documentsPatch = `{"spec":{"forProvider":{"resources":{"cpu":4,"memoryMiB":8192}}}}`

// TestReconfigureVSphere applies the document's patch to a running VM with hot-add and to one without.
func TestReconfigureVSphere(t *testing.T) {
	cases := map[string]struct {
		reason string
		hotAdd bool
	}{
		"hot":  {reason: "With hot-add the VM is changed while it runs.", hotAdd: true},
		"cold": {reason: "Without hot-add it is shut down, changed and powered on again, once.", hotAdd: false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "e2e-reconfigure-"+name)
			spec := vsphereSpec()
			spec.ForProvider.Resources = &v1beta1.VMResources{CPU: ptr.To[int32](2), MemoryMiB: ptr.To[int64](4096)}
			spec.ForProvider.Hardware = &v1beta1.VMHardware{HotAdd: &v1beta1.HotAdd{CPU: tc.hotAdd, Memory: tc.hotAdd}}
			spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1}}
			vm := w.vm("", spec)
			w.create(vm)
			w.awaitReady(vm)
			made := w.vms(w.vcenter)[0]
			before := w.hardware(w.vcenter, made)

			w.run(t.Context(), "-n", w.ns, "patch", "vm", vm.Name, "--type", "merge", "-p", documentsPatch)
			after := w.awaitHardware(w.vcenter, made, "4 CPUs and 8192 MiB", func(h lab.Hardware) bool {
				return h.CPUs == 4 && h.MemoryMiB == 8192 && h.Power == lab.PowerOn
			})
			if online := before.Boot == after.Boot; online != tc.hotAdd {
				t.Errorf("%s Boot before %q, after %q", tc.reason, before.Boot, after.Boot)
			}
			w.awaitReady(vm)
			w.await("the object tells what was done", func() (string, bool) {
				w.get(vm)
				o := vm.Status.AtProvider
				return fmt.Sprintf("%+v", o), o.CPU == 4 && o.MemoryMiB == 8192 && o.LastReconfigureTime != nil
			})
			w.awaitEvent(vm, "ReconfigureStarted")
			if !tc.hotAdd {
				w.awaitEvent(vm, "ReconfigurePowerCycle")
			}

			change(w, vm, func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.Disks[0].SizeGiB = 3 })
			grown := w.awaitHardware(w.vcenter, made, "a data disk of 3 GiB", func(h lab.Hardware) bool { return slices.Contains(h.DisksGiB, 3) })
			if diff := cmp.Diff(after.Boot, grown.Boot); diff != "" {
				t.Errorf("A disk grows while the VM runs: -before, +after:\n%s", diff)
			}
		})
	}
}

// TestReconfigureLibvirt changes a running guest, and asks the guest itself.
func TestReconfigureLibvirt(t *testing.T) {
	w := newWorld(t, "e2e-reconfigure-libvirt")
	guests := w.guests()
	class := w.class("-class", 1, 256)
	class.Spec.HotAdd = &v1beta1.HotAdd{CPU: true, MaxCPU: ptr.To[int32](2)}
	w.create(class)
	spec := libvirtSpec()
	spec.ForProvider.Resources = nil
	spec.ForProvider.ClassRef = &v1beta1.LocalReference{Name: class.Name}
	spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1}}
	spec.ForProvider.ReadinessProbe = &v1beta1.ReadinessProbe{GuestTools: true, IPAddress: true}
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)
	made := w.vms(guests)[0]
	w.assertGuest(guests, made, "nproc", "1")
	before := w.hardware(guests, made)

	change(w, class, func(c *v1beta1.VMClass) { c.Spec.CPU = 2 })
	online := w.awaitHardware(guests, made, "2 CPUs", func(h lab.Hardware) bool { return h.CPUs == 2 })
	w.assertGuest(guests, made, "nproc", "2")
	if diff := cmp.Diff(before.Boot, online.Boot); diff != "" {
		t.Errorf("An edit of the class within the headroom changes the running guest: -before, +after:\n%s", diff)
	}

	change(w, vm, func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.Disks[0].SizeGiB = 2 })
	w.awaitHardware(guests, made, "a data disk of 2 GiB", func(h lab.Hardware) bool { return slices.Contains(h.DisksGiB, 2) })
	w.assertGuest(guests, made, "cat /sys/block/vdb/size", fmt.Sprint(2<<30/512))

	change(w, class, func(c *v1beta1.VMClass) { c.Spec.CPU, c.Spec.MemoryMiB = 1, 320 })
	after := w.awaitHardware(guests, made, "1 CPU again", func(h lab.Hardware) bool { return h.CPUs == 1 && h.MemoryMiB == 320 && h.Power == lab.PowerOn })
	if after.Boot == online.Boot {
		t.Errorf("Fewer CPUs need a power cycle, but the guest still runs since boot %s", after.Boot)
	}
	w.assertGuest(guests, made, "nproc", "1")
	w.awaitReady(vm)
}

// TestPower brings a VM to each power state and restarts it, on both hypervisors.
func TestPower(t *testing.T) {
	t.Run("VSphere", func(t *testing.T) {
		w := newWorld(t, "e2e-power-vsphere")
		w.cyclePower(w.vcenter, vsphereSpec())
	})
	t.Run("Libvirt", func(t *testing.T) {
		w := newWorld(t, "e2e-power-libvirt")
		w.cyclePower(w.guests(), libvirtSpec())
	})
}

func (w *world) cyclePower(h lab.Hypervisor, spec v1beta1.VirtualMachineSpec) {
	w.Helper()
	spec.ForProvider.ReadinessProbe = &v1beta1.ReadinessProbe{GuestTools: true}
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)
	made := w.vms(h)[0]
	first := w.hardware(h, made).Boot

	change(w, vm, func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.RestartToken = "one" })
	w.awaitHardware(h, made, "another boot", func(hw lab.Hardware) bool { return hw.Power == lab.PowerOn && hw.Boot != first })
	w.awaitReady(vm)
	w.await("the token is served", func() (string, bool) {
		w.get(vm)
		return vm.Status.AtProvider.RestartToken, vm.Status.AtProvider.RestartToken == "one"
	})
	second := w.hardware(h, made).Boot

	for _, step := range []struct {
		state v1beta1.DesiredPowerState
		want  string
	}{
		{v1beta1.PowerSuspended, lab.PowerSuspended},
		{v1beta1.PowerOn, lab.PowerOn},
		{v1beta1.PowerOffGraceful, lab.PowerOff},
		{v1beta1.PowerOn, lab.PowerOn},
		{v1beta1.PowerOff, lab.PowerOff},
	} {
		change(w, vm, func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.PowerState = step.state })
		w.awaitHardware(h, made, "power "+step.want, func(hw lab.Hardware) bool { return hw.Power == step.want })
		w.await("the object shows power "+step.want, func() (string, bool) {
			w.get(vm)
			return string(vm.Status.AtProvider.PowerState), string(vm.Status.AtProvider.PowerState) == step.want
		})
	}
	if diff := cmp.Diff([]lab.VM{made}, w.vms(h), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".On" }, cmp.Ignore())); diff != "" || second == first {
		w.Errorf("All that is done to one and the same VM: -before, +after:\n%s", diff)
	}
	w.delete(vm)
	w.awaitGone(vm)
}

// TestImport looks at a VM that somebody else made, and then adopts it.
func TestImport(t *testing.T) {
	t.Run("VSphere", func(t *testing.T) {
		w := newWorld(t, "e2e-import-vsphere")
		w.importVM(w.vcenter, vsphereSpec(), func(vm lab.VM) string { return "/prod-dc/vm" + lab.ForeignFolder + "/" + vm.Name })
	})
	t.Run("Libvirt", func(t *testing.T) {
		w := newWorld(t, "e2e-import-libvirt")
		w.importVM(w.guests(), libvirtSpec(), func(vm lab.VM) string { return vm.Host + "/" + vm.Name })
	})
}

func (w *world) importVM(h lab.Hypervisor, spec v1beta1.VirtualMachineSpec, path func(lab.VM) string) {
	w.Helper()
	foreign, err := h.CreateForeign(w.Context(), w.ns+"-legacy")
	if err != nil {
		w.Fatal(err)
	}
	before := w.hardware(h, foreign)

	look := w.vm("-look", v1beta1.VirtualMachineSpec{ManagedResourceSpec: xpv2.ManagedResourceSpec{
		ProviderConfigReference: spec.ProviderConfigReference,
		ManagementPolicies:      xpv2.ManagementPolicies{xpv2.ManagementActionObserve},
	}})
	look.Annotations = map[string]string{"crossplane.io/external-name": path(foreign)}
	w.create(look)
	w.await("what the VM has is told", func() (string, bool) {
		w.get(look)
		return fmt.Sprintf("%v %+v", w.conditions(look), look.Status.AtProvider), int(look.Status.AtProvider.CPU) == before.CPUs
	})
	w.delete(look)
	w.awaitGone(look)
	if diff := cmp.Diff(before, w.hardware(h, foreign)); diff != "" {
		w.Errorf("A VM that is only looked at stays as it is. -before, +after:\n%s", diff)
	}

	spec.ForProvider.Linked = false
	spec.ForProvider.PowerState = v1beta1.PowerOff
	spec.ForProvider.Resources = &v1beta1.VMResources{CPU: ptr.To(int32(before.CPUs) + 1), MemoryMiB: ptr.To(int64(before.MemoryMiB))}
	adopted := w.vm("-adopted", spec)
	adopted.Annotations = map[string]string{"crossplane.io/external-name": path(foreign)}
	w.create(adopted)
	w.awaitHardware(h, foreign, "one CPU more", func(hw lab.Hardware) bool { return hw.CPUs == before.CPUs+1 })

	thief := w.vm("-thief", spec)
	thief.Annotations = map[string]string{"crossplane.io/external-name": path(foreign)}
	w.create(thief)
	w.awaitTrouble(thief, "NotOwned")
	w.delete(thief)
	w.awaitGone(thief)
	if vms := w.vms(h); len(vms) != 1 || vms[0].ID != foreign.ID {
		w.Errorf("want the one VM that was there all the time, got %v", vms)
	}
	w.delete(adopted)
	w.awaitGone(adopted)
	w.awaitVMs(h, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
}

// TestRetainedDiskSurvives deletes a VM one of whose disks is to be kept.
func TestRetainedDiskSurvives(t *testing.T) {
	w := newWorld(t, "e2e-retain")
	guests := w.guests()
	spec := libvirtSpec()
	spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1}, {Name: "archive", SizeGiB: 1, Retain: true}}
	before := w.traces(guests)
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)
	w.get(vm)
	i := slices.IndexFunc(vm.Status.AtProvider.Disks, func(d v1beta1.VMDiskObservation) bool { return d.Name == "archive" })
	if i < 0 {
		t.Fatalf("The disk is not shown: %+v", vm.Status.AtProvider.Disks)
	}
	path := vm.Status.AtProvider.Disks[i].Path
	w.delete(vm)
	w.awaitGone(vm)
	kept := slices.DeleteFunc(w.traces(guests), func(s string) bool { return slices.Contains(before, s) })
	if len(kept) != 1 || !strings.Contains(path, kept[0][strings.LastIndex(kept[0], "/")+1:]) {
		t.Errorf("want only the file %s of the retained disk left, got %q", path, kept)
	}
	if err := guests.RemoveVolumes(t.Context(), kept); err != nil {
		t.Error(err)
	}
}

// TestNothingIsLeftOfAVMUndefinedByHand deletes the object of a domain that somebody undefined, which leaves its volumes.
func TestNothingIsLeftOfAVMUndefinedByHand(t *testing.T) {
	w := newWorld(t, "e2e-undefined")
	guests := w.guests()
	spec := libvirtSpec()
	spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1}}
	before := w.traces(guests)
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)
	change(w, vm, func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ManagementPolicies = xpv2.ManagementPolicies{xpv2.ManagementActionObserve, xpv2.ManagementActionDelete}
	})
	if err := guests.Destroy(t.Context(), w.vms(guests)[0]); err != nil {
		t.Fatal(err)
	}
	w.awaitTrouble(vm, "Absent")
	w.delete(vm)
	w.awaitGone(vm)
	w.assertTraces(guests, before)
}

// hardware returns what a VM consists of.
func (w *world) hardware(h lab.Hypervisor, vm lab.VM) lab.Hardware {
	w.Helper()
	hw, err := h.Hardware(w.Context(), vm)
	if err != nil {
		w.Fatal(err)
	}
	return hw
}

// awaitHardware waits until a VM consists of what is wanted.
func (w *world) awaitHardware(h lab.Hypervisor, vm lab.VM, what string, wanted func(lab.Hardware) bool) lab.Hardware {
	w.Helper()
	var hw lab.Hardware
	w.await("VM "+vm.Name+" has "+what, func() (string, bool) {
		var err error
		if hw, err = h.Hardware(w.Context(), vm); err != nil {
			return err.Error(), false
		}
		return fmt.Sprintf("%+v", hw), wanted(hw)
	})
	return hw
}

// awaitEvent waits until there is an event of a reason about an object.
func (w *world) awaitEvent(o client.Object, reason string) {
	w.Helper()
	w.await("event "+reason+" of "+o.GetName(), func() (string, bool) {
		l := &corev1.EventList{}
		if err := w.kube.List(w.Context(), l, client.InNamespace(o.GetNamespace())); err != nil {
			return err.Error(), false
		}
		var seen []string
		for _, e := range l.Items {
			if e.InvolvedObject.Name == o.GetName() {
				seen = append(seen, e.Reason)
			}
		}
		return fmt.Sprint(seen), slices.Contains(seen, reason)
	})
}
