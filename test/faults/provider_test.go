// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package faults

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fakekube "sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/feature"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	fakeresource "github.com/crossplane/crossplane-runtime/v2/pkg/resource/fake"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/vsphere"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/virtualmachine"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/metrics"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/probe"
)

const (
	namespace  = "team-a"
	configName = "vsphere-prod"
	// patience is how long a test waits for what must happen; it is not expected to be used up.
	patience = 90 * time.Second
	// pause between two looks at a VM of which nothing is heard.
	pause = 20 * time.Millisecond
)

// errKilled is what a killed provider stops with.
var errKilled = errors.New("the provider was killed")

// A provider is the part of the provider that looks after one VirtualMachine. It can be killed and started again; the API server
// and the vCenter outlive it.
type provider struct {
	t    *testing.T
	site *site
	key  types.NamespacedName
	kube client.Client

	pool       *endpoint.Pool
	prober     *probe.Prober
	reconciler reconcile.Reconciler

	mu sync.Mutex
	// steps counts what the provider does: each write to the API server and each order to the hypervisor is two, before and after.
	steps int
	// incident happens at step at.
	at       int
	incident func()
}

// newProvider returns a provider for a VirtualMachine of this name, which does not exist yet.
func newProvider(t *testing.T, s *site, name string) *provider {
	t.Helper()
	p := &provider{t: t, site: s, key: types.NamespacedName{Namespace: namespace, Name: name}}
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1beta1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	p.kube = fakekube.NewClientBuilder().
		WithScheme(scheme).
		WithStatusSubresource(&v1beta1.VirtualMachine{}).
		WithObjects(s.config(), s.secret()).
		WithInterceptorFuncs(interceptor.Funcs{
			Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
				return p.step(func() error { return c.Update(ctx, o, opts...) })
			},
			Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
				return p.step(func() error { return c.Patch(ctx, o, patch, opts...) })
			},
			SubResourceUpdate: func(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
				return p.step(func() error { return c.SubResource(sub).Update(ctx, o, opts...) })
			},
			SubResourcePatch: func(ctx context.Context, c client.Client, sub string, o client.Object, patch client.Patch, opts ...client.SubResourcePatchOption) error {
				return p.step(func() error { return c.SubResource(sub).Patch(ctx, o, patch, opts...) })
			},
		}).
		Build()
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start starts the provider's process. It knows nothing but what the API server and the vCenter tell it.
func (p *provider) start() {
	dial := func(e v1beta1.Endpoint, c endpoint.Credentials) (clients.Hypervisor, error) {
		h, err := vsphere.New(vsphere.Config{
			Server: e.VSphere.Server, Username: c.Username, Password: c.Password, CABundle: e.VSphere.CABundle, ZoneTagCategory: e.VSphere.ZoneTagCategory,
		}, vsphere.Options{MinBackoff: time.Millisecond, MaxBackoff: 20 * time.Millisecond})
		if err != nil {
			return nil, err
		}
		return mortal{Hypervisor: h, step: p.step}, nil
	}
	p.pool = endpoint.NewPool(p.kube, p.kube, map[v1beta1.ProviderType]endpoint.Dial{v1beta1.ProviderVSphere: dial})
	p.prober = probe.New()
	o := controller.DefaultOptions()
	o.Features = &feature.Flags{}
	o.Features.Enable(feature.EnableBetaManagementPolicies)
	mgr := &fakeresource.Manager{Client: p.kube, Scheme: p.kube.Scheme()}
	p.reconciler = virtualmachine.NewReconciler(mgr, o, virtualmachine.Dependencies{Endpoints: p.pool, Prober: p.prober, Metrics: metrics.New()},
		event.NewNopRecorder(), managed.WithCreationGracePeriod(0))
}

func (p *provider) stop() {
	p.pool.Close()
	p.prober.Close()
}

// meet lets an incident happen at the n-th step from now, none when n is 0.
func (p *provider) meet(n int, incident func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.steps, p.at, p.incident = 0, n, incident
}

// die is the incident that the process ends.
func die() { panic(errKilled) } //nolint:forbidigo // A process that is killed returns from nothing.

// taken returns how many steps were taken since meet was last called.
func (p *provider) taken() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.steps
}

// step does something that others can see. Before and after it there may be an incident.
func (p *provider) step(do func() error) error {
	p.pass()
	err := do()
	p.pass()
	return err
}

func (p *provider) pass() {
	p.mu.Lock()
	p.steps++
	incident := p.incident
	if p.steps != p.at {
		incident = nil
	}
	p.mu.Unlock()
	if incident != nil {
		incident()
	}
}

// reconcile lets the controller look at the VirtualMachine once. A provider that is killed meanwhile is started again.
func (p *provider) reconcile() {
	defer func() {
		if r := recover(); r != nil {
			if r != errKilled { //nolint:errorlint // The very value is meant.
				panic(r) //nolint:forbidigo // It is not ours.
			}
			p.stop()
			p.start()
		}
	}()
	_, err := p.reconciler.Reconcile(p.t.Context(), reconcile.Request{NamespacedName: p.key})
	if err != nil {
		p.t.Logf("Reconcile(...): %v", err)
	}
}

