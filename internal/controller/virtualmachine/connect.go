// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package virtualmachine

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	kerrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane/crossplane-runtime/v2/pkg/conditions"
	"github.com/crossplane/crossplane-runtime/v2/pkg/event"
	"github.com/crossplane/crossplane-runtime/v2/pkg/meta"
	"github.com/crossplane/crossplane-runtime/v2/pkg/reconciler/managed"
	"github.com/crossplane/crossplane-runtime/v2/pkg/resource"
	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/probe"
)

// Endpoints hands out the hypervisor of a config.
type Endpoints interface {
	// Get returns the shared hypervisor of a config, or a classified error that says why there is none.
	Get(ctx context.Context, ref endpoint.Ref) (clients.Hypervisor, error)
	// Type returns which hypervisor a config is about; empty when that is not known.
	Type(ctx context.Context, ref endpoint.Ref) v1beta1.ProviderType
	// Subscribe calls l for each change at each endpoint, until cancel is called.
	Subscribe(l endpoint.Listener) (cancel func())
}

// A Prober asks guests over the network whether they are ready.
type Prober interface {
	// Watch returns what the guest's answers come to, and has it asked from now on.
	Watch(uid types.UID, key types.NamespacedName, p v1beta1.ReadinessProbe, address string) probe.Result
	// Forget ends the asking of a VM's guest.
	Forget(uid types.UID)
	// Subscribe calls changed with the name of each VM that has become ready or is no longer, until cancel is called.
	Subscribe(changed func(types.NamespacedName)) (cancel func())
}

// Metrics counts what becomes of VMs.
type Metrics interface {
	// Reconfigured counts a change of a VM's hardware that ended, by the type of its hypervisor.
	Reconfigured(providerType, outcome string)
}

// Outcomes of changes of hardware.
const (
	outcomeSuccess = "success"
	outcomeFailure = "failure"
)

// connector connects a VirtualMachine with the hypervisor that its providerConfigRef names.
type connector struct {
	kube      client.Client
	usage     resource.ModernTracker
	endpoints Endpoints
	tries     *tries
	record    event.Recorder
	prober    Prober
	metrics   Metrics
}

var (
	_ resource.ModernManaged                                  = &v1beta1.VirtualMachine{}
	_ managed.TypedExternalConnector[*v1beta1.VirtualMachine] = &connector{}
	_ managed.TypedExternalClient[*v1beta1.VirtualMachine]    = &external{}
)

// Connect returns the client of one reconcile.
//
// NOTE: an endpoint that cannot be used is no error here but is kept for Observe, because the runtime reports an error of
// Connect only as Synced=False. Whoever counts available VMs must see that nothing is known of this one.
func (c *connector) Connect(ctx context.Context, vm *v1beta1.VirtualMachine) (managed.TypedExternalClient[*v1beta1.VirtualMachine], error) {
	if err := c.usage.Track(ctx, vm); err != nil && !endingNamespace(vm, err) {
		return nil, fmt.Errorf("cannot track usage of %s: %w", endpoint.RefOf(vm), err)
	}
	ref := endpoint.RefOf(vm)
	h, err := c.endpoints.Get(ctx, ref)
	kind := func() v1beta1.ProviderType { return c.endpoints.Type(ctx, ref) }
	return &external{connector: c, hypervisor: h, unusable: err, hypervisorType: kind}, nil
}

// endingNamespace says whether err only means that nothing can be created any more in the VM's namespace. The usages there
// are deleted along with the VMs, and may be so before them.
func endingNamespace(vm *v1beta1.VirtualMachine, err error) bool {
	return meta.WasDeleted(vm) && kerrors.HasStatusCause(err, corev1.NamespaceTerminatingCause)
}

// external is the hypervisor of one VirtualMachine during one reconcile.
type external struct {
	*connector

	hypervisor clients.Hypervisor
	// unusable says why there is no hypervisor.
	unusable error
	// hypervisorType returns which hypervisor it is, for metrics only.
	hypervisorType func() v1beta1.ProviderType
	// memory is what earlier reconciles have left of the VM, look what this one finds out.
	memory memory
	look   look
}

// Disconnect does nothing: the hypervisor is shared.
func (e *external) Disconnect(context.Context) error { return nil }

// mark sets conditions for the current generation of the VM.
func mark(vm *v1beta1.VirtualMachine, c ...xpv2.Condition) {
	conditions.ObservedGenerationPropagationManager{}.For(vm).MarkConditions(c...)
}

// policies returns what the VM's management policies allow.
func policies(vm *v1beta1.VirtualMachine) managed.ManagementPoliciesChecker {
	return managed.NewManagementPoliciesResolver(true, vm.GetManagementPolicies())
}

// looksOnly says whether the VM's management policies allow nothing that changes a VM.
func looksOnly(vm *v1beta1.VirtualMachine) bool {
	p := policies(vm)
	return !p.ShouldCreate() && !p.ShouldUpdate() && !p.ShouldDelete()
}

// pollInterval returns how long to wait before a VM is looked at again: what the provider was told for a VM that is ready,
// not long for one that is not or is being changed, and no longer than until a guest has to have shut down. Changes are told
// by the hypervisor; this is for those that were missed. The result differs by up to a tenth from one call to the next, so
// that VMs that were made together are not looked at together.
func pollInterval(now func() time.Time, random func() float64) managed.PollIntervalHook {
	return func(mg resource.Managed, interval time.Duration) time.Duration {
		vm, ok := mg.(*v1beta1.VirtualMachine)
		if !ok {
			return interval
		}
		op := vm.Status.AtProvider.PowerOperation
		if op != nil || mg.GetCondition(xpv2.TypeReady).Status != corev1.ConditionTrue || mg.GetCondition(v1beta1.ConditionReconfiguring).Status == corev1.ConditionTrue {
			interval = min(interval, unreadyPollInterval)
		}
		interval = time.Duration(float64(interval) * (0.9 + 0.2*random()))
		if op != nil {
			interval = min(interval, max(time.Second, deadline(*op, shutdownTimeout(vm)).Sub(now())))
		}
		return interval
	}
}
