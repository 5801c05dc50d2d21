// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	authorizationv1 "k8s.io/api/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	fakekube "sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/metrics"
)

func TestCommandLine(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "crossplane-system")
	defaults := serveCommand{
		LeaderElectionNamespace: "crossplane-system", Poll: time.Minute, MaxReconcileRate: 100, MetricsAddress: ":8080", HealthProbeAddress: ":8081",
		EnableManagementPolicies: true,
	}
	changed := defaults
	changed.Debug, changed.LeaderElection, changed.Poll, changed.EnableManagementPolicies = true, true, 5*time.Minute, false

	cases := map[string]struct {
		reason  string
		args    []string
		command string
		want    serveCommand
	}{
		"Defaults": {reason: "Without a command it serves.", command: "serve", want: defaults},
		"Flags": {
			reason: "Flags need no command either.", args: []string{"--debug", "--leader-election", "--poll=5m", "--enable-management-policies=false"},
			command: "serve", want: changed,
		},
		"Version": {reason: "The version is a command.", args: []string{"version"}, command: "version", want: defaults},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := &cli{}
			p, err := kong.New(c)
			if err != nil {
				t.Fatalf("cannot make parser: %v", err)
			}
			ctx, err := p.Parse(tc.args)
			if err != nil {
				t.Fatalf("\n%s\nParse(...): %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.command, ctx.Command()); diff != "" {
				t.Errorf("\n%s\ncommand: -want, +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want, c.Serve); diff != "" {
				t.Errorf("\n%s\nflags: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestDial(t *testing.T) {
	cases := map[string]struct {
		reason   string
		endpoint v1beta1.Endpoint
		want     clients.Class
	}{
		"VSphere": {
			reason:   "A vCenter is opened without waiting for it.",
			endpoint: v1beta1.Endpoint{Type: v1beta1.ProviderVSphere, VSphere: &v1beta1.VSphereEndpoint{Server: "127.0.0.1:1"}},
		},
		"Libvirt": {
			reason: "A fleet is opened without waiting for it.",
			endpoint: v1beta1.Endpoint{
				Type: v1beta1.ProviderLibvirt, Libvirt: &v1beta1.LibvirtEndpoint{Hosts: []v1beta1.LibvirtHost{{Name: "kvm-01", URI: "test:///default"}}},
			},
		},
		"NoVSphere": {reason: "A config without its block is refused.", endpoint: v1beta1.Endpoint{Type: v1beta1.ProviderVSphere}, want: clients.Invalid},
		"NoLibvirt": {reason: "A config without its block is refused.", endpoint: v1beta1.Endpoint{Type: v1beta1.ProviderLibvirt}, want: clients.Invalid},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			h, err := dialers(logr.Discard(), metrics.New())[tc.endpoint.Type](tc.endpoint, endpoint.Credentials{Username: "svc", Password: "secret"})
			if diff := cmp.Diff(tc.want, clients.ClassOf(err)); diff != "" {
				t.Errorf("\n%s\nerror: -want, +got:\n%s", tc.reason, diff)
			}
			if err == nil {
				h.Close()
			}
		})
	}
}

func TestMayWatchCRDs(t *testing.T) {
	errAPI := errors.New("the API server is out of order")
	cases := map[string]struct {
		reason string
		denied string
		err    error
		want   bool
	}{
		"Allowed":  {reason: "With all permissions kinds are waited for.", want: true},
		"NoWatch":  {reason: "Each permission is needed.", denied: "watch"},
		"NoList":   {reason: "Each permission is needed.", denied: "list"},
		"APIFails": {reason: "Not to know is no answer.", err: errAPI},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := newScheme()
			if err != nil {
				t.Fatalf("newScheme(): %v", err)
			}
			kube := fakekube.NewClientBuilder().WithScheme(s).WithInterceptorFuncs(interceptor.Funcs{
				Create: func(_ context.Context, _ client.WithWatch, o client.Object, _ ...client.CreateOption) error {
					if r, ok := o.(*authorizationv1.SelfSubjectAccessReview); ok {
						r.Status.Allowed = r.Spec.ResourceAttributes.Verb != tc.denied
					}
					return tc.err
				},
			}).Build()
			got, err := mayWatchCRDs(context.Background(), kube)
			if diff := cmp.Diff(tc.err, err, cmpopts.EquateErrors()); diff != "" {
				t.Errorf("\n%s\nmayWatchCRDs(...): -want error, +got error:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("\n%s\nmayWatchCRDs(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
