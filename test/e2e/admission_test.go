// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"
	"testing"

	kerrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// TestRefusedAtCreation applies objects that no API server should let in. What it says must be understood by whoever wrote them.
func TestRefusedAtCreation(t *testing.T) {
	w := newWorld(t, "e2e-refused")
	set := func(spoil func(*v1beta1.VMSetSpec)) client.Object {
		s := w.set("", 3, vsphereSpec(), 1, 1)
		spoil(&s.Spec)
		return s
	}
	vm := func(spoil func(*v1beta1.VirtualMachineParameters)) client.Object {
		v := w.vm("", vsphereSpec())
		spoil(&v.Spec.ForProvider)
		return v
	}
	cases := map[string]struct {
		reason string
		object client.Object
		want   string
	}{
		"BothBudgetsZero": {
			reason: "A rollout that may neither remove nor add a VM could never begin.",
			object: set(func(s *v1beta1.VMSetSpec) {
				s.UpdateStrategy.RollingUpdate = &v1beta1.RollingUpdate{MaxUnavailable: ptr.To(intstr.FromInt32(0)), MaxSurge: ptr.To(intstr.FromInt32(0))}
			}),
			want: "maxUnavailable and maxSurge cannot both be 0",
		},
		"BothBudgetsZeroPercent": {
			reason: "Nothing of anything is nothing.",
			object: set(func(s *v1beta1.VMSetSpec) {
				s.UpdateStrategy.RollingUpdate = &v1beta1.RollingUpdate{MaxUnavailable: ptr.To(intstr.FromString("0%")), MaxSurge: ptr.To(intstr.FromInt32(0))}
			}),
			want: "maxUnavailable and maxSurge cannot both be 0",
		},
		"PercentageTooLarge": {
			reason: "A percentage is one of the set.",
			object: set(func(s *v1beta1.VMSetSpec) {
				s.UpdateStrategy.RollingUpdate.MaxSurge = ptr.To(intstr.FromString("150%"))
			}),
			want: "a percentage from 0% to 100%",
		},
		"NegativeBudget": {
			reason: "A budget below nothing means nothing.",
			object: set(func(s *v1beta1.VMSetSpec) {
				s.UpdateStrategy.RollingUpdate.MaxUnavailable = ptr.To(intstr.FromInt32(-1))
			}),
			want: "must be a number from 0 to 1000",
		},
		"NegativeReplicas": {
			reason: "There is no negative VM.",
			object: set(func(s *v1beta1.VMSetSpec) { s.Replicas = ptr.To[int32](-1) }),
			want:   "spec.replicas in body should be greater than or equal to 0",
		},
		"UnknownStrategy": {
			reason: "A strategy that does not exist yet is not taken for one that does.",
			object: set(func(s *v1beta1.VMSetSpec) { s.UpdateStrategy.Type = "Recreate" }),
			want:   `supported values: "RollingUpdate"`,
		},
		"SelectorBesideLabels": {
			reason: "A selector that does not find the set's own VMs is a mistake.",
			object: set(func(s *v1beta1.VMSetSpec) { s.Selector.MatchLabels = map[string]string{"app": "other"} }),
			want:   "selector.matchLabels must be among template.metadata.labels",
		},
		"TemplateWithoutSize": {
			reason: "A template is checked as a VirtualMachine is.",
			object: set(func(s *v1beta1.VMSetSpec) { s.Template.Spec.ForProvider.Resources = nil }),
			want:   "set classRef, or both resources.cpu and resources.memoryMiB",
		},
		"TwoDisksOfOneName": {
			reason: "Names tell disks apart.",
			object: vm(func(p *v1beta1.VirtualMachineParameters) {
				p.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1}, {Name: "data", SizeGiB: 2}}
			}),
			want: `Duplicate value: {"name":"data"}`,
		},
		"NegativeDisk": {
			reason: "There is no negative disk.",
			object: vm(func(p *v1beta1.VirtualMachineParameters) { p.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: -1}} }),
			want:   "should be greater than or equal to 1",
		},
		"NegativeCPU": {
			reason: "There is no negative CPU.",
			object: vm(func(p *v1beta1.VirtualMachineParameters) { p.Resources.CPU = ptr.To[int32](-2) }),
			want:   "should be greater than or equal to 1",
		},
		"UserDataTwice": {
			reason: "Which of the two would be used?",
			object: vm(func(p *v1beta1.VirtualMachineParameters) {
				p.UserData = &v1beta1.UserData{CloudInit: v1beta1.CloudInit{}}
			}),
			want: "set exactly one of inline and secretRef",
		},
		"EndpointOfAnotherType": {
			reason: "The block must be the one that type names.",
			object: &v1beta1.ProviderConfig{ObjectMeta: w.meta(""), Spec: v1beta1.ProviderConfigSpec{
				Endpoint: v1beta1.Endpoint{Type: v1beta1.ProviderLibvirt, VSphere: &v1beta1.VSphereEndpoint{Server: "vcenter.example.org"}},
			}},
			want: "set the block that type names",
		},
		"VCenterWithoutAccount": {
			reason: "A vCenter lets nobody in without one.",
			object: &v1beta1.ProviderConfig{ObjectMeta: w.meta(""), Spec: v1beta1.ProviderConfigSpec{
				Endpoint: v1beta1.Endpoint{Type: v1beta1.ProviderVSphere, VSphere: &v1beta1.VSphereEndpoint{Server: "vcenter.example.org"}},
			}},
			want: "an endpoint of type vsphere needs credentialsSecretRef",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := w.kube.Create(t.Context(), tc.object, client.DryRunAll)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s\nwant refused with %q, got: %v", tc.reason, tc.want, err)
			}
		})
	}
	t.Run("TheObjectsThemselves", func(t *testing.T) {
		for _, o := range []client.Object{set(func(*v1beta1.VMSetSpec) {}), vm(func(*v1beta1.VirtualMachineParameters) {})} {
			if err := w.kube.Create(t.Context(), o, client.DryRunAll); err != nil {
				t.Errorf("The objects that the cases above spoil must be good, or the cases prove nothing: %v", err)
			}
		}
	})
}

