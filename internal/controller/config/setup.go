// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/ratelimiter"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/providerconfig"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// SetupGated adds the controllers of each kind once the kinds they need are served. Failed is called when they then cannot be
// added.
func SetupGated(mgr ctrl.Manager, o controller.Options, e Endpoints, m *Metrics, failed func(error)) {
	for _, k := range kinds() {
		o.Gate.Register(func() {
			if err := setup(mgr, o, e, m, k); err != nil {
				failed(err)
			}
		}, v1beta1.GVK(k.name), v1beta1.GVK(v1beta1.ProviderConfigUsageKind))
	}
}

// Setup adds the controllers of both kinds to a manager.
func Setup(mgr ctrl.Manager, o controller.Options, e Endpoints, m *Metrics) error {
	for _, k := range kinds() {
		if err := setup(mgr, o, e, m, k); err != nil {
			return err
		}
	}
	return nil
}

func setup(mgr ctrl.Manager, o controller.Options, e Endpoints, m *Metrics, k kind) error {
	if err := setupUsage(mgr, o, k); err != nil {
		return fmt.Errorf("cannot add usage controller of %s: %w", k.name, err)
	}
	if err := setupConnection(mgr, o, e, m, k); err != nil {
		return fmt.Errorf("cannot add connection controller of %s: %w", k.name, err)
	}
	return nil
}

// setupUsage adds the runtime's controller, which counts a config's users. Users of either kind of config are recorded in
// objects of the one kind ProviderConfigUsage.
func setupUsage(mgr ctrl.Manager, o controller.Options, k kind) error {
	name := providerconfig.ControllerName(k.name)
	of := resource.ProviderConfigKinds{
		Config:    v1beta1.GVK(k.name),
		Usage:     v1beta1.GVK(v1beta1.ProviderConfigUsageKind),
		UsageList: v1beta1.GVK(v1beta1.ProviderConfigUsageKind + "List"),
	}
	r := providerconfig.NewReconciler(mgr, of,
		providerconfig.WithLogger(o.Logger.WithValues("controller", name)),
		providerconfig.WithRecorder(recorder(mgr, o, name)))
	return ctrl.NewControllerManagedBy(mgr).
		Named(name).
		WithOptions(o.ForControllerRuntime()).
		For(k.new().object, builder.WithPredicates(resource.DesiredStateChanged())).
		Watches(&v1beta1.ProviderConfigUsage{}, &resource.EnqueueRequestForProviderConfig{Kind: k.name}).
		Complete(ratelimiter.NewReconciler(name, r, o.GlobalRateLimiter))
}

// setupConnection adds the controller that checks a config's connection.
func setupConnection(mgr ctrl.Manager, o controller.Options, e Endpoints, m *Metrics, k kind) error {
	name := "connection/" + strings.ToLower(k.name)
	r := &connection{
		kind:      k,
		kube:      mgr.GetClient(),
		endpoints: e,
		inventory: newThrottle(checkInterval, time.Now),
		metrics:   m,
		record:    recorder(mgr, o, name),
		log:       o.Logger.WithValues("controller", name),
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named(name).
		WithOptions(o.ForControllerRuntime()).
		For(k.new().object, builder.WithPredicates(resource.DesiredStateChanged())).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.usersOf)).
		WatchesRawSource(r.changes()).
		Complete(ratelimiter.NewReconciler(name, r, o.GlobalRateLimiter))
}

func recorder(mgr ctrl.Manager, o controller.Options, name string) event.Recorder {
	//nolint:staticcheck // crossplane-runtime's recorder takes this kind of recorder.
	return event.NewAPIRecorder(mgr.GetEventRecorderFor(name), o.EventFilterFunctions...)
}
