// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fakekube "sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// lab is a connection controller of ClusterProviderConfigs with its API server and its hypervisor in memory.
type lab struct {
	t          *testing.T
	kube       client.Client
	hypervisor *fake.Hypervisor
	reconciler *connection
	now        time.Time
}

func newLab(t *testing.T, objects ...client.Object) *lab {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(s), metav1.AddMetaToScheme(s), v1beta1.AddToScheme(s)); err != nil {
		t.Fatalf("cannot build scheme: %v", err)
	}
	l := &lab{t: t, hypervisor: fake.New(), now: time.Unix(1_800_000_000, 0)}
	l.kube = fakekube.NewClientBuilder().WithScheme(s).WithObjects(objects...).
		WithStatusSubresource(&v1beta1.ClusterProviderConfig{}, &v1beta1.ProviderConfig{}).Build()
	dial := func(v1beta1.Endpoint, endpoint.Credentials) (clients.Hypervisor, error) { return l.hypervisor, nil }
	l.reconciler = &connection{
		kind:      clusterKind(),
		kube:      l.kube,
		endpoints: endpoint.NewPool(l.kube, l.kube, map[v1beta1.ProviderType]endpoint.Dial{v1beta1.ProviderVSphere: dial}, endpoint.WithSettleTime(0)),
		inventory: newThrottle(checkInterval, func() time.Time { return l.now }),
		metrics:   NewMetrics(),
		record:    event.NewNopRecorder(),
		log:       logging.NewNopLogger(),
	}
	return l
}

// reconcile checks the connection once and returns the config, and whether it was written.
func (l *lab) reconcile() (pc *v1beta1.ClusterProviderConfig, written bool) {
	l.t.Helper()
	before := l.config()
	req := reconcile.Request{NamespacedName: types.NamespacedName{Name: "lab"}}
	if _, err := l.reconciler.Reconcile(context.Background(), req); err != nil {
		l.t.Fatalf("Reconcile(...): %v", err)
	}
	pc = l.config()
	return pc, pc.GetResourceVersion() != before.GetResourceVersion()
}

func (l *lab) config() *v1beta1.ClusterProviderConfig {
	l.t.Helper()
	pc := &v1beta1.ClusterProviderConfig{}
	if err := l.kube.Get(context.Background(), types.NamespacedName{Name: "lab"}, pc); err != nil {
		l.t.Fatalf("cannot get config: %v", err)
	}
	return pc
}

func newConfig() *v1beta1.ClusterProviderConfig {
	return &v1beta1.ClusterProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Name: "lab", UID: "config", Generation: 1},
		Spec: v1beta1.ClusterProviderConfigSpec{
			Endpoint:             v1beta1.Endpoint{Type: v1beta1.ProviderVSphere, VSphere: &v1beta1.VSphereEndpoint{Server: "vcenter"}},
			CredentialsSecretRef: &xpv2.SecretReference{Namespace: "crossplane-system", Name: "account"},
		},
	}
}

func newSecret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "crossplane-system", Name: "account"},
		Data:       map[string][]byte{v1beta1.SecretKeyUsername: []byte("svc"), v1beta1.SecretKeyPassword: []byte("secret")},
	}
}

