// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package runtimes runs the provider and the function out of their package images, in the place of Crossplane's own
// package runtime, which would need pods.
//
// It gives the provider the permissions of a provider, not of an administrator: it creates the ServiceAccount and the
// Deployment that Crossplane's runtime would create, the RBAC manager reads from the Deployment which ServiceAccount to
// bind to the provider's system ClusterRole, and the process gets a token of that ServiceAccount.
package runtimes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/layout"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/packages"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/process"
)

// Names of the processes, of their pid files and of their logs.
const (
	ProcessProvider = "provider"
	ProcessFunction = "function"
)

// Ports of the runtimes, by the names under which they are reserved.
const (
	portProviderMetrics = "provider-metrics"
	portProviderHealth  = "provider-health"
	portFunction        = "function"
	portFunctionMetrics = "function-metrics"
)

// interval is how often the processes and the revisions are looked at.
const interval = time.Second

// ReservePorts reserves the ports that an Agent needs.
func ReservePorts(p *layout.Ports) error {
	return p.Reserve(portProviderMetrics, portProviderHealth, portFunction, portFunctionMetrics)
}

// An Agent keeps the provider and the function running.
type Agent struct {
	Layout    layout.Layout
	Ports     *layout.Ports
	Processes *process.Processes
	Client    client.Client
	Log       *slog.Logger

	// images that are unpacked, by their reference.
	images map[string]Image
	// renewed is when the provider's token was last requested, by ServiceAccount.
	renewed map[string]time.Time
	// established are the revisions that the package manager has established at some time, by name.
	established map[string]bool
	// said is the last problem of each runtime, so that it is logged once.
	said map[string]string
}

// Run works until the context ends. It leaves the processes running, for the next agent to take over.
func (a *Agent) Run(ctx context.Context) {
	a.images, a.renewed = map[string]Image{}, map[string]time.Time{}
	a.established, a.said = map[string]bool{}, map[string]string{}

	t := time.NewTicker(interval)
	defer t.Stop()

	for {
		a.report(ProcessProvider, a.provider(ctx))
		a.report(ProcessFunction, a.function(ctx))

		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (a *Agent) report(name string, err error) {
	text := "running"
	if err != nil {
		text = err.Error()
	}

	if a.said[name] != text {
		a.said[name] = text
		a.Log.Info(name, "state", text)
	}
}

func (a *Agent) provider(ctx context.Context) error {
	l := &pkgv1.ProviderRevisionList{}
	if err := a.Client.List(ctx, l); err != nil {
		return fmt.Errorf("cannot list provider revisions: %w", err)
	}

	for i := range l.Items {
		if r := &l.Items[i]; inForce(r, packages.Provider) {
			return a.keep(ctx, r, r.DeepCopy(), func() error { return a.runProvider(ctx, r) })
		}
	}

	return errors.New("waiting for the package manager to make a revision of the provider")
}

func (a *Agent) function(ctx context.Context) error {
	l := &pkgv1.FunctionRevisionList{}
	if err := a.Client.List(ctx, l); err != nil {
		return fmt.Errorf("cannot list function revisions: %w", err)
	}

	for i := range l.Items {
		if r := &l.Items[i]; inForce(r, packages.Function) {
			return a.keep(ctx, r, r.DeepCopy(), func() error { return a.runFunction(ctx, r) })
		}
	}

	return errors.New("waiting for the package manager to make a revision of the function")
}

// inForce says whether a revision is of our package, pulled, and the one that is to be used.
func inForce(r pkgv1.PackageRevision, pkg string) bool {
	return strings.HasPrefix(r.GetSource(), packages.Source(pkg)+":") &&
		r.GetDesiredState() == pkgv1.PackageRevisionActive &&
		r.GetResolvedSource() != ""
}

// keep makes a revision run and records in its status how it is doing. before is the revision as it was read.
func (a *Agent) keep(ctx context.Context, r, before pkgv1.PackageRevisionWithRuntime, run func() error) error {
	problem := a.prepare(ctx, r)
	if problem == nil {
		problem = run()
	}

	condition := pkgv1.RuntimeHealthy()
	if problem != nil {
		condition = pkgv1.RuntimeUnhealthy().WithMessage(problem.Error())
	}

	r.SetConditions(condition)

	if reflect.DeepEqual(r, before) {
		return problem
	}

	// A patch, because the package manager writes other parts of the status.
	if err := a.Client.Status().Patch(ctx, r, client.MergeFrom(before)); err != nil {
		return errors.Join(problem, fmt.Errorf("cannot update status of revision: %w", err))
	}

	return problem
}

// prepare gives a revision a server certificate and says so in its status, without which the package manager does not
// establish the revision. It returns an error until it was established; later trouble of the package manager is no
// reason to leave a runtime alone.
func (a *Agent) prepare(ctx context.Context, r pkgv1.PackageRevisionWithRuntime) error {
	name, err := a.serverCertificate(ctx, r)
	if err != nil {
		return err
	}

	r.SetObservedTLSServerSecretName(&name)

	if r.GetCondition(pkgv1.TypeRevisionHealthy).Status == corev1.ConditionTrue {
		a.established[r.GetName()] = true
	}

	if !a.established[r.GetName()] {
		return errors.New("waiting for the package manager to establish the revision")
	}

	return nil
}

// image returns the unpacked image of a revision.
func (a *Agent) image(ctx context.Context, r pkgv1.PackageRevision) (Image, error) {
	ref := r.GetResolvedSource()
	if i, ok := a.images[ref]; ok {
		return i, nil
	}

	i, err := pull(ctx, a.Layout.State("images"), ref)
	if err != nil {
		return Image{}, err
	}

	a.images[ref] = i

	return i, nil
}

// run ensures that an image's program runs with the given arguments and variables.
func (a *Agent) run(ctx context.Context, name string, i Image, args, env []string) error {
	program, loaderArgs, err := i.command()
	if err != nil {
		return err
	}

	started, err := a.Processes.Ensure(ctx, process.Spec{
		Name:     name,
		Path:     program,
		Args:     append(loaderArgs, args...),
		Env:      append(i.environment(), env...),
		Revision: i.Digest,
	})
	if err != nil {
		return err
	}

	if started {
		a.Log.Info("started", "process", name, "image", i.Digest)
	}

	return nil
}
