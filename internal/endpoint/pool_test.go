// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"slices"
	"sync"
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

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
)

// A datacenter hands out hypervisors and remembers them.
type datacenter struct {
	mu     sync.Mutex
	opened []*fake.Hypervisor
	creds  []Credentials
	err    error
}

func (d *datacenter) dial(_ v1beta1.Endpoint, c Credentials) (clients.Hypervisor, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return nil, d.err
	}
	d.opened = append(d.opened, fake.New())
	d.creds = append(d.creds, c)
	return d.opened[len(d.opened)-1], nil
}

// closed returns which of the hypervisors are closed, in the order they were opened.
func (d *datacenter) closed() []bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []bool
	for _, h := range d.opened {
		out = append(out, h.Closed())
	}
	return out
}

func newPool(t *testing.T, d *datacenter, objects ...client.Object) (*Pool, client.Client) {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(s), metav1.AddMetaToScheme(s), v1beta1.AddToScheme(s)); err != nil {
		t.Fatalf("cannot build scheme: %v", err)
	}
	kube := fakekube.NewClientBuilder().WithScheme(s).WithObjects(objects...).Build()
	return NewPool(kube, kube, map[v1beta1.ProviderType]Dial{v1beta1.ProviderVSphere: d.dial}, WithSettleTime(time.Minute)), kube
}

func vsphere(server string) v1beta1.Endpoint {
	return v1beta1.Endpoint{Type: v1beta1.ProviderVSphere, VSphere: &v1beta1.VSphereEndpoint{Server: server}}
}

func namespacedConfig(namespace, secret string) *v1beta1.ProviderConfig {
	return &v1beta1.ProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "lab", UID: types.UID("config-" + namespace)},
		Spec:       v1beta1.ProviderConfigSpec{Endpoint: vsphere("vcenter"), CredentialsSecretRef: &xpv2.LocalSecretReference{Name: secret}},
	}
}

func clusterConfig(server string) *v1beta1.ClusterProviderConfig {
	return &v1beta1.ClusterProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Name: "lab", UID: "config"},
		Spec: v1beta1.ClusterProviderConfigSpec{
			Endpoint:             vsphere(server),
			CredentialsSecretRef: &xpv2.SecretReference{Namespace: "crossplane-system", Name: "account"},
		},
	}
}

func account(namespace, username, password string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "account"},
		Data:       map[string][]byte{v1beta1.SecretKeyUsername: []byte(username), v1beta1.SecretKeyPassword: []byte(password)},
	}
}

