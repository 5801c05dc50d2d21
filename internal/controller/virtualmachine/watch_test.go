// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fakekube "sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// endpoints is an Endpoints that only tells of changes.
type endpoints struct{ listener endpoint.Listener }

func (*endpoints) Get(context.Context, endpoint.Ref) (clients.Hypervisor, error) {
	return nil, clients.NewError(clients.Unreachable, "", errors.New("no hypervisor here"))
}

func (*endpoints) Type(context.Context, endpoint.Ref) v1beta1.ProviderType { return "" }

func (e *endpoints) Subscribe(l endpoint.Listener) (cancel func()) {
	e.listener = l
	return func() { e.listener = nil }
}

// TestWatches expects exactly the VirtualMachines to be looked at that something is about.
func TestWatches(t *testing.T) {
	lab := endpoint.Ref{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"}
	vm := func(namespace, name, uuid string, changes ...change) *v1beta1.VirtualMachine {
		vm := newVM(changes...)
		vm.SetNamespace(namespace)
		vm.SetName(name)
		meta.SetExternalName(vm, uuid)
		return vm
	}
	own := func(vm *v1beta1.VirtualMachine) {
		vm.SetProviderConfigReference(&xpv2.ProviderConfigReference{Kind: v1beta1.ProviderConfigKind, Name: "lab"})
	}
	secret := func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.UserData = &v1beta1.UserData{CloudInit: v1beta1.CloudInit{SecretRef: &xpv2.LocalSecretKeySelector{
			LocalSecretReference: xpv2.LocalSecretReference{Name: "cloud-init"}, Key: "user-data",
		}}}
	}
	b := fakekube.NewClientBuilder().WithScheme(testScheme(t)).WithObjects(
		vm("team-a", "one", "uuid-1", withClass("small")),
		vm("team-a", "two", "uuid-2", secret),
		vm("team-a", "own", "uuid-3", own),
		vm("team-b", "one", "uuid-4", withClass("small"), own),
	)
	for name, value := range indexes() {
		b = b.WithIndex(&v1beta1.VirtualMachine{}, name, indexer(value))
	}
	w := watcher{kube: b.Build(), log: logging.NewNopLogger()}

	changed := func(ref endpoint.Ref, uuid string) func(workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		return func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			e := &endpoints{}
			if err := w.changes(e).Start(t.Context(), q); err != nil {
				t.Fatalf("Start(...): %v", err)
			}
			e.listener(ref, uuid)
		}
	}
	created := func(index string, o client.Object) func(workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		return func(q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			w.namedBy(index).Create(t.Context(), event.CreateEvent{Object: o}, q)
		}
	}
	cases := map[string]struct {
		reason string
		do     func(workqueue.TypedRateLimitingInterface[reconcile.Request])
		want   []string
	}{
		"OneVM":      {reason: "A VM is found by its UUID.", do: changed(lab, "uuid-2"), want: []string{"team-a/two"}},
		"OthersVM":   {reason: "Most VMs of a hypervisor are not ours.", do: changed(lab, "uuid-9")},
		"Everything": {reason: "All VMs of the endpoint.", do: changed(lab, ""), want: []string{"team-a/one", "team-a/two"}},
		"EverythingOfNamespace": {
			reason: "A ProviderConfig of the same name in another namespace is another.",
			do:     changed(endpoint.Ref{Kind: v1beta1.ProviderConfigKind, Namespace: "team-b", Name: "lab"}, ""), want: []string{"team-b/one"},
		},
		"Class": {
			reason: "A class is of its namespace.",
			do:     created(indexClass, newClass("small", 1, 512)), want: []string{"team-a/one"},
		},
		"Secret": {
			reason: "Who waits for user data need not wait for long.",
			do:     created(indexSecret, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "team-a", Name: "cloud-init"}}),
			want:   []string{"team-a/two"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
			defer q.ShutDown()
			tc.do(q)
			var got []string
			for q.Len() > 0 {
				r, _ := q.Get()
				got = append(got, r.String())
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
				t.Errorf("\n%s\nto look at: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestConnect tracks usage before anything is asked of the hypervisor.
func TestConnect(t *testing.T) {
	now := metav1.NewTime(time.Unix(1_800_000_000, 0))
	deleted := func(vm *v1beta1.VirtualMachine) { vm.SetDeletionTimestamp(&now) }
	ending := &kerrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden,
		Details: &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}},
	}}
	cases := map[string]struct {
		reason string
		vm     *v1beta1.VirtualMachine
		track  error
		want   error
	}{
		"Tracked":      {reason: "An endpoint that cannot be used is Observe's to report.", vm: newVM()},
		"TrackFails":   {reason: "A usage that is not recorded is not made.", vm: newVM(), track: errAPI, want: errAPI},
		"Ending":       {reason: "A VM of a namespace that ends can be deleted without its usage.", vm: newVM(deleted), track: ending},
		"NotYetEnding": {reason: "But only deleted.", vm: newVM(), track: ending, want: ending},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := &connector{
				usage:     resource.ModernTrackerFn(func(context.Context, resource.ModernManaged) error { return tc.track }),
				endpoints: &endpoints{},
			}
			_, err := c.Connect(context.Background(), tc.vm)
			if diff := cmp.Diff(tc.want, err, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("\n%s\nConnect(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestPollInterval(t *testing.T) {
	ready, waiting := newVM(), newVM()
	ready.SetConditions(xpv2.Available())
	waiting.SetConditions(xpv2.Creating())
	cases := map[string]struct {
		reason   string
		vm       *v1beta1.VirtualMachine
		interval time.Duration
		random   float64
		want     time.Duration
	}{
		"Ready":        {reason: "A ready VM is looked at when told.", vm: ready, interval: time.Minute, random: 0.5, want: time.Minute},
		"ReadyEarly":   {reason: "Or a tenth earlier.", vm: ready, interval: time.Minute, random: 0, want: 54 * time.Second},
		"ReadyLate":    {reason: "Or a tenth later.", vm: ready, interval: time.Minute, random: 1, want: 66 * time.Second},
		"Waiting":      {reason: "One that is not ready is looked at sooner.", vm: waiting, interval: time.Minute, random: 0.5, want: unreadyPollInterval},
		"WaitingShort": {reason: "But never later than when told.", vm: waiting, interval: time.Second, random: 0.5, want: time.Second},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := pollInterval(time.Now, func() float64 { return tc.random })(tc.vm, tc.interval)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\npollInterval(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
