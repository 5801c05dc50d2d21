// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"slices"

	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	xpextv2 "github.com/crossplane/crossplane/apis/v2/apiextensions/v2"
)

// categoryComposite is the category of all composite resources. Crossplane adds it by itself.
const categoryComposite = "composite"

// isClaim says whether a CustomResourceDefinition describes a composite resource.
func isClaim(crd *extv1.CustomResourceDefinition) bool {
	return slices.Contains(crd.Spec.Names.Categories, categoryComposite)
}

// fromCRD turns a CustomResourceDefinition into the CompositeResourceDefinition of the same kind, whose default Composition
// has the name of the definition.
func fromCRD(crd *extv1.CustomResourceDefinition) (*xpextv2.CompositeResourceDefinition, error) {
	names := crd.Spec.Names
	names.Categories = slices.DeleteFunc(slices.Clone(names.Categories), func(c string) bool { return c == categoryComposite })

	xrd := &xpextv2.CompositeResourceDefinition{
		TypeMeta: metav1.TypeMeta{
			APIVersion: xpextv2.SchemeGroupVersion.String(),
			Kind:       xpextv2.CompositeResourceDefinitionKind,
		},
		ObjectMeta: metav1.ObjectMeta{Name: crd.GetName()},
		Spec: xpextv2.CompositeResourceDefinitionSpec{
			Group:                 crd.Spec.Group,
			Names:                 names,
			Scope:                 xpextv2.CompositeResourceScope(crd.Spec.Scope),
			DefaultCompositionRef: &xpextv2.CompositionReference{Name: crd.GetName()},
		},
	}
	for _, v := range crd.Spec.Versions {
		xv, err := fromVersion(v)
		if err != nil {
			return nil, fmt.Errorf("cannot turn version %s: %w", v.Name, err)
		}
		xrd.Spec.Versions = append(xrd.Spec.Versions, xv)
	}
	return xrd, nil
}

func fromVersion(v extv1.CustomResourceDefinitionVersion) (xpextv2.CompositeResourceDefinitionVersion, error) {
	schema := v.Schema.OpenAPIV3Schema.DeepCopy()
	// Crossplane writes these itself, for every composite resource the same.
	for _, p := range []string{"apiVersion", "kind", "metadata"} {
		delete(schema.Properties, p)
	}
	raw, err := json.Marshal(schema)
	if err != nil {
		return xpextv2.CompositeResourceDefinitionVersion{}, err
	}
	xv := xpextv2.CompositeResourceDefinitionVersion{
		Name:                     v.Name,
		Served:                   v.Served,
		Referenceable:            v.Storage,
		AdditionalPrinterColumns: v.AdditionalPrinterColumns,
		Schema:                   &xpextv2.CompositeResourceValidation{OpenAPIV3Schema: runtime.RawExtension{Raw: raw}},
	}
	if v.Subresources != nil && v.Subresources.Scale != nil {
		xv.Subresources = &xpextv2.CompositeResourceDefinitionVersionSubresources{Scale: v.Subresources.Scale}
	}
	return xv, nil
}