func TestGet(t *testing.T) {
	cluster := Ref{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"}
	namespaced := Ref{Kind: v1beta1.ProviderConfigKind, Namespace: "team-a", Name: "lab"}

	type want struct {
		creds   []Credentials
		class   clients.Class
		subject string
		message string
	}
	cases := map[string]struct {
		reason  string
		objects []client.Object
		dialErr error
		ref     Ref
		want    want
	}{
		"Cluster": {
			reason:  "A ClusterProviderConfig's Secret is of the namespace it names.",
			objects: []client.Object{clusterConfig("vcenter"), account("crossplane-system", "svc", "secret")},
			ref:     cluster,
			want:    want{creds: []Credentials{{Username: "svc", Password: "secret"}}},
		},
		"Namespaced": {
			reason:  "A ProviderConfig's Secret is of its own namespace, whatever there is in others.",
			objects: []client.Object{namespacedConfig("team-a", "account"), account("team-a", "mine", "a"), account("crossplane-system", "svc", "secret")},
			ref:     namespaced,
			want:    want{creds: []Credentials{{Username: "mine", Password: "a"}}},
		},
		"OtherNamespacesSecret": {
			reason:  "A tenant cannot use a Secret of another namespace.",
			objects: []client.Object{namespacedConfig("team-a", "account"), account("crossplane-system", "svc", "secret")},
			ref:     namespaced,
			want:    want{class: clients.NotFound, subject: "Secret", message: "Secret team-a/account does not exist"},
		},
		"OtherNamespacesConfig": {
			reason:  "A VM cannot use a ProviderConfig of another namespace.",
			objects: []client.Object{namespacedConfig("team-b", "account"), account("team-b", "theirs", "b")},
			ref:     namespaced,
			want:    want{class: clients.NotFound, subject: "ProviderConfig", message: "ProviderConfig team-a/lab does not exist"},
		},
		"NoKey": {
			reason:  "The missing key is named.",
			objects: []client.Object{clusterConfig("vcenter"), account("crossplane-system", "svc", "")},
			ref:     cluster,
			want:    want{class: clients.NotFound, subject: "SecretKey", message: "key \"password\" does not exist in Secret crossplane-system/account"},
		},
		"UnknownKind": {
			reason: "A reference to something else is refused.",
			ref:    Ref{Kind: "Secret", Name: "lab"},
			want: want{
				class: clients.Invalid, subject: "ProviderConfig",
				message: "providerConfigRef.kind is \"Secret\", but must be ProviderConfig or ClusterProviderConfig",
			},
		},
		"DialFails": {
			reason:  "What the hypervisor's client has against the config is passed on, with its class.",
			objects: []client.Object{clusterConfig("vcenter"), account("crossplane-system", "svc", "secret")},
			dialErr: clients.NewError(clients.Invalid, "", errors.New("no such server")),
			ref:     cluster,
			want:    want{class: clients.Invalid, message: "cannot open ClusterProviderConfig lab: no such server"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := &datacenter{err: tc.dialErr}
			p, _ := newPool(t, d, tc.objects...)
			_, err := p.Get(context.Background(), tc.ref)
			got := want{creds: d.creds, class: clients.ClassOf(err), subject: clients.SubjectOf(err)}
			if err != nil {
				got.message = err.Error()
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("\n%s\nGet(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestChange changes what an endpoint is made of between two Gets.
func TestChange(t *testing.T) {
	ref := Ref{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"}
	update := func(o client.Object) func(*testing.T, *Pool, client.Client) {
		return func(t *testing.T, _ *Pool, kube client.Client) {
			t.Helper()
			if err := kube.Patch(context.Background(), o, client.Merge); err != nil {
				t.Fatalf("cannot patch %T: %v", o, err)
			}
		}
	}
	labelled := account("crossplane-system", "svc", "secret")
	labelled.SetLabels(map[string]string{"team": "a"})

	cases := map[string]struct {
		reason string
		change func(*testing.T, *Pool, client.Client)
		// closed says of each hypervisor that was opened whether it is closed.
		closed []bool
	}{
		"Nothing": {
			reason: "The hypervisor is shared.",
			change: func(*testing.T, *Pool, client.Client) {},
			closed: []bool{false},
		},
		"Password": {
			reason: "A new password is taken up with a new connection, and the old one is closed.",
			change: update(account("crossplane-system", "svc", "new")),
			closed: []bool{true, false},
		},
		"SecretLabel": {
			reason: "A change of the Secret that is not of its data changes nothing.",
			change: update(labelled),
			closed: []bool{false},
		},
		"Server": {
			reason: "Another server is another connection.",
			change: update(clusterConfig("other")),
			closed: []bool{true, false},
		},
		"Forgotten": {
			reason: "The connection of a config that is gone is closed; one of the same name is another.",
			change: func(_ *testing.T, p *Pool, _ client.Client) { p.Forget(ref) },
			closed: []bool{true, false},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := &datacenter{}
			p, kube := newPool(t, d, clusterConfig("vcenter"), account("crossplane-system", "svc", "secret"))
			first, err := p.Get(context.Background(), ref)
			if err != nil {
				t.Fatalf("Get(...): %v", err)
			}
			tc.change(t, p, kube)
			second, err := p.Get(context.Background(), ref)
			if err != nil {
				t.Fatalf("Get(...): %v", err)
			}
			if diff := cmp.Diff(tc.closed, d.closed()); diff != "" {
				t.Errorf("\n%s\nclosed: -want, +got:\n%s", tc.reason, diff)
			}
			if same := first == second; same != (len(tc.closed) == 1) {
				t.Errorf("\n%s\nsame hypervisor: want %t, got %t", tc.reason, !same, same)
			}
			p.Close()
			if slices.Contains(d.closed(), false) {
				t.Errorf("\n%s\nafter Close: want all closed, got %v", tc.reason, d.closed())
			}
			if _, err := p.Get(context.Background(), ref); clients.ClassOf(err) != clients.Unreachable {
				t.Errorf("\n%s\nGet(...) after Close: want an error of class Unreachable, got %v", tc.reason, err)
			}
		})
	}
}

// TestSubscribe expects to be told of VMs by the config they belong to, also after the connection was replaced.
func TestSubscribe(t *testing.T) {
	ref := Ref{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"}
	d := &datacenter{}
	p, kube := newPool(t, d, clusterConfig("vcenter"))

	var told []string
	cancel := p.Subscribe(func(r Ref, uuid string) { told = append(told, r.String()+" "+uuid) })
	get := func() {
		if _, err := p.Get(context.Background(), ref); err != nil {
			told = append(told, "error")
		}
	}

	get()
	if err := kube.Create(context.Background(), account("crossplane-system", "svc", "secret")); err != nil {
		t.Fatalf("cannot create Secret: %v", err)
	}
	get()
	get()
	d.opened[0].Notify("uuid-1")
	if err := kube.Update(context.Background(), account("crossplane-system", "svc", "new")); err != nil {
		t.Fatalf("cannot update Secret: %v", err)
	}
	get()
	d.opened[0].Notify("uuid-2")
	d.opened[1].Notify("uuid-3")
	cancel()
	d.opened[1].Notify("uuid-4")

	want := []string{
		"error",
		"ClusterProviderConfig lab ", // opened
		"ClusterProviderConfig lab uuid-1",
		"ClusterProviderConfig lab ", // opened anew
		"ClusterProviderConfig lab uuid-3",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("told: -want, +got:\n%s", diff)
	}
}

// TestConcurrentGet has many VMs ask for the endpoint at once: it is opened once.
func TestConcurrentGet(t *testing.T) {
	d := &datacenter{}
	p, _ := newPool(t, d, clusterConfig("vcenter"), account("crossplane-system", "svc", "secret"))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if _, err := p.Get(context.Background(), Ref{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"}); err != nil {
				t.Errorf("Get(...): %v", err)
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff([]bool{false}, d.closed()); diff != "" {
		t.Errorf("closed: -want, +got:\n%s", diff)
	}
}

// TestSettle waits for a hypervisor that connects, and not for one that says why it cannot.
func TestSettle(t *testing.T) {
	unreachable := clients.NewError(clients.Unreachable, "", errors.New("not connected yet"))
	cases := map[string]struct {
		reason string
		then   error
	}{
		"Connected": {reason: "Get returns once the hypervisor is connected."},
		"Refused": {
			reason: "Get returns once the hypervisor has refused the account.",
			then:   clients.NewError(clients.Unauthorized, "", errors.New("wrong password")),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := &datacenter{}
			p, _ := newPool(t, d, clusterConfig("vcenter"), account("crossplane-system", "svc", "secret"))
			h := fake.New()
			h.Fail(fake.Check, unreachable)
			p.dial[v1beta1.ProviderVSphere] = func(v1beta1.Endpoint, Credentials) (clients.Hypervisor, error) { return h, nil }
			p.Subscribe(func(Ref, string) {
				// The endpoint is open and is waited for from now on.
				time.AfterFunc(2*settleInterval, func() { h.Fail(fake.Check, tc.then) })
			})
			got, err := p.Get(context.Background(), Ref{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"})
			if err != nil {
				t.Fatalf("Get(...): %v", err)
			}
			if diff := cmp.Diff(tc.then, got.Check(context.Background()), cmpopts.EquateErrors()); diff != "" {
				t.Errorf("\n%s\nCheck(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
