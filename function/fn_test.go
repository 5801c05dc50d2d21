// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

// TestRunFunction covers what happens before and after a claim is composed. What is composed is tested beside its package.
func TestRunFunction(t *testing.T) {
	earlier := &fnv1.State{Resources: map[string]*fnv1.Resource{
		"notes": {Resource: asStruct(t, map[string]any{"apiVersion": "v1", "kind": "ConfigMap"})},
	}}
	cases := map[string]struct {
		reason string
		xr     map[string]any
		want   *fnv1.RunFunctionResponse
	}{
		"AnotherGroup": {
			reason: "A composite of another group is none of our business.",
			xr:     map[string]any{"apiVersion": "example.org/v1", "kind": "VMSet"},
			want:   &fnv1.RunFunctionResponse{Meta: meta(), Desired: earlier},
		},
		"AnotherKind": {
			reason: "A composite of another kind is none of our business.",
			xr:     map[string]any{"apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMClass"},
			want:   &fnv1.RunFunctionResponse{Meta: meta(), Desired: earlier},
		},
		"BadSet": {
			reason: "A set that makes no sense is a fatal result, upon which Crossplane changes nothing.",
			xr:     map[string]any{"apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMSet", "spec": map[string]any{}},
			want: &fnv1.RunFunctionResponse{Meta: meta(), Desired: earlier, Results: []*fnv1.Result{{
				Severity: fnv1.Severity_SEVERITY_FATAL,
				Message:  "spec.template.spec is missing",
				Target:   fnv1.Target_TARGET_COMPOSITE.Enum(),
			}}},
		},
		"BadPolicy": {
			reason: "A policy that makes no sense is a fatal result, and a condition.",
			xr: map[string]any{
				"apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMPlacementPolicy",
				"spec": map[string]any{"antiAffinity": map[string]any{"hostAntiAffinity": "yes"}},
			},
			want: &fnv1.RunFunctionResponse{
				Meta: meta(), Desired: earlier,
				Results: []*fnv1.Result{{
					Severity: fnv1.Severity_SEVERITY_FATAL,
					Message:  `spec.antiAffinity.hostAntiAffinity is "yes", but must be true, false or an object with enabled, scope and maxVMsPerHost`,
					Target:   fnv1.Target_TARGET_COMPOSITE.Enum(),
				}},
				Conditions: []*fnv1.Condition{{
					Type:    "Qualified",
					Status:  fnv1.Status_STATUS_CONDITION_FALSE,
					Reason:  "InvalidRules",
					Message: new(`spec.antiAffinity.hostAntiAffinity is "yes", but must be true, false or an object with enabled, scope and maxVMsPerHost`),
					Target:  fnv1.Target_TARGET_COMPOSITE.Enum(),
				}},
			},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f := &Function{log: logging.NewNopLogger()}
			got, err := f.RunFunction(context.Background(), &fnv1.RunFunctionRequest{
				Meta:     &fnv1.RequestMeta{Tag: "tag"},
				Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: asStruct(t, tc.xr)}},
				Desired:  earlier,
			})
			if err != nil {
				t.Fatalf("%s\nRunFunction(...): %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, got, protocmp.Transform()); diff != "" {
				t.Errorf("%s\nRunFunction(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func meta() *fnv1.ResponseMeta {
	return &fnv1.ResponseMeta{Tag: "tag", Ttl: &durationpb.Duration{Seconds: 60}}
}

func asStruct(t *testing.T, fields map[string]any) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
