// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"

	pkgv1 "github.com/crossplane/crossplane/apis/v2/pkg/v1"
	pkgv1beta1 "github.com/crossplane/crossplane/apis/v2/pkg/v1beta1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

const exampleDir = "../../examples"

// TestExamples admits every object of every example.
func TestExamples(t *testing.T) {
	server := newAPIServer(t)
	var kinds []string
	for _, file := range examples(t) {
		t.Run(strings.TrimPrefix(file, exampleDir+"/"), func(t *testing.T) {
			for _, obj := range documents(t, file) {
				if obj.GroupVersionKind().Group != v1beta1.Group {
					decodeStrictly(t, obj)
					continue
				}
				kinds = append(kinds, obj.GetKind())
				if _, err := server.create(t.Context(), obj); err != nil {
					t.Errorf("%s %s is refused: %v", obj.GetKind(), obj.GetName(), err)
				}
			}
		})
	}
	slices.Sort(kinds)
	want := []string{"ClusterProviderConfig", "ProviderConfig", "VMClass", "VMPlacementPolicy", "VMSet", "VirtualMachine"}
	if diff := cmp.Diff(want, slices.Compact(kinds)); diff != "" {
		t.Errorf("there must be an example of each kind that people make: -want, +got:\n%s", diff)
	}
}

// examples returns the paths of all manifests among the examples.
func examples(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(exampleDir, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".yaml" {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// documents returns the objects in a file.
func documents(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []*unstructured.Unstructured
	for d := yaml.NewYAMLToJSONDecoder(bytes.NewReader(raw)); ; {
		ext := &runtime.RawExtension{}
		err := d.Decode(ext)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(ext.Raw); err != nil {
			t.Fatal(err)
		}
		out = append(out, u)
	}
}

// decodeStrictly fails when an object of Kubernetes or Crossplane has fields that its kind does not have.
func decodeStrictly(t *testing.T, obj *unstructured.Unstructured) {
	t.Helper()
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, pkgv1.AddToScheme, pkgv1beta1.AddToScheme} {
		if err := add(s); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := obj.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	strict := serializer.NewCodecFactory(s, serializer.EnableStrict).UniversalDeserializer()
	if _, _, err := strict.Decode(raw, nil, nil); err != nil {
		t.Errorf("%s %s is wrong: %v", obj.GetKind(), obj.GetName(), err)
	}
}
