// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// watcher finds the VirtualMachines that something else is about.
type watcher struct {
	kube client.Reader
	log  logging.Logger
}

// changes returns the source of the VirtualMachines whose VMs changed at their hypervisor.
func (w watcher) changes(endpoints Endpoints) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		cancel := endpoints.Subscribe(func(ref endpoint.Ref, uuid string) {
			for _, r := range w.changed(ctx, ref, uuid) {
				queue.Add(r)
			}
		})
		context.AfterFunc(ctx, cancel)
		return nil
	})
}

// answers returns the source of the VirtualMachines whose guests have become ready or are no longer.
func (w watcher) answers(p Prober) source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		cancel := p.Subscribe(func(key types.NamespacedName) { queue.Add(reconcile.Request{NamespacedName: key}) })
		context.AfterFunc(ctx, cancel)
		return nil
	})
}

// changed returns the VirtualMachines that a change at an endpoint is about.
func (w watcher) changed(ctx context.Context, ref endpoint.Ref, uuid string) []reconcile.Request {
	if uuid == "" {
		return w.requests(ctx, client.MatchingFields{indexEndpoint: ref.String()})
	}
	return w.requests(ctx, client.MatchingFields{indexExternalName: uuid})
}

// namedBy returns a handler of objects that VirtualMachines of the same namespace name, found by an index.
func (w watcher) namedBy(index string) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, o client.Object) []reconcile.Request {
		return w.requests(ctx, client.InNamespace(o.GetNamespace()), client.MatchingFields{index: o.GetName()})
	})
}

func (w watcher) requests(ctx context.Context, o ...client.ListOption) []reconcile.Request {
	l := &v1beta1.VirtualMachineList{}
	if err := w.kube.List(ctx, l, o...); err != nil {
		// Each VM is looked at again before long in any case.
		w.log.Info("Cannot list VirtualMachines", "error", err)
		return nil
	}
	rs := make([]reconcile.Request, len(l.Items))
	for i := range l.Items {
		rs[i].NamespacedName = client.ObjectKeyFromObject(&l.Items[i])
	}
	return rs
}
