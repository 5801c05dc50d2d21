// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	authorizationv1 "k8s.io/api/authorization/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/controller"
	"github.com/crossplane/crossplane-runtime/v2/pkg/gate"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/customresourcesgate"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/config"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/controller/virtualmachine"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// controllers is what the controllers are added with.
type controllers struct {
	manager ctrl.Manager
	// client reads from the API server and not from the manager's cache.
	client    client.Client
	options   controller.Options
	endpoints *endpoint.Pool
	metrics   *config.Metrics
	// vms is what the controller of VirtualMachines needs besides.
	vms virtualmachine.Dependencies
	// failed is called when a controller cannot be added later on.
	failed func(error)
}

// addControllers adds each controller once the kinds it needs are served, so that kinds which are not activated cost
// nothing. Where the provider may not watch CustomResourceDefinitions, all controllers are added now.
func addControllers(ctx context.Context, c controllers) error {
	ok, err := mayWatchCRDs(ctx, c.client)
	if err != nil {
		return err
	}
	if !ok {
		c.options.Logger.Info("May not watch CustomResourceDefinitions: all kinds are taken to be activated")
		if err := config.Setup(c.manager, c.options, c.endpoints, c.metrics); err != nil {
			return fmt.Errorf("cannot add controllers of configs: %w", err)
		}
		if err := virtualmachine.Setup(c.manager, c.options, c.vms); err != nil {
			return fmt.Errorf("cannot add controller of VirtualMachines: %w", err)
		}
		return nil
	}

	c.options.Gate = new(gate.Gate[schema.GroupVersionKind])
	if err := customresourcesgate.Setup(c.manager, c.options); err != nil {
		return fmt.Errorf("cannot add controller that waits for kinds: %w", err)
	}
	config.SetupGated(c.manager, c.options, c.endpoints, c.metrics, c.failed)
	virtualmachine.SetupGated(c.manager, c.options, c.vms, c.failed)
	return nil
}

// mayWatchCRDs says whether the provider may get, list and watch CustomResourceDefinitions.
func mayWatchCRDs(ctx context.Context, kube client.Client) (bool, error) {
	for _, verb := range []string{"get", "list", "watch"} {
		r := &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{
				ResourceAttributes: &authorizationv1.ResourceAttributes{
					Group:    apiextensionsv1.GroupName,
					Resource: "customresourcedefinitions",
					Verb:     verb,
				},
			},
		}
		if err := kube.Create(ctx, r); err != nil {
			return false, fmt.Errorf("cannot ask for permission to %s CustomResourceDefinitions: %w", verb, err)
		}
		if !r.Status.Allowed {
			return false, nil
		}
	}
	return true, nil
}
