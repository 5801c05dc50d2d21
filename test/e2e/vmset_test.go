// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// A life is what TestVMSet lets a set live through, on one hypervisor.
type life struct {
	hypervisor lab.Hypervisor
	// replicas at first, and after the set was scaled up.
	replicas, scaled int32
	// maxUnavailable and maxSurge of the rolling replacement.
	maxUnavailable, maxSurge int32
	// spec of the template, which has cpus; after the change it has changedCPUs.
	spec              v1beta1.VirtualMachineSpec
	cpus, changedCPUs int32
	policy            v1beta1.VMPlacementPolicySpec
	// maxPerHost is what the policy lets share a host; 0 for any number.
	maxPerHost int
	// placed checks where the VMs are.
	placed func(*testing.T, []lab.VM)
	// inside checks the VMs from within their guests.
	inside func(*world, []lab.VM)
}

// TestVMSetOnVSphere follows a set on the vCenter through its whole life.
func TestVMSetOnVSphere(t *testing.T) {
	w := newWorld(t, "e2e-set-vsphere")
	hosts, datastores := []string{"esxi-01", "esxi-02", "esxi-03"}, []string{"ssd-datastore-1", "ssd-datastore-2"}
	w.live(life{
		hypervisor: w.vcenter,
		replicas:   3, scaled: 5, maxUnavailable: 1, maxSurge: 1,
		spec: vsphereSpec(), cpus: 2, changedCPUs: 4,
		policy: v1beta1.VMPlacementPolicySpec{
			Hard:         v1beta1.PlacementTargets{Hosts: hosts, Datastores: datastores},
			Soft:         v1beta1.PlacementTargets{Folders: []string{"/Production/WebServers"}},
			AntiAffinity: v1beta1.AntiAffinity{HostAntiAffinity: rule(`true`), DatastoreAntiAffinity: rule(`true`)},
		},
		placed: func(t *testing.T, vms []lab.VM) {
			t.Helper()
			assertSpread(t, vms, hosts, datastores)
		},
	})
}

// TestVMSetOnLibvirt follows a set of real guests through its whole life. Its policy is strict, so that there is no room to
// surge and a host must be freed before it is used again.
func TestVMSetOnLibvirt(t *testing.T) {
	w := newWorld(t, "e2e-set-libvirt")
	guests := w.guests()
	images := w.imageDigests(guests)
	spec := libvirtSpec()
	spec.ForProvider.UserData = &v1beta1.UserData{CloudInit: v1beta1.CloudInit{
		Inline: ptr.To("#cloud-config\nruncmd:\n  - echo from-user-data > /root/greeting\n"),
	}}
	w.live(life{
		hypervisor: guests,
		replicas:   1, scaled: 2, maxUnavailable: 1, maxSurge: 0,
		spec: spec, cpus: 1, changedCPUs: 2,
		policy: v1beta1.VMPlacementPolicySpec{
			AntiAffinity: v1beta1.AntiAffinity{HostAntiAffinity: rule(`{"enabled": true, "scope": "strict"}`)},
		},
		maxPerHost: 1,
		placed: func(t *testing.T, vms []lab.VM) {
			t.Helper()
			if got := len(lab.Count(vms).ByHost); got != len(vms) {
				t.Errorf("want each of %d VMs on a host of its own, got %d hosts", len(vms), got)
			}
		},
		inside: func(w *world, vms []lab.VM) {
			w.Helper()
			for _, vm := range vms {
				w.assertGuest(guests, vm, "hostname", vm.Name)
				w.assertGuest(guests, vm, "cat /root/greeting", "from-user-data")
			}
		},
	})
	if diff := cmp.Diff(images, w.imageDigests(guests)); diff != "" {
		t.Errorf("Making VMs from an image must leave the image as it is. -before, +after:\n%s", diff)
	}
}