func TestReady(t *testing.T) {
	cases := map[string]struct {
		reason  string
		objects []client.Object
		check   error
		want    xpv2.Condition
	}{
		"Available": {
			reason:  "An endpoint that answers is ready.",
			objects: []client.Object{newSecret()},
			want:    xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionTrue, Reason: xpv2.ReasonAvailable},
		},
		"Unreachable": {
			reason:  "The message says what is wrong and what to do.",
			objects: []client.Object{newSecret()},
			check:   clients.NewError(clients.Unreachable, "", errors.New("cannot connect to vcenter:443: connection refused")),
			want: xpv2.Condition{
				Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "Unreachable",
				Message: "Cannot connect to vcenter:443: connection refused: check the address in the spec and that the hypervisor can be reached from the provider",
			},
		},
		"Unauthorized": {
			reason:  "A wrong password is the Secret's matter.",
			objects: []client.Object{newSecret()},
			check:   clients.NewError(clients.Unauthorized, "", errors.New("the vCenter refuses the account")),
			want: xpv2.Condition{
				Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "Unauthorized",
				Message: "The vCenter refuses the account: correct the account in the Secret that credentialsSecretRef names, or its permissions",
			},
		},
		"Untrusted": {
			reason:  "An unknown authority is the spec's matter.",
			objects: []client.Object{newSecret()},
			check:   clients.NewError(clients.Untrusted, "", errors.New("certificate signed by unknown authority")),
			want: xpv2.Condition{
				Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "Untrusted",
				Message: "Certificate signed by unknown authority: set vsphere.caBundle or vsphere.thumbprint, or for libvirt ca.crt or known_hosts in the Secret, so that the endpoint is vouched for",
			},
		},
		"SecretNotFound": {
			reason: "A missing Secret is named.",
			want: xpv2.Condition{
				Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "SecretNotFound",
				Message: "Secret crossplane-system/account does not exist: create it, or correct the reference",
			},
		},
		"Unclassified": {
			reason:  "Anything else is shown as it is.",
			objects: []client.Object{newSecret()},
			check:   errors.New("boom"),
			want:    xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "CheckFailed", Message: "Boom"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, append(tc.objects, newConfig())...)
			l.hypervisor.Fail(fake.Check, tc.check)
			pc, _ := l.reconcile()
			tc.want.ObservedGeneration = 1
			if diff := cmp.Diff(tc.want, pc.GetCondition(xpv2.TypeReady), cmpopts.IgnoreFields(xpv2.Condition{}, "LastTransitionTime")); diff != "" {
				t.Errorf("\n%s\nReady: -want, +got:\n%s", tc.reason, diff)
			}
			if _, written := l.reconcile(); written {
				t.Errorf("\n%s\nwant nothing written while nothing changes", tc.reason)
			}
		})
	}
}

func TestInventory(t *testing.T) {
	hosts := func(vms int32) clients.Inventory {
		return clients.Inventory{Clusters: []string{"c"}, Hosts: []clients.Host{{Name: "esxi-01", VMs: vms}}}
	}
	// A step changes something, lets time go by and reconciles.
	type step struct {
		reason    string
		inventory clients.Inventory
		after     time.Duration
		check     error
		// written says whether the status is written, and vms what it then says of esxi-01.
		written bool
		vms     int32
	}
	cases := map[string][]step{
		"Throttled": {
			{reason: "The first inventory is written at once.", inventory: hosts(1), written: true, vms: 1},
			{reason: "The next waits for its turn.", inventory: hosts(2), after: 10 * time.Second, vms: 1},
			{reason: "And so does the one after that.", inventory: hosts(3), after: 10 * time.Second, vms: 1},
			{reason: "The last one is written when it is time.", inventory: hosts(3), after: 10 * time.Second, written: true, vms: 3},
			{reason: "Nothing is written while nothing changes.", inventory: hosts(3), after: time.Hour, vms: 3},
		},
		"Stale": {
			{reason: "The first inventory is written at once.", inventory: hosts(1), written: true, vms: 1},
			{
				reason: "What was last known of a lost endpoint stays, and the loss is written at once.", inventory: hosts(0), after: time.Second,
				check: clients.NewError(clients.Unreachable, "", errors.New("no")), written: true, vms: 1,
			},
			{reason: "That it is back is written at once, and the inventory waits.", inventory: hosts(0), after: time.Second, written: true, vms: 1},
			{reason: "The inventory is written when it is time.", inventory: hosts(0), after: time.Minute, written: true, vms: 0},
		},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, newConfig(), newSecret())
			for _, s := range steps {
				l.now = l.now.Add(s.after)
				l.hypervisor.SetInventory(s.inventory)
				l.hypervisor.Fail(fake.Check, s.check)
				pc, written := l.reconcile()
				if diff := cmp.Diff(s.written, written); diff != "" {
					t.Errorf("\n%s\nwritten: -want, +got:\n%s", s.reason, diff)
				}
				if diff := cmp.Diff(s.vms, pc.Status.Inventory.Hosts[0].VMs); diff != "" {
					t.Errorf("\n%s\nVMs: -want, +got:\n%s", s.reason, diff)
				}
			}
		})
	}
}

