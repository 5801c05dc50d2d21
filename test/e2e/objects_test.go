// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"net/url"
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// Names of the local cluster.
const (
	vsphereEndpoint = "vsphere-prod"
	libvirtEndpoint = "libvirt-prod"
	vsphereTemplate = "nginx-image"
	libvirtImage    = "tiny-linux"
)

func clusterConfig(name string) *xpv2.ProviderConfigReference {
	return &xpv2.ProviderConfigReference{Kind: v1beta1.ClusterProviderConfigKind, Name: name}
}

func ownConfig(name string) *xpv2.ProviderConfigReference {
	return &xpv2.ProviderConfigReference{Kind: v1beta1.ProviderConfigKind, Name: name}
}

// meta names an object of the test's namespace. The name starts with the namespace's, see world.
func (w *world) meta(suffix string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.ns, Name: w.ns + suffix}
}

// vsphereSpec is a small VM on the vCenter.
func vsphereSpec() v1beta1.VirtualMachineSpec {
	return v1beta1.VirtualMachineSpec{
		ManagedResourceSpec: xpv2.ManagedResourceSpec{ProviderConfigReference: clusterConfig(vsphereEndpoint)},
		ForProvider: v1beta1.VirtualMachineParameters{
			ImageRef:  &v1beta1.ImageReference{Name: vsphereTemplate},
			Resources: &v1beta1.VMResources{CPU: ptr.To[int32](2), MemoryMiB: ptr.To[int64](512)},
		},
	}
}

// libvirtSpec is a small VM on the libvirt hosts. The guest needs about 200 MiB.
func libvirtSpec() v1beta1.VirtualMachineSpec {
	return v1beta1.VirtualMachineSpec{
		ManagedResourceSpec: xpv2.ManagedResourceSpec{ProviderConfigReference: clusterConfig(libvirtEndpoint)},
		ForProvider: v1beta1.VirtualMachineParameters{
			ImageRef:  &v1beta1.ImageReference{Name: libvirtImage},
			Linked:    true,
			Resources: &v1beta1.VMResources{CPU: ptr.To[int32](1), MemoryMiB: ptr.To[int64](256)},
		},
	}
}

func (w *world) vm(suffix string, spec v1beta1.VirtualMachineSpec) *v1beta1.VirtualMachine {
	return &v1beta1.VirtualMachine{ObjectMeta: w.meta(suffix), Spec: spec}
}

// set is a VMSet with a rolling update of the given budgets.
func (w *world) set(suffix string, replicas int32, spec v1beta1.VirtualMachineSpec, maxUnavailable, maxSurge int32) *v1beta1.VMSet {
	return &v1beta1.VMSet{
		ObjectMeta: w.meta(suffix),
		Spec: v1beta1.VMSetSpec{
			Replicas: &replicas,
			Selector: &v1beta1.VMSelector{MatchLabels: map[string]string{"app": w.ns}},
			Template: v1beta1.VMTemplate{
				Metadata: v1beta1.VMTemplateMeta{Labels: map[string]string{"app": w.ns}},
				Spec:     spec,
			},
			UpdateStrategy: &v1beta1.UpdateStrategy{
				Type: v1beta1.RollingUpdateStrategy,
				RollingUpdate: &v1beta1.RollingUpdate{
					MaxUnavailable: ptr.To(intstr.FromInt32(maxUnavailable)),
					MaxSurge:       ptr.To(intstr.FromInt32(maxSurge)),
				},
			},
		},
	}
}

func (w *world) policy(suffix string, spec v1beta1.VMPlacementPolicySpec) *v1beta1.VMPlacementPolicy {
	return &v1beta1.VMPlacementPolicy{ObjectMeta: w.meta(suffix), Spec: spec}
}

func (w *world) class(suffix string, cpu int32, memoryMiB int64) *v1beta1.VMClass {
	return &v1beta1.VMClass{ObjectMeta: w.meta(suffix), Spec: v1beta1.VMClassSpec{CPU: cpu, MemoryMiB: memoryMiB}}
}

// account is a Secret with the vCenter's user name and the given password.
func (w *world) account(name, password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name},
		Data: map[string][]byte{
			v1beta1.SecretKeyUsername: []byte(w.vcenterURL().User.Username()),
			v1beta1.SecretKeyPassword: []byte(password),
		},
	}
}

// password of the vCenter's account.
func (w *world) password() string {
	p, _ := w.vcenterURL().User.Password()
	return p
}

// vcenterConfig is a ProviderConfig of the test's namespace for the local cluster's vCenter, reached at the given address.
func (w *world) vcenterConfig(name, server, secret string) *v1beta1.ProviderConfig {
	return &v1beta1.ProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: name},
		Spec: v1beta1.ProviderConfigSpec{
			Endpoint: v1beta1.Endpoint{
				Type:    v1beta1.ProviderVSphere,
				VSphere: &v1beta1.VSphereEndpoint{Server: server, CABundle: w.vcenterCA()},
			},
			CredentialsSecretRef: &xpv2.LocalSecretReference{Name: secret},
		},
	}
}

func (w *world) vcenterURL() *url.URL {
	w.Helper()
	address := w.env.VCenterURL
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	u, err := url.Parse(address)
	if err != nil {
		w.Fatal(err)
	}
	return u
}

func (w *world) vcenterCA() string {
	w.Helper()
	ca, err := os.ReadFile(w.env.VCenterCA)
	if err != nil {
		w.Fatal(err)
	}
	return string(ca)
}
