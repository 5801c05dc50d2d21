// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/testing/protocmp"
	"sigs.k8s.io/yaml"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
)

var update = flag.Bool("update", false, "write the responses to testdata instead of comparing them")

// TestResponses compares whole responses with the files of testdata.
func TestResponses(t *testing.T) {
	cases := map[string]struct {
		reason string
		req    request
	}{
		"first-pass": {
			reason: "When nothing is resolved yet, the response requires what the claim names, and makes nothing.",
			req:    request{claim: claimOf(3, 2), unresolved: true},
		},
		"unresolved": {
			reason: "When nothing is resolved, the VMs that exist stay, whatever the claim says by now.",
			req:    request{claim: claimOf(1, 4), observed: []testVM{vm(0, 2, 1), vm(1, 2, 2)}, unresolved: true},
		},
		"create": {
			reason: "The VMs of a new set are spread over hosts and datastores, and put in the folder of the policy.",
			req:    usual(claimOf(3, 2)),
		},
		"idle": {
			reason: "A set that is as it is wanted is kept as it is, and is not looked at again soon.",
			req:    usual(claimOf(3, 2), vm(0, 2, 1), vm(1, 2, 2), vm(2, 2, 3)),
		},
		"rollout-first-step": {
			reason: "With a budget of one each, a change of the template makes one VM and takes one away.",
			req:    usual(claimOf(3, 4), vm(0, 2, 1), vm(1, 2, 2), vm(2, 2, 3)),
		},
		"rollout-waits-for-terminating": {
			reason: "A VM that is being deleted takes up the surge until it is gone, though Crossplane does not observe it any more.",
			req: func() request {
				r := usual(claimOf(3, 4), notReady(vm(0, 4, 1)), vm(1, 2, 2), vm(2, 2, 3))
				r.labelled = []testVM{terminating(vm(0, 2, 1))}
				return r
			}(),
		},
		"scale-down": {
			reason: "Scaling down takes the highest slots away.",
			req:    usual(claimOf(1, 2), vm(0, 2, 1), vm(1, 2, 2), vm(2, 2, 3)),
		},
		"missing-policy": {
			reason: "Without its policy a set is neither grown nor shrunk, and says which policy is missing.",
			req: func() request {
				r := usual(claimOf(1, 4), vm(0, 2, 1), vm(1, 2, 2))
				r.policy = ""
				return r
			}(),
		},
		"config-not-ready": {
			reason: "While its endpoint cannot be used a set is neither grown nor shrunk, and says why.",
			req: func() request {
				r := usual(claimOf(3, 2), unknown(vm(0, 2, 1)), vm(1, 2, 2))
				r.config = notReadyConfigYAML
				return r
			}(),
		},
		"strict-anti-affinity-blocks-surge": {
			reason: "With as many replicas as hosts and one VM per host there is no place for a surge: a VM goes first.",
			req: func() request {
				r := usual(claimOf(3, 4), vm(0, 2, 1), vm(1, 2, 2), vm(2, 2, 3))
				r.policy = fmt.Sprintf(policyYAML, strict)
				return r
			}(),
		},
		"surge-blocked": {
			reason: "Where no VM may go first and a surge has no place, the set says that it cannot go on, and what to do about it.",
			req: func() request {
				r := usual(surgeOnly(claimOf(3, 4)), vm(0, 2, 1), vm(1, 2, 2), vm(2, 2, 3))
				r.policy = fmt.Sprintf(policyYAML, strict)
				return r
			}(),
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, tc.req.proto())
			if err != nil {
				t.Fatalf("%s\nRun(...): %v", tc.reason, err)
			}
			file := filepath.Join("testdata", name+".yaml")
			if *update {
				writeResponse(t, file, tc.reason, got)
			}
			if diff := cmp.Diff(readResponse(t, file), got, protocmp.Transform()); diff != "" {
				t.Errorf("%s\n%s: -want, +got:\n%s", tc.reason, file, diff)
			}
		})
	}
}

func writeResponse(t *testing.T, file, reason string, rsp *fnv1.RunFunctionResponse) {
	t.Helper()
	b, err := protojson.Marshal(rsp)
	if err == nil {
		b, err = yaml.JSONToYAML(b)
	}
	if err == nil {
		err = os.WriteFile(file, append([]byte("# "+reason+"\n"), b...), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func readResponse(t *testing.T, file string) *fnv1.RunFunctionResponse {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		b, err = yaml.YAMLToJSON(b)
	}
	rsp := &fnv1.RunFunctionResponse{}
	if err == nil {
		err = protojson.Unmarshal(b, rsp)
	}
	if err != nil {
		t.Fatal(err)
	}
	return rsp
}

// vm in a slot, of a template with so many CPUs, that is ready on a host.
func vm(slot, cpus, host int) testVM {
	return testVM{
		slot: slot, cpus: cpus, ready: "True",
		host: fmt.Sprintf("esxi-%02d", host), store: fmt.Sprintf("ssd-datastore-%d", 1+slot%2),
	}
}

func notReady(v testVM) testVM {
	v.ready = "False"
	return v
}

func unknown(v testVM) testVM {
	v.ready = "Unknown"
	return v
}

func terminating(v testVM) testVM {
	v.terminating = true
	return v
}
