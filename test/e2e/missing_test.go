// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// TestMissing asks for things that need something else which is not there yet. The object that needs it names it in a
// condition, nothing is made meanwhile, and making what is missing is all it takes.
func TestMissing(t *testing.T) {
	const late = "comes-late"
	w := newWorld(t, "e2e-missing")

	cases := map[string]struct {
		reason string
		// needs returns the object that needs the missing thing; its VM's name starts with the given one.
		needs func(w *world) client.Object
		// words of the condition that names what is missing.
		words []string
		// supply makes what is missing.
		supply func(w *world)
	}{
		"ProviderConfig": {
			reason: "Without an endpoint there is no hypervisor to ask.",
			needs: func(w *world) client.Object {
				spec := vsphereSpec()
				spec.ProviderConfigReference = ownConfig(late)
				return w.vm("-config", spec)
			},
			words: []string{"ProviderConfig", late},
			supply: func(w *world) {
				w.create(w.account(late, w.password()))
				w.create(w.vcenterConfig(late, w.vcenterURL().Host, late))
			},
		},
		"Account": {
			reason: "Without the account's Secret the endpoint cannot be asked.",
			needs: func(w *world) client.Object {
				w.create(w.vcenterConfig("no-account", w.vcenterURL().Host, "late-account"))
				w.awaitTrouble(&v1beta1.ProviderConfig{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "no-account"}}, "Secret", "late-account")
				spec := vsphereSpec()
				spec.ProviderConfigReference = ownConfig("no-account")
				return w.vm("-account", spec)
			},
			words:  []string{"Secret", "late-account"},
			supply: func(w *world) { w.create(w.account("late-account", w.password())) },
		},
		"UserData": {
			reason: "A VM is not made without the user data it is to have.",
			needs: func(w *world) client.Object {
				spec := vsphereSpec()
				spec.ForProvider.UserData = &v1beta1.UserData{CloudInit: v1beta1.CloudInit{SecretRef: &xpv2.LocalSecretKeySelector{
					LocalSecretReference: xpv2.LocalSecretReference{Name: "late-user-data"}, Key: "user-data",
				}}}
				return w.vm("-userdata", spec)
			},
			words: []string{"Secret", "late-user-data"},
			supply: func(w *world) {
				w.create(&corev1.Secret{
					ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "late-user-data"},
					StringData: map[string]string{"user-data": "#cloud-config\n"},
				})
			},
		},
		"Class": {
			reason: "Without its class a VM has no size.",
			needs: func(w *world) client.Object {
				spec := vsphereSpec()
				spec.ForProvider.Resources = nil
				spec.ForProvider.ClassRef = &v1beta1.LocalReference{Name: w.ns + "-late"}
				return w.vm("-class", spec)
			},
			words:  []string{"VMClass", w.ns + "-late"},
			supply: func(w *world) { w.create(w.class("-late", 1, 256)) },
		},
		"Template": {
			reason: "A VM is made from a template that exists.",
			needs: func(w *world) client.Object {
				spec := vsphereSpec()
				spec.ForProvider.ImageRef.Name = "late-template"
				return w.vm("-template", spec)
			},
			words:  []string{"late-template"},
			supply: func(w *world) { w.createTemplate("late-template") },
		},
		"Network": {
			reason: "A VM is connected to networks that exist.",
			needs: func(w *world) client.Object {
				spec := vsphereSpec()
				spec.ForProvider.Networks = []v1beta1.VMNetwork{{Name: "primary", Network: "late-network"}}
				return w.vm("-network", spec)
			},
			words:  []string{"late-network"},
			supply: func(w *world) { w.createNetwork("late-network") },
		},
		"Policy": {
			reason: "A set is not placed at random while its policy is missing.",
			needs: func(w *world) client.Object {
				set := w.set("-policy", 1, vsphereSpec(), 1, 0)
				set.Spec.PlacementRef = &v1beta1.LocalReference{Name: w.ns + "-late"}
				return set
			},
			words: []string{"VMPlacementPolicy", w.ns + "-late"},
			supply: func(w *world) {
				w.create(w.policy("-late", v1beta1.VMPlacementPolicySpec{Hard: v1beta1.PlacementTargets{Hosts: []string{"esxi-04"}}}))
			},
		},
		"NothingQualifies": {
			reason: "A set whose policy no host satisfies waits for one that does.",
			needs: func(w *world) client.Object {
				w.create(w.policy("-nowhere", v1beta1.VMPlacementPolicySpec{Hard: v1beta1.PlacementTargets{Hosts: []string{"esxi-99"}}}))
				set := w.set("-nowhere", 1, vsphereSpec(), 1, 0)
				set.Spec.PlacementRef = &v1beta1.LocalReference{Name: w.ns + "-nowhere"}
				return set
			},
			words: []string{"No place", "hard.hosts"},
			supply: func(w *world) {
				change(w, w.policy("-nowhere", v1beta1.VMPlacementPolicySpec{}), func(p *v1beta1.VMPlacementPolicy) { p.Spec.Hard.Hosts = []string{"esxi-04"} })
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := w.with(t)
			o := tc.needs(w)
			w.create(o)
			w.awaitTrouble(o, tc.words...)
			if vms := w.vmsOf(w.vcenter, o.GetName()); len(vms) > 0 {
				t.Errorf("%s\nwant no VM while something is missing, got %v", tc.reason, vms)
			}
			tc.supply(w)
			w.awaitReady(o)
			if tally := lab.Count(w.vmsOf(w.vcenter, o.GetName())); tally.Exist != 1 || tally.On != 1 {
				t.Errorf("%s\nwant one running VM when nothing is missing any longer, got: %s", tc.reason, tally)
			}
			w.delete(o)
			w.await("the VM is gone", func() (string, bool) {
				vms := w.vmsOf(w.vcenter, o.GetName())
				return fmt.Sprint(vms), len(vms) == 0
			})
		})
	}
}

// TestMissingLibvirtImage is the libvirt side of what a VM is made from and connected to.
func TestMissingLibvirtImage(t *testing.T) {
	w := newWorld(t, "e2e-missing-kvm")
	guests := w.guests()
	spec := libvirtSpec()
	spec.ForProvider.Placement = &v1beta1.VMPlacement{Host: ptr.To(w.env.LibvirtHosts[0].Name)}
	spec.ForProvider.ImageRef.Name = "late-image"
	image := w.vm("-image", spec)
	spec = libvirtSpec()
	spec.ForProvider.Networks = []v1beta1.VMNetwork{{Name: "primary", Network: "late-network"}}
	network := w.vm("-network", spec)
	w.create(image)
	w.create(network)
	w.awaitTrouble(image, "late-image")
	w.awaitTrouble(network, "late-network")
	if vms := w.vms(guests); len(vms) > 0 {
		t.Errorf("want no VM while something is missing, got %v", vms)
	}

	if err := guests.CopyVolume(t.Context(), w.env.LibvirtHosts[0].Name, libvirtImage, "late-image"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.undo(guests.DeleteVolume, w.env.LibvirtHosts[0].Name, "late-image") })
	for _, h := range w.env.LibvirtHosts {
		if err := guests.CreateNetwork(t.Context(), h.Name, "late-network"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.undo(guests.DeleteNetwork, h.Name, "late-network") })
	}
	w.awaitReady(image)
	w.awaitReady(network)
	w.delete(image)
	w.delete(network)
	w.awaitVMs(guests, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
}
