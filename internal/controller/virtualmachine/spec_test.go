// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fakekube "sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

func TestSpec(t *testing.T) {
	id := clients.Identity{UUID: ExternalName(testUID), Owner: string(testUID), Name: testName, Namespace: testNamespace}
	named := func(vm *v1beta1.VirtualMachine) { meta.SetExternalName(vm, ExternalName(vm.GetUID())) }
	fromSecret := func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.UserData = &v1beta1.UserData{CloudInit: v1beta1.CloudInit{SecretRef: &xpv2.LocalSecretKeySelector{
			LocalSecretReference: xpv2.LocalSecretReference{Name: "cloud-init"}, Key: "user-data",
		}}}
	}
	secret := func(namespace, key string) *corev1.Secret {
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "cloud-init"},
			Data:       map[string][]byte{key: []byte("#cloud-config\n")},
		}
	}

	type want struct {
		spec    clients.VMSpec
		class   clients.Class
		subject string
		message string
	}
	cases := map[string]struct {
		reason  string
		objects []client.Object
		vm      *v1beta1.VirtualMachine
		caps    clients.Capabilities
		want    want
	}{
		"Resources": {
			reason: "A VM can say its own size.",
			vm:     newVM(named),
			want:   want{spec: clients.VMSpec{Identity: id, Image: clients.Image{Name: "tiny-linux"}, CPU: 2, MemoryMiB: 1024}},
		},
		"ClassAndResources": {
			reason:  "What the VM says of its size wins over its class.",
			objects: []client.Object{newClass("small", 1, 512)},
			vm: newVM(named, withClass("small"), func(vm *v1beta1.VirtualMachine) {
				vm.Spec.ForProvider.Resources = &v1beta1.VMResources{MemoryMiB: ptr.To(int64(4096))}
			}),
			want: want{spec: clients.VMSpec{Identity: id, Image: clients.Image{Name: "tiny-linux"}, CPU: 1, MemoryMiB: 4096}},
		},
		"Everything": {
			reason: "Networks, disks, user data and placement are handed on.",
			vm: newVM(named, func(vm *v1beta1.VirtualMachine) {
				p := &vm.Spec.ForProvider
				p.Networks = []v1beta1.VMNetwork{{Name: "primary", Network: "VM Network", MACAddress: ptr.To("02:00:00:00:00:01")}, {Name: "second", Network: "dmz"}}
				p.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 10, Type: v1beta1.DiskThick}, {Name: "logs", SizeGiB: 1}}
				p.UserData = &v1beta1.UserData{CloudInit: v1beta1.CloudInit{Inline: ptr.To("#cloud-config\n")}}
				p.Placement = &v1beta1.VMPlacement{
					Cluster: ptr.To("prod-cluster-1"), Host: ptr.To("esxi-01"), Datastore: ptr.To("ssd-datastore-1"), Folder: ptr.To("/Production"),
				}
				p.Linked = true
			}),
			caps: clients.Capabilities{LinkedClones: true, DiskTypes: []string{"thick", "thin"}},
			want: want{spec: clients.VMSpec{
				Identity: clients.Identity{UUID: id.UUID, Owner: id.Owner, Name: id.Name, Namespace: id.Namespace, Host: "esxi-01"},
				Image:    clients.Image{Name: "tiny-linux"}, Linked: true, CPU: 2, MemoryMiB: 1024,
				Networks:  []clients.Network{{Name: "primary", Network: "VM Network", MACAddress: "02:00:00:00:00:01"}, {Name: "second", Network: "dmz"}},
				Disks:     []clients.Disk{{Name: "data", SizeGiB: 10, Thick: true}, {Name: "logs", SizeGiB: 1}},
				GuestData: clients.GuestData{UserData: "#cloud-config\n"},
				Placement: clients.Placement{Cluster: "prod-cluster-1", Host: "esxi-01", Datastore: "ssd-datastore-1", Folder: "/Production"},
			}},
		},
		"Hardware": {
			reason: "A block of hardware that the VM sets wins over the class's, the others are the class's; guest data is complete.",
			objects: []client.Object{
				&v1beta1.VMClass{
					ObjectMeta: metav1.ObjectMeta{Namespace: testNamespace, Name: "small"},
					Spec: v1beta1.VMClassSpec{CPU: 1, MemoryMiB: 512, VMHardware: v1beta1.VMHardware{
						Firmware: &v1beta1.Firmware{Type: v1beta1.FirmwareUEFI, SecureBoot: true}, HotAdd: &v1beta1.HotAdd{CPU: true},
					}},
				},
				secret(testNamespace, "password"),
			},
			vm: newVM(named, withClass("small"), func(vm *v1beta1.VirtualMachine) {
				p := &vm.Spec.ForProvider
				p.Hardware = &v1beta1.VMHardware{HotAdd: &v1beta1.HotAdd{Memory: true, MaxMemoryMiB: ptr.To(int64(2048))}}
				p.Networks = []v1beta1.VMNetwork{
					{Name: "four", Network: "lan", IPAddress: ptr.To("10.0.0.5"), Gateway: ptr.To("10.0.0.1")}, {Name: "six", Bridge: "br0", IPAddress: ptr.To("fd00::5")},
				}
				p.Customization = &v1beta1.Customization{
					Type: v1beta1.CustomizeBySysprep, Hostname: ptr.To("web"),
					Sysprep: &v1beta1.Sysprep{FullName: "A", Organization: "B", AdminPasswordSecretRef: &xpv2.LocalSecretKeySelector{
						LocalSecretReference: xpv2.LocalSecretReference{Name: "cloud-init"}, Key: "password",
					}},
				}
			}),
			caps: clients.Capabilities{SecureBoot: true, Firmware: []string{"bios", "uefi"}, GuestCustomization: true, Bridges: true},
			want: want{spec: clients.VMSpec{
				Identity: id, Image: clients.Image{Name: "tiny-linux"}, CPU: 1, MemoryMiB: 512, Firmware: clients.UEFI, SecureBoot: true,
				HotAdd: &clients.HotAdd{Memory: true, MaxMemoryMiB: 2048},
				Networks: []clients.Network{
					{Name: "four", Network: "lan", Address: "10.0.0.5/24", Gateway: "10.0.0.1"}, {Name: "six", Bridge: "br0", Address: "fd00::5/64"},
				},
				GuestData: clients.GuestData{Hostname: "web", Prep: clients.PrepWindows, Sysprep: &clients.Sysprep{
					FullName: "A", Organization: "B", AdminPassword: "#cloud-config\n",
				}},
			}},
		},
		"Nothing": {
			reason: "All that an endpoint cannot do is told at once.",
			vm: newVM(named, func(vm *v1beta1.VirtualMachine) {
				p := &vm.Spec.ForProvider
				p.Networks = []v1beta1.VMNetwork{{Name: "primary", Bridge: "br0", Model: "E1000"}}
				p.Tags = []v1beta1.VMTag{{Category: "env", Name: "prod"}}
			}),
			want: want{class: clients.Unsupported, message: "the endpoint does not support tags: leave out forProvider.tags; " +
				"the endpoint does not support model \"E1000\" of network \"primary\": it supports []; " +
				"the endpoint does not support bridges, as asked of network \"primary\": name a network"},
		},
		"UserDataFromSecret": {
			reason:  "User data can be confidential.",
			objects: []client.Object{secret(testNamespace, "user-data")},
			vm:      newVM(named, fromSecret),
			want:    want{spec: clients.VMSpec{Identity: id, Image: clients.Image{Name: "tiny-linux"}, CPU: 2, MemoryMiB: 1024, GuestData: clients.GuestData{UserData: "#cloud-config\n"}}},
		},
		"NoClass": {
			reason: "The missing class is named.",
			vm:     newVM(named, withClass("small")),
			want:   want{class: clients.NotFound, subject: "Class", message: "VMClass team-a/small does not exist"},
		},
		"NoSecret": {
			reason:  "A Secret of another namespace is not there.",
			objects: []client.Object{secret("team-b", "user-data")},
			vm:      newVM(named, fromSecret),
			want:    want{class: clients.NotFound, subject: "Secret", message: "Secret team-a/cloud-init does not exist"},
		},
		"NoKey": {
			reason:  "The missing key is named.",
			objects: []client.Object{secret(testNamespace, "userdata")},
			vm:      newVM(named, fromSecret),
			want:    want{class: clients.NotFound, subject: "SecretKey", message: "key \"user-data\" does not exist in Secret team-a/cloud-init"},
		},
		"NoLinkedClones": {
			reason: "What the endpoint cannot do is refused before anything is attempted.",
			vm:     newVM(named, func(vm *v1beta1.VirtualMachine) { vm.Spec.ForProvider.Linked = true }),
			want:   want{class: clients.Unsupported, message: "the endpoint does not support linked clones: leave out forProvider.linked"},
		},
		"NoThickDisks": {
			reason: "What the endpoint cannot do is refused before anything is attempted.",
			vm: newVM(named, func(vm *v1beta1.VirtualMachine) {
				vm.Spec.ForProvider.Disks = []v1beta1.VMDisk{{Name: "data", SizeGiB: 1, Type: v1beta1.DiskThick}}
			}),
			caps: clients.Capabilities{DiskTypes: []string{"thin"}},
			want: want{class: clients.Unsupported, message: "the endpoint does not support type \"thick\" of disk \"data\": it supports [\"thin\"]"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h := fake.New()
			h.SetCapabilities(tc.caps)
			kube := fakekube.NewClientBuilder().WithScheme(testScheme(t)).WithObjects(tc.objects...).Build()
			e := &external{connector: &connector{kube: kube}, hypervisor: h}
			spec, err := e.supportedSpec(context.Background(), tc.vm)
			got := want{class: clients.ClassOf(err), subject: clients.SubjectOf(err)}
			if err != nil {
				got.message = err.Error()
			} else {
				got.spec = spec
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nspec(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
