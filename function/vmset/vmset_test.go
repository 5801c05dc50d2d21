// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
)

// TestSteps compares which VMs a pass makes and takes away, without the rest of the response.
func TestSteps(t *testing.T) {
	type want struct {
		made, deleted []string
		events        []string
	}
	cases := map[string]struct {
		reason string
		req    request
		want   want
	}{
		"UnavailableVMsGoFirst": {
			reason: "When the template changes, an outdated VM that does no work is given up before one that does.",
			req:    usual(claimOf(3, 4), vm(0, 2, 1), vm(1, 2, 2), notReady(vm(2, 2, 3))),
			want: want{
				made:    []string{"vm-0-" + revisionOf(4)},
				deleted: []string{"vm-2-" + revisionOf(2)},
				events: []string{
					"Makes web-0-" + revisionOf(4) + " on esxi-01 and ssd-datastore-1",
					"Deletes web-2-" + revisionOf(2) + ": outdated and not available",
				},
			},
		},
		"UnreachableVMsStay": {
			reason: "VMs of which nothing is known are not given up: their hypervisor may only be out of reach.",
			req:    usual(claimOf(3, 4), unknown(vm(0, 2, 1)), unknown(vm(1, 2, 2)), vm(2, 2, 3)),
			want: want{
				made:   []string{"vm-0-" + revisionOf(4)},
				events: []string{"Makes web-0-" + revisionOf(4) + " on esxi-01 and ssd-datastore-1"},
			},
		},
		"SlotOfADeletedVMIsFilledWhenItIsGone": {
			reason: "A VM that someone deletes is let go, and its slot is filled when its name is free.",
			req:    usual(claimOf(2, 2), vm(0, 2, 1), terminating(vm(1, 2, 2))),
			want:   want{deleted: []string{"vm-1-" + revisionOf(2)}},
		},
		"LostVMIsReplaced": {
			reason: "A slot without a VM gets one.",
			req:    usual(claimOf(2, 2), vm(1, 2, 2)),
			want: want{
				made:   []string{"vm-0-" + revisionOf(2)},
				events: []string{"Makes web-0-" + revisionOf(2) + " on esxi-01 and ssd-datastore-1"},
			},
		},
		"LabelledVMOfAnotherOwner": {
			reason: "A VM that carries the set's labels and is controlled by something else is none of its VMs.",
			req: func() request {
				r := usual(claimOf(1, 2), vm(0, 2, 1))
				foreign := vm(7, 2, 2)
				r.labelled = []testVM{foreign}
				r.disown = true
				return r
			}(),
		},
		"GoneFromTheClaimButNotDeletedYet": {
			reason: "A VM that Crossplane has let go of is on its way out, even before it says so: it is not asked for again, and its room is not used.",
			req: func() request {
				r := usual(claimOf(1, 4), notReady(vm(0, 4, 1)))
				r.labelled = []testVM{vm(0, 2, 2)}
				return r
			}(),
		},
		"MissingClass": {
			reason: "Without its class a set makes no VM.",
			req: func() request {
				r := usual(claimOf(3, 2), vm(0, 2, 1))
				r.class = ""
				return r
			}(),
		},
		"MissingConfig": {
			reason: "Without its config a set makes no VM, and deletes none.",
			req: func() request {
				r := usual(claimOf(0, 2), vm(0, 2, 1))
				r.config = ""
				return r
			}(),
		},
		"InvalidPolicy": {
			reason: "With a policy that makes no sense a set makes no VM, and deletes none.",
			req: func() request {
				r := usual(claimOf(3, 4), vm(0, 2, 1))
				r.policy = fmt.Sprintf(policyYAML, "{scope: sometimes}")
				return r
			}(),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			req := tc.req.proto()
			rsp, err := run(t, req)
			if err != nil {
				t.Fatalf("%s\nRun(...): %v", tc.reason, err)
			}
			got := want{}
			for _, key := range slices.Sorted(keysOf(rsp.GetDesired().GetResources())) {
				if req.GetObserved().GetResources()[key] == nil {
					got.made = append(got.made, key)
				}
			}
			for _, key := range slices.Sorted(keysOf(req.GetObserved().GetResources())) {
				if rsp.GetDesired().GetResources()[key] == nil {
					got.deleted = append(got.deleted, key)
				}
			}
			for _, r := range rsp.GetResults() {
				got.events = append(got.events, r.GetMessage())
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestBadClaims(t *testing.T) {
	cases := map[string]struct {
		reason string
		path   []string
		value  any
		want   string
	}{
		"NegativeReplicas": {
			reason: "A negative number of replicas is refused.",
			path:   []string{"spec", "replicas"},
			value:  -1.0,
			want:   "spec.replicas is -1, but must be from 0 to 1000",
		},
		"ReplicasOfAnotherType": {
			reason: "Replicas that are no number are refused.",
			path:   []string{"spec", "replicas"},
			value:  "three",
			want:   "cannot read [spec]: json: cannot unmarshal string into Go struct field VMSetSpec.replicas of type int32",
		},
		"TooHighAPercentage": {
			reason: "A percentage beyond 100 is refused.",
			path:   []string{"spec", "updateStrategy", "rollingUpdate", "maxSurge"},
			value:  "150%",
			want:   `spec.updateStrategy.rollingUpdate.maxSurge is "150%", but must be a number from 0 or a percentage from 0% to 100%`,
		},
		"UnknownStrategy": {
			reason: "A strategy that does not exist is refused.",
			path:   []string{"spec", "updateStrategy", "type"},
			value:  "Recreate",
			want:   `spec.updateStrategy.type is "Recreate", but must be RollingUpdate`,
		},
		"UnknownKindOfConfig": {
			reason: "Only the two kinds of config are known.",
			path:   []string{"spec", "template", "spec", "providerConfigRef", "kind"},
			value:  "Secret",
			want:   `spec.template.spec.providerConfigRef.kind is "Secret", but must be ProviderConfig or ClusterProviderConfig`,
		},
		"NoTemplate": {
			reason: "A set without a template is refused.",
			path:   []string{"spec", "template"},
			value:  nil,
			want:   "spec.template.spec is missing",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			xr := claimOf(3, 2)
			v, err := structpb.NewValue(tc.value)
			if err != nil {
				t.Fatal(err)
			}
			parent := object.Of(xr).Field(tc.path[:len(tc.path)-1]...).GetStructValue()
			parent.GetFields()[tc.path[len(tc.path)-1]] = v

			observed := []testVM{vm(0, 2, 1), vm(1, 2, 2), vm(2, 2, 3), vm(3, 2, 1)}
			rsp, err := run(t, usual(xr, observed...).proto())
			if err == nil || err.Error() != tc.want {
				t.Errorf("%s\nRun(...): want error %q, got %v", tc.reason, tc.want, err)
			}
			if got := len(rsp.GetDesired().GetResources()); got != len(observed) {
				t.Errorf("%s\n%d of %d VMs are kept", tc.reason, got, len(observed))
			}
		})
	}
}

func TestMetadataFlowsToExistingVMs(t *testing.T) {
	xr := claimOf(2, 4)
	metadata := object.Of(xr).Field("spec", "template", "metadata").GetStructValue()
	metadata.Fields = fromYAML("{labels: {app: web, tier: front}, annotations: {owner: shop}}").GetFields()

	rsp, err := run(t, usual(xr, vm(0, 2, 1), notReady(vm(1, 4, 2))).proto())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{vm(0, 2, 1).resource(), vm(1, 4, 2).resource()} {
		o := object.Of(rsp.GetDesired().GetResources()[key].GetResource())
		if o.Label("tier") != "front" || o.Text("metadata", "annotations", "owner") != "shop" {
			t.Errorf("%s does not have the template's metadata: %v", key, o.Field("metadata"))
		}
	}
}

func TestExistingVMsKeepTheirSpec(t *testing.T) {
	old, current := vm(0, 2, 1), notReady(vm(1, 4, 2))
	rsp, err := run(t, usual(claimOf(2, 4), old, current).proto())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []testVM{old, current} {
		desired, observed := object.Of(rsp.GetDesired().GetResources()[v.resource()].GetResource()), object.Of(v.object())
		if !proto.Equal(desired.Field("spec"), observed.Field("spec")) {
			t.Errorf("%s: want spec %v, got %v", v.resource(), observed.Field("spec"), desired.Field("spec"))
		}
		if desired.Field("status") != nil || desired.Text("metadata", "uid") != "" || desired.Text("metadata", "annotations", "crossplane.io/external-name") != "" {
			t.Errorf("%s: more is desired than the set decides: %v", v.resource(), desired)
		}
	}
}

// TestSizeOfClass checks that a class sizes the VMs that are made, and that its change does not reach those that exist: all would
// be reconfigured at once.
func TestSizeOfClass(t *testing.T) {
	r := usual(claimOf(2, 4), vm(0, 4, 1))
	r.class = strings.Replace(classYAML, "memoryMiB: 4096", "memoryMiB: 8192", 1)
	rsp, err := run(t, r.proto())
	if err != nil {
		t.Fatal(err)
	}
	for slot, want := range []int64{4096, 8192} {
		o := object.Of(rsp.GetDesired().GetResources()[resourceName(slot, revisionOf(4))].GetResource())
		if got := o.Number("spec", "forProvider", "resources", "memoryMiB"); got != want {
			t.Errorf("slot %d: want %d MiB, got %d", slot, want, got)
		}
		if got := o.Number("spec", "forProvider", "resources", "cpu"); got != 4 {
			t.Errorf("slot %d: the template's own 4 CPUs must win over the class, got %d", slot, got)
		}
	}
}

func TestConnectionSecretsAreNotShared(t *testing.T) {
	xr := claimOf(2, 2)
	spec := object.Of(xr).Field("spec", "template", "spec").GetStructValue()
	spec.GetFields()["writeConnectionSecretToRef"] = fromYAML("r: {name: access}").GetFields()["r"]
	rsp, err := run(t, usual(xr).proto())
	if err != nil {
		t.Fatal(err)
	}
	for key, r := range rsp.GetDesired().GetResources() {
		want := "access-" + strings.TrimPrefix(key, "vm-")
		if got := object.Of(r.GetResource()).Text("spec", "writeConnectionSecretToRef", "name"); got != want {
			t.Errorf("%s: want connection secret %q, got %q", key, want, got)
		}
	}
}

// TestTimeToLive checks how long an answer is good for.
func TestTimeToLive(t *testing.T) {
	responsive := func(status string) *structpb.Struct {
		xr := claimOf(1, 2)
		xr.GetFields()["status"] = structpb.NewStructValue(fromYAML("conditions: [{type: Responsive, status: '" + status + "'}]"))
		return xr
	}
	cases := map[string]struct {
		reason string
		req    request
		want   time.Duration
	}{
		"Idle":     {reason: "A set at rest is woken by what changes.", req: usual(responsive("True"), vm(0, 2, 1)), want: ttlIdle},
		"UnderWay": {reason: "A set at work is looked at again soon.", req: usual(responsive("True")), want: ttlUnderWay},
		"Deaf":     {reason: "A set at rest that nothing can wake must look for itself.", req: usual(responsive("False"), vm(0, 2, 1)), want: ttlUnderWay},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			rsp, err := run(t, tc.req.proto())
			if err != nil {
				t.Fatal(err)
			}
			if got := rsp.GetMeta().GetTtl().AsDuration(); got != tc.want {
				t.Errorf("%s\nwant %s, got %s", tc.reason, tc.want, got)
			}
		})
	}
}

// TestOtherFunctions checks that what other functions of a pipeline do is passed on.
func TestOtherFunctions(t *testing.T) {
	req := usual(claimOf(1, 2), vm(0, 2, 1)).proto()
	foreign := &fnv1.Resource{Resource: fromYAML("{apiVersion: v1, kind: ConfigMap, metadata: {name: notes}}")}
	req.Observed.Resources["notes"] = foreign
	req.Observed.Resources["vm-forgotten"] = foreign
	req.Desired = &fnv1.State{
		Composite: &fnv1.Resource{Resource: fromYAML("{status: {dashboard: https://example.org}}")},
		Resources: map[string]*fnv1.Resource{"notes": foreign},
	}
	rsp := response.To(req, response.DefaultTTL)
	if err := Run(req, rsp); err != nil {
		t.Fatal(err)
	}
	want := []string{"notes", vm(0, 2, 1).resource()}
	if diff := cmp.Diff(want, slices.Sorted(keysOf(rsp.GetDesired().GetResources()))); diff != "" {
		t.Errorf("-want resources, +got:\n%s", diff)
	}
	xr := object.Of(rsp.GetDesired().GetComposite().GetResource())
	if xr.Text("status", "dashboard") == "" || xr.Number("status", "replicas") != 1 {
		t.Errorf("the status of another function is not kept beside ours: %v", xr)
	}
}

// TestDeterminism checks that the order in which VMs and hosts come makes no difference.
func TestDeterminism(t *testing.T) {
	r := usual(claimOf(12, 4))
	for i := range 12 {
		r.observed = append(r.observed, vm(i, 2, 1+i%3))
	}
	r.labelled = []testVM{terminating(vm(3, 4, 1)), terminating(vm(5, 4, 2))}
	encode := func(req *fnv1.RunFunctionRequest) string {
		rsp, err := run(t, req)
		if err != nil {
			t.Fatal(err)
		}
		b, err := proto.MarshalOptions{Deterministic: true}.Marshal(rsp)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	want := encode(r.proto())
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		req := r.proto()
		for _, required := range req.GetRequiredResources() {
			rnd.Shuffle(len(required.GetItems()), func(i, j int) {
				items := required.GetItems()
				items[i], items[j] = items[j], items[i]
			})
		}
		if encode(req) != want {
			t.Fatalf("another order gives another response (seed %d)", seed)
		}
	}
}

// TestReplan checks that a pass upon what the pass before asked for asks for the same.
func TestReplan(t *testing.T) {
	req := usual(claimOf(3, 2)).proto()
	first, err := run(t, req)
	if err != nil {
		t.Fatal(err)
	}
	for key, r := range first.GetDesired().GetResources() {
		o := proto.CloneOf(r)
		metadata := o.GetResource().GetFields()["metadata"].GetStructValue().GetFields()
		metadata["ownerReferences"] = fromYAML("o: [{uid: " + setUID + ", controller: true}]").GetFields()["o"]
		req.Observed.Resources[key] = o
	}
	second, err := run(t, req)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range first.GetDesired().GetResources() {
		if got := second.GetDesired().GetResources()[key]; !proto.Equal(want, got) {
			t.Errorf("%s: want %v, got %v", key, want, got)
		}
	}
	if len(second.GetDesired().GetResources()) != 3 || len(second.GetResults()) != 0 {
		t.Errorf("the second pass does something: %v", second.GetResults())
	}
}
