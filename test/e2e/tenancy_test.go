// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// TestOtherTenantsAreOutOfReach tries to use what belongs to another namespace: an account and an endpoint.
func TestOtherTenantsAreOutOfReach(t *testing.T) {
	owner, thief := newWorld(t, "e2e-owner"), newWorld(t, "e2e-thief")
	owner.create(owner.account("account", owner.password()))
	config := owner.vcenterConfig("endpoint", owner.vcenterURL().Host, "account")
	owner.create(config)
	owner.awaitReady(config)

	t.Run("Secret", func(t *testing.T) {
		w := thief.with(t)
		config := w.vcenterConfig("stolen", w.vcenterURL().Host, "account")
		w.create(config)
		w.awaitTrouble(config, "Secret", "account")
		spec := vsphereSpec()
		spec.ProviderConfigReference = ownConfig("stolen")
		vm := w.vm("-secret", spec)
		w.create(vm)
		w.awaitTrouble(vm, "account")
	})

	t.Run("SecretByNamespace", func(t *testing.T) {
		w := thief.with(t)
		// The reference has no field for a namespace; a user who writes one anyway must not be served by it.
		manifest := strings.NewReplacer("THIEF", w.ns, "OWNER", owner.ns, "SERVER", w.vcenterURL().Host).Replace(`
apiVersion: infra.virtrigaud.io/v1beta1
kind: ProviderConfig
metadata: {name: by-namespace, namespace: THIEF}
spec:
  type: vsphere
  vsphere: {server: "SERVER", insecureSkipTLSVerify: true}
  credentialsSecretRef: {name: account, namespace: OWNER}
`)
		if _, err := w.kubectl.RunWith(w.Context(), manifest, "apply", "--validate=false", "-f", "-"); err != nil {
			t.Logf("refused: %v", err)
			return
		}
		w.awaitTrouble(&v1beta1.ProviderConfig{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "by-namespace"}}, "Secret", "account")
	})

	t.Run("Endpoint", func(t *testing.T) {
		w := thief.with(t)
		spec := vsphereSpec()
		spec.ProviderConfigReference = ownConfig("endpoint")
		vm := w.vm("-endpoint", spec)
		w.create(vm)
		w.awaitTrouble(vm, "ProviderConfig", "endpoint")
	})

	if vms := thief.vms(thief.vcenter); len(vms) > 0 {
		t.Errorf("want no VM made with somebody else's account, got %v", vms)
	}
}

// TestEndpointInUseStays deletes an endpoint that a VM uses. It must stay, and work, as long as the VM is there.
func TestEndpointInUseStays(t *testing.T) {
	w := newWorld(t, "e2e-in-use")
	prod := &v1beta1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: vsphereEndpoint}}
	w.get(prod)
	config := &v1beta1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: "e2e-in-use"}, Spec: prod.Spec}
	w.delete(config)
	w.awaitGone(config)
	config = &v1beta1.ClusterProviderConfig{ObjectMeta: metav1.ObjectMeta{Name: "e2e-in-use"}, Spec: prod.Spec}
	w.create(config)
	spec := vsphereSpec()
	spec.ProviderConfigReference = clusterConfig(config.Name)
	vm := w.vm("", spec)
	w.create(vm)
	w.awaitReady(vm)

	w.delete(config)
	w.await("the endpoint says that it is in use", func() (string, bool) {
		if !w.exists(config) {
			t.Fatal("The endpoint vanished under its VM.")
		}
		return "", config.DeletionTimestamp != nil && config.Status.Users == 1
	})
	// The VM can still be looked after: its power comes back, and it can be deleted.
	vms := w.vms(w.vcenter)
	if len(vms) != 1 {
		t.Fatalf("want one VM, got %v", vms)
	}
	if err := w.vcenter.PowerOff(t.Context(), vms[0]); err != nil {
		t.Fatal(err)
	}
	w.awaitVMs(w.vcenter, "the VM powered on again", running(1, 2))
	w.delete(vm)
	w.awaitVMs(w.vcenter, "no VM", func(vms []lab.VM) bool { return len(vms) == 0 })
	w.awaitGone(config)
}
