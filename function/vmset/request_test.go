// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"
	"iter"
	"maps"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"sigs.k8s.io/yaml"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
)

const setUID = "5f0e7a52-0001"

// claimYAML is a set as the API server hands it out. The placeholders are replicas and CPUs.
const claimYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMSet
metadata:
  namespace: shop
  name: web
  uid: ` + setUID + `
spec:
  replicas: %d
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      providerConfigRef:
        kind: ClusterProviderConfig
        name: vsphere-prod
      managementPolicies: ["*"]
      forProvider:
        classRef:
          name: web-class
        imageRef:
          name: nginx-image
        resources:
          cpu: %d
  placementRef:
    name: production
  updateStrategy:
    type: RollingUpdate
    rollingUpdate:
      maxUnavailable: 1
      maxSurge: 1
`

// claimOf so many replicas and CPUs, which stand for the template.
func claimOf(replicas, cpus int) *structpb.Struct {
	return fromYAML(fmt.Sprintf(claimYAML, replicas, cpus))
}

// surgeOnly is a claim whose VMs may not go before their replacements are there.
func surgeOnly(xr *structpb.Struct) *structpb.Struct {
	strategy := xr.GetFields()["spec"].GetStructValue().GetFields()["updateStrategy"].GetStructValue()
	strategy.GetFields()["rollingUpdate"].GetStructValue().GetFields()["maxUnavailable"] = structpb.NewNumberValue(0)
	return xr
}

// revisionOf the template with so many CPUs.
func revisionOf(cpus int) string {
	r, err := Revision(object.Of(claimOf(0, cpus)).Field("spec", "template", "spec"))
	if err != nil {
		panic(err) //nolint:forbidigo // The test itself is broken.
	}
	return r
}

const (
	configYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: ClusterProviderConfig
metadata:
  name: vsphere-prod
spec:
  type: vsphere
status:
  conditions:
  - type: Ready
    status: "True"
    reason: Available
  inventory:
    clusters: [prod-cluster-1]
    hosts:
    - {name: esxi-01, cluster: prod-cluster-1, zone: zone-a, memoryMiB: 65536, allocatedMemoryMiB: 4096}
    - {name: esxi-02, cluster: prod-cluster-1, zone: zone-a, memoryMiB: 65536, allocatedMemoryMiB: 8192}
    - {name: esxi-03, cluster: prod-cluster-1, zone: zone-a, memoryMiB: 65536, allocatedMemoryMiB: 8192}
    datastores:
    - {name: ssd-datastore-1, hosts: [esxi-01, esxi-02, esxi-03], capacityGiB: 1000, freeGiB: 800}
    - {name: ssd-datastore-2, hosts: [esxi-01, esxi-02, esxi-03], capacityGiB: 1000, freeGiB: 700}
    folders: [/Production/WebServers]
`
	notReadyConfigYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: ClusterProviderConfig
metadata:
  name: vsphere-prod
status:
  conditions:
  - type: Ready
    status: "False"
    reason: Unauthenticated
    message: the vCenter refuses the account
`
	policyYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMPlacementPolicy
metadata:
  namespace: shop
  name: production
spec:
  hard:
    clusters: [prod-cluster-1]
    datastores: [ssd-datastore-1, ssd-datastore-2]
  soft:
    folders: [/Production/WebServers]
  antiAffinity:
    hostAntiAffinity: %s
    datastoreAntiAffinity: true
`
	classYAML = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMClass
metadata:
  namespace: shop
  name: web-class
spec:
  cpu: 2
  memoryMiB: 4096
`
)

const (
	preferred = "true"
	strict    = "{enabled: true, scope: strict, maxVMsPerHost: 1}"
)

func fromYAML(y string) *structpb.Struct {
	s := &structpb.Struct{}
	b, err := yaml.YAMLToJSON([]byte(y))
	if err != nil {
		panic(err) //nolint:forbidigo // The test itself is broken.
	}
	if err := s.UnmarshalJSON(b); err != nil {
		panic(err) //nolint:forbidigo // The test itself is broken.
	}
	return s
}

// A testVM is a VM of the set as a test case tells of it.
type testVM struct {
	slot, cpus  int
	host, store string
	ready       string
	terminating bool
	// unseen VMs are not reported by the hypervisor yet.
	unseen bool
}

func (v testVM) revision() string { return revisionOf(v.cpus) }
func (v testVM) name() string     { return machineName("web", v.slot, v.revision()) }
func (v testVM) resource() string { return resourceName(v.slot, v.revision()) }

// object of the VM as the API server hands it out, with defaults, and with what others than the function wrote.
func (v testVM) object() *structpb.Struct {
	s := fromYAML(fmt.Sprintf(`
