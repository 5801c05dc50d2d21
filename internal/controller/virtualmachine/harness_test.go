// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

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
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/fake"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/probe"
)

const (
	testNamespace = "team-a"
	testName      = "web-server"
	testUID       = types.UID("8a9c0f3e-55a5-4a52-9d3c-2b8a4b0b4b0a")
)

// errAPI is what the API server says in tests of its failure.
var errAPI = errors.New("the API server is out of order")

// house is a VirtualMachine controller in a house of its own: its API server and its hypervisor are in memory, everything
// between them is real.
type house struct {
	t          *testing.T
	kube       client.Client
	hypervisor *fake.Hypervisor
	pool       *endpoint.Pool
	reconciler reconcile.Reconciler
	events     *events
	metrics    *metrics
	prober     *prober
	clock      *clock
	// updates counts the writes of VirtualMachines that were not of status; statuses those that were.
	updates, statuses int
	// refuseUpdate makes a write fail that it returns an error for; refuseStatus one of status.
	refuseUpdate, refuseStatus func(*v1beta1.VirtualMachine) error
	// keepRefused has a write of status that is refused be made all the same.
	keepRefused bool
}

func newHouse(t *testing.T, objects ...client.Object) *house {
	t.Helper()
	h := &house{t: t, hypervisor: fake.New(), events: &events{}, metrics: &metrics{}, prober: &prober{}, clock: &clock{at: time.Unix(1_800_000_000, 0)}}
	h.kube = fakekube.NewClientBuilder().
		WithScheme(testScheme(t)).
		WithStatusSubresource(&v1beta1.VirtualMachine{}, &v1beta1.ClusterProviderConfig{}).
		WithObjects(objects...).
		WithInterceptorFuncs(interceptor.Funcs{Update: h.update, Patch: h.patch, SubResourceUpdate: h.updateStatus}).
		Build()
	dial := func(v1beta1.Endpoint, endpoint.Credentials) (clients.Hypervisor, error) { return h.hypervisor, nil }
	h.pool = endpoint.NewPool(h.kube, h.kube, map[v1beta1.ProviderType]endpoint.Dial{v1beta1.ProviderLibvirt: dial})
	h.restart()
	return h
}

// restart replaces the provider's process: what it only remembered is lost.
func (h *house) restart() {
	o := controller.DefaultOptions()
	o.Features = &feature.Flags{}
	o.Features.Enable(feature.EnableBetaManagementPolicies)
	mgr := &fakeresource.Manager{Client: h.kube, Scheme: h.kube.Scheme()}
	// The hypervisor in memory knows at once what it has: no time is given to it to learn.
	d := Dependencies{Endpoints: h.pool, Prober: h.prober, Metrics: h.metrics}
	h.reconciler = newReconciler(mgr, o, d, newTries(h.clock.now), h.events, managed.WithCreationGracePeriod(0))
}

// reconcile lets the controller look at the VM once.
func (h *house) reconcile() {
	h.t.Helper()
	key := types.NamespacedName{Namespace: testNamespace, Name: testName}
	if _, err := h.reconciler.Reconcile(context.Background(), reconcile.Request{NamespacedName: key}); err != nil {
		h.t.Logf("Reconcile(...): %v", err)
	}
}

// settle lets hypervisor and controller go on in turn until nothing changes any more.
func (h *house) settle() {
	h.t.Helper()
	idle := 0
	for range 40 {
		before := h.updates + h.statuses
		h.hypervisor.Work()
		h.reconcile()
		if h.updates+h.statuses != before {
			idle = 0
		} else if idle++; idle == 2 {
			return
		}
	}
}

// vm returns the VirtualMachine as the API server has it; nil when it has none.
func (h *house) vm() *v1beta1.VirtualMachine {
	h.t.Helper()
	vm := &v1beta1.VirtualMachine{}
	err := h.kube.Get(context.Background(), types.NamespacedName{Namespace: testNamespace, Name: testName}, vm)
	if kerrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		h.t.Fatalf("cannot get VirtualMachine: %v", err)
	}
	return vm
}

// delete asks for the VirtualMachine's deletion.
func (h *house) delete() {
	h.t.Helper()
	if err := h.kube.Delete(context.Background(), h.vm()); err != nil {
		h.t.Fatalf("cannot delete VirtualMachine: %v", err)
	}
}

func (h *house) create(o client.Object) {
	h.t.Helper()
	if err := h.kube.Create(context.Background(), o); err != nil {
		h.t.Fatalf("cannot create %T: %v", o, err)
	}
}

// edit changes the VirtualMachine as a user would.
func (h *house) edit(changes ...change) {
	h.t.Helper()
	vm := h.vm()
	for _, c := range changes {
		c(vm)
	}
	vm.SetGeneration(vm.GetGeneration() + 1)
	if err := h.kube.Update(context.Background(), vm); err != nil {
		h.t.Fatalf("cannot edit VirtualMachine: %v", err)
	}
}

// machine returns the VM as the hypervisor has it.
func (h *house) machine() fake.VM {
	h.t.Helper()
	for _, vm := range h.hypervisor.VMs() {
		return vm
	}
	return fake.VM{}
}

// condition returns one of the VM's conditions in short, such as "False/Creating".
func (h *house) condition(t xpv2.ConditionType) string {
	h.t.Helper()
	c := h.vm().GetCondition(t)
	return string(c.Status) + "/" + string(c.Reason)
}

