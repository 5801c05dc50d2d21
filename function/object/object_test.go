// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package object

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"
)

const vmJSON = `{
	"apiVersion": "infra.virtrigaud.io/v1beta1",
	"kind": "VirtualMachine",
	"metadata": {
		"namespace": "shop", "name": "web-0", "uid": "vm-uid",
		"labels": {"app": "web"},
		"creationTimestamp": "1970-01-01T00:01:00Z",
		"deletionTimestamp": "1970-01-01T00:02:00Z",
		"ownerReferences": [{"uid": "reader"}, {"uid": "owner", "controller": true}]
	},
	"spec": {"forProvider": {"resources": {"cpu": 2}}},
	"status": {"conditions": [{"type": "Synced", "status": "True"}, {"type": "Ready", "status": "False", "message": "powered off"}]}
}`

// A summary of an object is what all methods say of it.
type summary struct {
	Kind, APIVersion, Namespace, Name, UID, App, Controller string
	Labels                                                  map[string]string
	Terminating                                             bool
	Created, CPU                                            int64
	Ready                                                   Condition
}

func summarise(o Object) summary {
	return summary{
		Kind: o.Kind(), APIVersion: o.APIVersion(), Namespace: o.Namespace(), Name: o.Name(), UID: o.UID(),
		App: o.Label("app"), Controller: o.ControllerUID(), Labels: o.Texts("metadata", "labels"),
		Terminating: o.Terminating(), Created: o.Created(), CPU: o.Number("spec", "forProvider", "resources", "cpu"),
		Ready: o.Condition("Ready"),
	}
}

func TestObject(t *testing.T) {
	cases := map[string]struct {
		reason string
		object string
		want   summary
	}{
		"Full": {
			reason: "Every field is found where Kubernetes has it.",
			object: vmJSON,
			want: summary{
				Kind: "VirtualMachine", APIVersion: "infra.virtrigaud.io/v1beta1", Namespace: "shop", Name: "web-0", UID: "vm-uid",
				App: "web", Controller: "owner", Labels: map[string]string{"app": "web"},
				Terminating: true, Created: 60, CPU: 2,
				Ready: Condition{Status: "False", Message: "powered off"},
			},
		},
		"Empty": {
			reason: "What is absent is empty.",
			object: `{}`,
			want:   summary{Labels: map[string]string{}},
		},
		"Odd": {
			reason: "What is of another type than it should be is as good as absent.",
			object: `{"kind": 7, "metadata": "x", "spec": [], "status": {"conditions": {"type": "Ready"}}}`,
			want:   summary{Labels: map[string]string{}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, summarise(parse(t, tc.object))); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestRead(t *testing.T) {
	cases := map[string]struct {
		reason string
		path   []string
		want   map[string]int
		err    bool
	}{
		"There":   {reason: "A field is read.", path: []string{"spec", "forProvider", "resources"}, want: map[string]int{"cpu": 2}},
		"Absent":  {reason: "A field that is absent leaves things as they are.", path: []string{"spec", "nothing"}},
		"Another": {reason: "A field of another type is an error.", path: []string{"metadata", "labels"}, want: map[string]int{"app": 0}, err: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got map[string]int
			err := parse(t, vmJSON).Read(&got, tc.path...)
			if (err != nil) != tc.err {
				t.Errorf("%s\nRead(...): %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\nRead(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func parse(t *testing.T, j string) Object {
	t.Helper()
	s := &structpb.Struct{}
	if err := s.UnmarshalJSON([]byte(j)); err != nil {
		t.Fatal(err)
	}
	return Of(s)
}