apiVersion: infra.virtrigaud.io/v1beta1
kind: VirtualMachine
metadata:
  namespace: shop
  name: %[1]s
  uid: vm-%[1]s
  creationTimestamp: "2026-01-01T00:00:%02[2]dZ"
  labels:
    app: web
    crossplane.io/composite: web
    infra.virtrigaud.io/vmset: web
    infra.virtrigaud.io/vmset-uid: %[3]s
    infra.virtrigaud.io/slot: "%[4]d"
    infra.virtrigaud.io/revision: "%[5]s"
  annotations:
    crossplane.io/external-name: 8d1c0d3c-%[4]d
    crossplane.io/composition-resource-name: %[6]s
  ownerReferences:
  - {apiVersion: infra.virtrigaud.io/v1beta1, kind: VMSet, name: web, uid: %[3]s, controller: true}
spec:
  providerConfigRef: {kind: ClusterProviderConfig, name: vsphere-prod}
  managementPolicies: ["*"]
  forProvider:
    classRef: {name: web-class}
    imageRef: {name: nginx-image}
    resources: {cpu: %[2]d, memoryMiB: 4096}
    placement: {cluster: prod-cluster-1, host: %[7]s, datastore: %[8]s, folder: /Production/WebServers}
status:
  conditions: []
  atProvider: {}
`, v.name(), v.cpus, setUID, v.slot, v.revision(), v.resource(), v.host, v.store))
	if v.terminating {
		s.GetFields()["metadata"].GetStructValue().GetFields()["deletionTimestamp"] = structpb.NewStringValue("2026-01-02T00:00:00Z")
	}
	status := s.GetFields()["status"].GetStructValue().GetFields()
	if v.ready != "" {
		status["conditions"] = fromYAML(fmt.Sprintf("c: [{type: Synced, status: 'True'}, {type: Ready, status: '%s'}]", v.ready)).GetFields()["c"]
	}
	if !v.unseen {
		status["atProvider"] = fromYAML(fmt.Sprintf("p: {cluster: prod-cluster-1, host: %s, datastore: %s, powerState: 'On'}", v.host, v.store)).GetFields()["p"]
	}
	return s
}

// A request is put together from what a test case tells.
type request struct {
	claim *structpb.Struct
	// observed VMs are part of the claim for Crossplane, labelled ones only carry its labels. Observed ones are labelled as well.
	observed, labelled []testVM
	// named objects that exist: config, policy and class.
	config, policy, class string
	// disown the labelled VMs: something else controls them.
	disown bool
	// unresolved requests come without anything that is required.
	unresolved bool
}

// usual is a request for which all is there.
func usual(claim *structpb.Struct, observed ...testVM) request {
	return request{claim: claim, observed: observed, config: configYAML, policy: fmt.Sprintf(policyYAML, preferred), class: classYAML}
}

func (r request) proto() *fnv1.RunFunctionRequest {
	req := &fnv1.RunFunctionRequest{
		Meta: &fnv1.RequestMeta{Tag: "tag"},
		Observed: &fnv1.State{
			Composite: &fnv1.Resource{Resource: r.claim},
			Resources: map[string]*fnv1.Resource{},
		},
	}
	machines := &fnv1.Resources{}
	for _, v := range r.observed {
		req.Observed.Resources[v.resource()] = &fnv1.Resource{Resource: v.object()}
		machines.Items = append(machines.Items, &fnv1.Resource{Resource: v.object()})
	}
	if r.unresolved {
		return req
	}
	for _, v := range r.labelled {
		o := v.object()
		if r.disown {
			delete(o.GetFields()["metadata"].GetStructValue().GetFields(), "ownerReferences")
		}
		machines.Items = append(machines.Items, &fnv1.Resource{Resource: o})
	}
	req.RequiredResources = map[string]*fnv1.Resources{machinesRequirement: machines}
	for name, y := range map[string]string{
		requirementName(v1beta1.ClusterProviderConfigKind, "vsphere-prod"): r.config,
		requirementName(v1beta1.VMPlacementPolicyKind, "production"):       r.policy,
		requirementName(v1beta1.VMClassKind, "web-class"):                  r.class,
	} {
		found := &fnv1.Resources{}
		if y != "" {
			found.Items = []*fnv1.Resource{{Resource: fromYAML(y)}}
		}
		req.RequiredResources[name] = found
	}
	return req
}

// run a request, and check that it was not written to.
func run(t *testing.T, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	t.Helper()
	before := proto.CloneOf(req)
	rsp := response.To(proto.CloneOf(req), response.DefaultTTL)
	err := Run(req, rsp)
	if !proto.Equal(before, req) {
		t.Error("the request was written to")
	}
	return rsp, err
}

// keysOf the resources of a response or request.
func keysOf(resources map[string]*fnv1.Resource) iter.Seq[string] { return maps.Keys(resources) }
