// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"
	"fmt"
	"time"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

const (
	// checkTimeout bounds one check of a connection.
	checkTimeout = time.Minute
	// checkInterval is how long to wait before a good connection is checked again, and is how often the inventory is written
	// at most.
	checkInterval = 30 * time.Second
	// recheckInterval is how long to wait before a bad connection is checked again.
	recheckInterval = 10 * time.Second
)

// Endpoints hands out the hypervisor of a config.
type Endpoints interface {
	// Get returns the shared hypervisor of a config, or a classified error that says why there is none.
	Get(ctx context.Context, ref endpoint.Ref) (clients.Hypervisor, error)
	// Forget closes the hypervisor of a config that is gone.
	Forget(ref endpoint.Ref)
	// Subscribe calls l for each change at each endpoint, until cancel is called.
	Subscribe(l endpoint.Listener) (cancel func())
}

// connection checks the connection of each config of one kind and writes what is known of it to the config's status.
type connection struct {
	kind      kind
	kube      client.Client
	endpoints Endpoints
	inventory *throttle
	metrics   *Metrics
	record    event.Recorder
	log       logging.Logger
}

// findings is what a check found out.
type findings struct {
	// health of the connection; zero when there is none.
	health clients.Health
	// err says why the endpoint cannot be used; the rest is then empty.
	err          error
	capabilities *v1beta1.Capabilities
	inventory    *v1beta1.Inventory
}

// Reconcile checks a config's connection.
func (r *connection) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()

	ref := r.kind.ref(req.NamespacedName)
	c := r.kind.new()
	if err := r.kube.Get(ctx, req.NamespacedName, c.object); err != nil {
		if kerrors.IsNotFound(err) {
			r.forget(ref)
			return reconcile.Result{}, nil
		}
		return reconcile.Result{}, fmt.Errorf("cannot get %s: %w", ref, err)
	}

	f := r.check(ctx, ref)
	r.metrics.set(ref, c.endpointType(), f)
	wait, err := r.write(ctx, ref, c, f)
	if kerrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: time.Second}, nil
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("cannot write status of %s: %w", ref, err)
	}
	return reconcile.Result{RequeueAfter: wait}, nil
}

// check asks the endpoint how it is.
func (r *connection) check(ctx context.Context, ref endpoint.Ref) findings {
	h, err := r.endpoints.Get(ctx, ref)
	if err != nil {
		return findings{err: err}
	}
	if err := h.Check(ctx); err != nil {
		return findings{health: h.Health(), err: err}
	}
	caps, err := h.Capabilities(ctx)
	if err != nil {
		return findings{health: h.Health(), err: fmt.Errorf("cannot get capabilities: %w", err)}
	}
	inv, err := h.Inventory(ctx)
	if err != nil {
		return findings{health: h.Health(), err: fmt.Errorf("cannot get inventory: %w", err)}
	}
	return findings{health: h.Health(), capabilities: capabilitiesOf(caps), inventory: inventoryOf(inv)}
}

// write brings the status up to date with what was found and returns when to check again. Of an endpoint that cannot be
// used, what was last known stays.
func (r *connection) write(ctx context.Context, ref endpoint.Ref, c config, f findings) (time.Duration, error) {
	before, old := c.copied(), c.status.DeepCopy()
	ready, next, inventory := readyOf(f.err), recheckInterval, false
	if f.err == nil {
		c.status.Capabilities = f.capabilities
		next, inventory = r.setInventory(ref, c.status, f.inventory)
	}
	c.status.SetConditions(ready.WithObservedGeneration(c.object.GetGeneration()))
	if apiequality.Semantic.DeepEqual(old, c.status) {
		return next, nil
	}

	// NOTE: the runtime's reconciler writes the number of users, and a condition while the config waits to be deleted, to the
	// same status. A merge patch leaves the number alone; the lock protects the list of conditions.
	if err := r.kube.Status().Patch(ctx, c.object, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return 0, client.IgnoreNotFound(err)
	}
	if inventory {
		r.inventory.happened(ref)
	}
	r.report(c.object, old.GetCondition(xpv2.TypeReady), ready, f.err)
	return next, nil
}

// setInventory sets the inventory if it changed and it is its turn. It returns when to check again, and whether it was set.
func (r *connection) setInventory(ref endpoint.Ref, status *v1beta1.ProviderConfigStatus, i *v1beta1.Inventory) (next time.Duration, set bool) {
	if apiequality.Semantic.DeepEqual(status.Inventory, i) {
		return checkInterval, false
	}
	if wait := r.inventory.wait(ref); wait > 0 {
		return min(checkInterval, wait), false
	}
	status.Inventory = i
	return checkInterval, true
}

// report emits an event when the connection changed for the better or the worse.
func (r *connection) report(pc resource.ProviderConfig, was, is xpv2.Condition, err error) {
	switch {
	case was.Status == is.Status && was.Reason == is.Reason:
	case err != nil:
		r.record.Event(pc, event.Warning(event.Reason(is.Reason), err))
	default:
		r.record.Event(pc, event.Normal("Connected", "The hypervisor endpoint can be used"))
	}
}

func (r *connection) forget(ref endpoint.Ref) {
	r.endpoints.Forget(ref)
	r.inventory.forget(ref)
	r.metrics.forget(ref)
	r.log.Debug("Forgot config", "config", ref.String())
}
