// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/customresourcesgate"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// leaseName is the name of the Lease for leader election.
const leaseName = "crossplane-leader-election-provider-virtrigaud"

// managerOptions returns the options of the controller manager.
func (c serveCommand) managerOptions() (ctrl.Options, error) {
	s, err := newScheme()
	if err != nil {
		return ctrl.Options{}, err
	}
	return ctrl.Options{
		Scheme:                  s,
		LeaderElection:          c.LeaderElection,
		LeaderElectionID:        leaseName,
		LeaderElectionNamespace: c.LeaderElectionNamespace,
		// Whoever waits can go on at once: nothing is done after the manager has stopped but to close connections.
		LeaderElectionReleaseOnCancel: true,
		Metrics:                       server.Options{BindAddress: c.MetricsAddress},
		HealthProbeBindAddress:        c.HealthProbeAddress,
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				&apiextensionsv1.CustomResourceDefinition{}: {Transform: customresourcesgate.TransformStripCRDSchema},
			},
		},
		// Secrets are read when they are needed, and never all of them: only their metadata is watched.
		Client: client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}},
	}, nil
}

// newScheme returns the kinds that the provider reads and writes.
func newScheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1beta1.AddToScheme} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("cannot build scheme: %w", err)
		}
	}
	return s, nil
}

// addProbes adds the health probes /healthz and /readyz.
func addProbes(mgr ctrl.Manager) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("cannot add liveness probe: %w", err)
	}
	if err := mgr.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("cannot add readiness probe: %w", err)
	}
	return nil
}
