// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/feature"
	"github.com/crossplane/crossplane-runtime/v2/pkg/ratelimiter"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	"github.com/crossplane/crossplane-runtime/v2/pkg/statemetrics"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

const (
	// reconcileTimeout bounds the calls of one reconcile. None of them waits for work, but a vCenter can be slow to answer.
	reconcileTimeout = 2 * time.Minute
	// creationGracePeriod is how long after its creation an absent VM is not yet believed to be absent. It is short, because
	// a hypervisor confirms absence, and because a new VM is not deleted before its end.
	creationGracePeriod = 5 * time.Second
	// unreadyPollInterval is how long to wait before a VM that is not ready is looked at again.
	unreadyPollInterval = 10 * time.Second
	// defaultShutdownTimeout is how long a guest may take to shut down where the API server has not filled it in.
	defaultShutdownTimeout = 2 * time.Minute
)

// Dependencies of the controller.
type Dependencies struct {
	Endpoints Endpoints
	Prober    Prober
	Metrics   Metrics
}

// SetupGated adds the controller once the kinds it needs are served. Failed is called when it then cannot be added.
func SetupGated(mgr ctrl.Manager, o controller.Options, d Dependencies, failed func(error)) {
	o.Gate.Register(func() {
		if err := Setup(mgr, o, d); err != nil {
			failed(err)
		}
	}, v1beta1.GVK(v1beta1.VirtualMachineKind), v1beta1.GVK(v1beta1.VMClassKind), v1beta1.GVK(v1beta1.ProviderConfigKind),
		v1beta1.GVK(v1beta1.ClusterProviderConfigKind), v1beta1.GVK(v1beta1.ProviderConfigUsageKind))
}

// Setup adds the controller of VirtualMachines to a manager.
func Setup(mgr ctrl.Manager, o controller.Options, d Dependencies) error {
	name := managed.ControllerName(v1beta1.VirtualMachineKind)
	log := o.Logger.WithValues("controller", name)

	if err := addIndexes(context.Background(), mgr.GetFieldIndexer()); err != nil {
		return err
	}
	if m := o.MetricOptions; m != nil && m.MRStateMetrics != nil {
		r := statemetrics.NewMRStateRecorder(mgr.GetClient(), log, m.MRStateMetrics, &v1beta1.VirtualMachineList{}, m.PollStateMetricInterval)
		if err := mgr.Add(r); err != nil {
			return fmt.Errorf("cannot add state metrics of %s: %w", v1beta1.VirtualMachineKind, err)
		}
	}

	//nolint:staticcheck // crossplane-runtime's recorder takes this kind of recorder.
	record := event.NewAPIRecorder(mgr.GetEventRecorderFor(name), o.EventFilterFunctions...)
	r := newReconciler(mgr, o, d, newTries(time.Now), record, managed.WithLogger(log))
	w := watcher{kube: mgr.GetClient(), log: log}
	return ctrl.NewControllerManagedBy(mgr).
		Named(name).
		WithOptions(o.ForControllerRuntime()).
		For(&v1beta1.VirtualMachine{}, builder.WithPredicates(resource.DesiredStateChanged())).
		Watches(&v1beta1.VMClass{}, w.namedBy(indexClass)).
		WatchesMetadata(&corev1.Secret{}, w.namedBy(indexSecret)).
		WatchesRawSource(w.changes(d.Endpoints)).
		WatchesRawSource(w.answers(d.Prober)).
		Complete(ratelimiter.NewReconciler(name, r, o.GlobalRateLimiter))
}

// NewReconciler returns the reconciler of VirtualMachines without what wakes it, for those who drive it themselves.
func NewReconciler(mgr ctrl.Manager, o controller.Options, d Dependencies, record event.Recorder, more ...managed.ReconcilerOption) *managed.Reconciler {
	return newReconciler(mgr, o, d, newTries(time.Now), record, more...)
}

// newReconciler returns the managed reconciler of VirtualMachines.
func newReconciler(mgr ctrl.Manager, o controller.Options, d Dependencies, t *tries, record event.Recorder, more ...managed.ReconcilerOption) *managed.Reconciler {
	c := &connector{
		kube:      mgr.GetClient(),
		usage:     resource.NewProviderConfigUsageTracker(mgr.GetClient(), &v1beta1.ProviderConfigUsage{}),
		endpoints: d.Endpoints,
		tries:     t,
		record:    record,
		prober:    d.Prober,
		metrics:   d.Metrics,
	}
	opts := []managed.ReconcilerOption{
		managed.WithTypedExternalConnector(c),
		managed.WithInitializers(initializer(mgr.GetClient())),
		managed.WithDeterministicExternalName(true),
		managed.WithCreationGracePeriod(creationGracePeriod),
		managed.WithTimeout(reconcileTimeout),
		managed.WithPollInterval(o.PollInterval),
		managed.WithMinPollInterval(unreadyPollInterval),
		managed.WithPollIntervalHook(pollInterval(t.now, rand.Float64)),
		managed.WithRecorder(record),
	}
	if o.Features.Enabled(feature.EnableBetaManagementPolicies) {
		opts = append(opts, managed.WithManagementPolicies())
	}
	if m := o.MetricOptions; m != nil && m.MRMetrics != nil {
		opts = append(opts, managed.WithMetricRecorder(m.MRMetrics))
	}
	gvk := v1beta1.GVK(v1beta1.VirtualMachineKind)
	return managed.NewReconciler(explainingManager{Manager: mgr, tries: t}, resource.ManagedKind(gvk), append(opts, more...)...)
}