// TestRefusedChange changes what cannot be changed. The message must say what to do instead.
func TestRefusedChange(t *testing.T) {
	w := newWorld(t, "e2e-unchangeable")
	spec := vsphereSpec()
	spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 2}}
	vm := w.vm("", spec)
	// A paused object is not acted on: this test is about admission only.
	vm.Annotations = map[string]string{"crossplane.io/paused": "true"}
	class := w.class("", 1, 256)
	config := w.vcenterConfig("endpoint", "127.0.0.1:1", "nobody")
	set := w.set("", 0, vsphereSpec(), 1, 1)
	for _, o := range []client.Object{vm, class, config, set} {
		w.create(o)
	}

	ofVM := func(how func(*v1beta1.VirtualMachineSpec)) func() error {
		return func() error {
			v := &v1beta1.VirtualMachine{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: vm.Name}}
			return w.tryChange(v, func() { how(&v.Spec) })
		}
	}
	cases := map[string]struct {
		reason string
		change func() error
		want   string
	}{
		"Image": {
			reason: "A VM is made from its image once.",
			change: ofVM(func(s *v1beta1.VirtualMachineSpec) { s.ForProvider.ImageRef.Name = "ubuntu-22-04" }),
			want:   "imageRef cannot be changed on an existing VM",
		},
		"Disk": {
			reason: "What a guest has written is not cut off.",
			change: ofVM(func(s *v1beta1.VirtualMachineSpec) { s.ForProvider.Disks[0].SizeGiB = 1 }),
			want:   "sizeGiB of a disk cannot be made smaller",
		},
		"Customization": {
			reason: "A guest is customized at its first boot.",
			change: ofVM(func(s *v1beta1.VirtualMachineSpec) {
				s.ForProvider.Customization = &v1beta1.Customization{Hostname: ptr.To("other")}
			}),
			want: "customization cannot be changed on an existing VM",
		},
		"Endpoint": {
			reason: "A VM stays where it was made.",
			change: ofVM(func(s *v1beta1.VirtualMachineSpec) { s.ProviderConfigReference = clusterConfig(libvirtEndpoint) }),
			want:   "providerConfigRef cannot be changed",
		},
		"Class": {
			reason: "An installed system does not start with another firmware.",
			change: func() error {
				c := &v1beta1.VMClass{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: class.Name}}
				return w.tryChange(c, func() { c.Spec.Firmware = &v1beta1.Firmware{Type: v1beta1.FirmwareUEFI} })
			},
			want: "firmware of a class cannot be changed",
		},
		"EndpointType": {
			reason: "The VMs of an endpoint must not be lost from sight.",
			change: func() error {
				c := &v1beta1.ProviderConfig{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: config.Name}}
				return w.tryChange(c, func() {
					c.Spec.Endpoint = v1beta1.Endpoint{
						Type:    v1beta1.ProviderLibvirt,
						Libvirt: &v1beta1.LibvirtEndpoint{Hosts: []v1beta1.LibvirtHost{{Name: "a", URI: "qemu:///system"}}},
					}
				})
			},
			want: "type cannot be changed",
		},
		"Selector": {
			reason: "Programs rely on it to find the set's VMs.",
			change: func() error {
				s := &v1beta1.VMSet{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: set.Name}}
				return w.tryChange(s, func() {
					s.Spec.Template.Metadata.Labels["more"] = "yes"
					s.Spec.Selector.MatchLabels = map[string]string{"more": "yes"}
				})
			},
			want: "selector cannot be changed",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := tc.change(); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s\nwant refused with %q, got: %v", tc.reason, tc.want, err)
			}
		})
	}
}

// tryChange returns what the API server says to a change that is not stored in any case. It tries again when a controller wrote
// the object in between.
func (w *world) tryChange(o client.Object, how func()) error {
	for {
		w.get(o)
		how()
		if err := w.kube.Update(w.Context(), o, client.DryRunAll); !kerrors.IsConflict(err) {
			return err
		}
	}
}

// TestScaleRefused scales a set to a negative size through its scale subresource.
func TestScaleRefused(t *testing.T) {
	w := newWorld(t, "e2e-scale")
	w.create(w.set("", 0, vsphereSpec(), 1, 1))
	out, err := w.kubectl.Run(t.Context(), "patch", "vmset", w.ns, "-n", w.ns, "--subresource=scale", "--type=merge", "--patch", `{"spec":{"replicas":-1}}`)
	if err == nil || !strings.Contains(err.Error(), "greater than or equal to 0") {
		t.Errorf("A negative size must be refused, got: %s %v", out, err)
	}
}