// until lets the provider work until ok.
func (p *provider) until(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(pause) {
		if time.Now().After(deadline) {
			vm := p.vm()
			p.t.Fatalf("waited in vain for %s; the object says %+v", what, vm)
		}
		p.reconcile()
	}
}

// vm returns the VirtualMachine as the API server has it; nil when it has none.
func (p *provider) vm() *v1beta1.VirtualMachine {
	p.t.Helper()
	vm := &v1beta1.VirtualMachine{}
	err := p.kube.Get(context.WithoutCancel(p.t.Context()), p.key, vm)
	if kerrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		p.t.Fatalf("cannot get VirtualMachine: %v", err)
	}
	return vm
}

// create makes the VirtualMachine.
func (p *provider) create(changes ...func(*v1beta1.VirtualMachineParameters)) {
	p.t.Helper()
	vm := &v1beta1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.key.Namespace, Name: p.key.Name, UID: types.UID("uid-of-" + p.key.Name), Generation: 1},
		Spec: v1beta1.VirtualMachineSpec{
			ManagedResourceSpec: xpv2.ManagedResourceSpec{
				ManagementPolicies:      xpv2.ManagementPolicies{xpv2.ManagementActionAll},
				ProviderConfigReference: &xpv2.ProviderConfigReference{Kind: v1beta1.ClusterProviderConfigKind, Name: configName},
			},
			ForProvider: v1beta1.VirtualMachineParameters{
				ImageRef:               &v1beta1.ImageReference{Name: "nginx-image"},
				Resources:              &v1beta1.VMResources{CPU: ptr.To[int32](2), MemoryMiB: ptr.To[int64](1024)},
				ShutdownTimeoutSeconds: 60,
			},
		},
	}
	vm.SetGroupVersionKind(v1beta1.GVK(v1beta1.VirtualMachineKind))
	for _, c := range changes {
		c(&vm.Spec.ForProvider)
	}
	if err := p.kube.Create(p.t.Context(), vm); err != nil {
		p.t.Fatal(err)
	}
}

// change changes the VirtualMachine's spec, as a user does: past the provider.
func (p *provider) change(changes ...func(*v1beta1.VirtualMachineParameters)) {
	p.t.Helper()
	vm := p.vm()
	for _, c := range changes {
		c(&vm.Spec.ForProvider)
	}
	vm.Generation++
	p.past(func() error { return p.kube.Update(p.t.Context(), vm) })
}

// delete asks for the VirtualMachine's deletion.
func (p *provider) delete() {
	p.t.Helper()
	p.past(func() error { return client.IgnoreNotFound(p.kube.Delete(p.t.Context(), p.vm())) })
}

// rotate replaces a config or a Secret by what is right from now on.
func (p *provider) rotate(o client.Object) {
	p.t.Helper()
	now, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		p.t.Fatalf("cannot copy %T", o)
	}
	p.past(func() error {
		if err := p.kube.Get(p.t.Context(), client.ObjectKeyFromObject(o), now); err != nil {
			return err
		}
		o.SetResourceVersion(now.GetResourceVersion())
		return p.kube.Update(p.t.Context(), o)
	})
}

// past does something that is no step of the provider's.
func (p *provider) past(do func() error) {
	p.t.Helper()
	p.mu.Lock()
	steps, at := p.steps, p.at
	p.at = 0
	p.mu.Unlock()
	if err := do(); err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.steps, p.at = steps, at
	p.mu.Unlock()
}

// ready says whether the VirtualMachine is Ready, has been seen with its present spec, and has nothing under way.
func (p *provider) ready() bool {
	vm := p.vm()
	c := vm.GetCondition(xpv2.TypeReady)
	return c.Status == corev1.ConditionTrue && c.ObservedGeneration == vm.GetGeneration() &&
		vm.GetCondition(v1beta1.ConditionReconfiguring).Status != corev1.ConditionTrue
}

// mortal is a hypervisor whose orders are steps of the provider.
type mortal struct {
	clients.Hypervisor

	step func(func() error) error
}

func (m mortal) CreateVM(ctx context.Context, spec clients.VMSpec) (task clients.TaskRef, err error) {
	return task, m.step(func() error {
		task, err = m.Hypervisor.CreateVM(ctx, spec)
		return err
	})
}

func (m mortal) AdoptVM(ctx context.Context, spec clients.VMSpec) error {
	return m.step(func() error { return m.Hypervisor.AdoptVM(ctx, spec) })
}

func (m mortal) ReconfigureVM(ctx context.Context, id clients.Identity, c clients.Change) error {
	return m.step(func() error { return m.Hypervisor.ReconfigureVM(ctx, id, c) })
}

func (m mortal) PowerVM(ctx context.Context, id clients.Identity, a clients.PowerAction) error {
	return m.step(func() error { return m.Hypervisor.PowerVM(ctx, id, a) })
}

func (m mortal) DeleteVM(ctx context.Context, id clients.Identity, o clients.DeleteOptions) error {
	return m.step(func() error { return m.Hypervisor.DeleteVM(ctx, id, o) })
}
