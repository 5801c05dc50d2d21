// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// changes returns the source of the configs whose endpoint says that everything may have changed, such as after it was lost
// or found again.
func (r *connection) changes() source.Source {
	return source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
		cancel := r.endpoints.Subscribe(func(ref endpoint.Ref, uuid string) {
			if ref.Kind == r.kind.name && uuid == "" {
				queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}})
			}
		})
		context.AfterFunc(ctx, cancel)
		return nil
	})
}

// usersOf returns the configs that name a Secret.
func (r *connection) usersOf(ctx context.Context, secret client.Object) []reconcile.Request {
	configs, err := r.kind.list(ctx, r.kube)
	if err != nil {
		// Each config is checked again before long in any case.
		r.log.Info("Cannot list configs", "kind", r.kind.name, "error", err)
		return nil
	}
	var rs []reconcile.Request
	for _, c := range configs {
		if c.secret() == client.ObjectKeyFromObject(secret) {
			rs = append(rs, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(c.object)})
		}
	}
	return rs
}