// ready returns the VM's Ready condition in short, such as "False/Creating".
func (h *house) ready() string {
	h.t.Helper()
	vm := h.vm()
	if vm == nil {
		return "gone"
	}
	c := vm.GetCondition(xpv2.TypeReady)
	return string(c.Status) + "/" + string(c.Reason)
}

func (h *house) update(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
	if vm, ok := o.(*v1beta1.VirtualMachine); ok {
		h.updates++
		if h.refuseUpdate != nil {
			if err := h.refuseUpdate(vm); err != nil {
				return err
			}
		}
	}
	return c.Update(ctx, o, opts...)
}

func (h *house) patch(ctx context.Context, c client.WithWatch, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	if _, ok := o.(*v1beta1.VirtualMachine); ok {
		h.updates++
	}
	return c.Patch(ctx, o, p, opts...)
}

// updateStatus counts the writes that change something: the API server tells nobody of the others.
func (h *house) updateStatus(ctx context.Context, c client.Client, sub string, o client.Object, opts ...client.SubResourceUpdateOption) error {
	before := h.vm()
	if vm, ok := o.(*v1beta1.VirtualMachine); ok && h.refuseStatus != nil {
		if err := h.refuseStatus(vm); err != nil {
			if h.keepRefused {
				return errors.Join(err, c.SubResource(sub).Update(ctx, o, opts...))
			}
			return err
		}
	}
	if err := c.SubResource(sub).Update(ctx, o, opts...); err != nil {
		return err
	}
	if after := h.vm(); before != nil && after != nil && !statusEqual(before, after) {
		h.statuses++
	}
	return nil
}

// events records events in short.
type events struct {
	mu  sync.Mutex
	all []string
}

func (e *events) Event(_ runtime.Object, ev event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, string(ev.Type)+" "+string(ev.Reason))
}

func (e *events) WithAnnotations(...string) event.Recorder { return e }

// count returns how often an event was emitted.
func (e *events) count(s string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, ev := range e.all {
		if ev == s {
			n++
		}
	}
	return n
}

// since returns the events since it was last called.
func (e *events) since() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

// metrics counts what ended, in short.
type metrics struct{ all []string }

func (m *metrics) Reconfigured(providerType, outcome string) {
	m.all = append(m.all, providerType+" "+outcome)
}

// prober is a Prober whose answers the test gives.
type prober struct {
	result  probe.Result
	watched bool
}

func (p *prober) Watch(types.UID, types.NamespacedName, v1beta1.ReadinessProbe, string) probe.Result {
	p.watched = true
	return p.result
}

func (p *prober) Forget(types.UID) { p.watched = false }

func (p *prober) Subscribe(func(types.NamespacedName)) (cancel func()) { return func() {} }

// clock is a clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func testScheme(t *testing.T) *runtime.Scheme {
	t.Helper()
	s := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(s), v1beta1.AddToScheme(s)); err != nil {
		t.Fatalf("cannot build scheme: %v", err)
	}
	return s
}

// A change changes a VirtualMachine before a test.
type change func(*v1beta1.VirtualMachine)

func newVM(changes ...change) *v1beta1.VirtualMachine {
	vm := &v1beta1.VirtualMachine{
		ObjectMeta: metav1.ObjectMeta{Namespace: testNamespace, Name: testName, UID: testUID, Generation: 1},
		Spec: v1beta1.VirtualMachineSpec{
			ManagedResourceSpec: xpv2.ManagedResourceSpec{
				ManagementPolicies:      xpv2.ManagementPolicies{xpv2.ManagementActionAll},
				ProviderConfigReference: &xpv2.ProviderConfigReference{Kind: v1beta1.ClusterProviderConfigKind, Name: "lab"},
			},
			ForProvider: v1beta1.VirtualMachineParameters{
				ImageRef:  &v1beta1.ImageReference{Name: "tiny-linux"},
				Resources: &v1beta1.VMResources{CPU: ptr.To(int32(2)), MemoryMiB: ptr.To(int64(1024))},
			},
		},
	}
	vm.SetGroupVersionKind(v1beta1.GVK(v1beta1.VirtualMachineKind))
	for _, c := range changes {
		c(vm)
	}
	return vm
}

func withPolicies(p ...xpv2.ManagementAction) change {
	return func(vm *v1beta1.VirtualMachine) { vm.SetManagementPolicies(p) }
}

func withAnnotation(key, value string) change {
	return func(vm *v1beta1.VirtualMachine) {
		vm.SetAnnotations(map[string]string{key: value})
	}
}

func withClass(name string) change {
	return func(vm *v1beta1.VirtualMachine) {
		vm.Spec.ForProvider.Resources = nil
		vm.Spec.ForProvider.ClassRef = &v1beta1.LocalReference{Name: name}
	}
}

func newClass(name string, cpu int32, memoryMiB int64) *v1beta1.VMClass {
	return &v1beta1.VMClass{
		ObjectMeta: metav1.ObjectMeta{Namespace: testNamespace, Name: name},
		Spec:       v1beta1.VMClassSpec{CPU: cpu, MemoryMiB: memoryMiB},
	}
}

func newConfig() *v1beta1.ClusterProviderConfig {
	return &v1beta1.ClusterProviderConfig{
		ObjectMeta: metav1.ObjectMeta{Name: "lab", UID: "config"},
		Spec: v1beta1.ClusterProviderConfigSpec{Endpoint: v1beta1.Endpoint{
			Type:    v1beta1.ProviderLibvirt,
			Libvirt: &v1beta1.LibvirtEndpoint{Hosts: []v1beta1.LibvirtHost{{Name: "kvm-01", URI: "test:///default"}}},
		}},
	}
}