// TestUsersAreKept has the runtime's reconciler count users between a read and a write of ours.
func TestUsersAreKept(t *testing.T) {
	l := newLab(t, newConfig(), newSecret())
	pc := l.config()
	pc.Status.Users = 7
	pc.SetConditions(xpv2.Condition{Type: "Terminating", Status: corev1.ConditionTrue, Reason: "InUse"})
	if err := l.kube.Status().Update(context.Background(), pc); err != nil {
		t.Fatalf("cannot update status: %v", err)
	}
	got, _ := l.reconcile()
	if diff := cmp.Diff(int64(7), got.Status.Users); diff != "" {
		t.Errorf("users: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(corev1.ConditionTrue, got.GetCondition("Terminating").Status); diff != "" {
		t.Errorf("Terminating: -want, +got:\n%s", diff)
	}
}

func TestForget(t *testing.T) {
	l := newLab(t, newConfig(), newSecret())
	l.reconcile()
	if err := l.kube.Delete(context.Background(), newConfig()); err != nil {
		t.Fatalf("cannot delete config: %v", err)
	}
	req := reconcile.Request{NamespacedName: types.NamespacedName{Name: "lab"}}
	if _, err := l.reconciler.Reconcile(context.Background(), req); err != nil {
		t.Fatalf("Reconcile(...): %v", err)
	}
	if !l.hypervisor.Closed() {
		t.Error("the hypervisor of a config that is gone: want it closed")
	}
}

func TestUsersOf(t *testing.T) {
	own := &v1beta1.ProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "own"},
		Spec:       v1beta1.ProviderConfigSpec{CredentialsSecretRef: &xpv2.LocalSecretReference{Name: "account"}},
	}
	other := own.DeepCopy()
	other.Namespace, other.Name = "team-b", "other"
	l := newLab(t, newConfig(), own, other)

	cases := map[string]struct {
		reason string
		kind   kind
		secret types.NamespacedName
		want   []reconcile.Request
	}{
		"Cluster": {
			reason: "A ClusterProviderConfig names the Secret's namespace.",
			kind:   clusterKind(), secret: types.NamespacedName{Namespace: "crossplane-system", Name: "account"},
			want: []reconcile.Request{{NamespacedName: types.NamespacedName{Name: "lab"}}},
		},
		"Namespaced": {
			reason: "A ProviderConfig's Secret is of its own namespace.",
			kind:   namespacedKind(), secret: types.NamespacedName{Namespace: "team-a", Name: "account"},
			want: []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: "team-a", Name: "own"}}},
		},
		"Nobody": {
			reason: "Most Secrets are nobody's account.",
			kind:   namespacedKind(), secret: types.NamespacedName{Namespace: "team-a", Name: "other"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			l.reconciler.kind = tc.kind
			s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: tc.secret.Namespace, Name: tc.secret.Name}}
			if diff := cmp.Diff(tc.want, l.reconciler.usersOf(context.Background(), s)); diff != "" {
				t.Errorf("\n%s\nusersOf(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestInventoryOf(t *testing.T) {
	got := inventoryOf(clients.Inventory{
		Clusters: []string{"b", "a"},
		Folders:  []string{"/B", "/A"},
		Hosts:    []clients.Host{{Name: "h2"}, {Name: "h1", Cluster: "a", Zone: "z", CPUs: 8, MemoryMiB: 100, AllocatedMemoryMiB: 50, VMs: 2, Unavailable: "maintenance"}},
		Datastores: []clients.Datastore{
			{Name: "default", Hosts: []string{"kvm-02"}, CapacityGiB: 10, FreeGiB: 7},
			{Name: "default", Hosts: []string{"kvm-01"}, CapacityGiB: 1000, FreeGiB: 999},
		},
	})
	want := &v1beta1.Inventory{
		Clusters: []string{"a", "b"},
		Folders:  []string{"/A", "/B"},
		Hosts: []v1beta1.InventoryHost{
			{Name: "h1", Cluster: "a", Zone: "z", CPUs: 8, MemoryMiB: 100, AllocatedMemoryMiB: 50, VMs: 2, Unavailable: "maintenance"}, {Name: "h2"},
		},
		Datastores: []v1beta1.InventoryDatastore{
			{Name: "default", Hosts: []string{"kvm-01"}, CapacityGiB: 1000, FreeGiB: 980},
			{Name: "default", Hosts: []string{"kvm-02"}, CapacityGiB: 10, FreeGiB: 7},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inventoryOf(...): -want, +got:\n%s", diff)
	}
}
