// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmplacementpolicy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"
)

const (
	policyYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMPlacementPolicy
metadata: {namespace: shop, name: production, uid: policy-uid}
spec:
  hard:
    clusters: [prod-cluster-1]
    hosts: [esxi-01, esxi-02, esxi-09]
  antiAffinity:
    hostAntiAffinity: true
`
	invalidYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMPlacementPolicy
metadata: {namespace: shop, name: production, uid: policy-uid}
spec:
  antiAffinity:
    hostAntiAffinity: {scope: sometimes}
`
	vsphereYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: ClusterProviderConfig
metadata: {name: vsphere-prod}
status:
  inventory:
    hosts:
    - {name: esxi-01, cluster: prod-cluster-1}
    - {name: esxi-02, cluster: prod-cluster-1}
    - {name: esxi-03, cluster: prod-cluster-1}
    datastores:
    - {name: ssd-datastore-1, hosts: [esxi-01, esxi-03]}
    - {name: ssd-datastore-2, hosts: [esxi-02]}
    - {name: elsewhere, hosts: [esxi-03]}
`
	libvirtYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: ProviderConfig
metadata: {namespace: shop, name: libvirt}
status:
  inventory:
    hosts: [{name: kvm-01, cluster: kvm-cluster}]
    datastores: [{name: default, hosts: [kvm-01]}]
`
	usingSetYAML   = `{kind: VMSet, metadata: {name: web}, spec: {placementRef: {name: production}}, status: {replicas: 3}}`
	earlierSetYAML = `{kind: VMSet, metadata: {name: api}, spec: {placementRef: {name: production}}}`
	otherSetYAML   = `{kind: VMSet, metadata: {name: other}, spec: {placementRef: {name: staging}}, status: {replicas: 5}}`
)

func TestRun(t *testing.T) {
	const required = `
requirements:
  resources:
    ClusterProviderConfig: {apiVersion: infra.virtrigaud.io/v1beta1, kind: ClusterProviderConfig}
    ProviderConfig: {apiVersion: infra.virtrigaud.io/v1beta1, kind: ProviderConfig, namespace: shop}
    VMSet: {apiVersion: infra.virtrigaud.io/v1beta1, kind: VMSet, namespace: shop}
`
	cases := map[string]struct {
		reason string
		policy string
		// required objects by kind; nil when nothing is resolved yet.
		required map[string][]string
		want     string
		wantErr  string
	}{
		"Unresolved": {
			reason: "Before anything is resolved the response only says what is required.",
			policy: policyYAML,
			want: `
meta: {tag: tag, ttl: 60s}
conditions:
- {type: Qualified, status: STATUS_CONDITION_UNKNOWN, reason: Unresolved, message: What the policy needs to know is being looked up, target: TARGET_COMPOSITE}
` + required,
		},
		"Qualified": {
			reason: "The status says what of each endpoint qualifies, which names are missing, and who uses the policy.",
			policy: policyYAML,
			required: map[string][]string{
				"ClusterProviderConfig": {vsphereYAML},
				"ProviderConfig":        {libvirtYAML},
				"VMSet":                 {usingSetYAML, otherSetYAML, earlierSetYAML},
			},
			want: `
meta: {tag: tag, ttl: 60s}
conditions:
- {type: Qualified, status: STATUS_CONDITION_TRUE, reason: Qualified, message: "Hosts that qualify: 2, datastores: 2", target: TARGET_COMPOSITE}
desired:
  composite:
    ready: READY_TRUE
    resource:
      apiVersion: infra.virtrigaud.io/v1beta1
      kind: VMPlacementPolicy
      status:
        endpoints:
        - kind: ClusterProviderConfig
          name: vsphere-prod
          hosts: [esxi-01, esxi-02]
          datastores: [ssd-datastore-1, ssd-datastore-2]
          missing: [host esxi-09]
        usedBy:
        - {kind: VMSet, name: api, vms: 0}
        - {kind: VMSet, name: web, vms: 3}
        qualifyingHosts: 2
        qualifyingDatastores: 2
        users: 2
` + required,
		},
		"NothingQualifies": {
			reason:   "A policy that no endpoint satisfies is not ready, and says what the endpoints lack.",
			policy:   policyYAML,
			required: map[string][]string{"ClusterProviderConfig": {}, "ProviderConfig": {libvirtYAML}, "VMSet": {}},
			want: `
meta: {tag: tag, ttl: 60s}
conditions:
- {type: Qualified, status: STATUS_CONDITION_FALSE, reason: NothingQualifies, message: 'No host of any endpoint qualifies; ProviderConfig "libvirt" does not have cluster prod-cluster-1, host esxi-01, host esxi-02, host esxi-09', target: TARGET_COMPOSITE}
desired:
  composite:
    ready: READY_FALSE
    resource:
      apiVersion: infra.virtrigaud.io/v1beta1
      kind: VMPlacementPolicy
      status: {qualifyingHosts: 0, qualifyingDatastores: 0, users: 0}
` + required,
		},
		"Invalid": {
			reason: "A policy that makes no sense is refused with the field and its value.",
			policy: invalidYAML,
			want: `
meta: {tag: tag, ttl: 60s}
conditions:
- {type: Qualified, status: STATUS_CONDITION_FALSE, reason: InvalidRules, message: 'spec.antiAffinity.hostAntiAffinity.scope is "sometimes", but must be preferred or strict', target: TARGET_COMPOSITE}
`,
			wantErr: `spec.antiAffinity.hostAntiAffinity.scope is "sometimes", but must be preferred or strict`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			req := &fnv1.RunFunctionRequest{
				Meta:     &fnv1.RequestMeta{Tag: "tag"},
				Observed: &fnv1.State{Composite: &fnv1.Resource{Resource: asStruct(t, tc.policy)}},
			}
			for kind, items := range tc.required {
				found := &fnv1.Resources{}
				for _, item := range items {
					found.Items = append(found.Items, &fnv1.Resource{Resource: asStruct(t, item)})
				}
				if req.RequiredResources == nil {
					req.RequiredResources = map[string]*fnv1.Resources{}
				}
				req.RequiredResources[kind] = found
			}
			got := response.To(req, time.Second)
			err := Run(req, got)
			message := ""
			if err != nil {
				message = err.Error()
			}
			if diff := cmp.Diff(tc.wantErr, message); diff != "" {
				t.Errorf("%s\nRun(...): -want error, +got:\n%s", tc.reason, diff)
			}
			want := &fnv1.RunFunctionResponse{}
			if err := protojson.Unmarshal(toJSON(t, tc.want), want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
				t.Errorf("%s\nRun(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func asStruct(t *testing.T, y string) *structpb.Struct {
	t.Helper()
	s := &structpb.Struct{}
	if err := s.UnmarshalJSON(toJSON(t, y)); err != nil {
		t.Fatal(err)
	}
	return s
}

func toJSON(t *testing.T, y string) []byte {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(y))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
