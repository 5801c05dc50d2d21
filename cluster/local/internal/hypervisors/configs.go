// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package hypervisors

import (
	"context"
	"fmt"
	"os"
	"time"

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

const (
	libvirtCluster = "kvm-cluster"
	configTimeout  = 2 * time.Minute
	configPoll     = 500 * time.Millisecond
)

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

// AwaitConfigs waits until the provider has reached every hypervisor.
func AwaitConfigs(ctx context.Context, c client.Client, l Libvirt) error {
	ctx, cancel := context.WithTimeout(ctx, configTimeout)
	defer cancel()

	names := []string{ConfigVSphere}
	if l.Mode != ModeNone {
		names = append(names, ConfigLibvirt)
	}

	for _, name := range names {
		if err := awaitConfig(ctx, c, name); err != nil {
			return err
		}
	}

	return nil
}

func awaitConfig(ctx context.Context, c client.Client, name string) error {
	for {
		err := configReady(ctx, c, name)
		if err == nil {
			return nil
		}

		select {
		case <-ctx.Done():
			return fmt.Errorf("ClusterProviderConfig %s is not Ready after %s: %w", name, configTimeout, err)
		case <-time.After(configPoll):
		}
	}
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

		if cond["status"] == "True" {
			return nil
		}

		return fmt.Errorf("%v: %v", cond["reason"], cond["message"])
	}

	return fmt.Errorf("the provider has not said anything about it")
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
