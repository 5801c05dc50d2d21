// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package hypervisors

import (
	"context"
	"errors"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/kube"
)

// Names of the ClusterProviderConfigs and of the Secret.
const (
	ConfigVSphere = "vsphere-prod"
	ConfigLibvirt = "libvirt-prod"
	secretVSphere = "vsphere-prod"
)

// libvirtCluster is the cluster that the libvirt hosts count to in placement.
const libvirtCluster = "kvm-cluster"

// Configure tells Crossplane of the hypervisors.
func Configure(ctx context.Context, c client.Client, v VCenter, l Libvirt) error {
	ca, err := os.ReadFile(v.CAFile)
	if err != nil {
		return fmt.Errorf("cannot read the vCenter's CA: %w", err)
	}

	objects := []*unstructured.Unstructured{vSphereSecret(v), vSphereConfig(v, string(ca))}
	if l.Mode != ModeNone {
		objects = append(objects, libvirtConfig(l))
	}

	for _, o := range objects {
		if err := kube.Apply(ctx, c, o); err != nil {
			return err
		}
	}

	return nil
}

// Ready returns nil when the provider has reached every hypervisor, else what it says.
func Ready(ctx context.Context, c client.Client, l Libvirt) error {
	problem := configReady(ctx, c, ConfigVSphere)
	if l.Mode == ModeNone {
		return problem
	}

	return errors.Join(problem, configReady(ctx, c, ConfigLibvirt))
}

func configReady(ctx context.Context, c client.Client, name string) error {
	o := clusterProviderConfig(name, nil)
	if err := c.Get(ctx, types.NamespacedName{Name: name}, o); err != nil {
		return err
	}

	conditions, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
	if err != nil {
		return err
	}

	for _, condition := range conditions {
		cond, ok := condition.(map[string]any)
		if !ok || cond["type"] != "Ready" {
			continue
		}

		if seen, ok := cond["observedGeneration"].(int64); ok && seen != o.GetGeneration() {
			return fmt.Errorf("ClusterProviderConfig %s has changed and was not looked at since", name)
		}

		if cond["status"] == "True" {
			return nil
		}

		return fmt.Errorf("ClusterProviderConfig %s is not Ready: %v: %v", name, cond["reason"], cond["message"])
	}

	return fmt.Errorf("ClusterProviderConfig %s has no condition Ready yet", name)
}

func vSphereSecret(v VCenter) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Secret",
		"metadata":   map[string]any{"namespace": kube.Namespace, "name": secretVSphere},
		"stringData": map[string]any{"username": v.Username, "password": v.Password},
	}}
}

func vSphereConfig(v VCenter, ca string) *unstructured.Unstructured {
	return clusterProviderConfig(ConfigVSphere, map[string]any{
		"type":                 "vsphere",
		"vsphere":              map[string]any{"server": v.Address, "caBundle": ca},
		"credentialsSecretRef": map[string]any{"namespace": kube.Namespace, "name": secretVSphere},
	})
}

func libvirtConfig(l Libvirt) *unstructured.Unstructured {
	hosts := make([]any, len(l.Hosts))
	for i, h := range l.Hosts {
		hosts[i] = map[string]any{
			"name":    h.Name,
			"uri":     h.URI,
			"cluster": libvirtCluster,
			// zone-a, zone-b, …: a zone for each host.
			"zone": "zone-" + string(rune('a'+i)),
		}
	}

	return clusterProviderConfig(ConfigLibvirt, map[string]any{"type": "libvirt", "libvirt": map[string]any{"hosts": hosts}})
}

func clusterProviderConfig(name string, spec map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "infra.virtrigaud.io/v1beta1",
		"kind":       "ClusterProviderConfig",
		"metadata":   map[string]any{"name": name},
		"spec":       spec,
	}}
}