// live creates a set, scales it up, replaces its VMs, scales it down and deletes it, with the hypervisor watched all the time.
func (w *world) live(l life) {
	w.Helper()
	before := w.traces(l.hypervisor)
	w.create(w.policy("", l.policy))
	set := w.set("", l.replicas, l.spec, l.maxUnavailable, l.maxSurge)
	set.Spec.PlacementRef = &v1beta1.LocalReference{Name: w.ns}
	n, scaled := int(l.replicas), int(l.scaled)

	w.Log("created")
	g := w.guard(l.hypervisor, lab.Bounds{MaxExist: n, MaxPerHost: l.maxPerHost})
	w.create(set)
	w.atRest(l, set, l.replicas, l.cpus)

	w.Log("scaled up")
	g.set(lab.Bounds{MaxExist: scaled, MinOn: n, MaxPerHost: l.maxPerHost})
	w.scale(set, l.scaled)
	old := w.atRest(l, set, l.scaled, l.cpus)

	w.Log("replaced")
	g.set(lab.Bounds{MaxExist: scaled + int(l.maxSurge), MinOn: scaled - int(l.maxUnavailable), MaxPerHost: l.maxPerHost})
	change(w, set, func(s *v1beta1.VMSet) { s.Spec.Template.Spec.ForProvider.Resources.CPU = &l.changedCPUs })
	assertReplaced(w.T, old, w.atRest(l, set, l.scaled, l.changedCPUs))

	w.Log("scaled down")
	g.set(lab.Bounds{MaxExist: scaled, MinOn: 1, MaxPerHost: l.maxPerHost})
	w.scale(set, 1)
	w.atRest(l, set, 1, l.changedCPUs)

	w.Log("deleted")
	g.set(lab.Bounds{MaxExist: 1})
	w.delete(set)
	w.awaitGone(set)
	w.awaitVMs(l.hypervisor, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
	w.assertTraces(l.hypervisor, before)
}

// atRest waits until a set has settled, on the hypervisor and in its status, and checks that its VMs are as they should be.
func (w *world) atRest(l life, set *v1beta1.VMSet, n, cpus int32) []lab.VM {
	w.Helper()
	w.awaitVMs(l.hypervisor, fmt.Sprintf("%d running VMs with %d CPUs", n, cpus), running(int(n), int(cpus)))
	w.awaitSet(set, n)
	vms := w.vms(l.hypervisor)
	assertSlots(w.T, set.Name, vms)
	l.placed(w.T, vms)
	if l.inside != nil {
		l.inside(w, vms)
	}
	return vms
}

func (w *world) scale(set *v1beta1.VMSet, replicas int32) {
	w.Helper()
	if _, err := w.kubectl.Run(w.Context(), "scale", "vmset/"+set.Name, "-n", w.ns, fmt.Sprintf("--replicas=%d", replicas)); err != nil {
		w.Fatal(err)
	}
}

// assertSlots checks that there is one VM for each slot, and that the slots are counted from 0 without a gap.
func assertSlots(t *testing.T, set string, vms []lab.VM) {
	t.Helper()
	name := regexp.MustCompile("^" + regexp.QuoteMeta(set) + `-(\d+)-[a-z0-9]+$`)
	got, want := map[string]int{}, map[string]int{}
	for i, vm := range vms {
		want[fmt.Sprint(i)] = 1
		if m := name.FindStringSubmatch(vm.Name); m != nil {
			got[m[1]]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("A set at rest has one VM for each slot. -want, +got:\n%s", diff)
	}
}

// assertReplaced checks that none of the VMs is one of the old ones.
func assertReplaced(t *testing.T, old, vms []lab.VM) {
	t.Helper()
	was := map[string]bool{}
	for _, vm := range old {
		was[vm.ID] = true
	}
	for _, vm := range vms {
		if was[vm.ID] {
			t.Errorf("VM %s was there before the template changed", vm.Name)
		}
	}
}

// assertSpread checks that VMs are on the given hosts and datastores only, as evenly as can be.
func assertSpread(t *testing.T, vms []lab.VM, hosts, datastores []string) {
	t.Helper()
	tally := lab.Count(vms)
	for _, c := range []struct {
		what   string
		places []string
		count  map[string]int
	}{{"hosts", hosts, tally.ByHost}, {"datastores", datastores, tally.ByDisk}} {
		within := 0
		for _, p := range c.places {
			within += c.count[p]
		}
		if within != len(vms) || lab.Uneven(c.places, c.count) > 1 {
			t.Errorf("want %d VMs on %s %v only, as evenly as can be, got %v", len(vms), c.what, c.places, c.count)
		}
	}
}
