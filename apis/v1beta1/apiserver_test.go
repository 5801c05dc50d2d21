// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/crossplane/crossplane-runtime/v2/pkg/xcrd"
	xpextv1 "github.com/crossplane/crossplane/apis/v2/apiextensions/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

const (
	crdDir        = "../../package/provider/crds"
	xrdDir        = "../../package/configuration"
	testNamespace = "team-a"
	testUID       = "6c3ec2d1-0f7b-4d9c-9d5b-0d2a1d0b6f3e"
)

// An apiServer admits objects as a real API server does that has the packages of this repository installed: it runs the API
// server's own code, in the order of the API server's strategy for custom resources.
type apiServer map[string]*kind

// A kind is what an API server knows of one kind.
type kind struct {
	crd       *extv1.CustomResourceDefinition
	schema    *structuralschema.Structural
	validator validation.SchemaValidator
	rules     *cel.Validator
}

// newAPIServer installs the generated definitions, the claims' through Crossplane's own conversion.
func newAPIServer(t *testing.T) apiServer {
	t.Helper()
	s := apiServer{}
	for _, crd := range definitions(t) {
		if errs := crdvalidation.ValidateCustomResourceDefinition(t.Context(), internal(t, crd)); len(errs) > 0 {
			t.Fatalf("an API server refuses the definition of %s: %v", crd.Spec.Names.Kind, errs.ToAggregate())
		}
		s[crd.Spec.Names.Kind] = newKind(t, crd)
	}
	return s
}

func definitions(t *testing.T) []*extv1.CustomResourceDefinition {
	t.Helper()
	var out []*extv1.CustomResourceDefinition
	for _, f := range glob(t, crdDir, "*.yaml") {
		crd := &extv1.CustomResourceDefinition{}
		decode(t, f, crd)
		out = append(out, crd)
	}
	for _, f := range glob(t, xrdDir, "xrd-*.yaml") {
		xrd := &xpextv1.CompositeResourceDefinition{}
		decode(t, f, xrd)
		xrd.SetUID(testUID)
		crd, err := xcrd.ForCompositeResource(xrd)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, crd)
	}
	return out
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("cannot find %s in %s: %v", pattern, dir, err)
	}
	return files
}

func decode(t *testing.T, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(raw, into); err != nil {
		t.Fatalf("cannot read %s: %v", file, err)
	}
}

// internal returns a definition in the form that the API server works with, with its defaults filled in.
func internal(t *testing.T, crd *extv1.CustomResourceDefinition) *apiextensions.CustomResourceDefinition {
	t.Helper()
	crd = crd.DeepCopy()
	extv1.SetDefaults_CustomResourceDefinition(crd)
	extv1.SetDefaults_CustomResourceDefinitionSpec(&crd.Spec)
	out := &apiextensions.CustomResourceDefinition{}
	if err := extv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(crd, out, nil); err != nil {
		t.Fatal(err)
	}
	out.Status.StoredVersions = []string{v1beta1.Version}
	return out
}

func newKind(t *testing.T, crd *extv1.CustomResourceDefinition) *kind {
	t.Helper()
	in := internal(t, crd)
	props := in.Spec.Validation
	if props == nil {
		props = in.Spec.Versions[0].Schema
	}
	structural, err := structuralschema.NewStructural(props.OpenAPIV3Schema)
	if err != nil {
		t.Fatal(err)
	}
	validator, _, err := validation.NewSchemaValidator(props.OpenAPIV3Schema)
	if err != nil {
		t.Fatal(err)
	}
	return &kind{
		crd:       crd,
		schema:    structural,
		validator: validator,
		rules:     cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}
}

// create admits a new object, and returns it as it would be stored.
func (s apiServer) create(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	k, obj, err := s.prepare(obj)
	if err != nil {
		return nil, err
	}
	errs := validation.ValidateCustomResource(nil, obj.Object, k.validator)
	return obj, k.validate(ctx, errs, obj, nil).ToAggregate()
}

// update admits a change of an object that is stored.
func (s apiServer) update(ctx context.Context, stored, changed *unstructured.Unstructured) error {
	k, changed, err := s.prepare(changed)
	if err != nil {
		return err
	}
	errs := validation.ValidateCustomResourceUpdate(nil, changed.Object, stored.Object, k.validator)
	return k.validate(ctx, errs, changed, stored.Object).ToAggregate()
}

// validate goes on where the schema's own checks ended. Like the API server, it runs the rules only when the object has the
// right shape.
func (k *kind) validate(ctx context.Context, errs field.ErrorList, obj *unstructured.Unstructured, stored map[string]any) field.ErrorList {
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, k.schema, obj.Object)...)
	if len(errs) > 0 {
		return errs
	}
	var old any
	if stored != nil {
		old = stored
	}
	violations, _ := k.rules.Validate(ctx, nil, k.schema, obj.Object, old, celconfig.RuntimeCELCostBudget)
	return append(errs, violations...)
}

// prepare fills in an object's defaults and refuses fields that no schema knows, as kubectl asks of the server.
func (s apiServer) prepare(obj *unstructured.Unstructured) (*kind, *unstructured.Unstructured, error) {
	k, ok := s[obj.GetKind()]
	if !ok || obj.GroupVersionKind() != v1beta1.GVK(obj.GetKind()) {
		return nil, nil, fmt.Errorf("there is no kind %s", obj.GroupVersionKind())
	}
	obj = obj.DeepCopy()
	if k.crd.Spec.Scope == extv1.NamespaceScoped && obj.GetNamespace() == "" {
		obj.SetNamespace(testNamespace)
	}
	obj.SetUID(testUID)
	obj.SetCreationTimestamp(metav1.Now())
	unknown := pruning.PruneWithOptions(obj.Object, k.schema, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, nil, fmt.Errorf("unknown fields: %v", unknown)
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(obj.Object, k.schema)
	defaulting.Default(obj.Object, k.schema)
	return k, obj, nil
}
