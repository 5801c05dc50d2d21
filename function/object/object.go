// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package object reads Kubernetes objects as they come in a function's request: protobuf structs.
//
// A request may hold a thousand VMs of several kilobytes each, of which a function needs a few fields. So nothing is converted
// or copied until it is asked for, and a whole field such as a VM's spec can go into a response as it is. What is read must not
// be written to.
package object

import (
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

// An Object of Kubernetes. The zero Object has no fields.
type Object struct {
	fields *structpb.Struct
}

// Of returns the object that a struct holds. A nil struct is an object without fields.
func Of(s *structpb.Struct) Object {
	return Object{fields: s}
}

// Field at a path, or nil when there is none.
func (o Object) Field(path ...string) *structpb.Value {
	var v *structpb.Value
	s := o.fields
	for _, name := range path {
		v = s.GetFields()[name]
		s = v.GetStructValue()
	}
	return v
}

// Text at a path, empty when there is none.
func (o Object) Text(path ...string) string {
	return o.Field(path...).GetStringValue()
}

// Number at a path as a whole number, 0 when there is none.
func (o Object) Number(path ...string) int64 {
	return int64(o.Field(path...).GetNumberValue())
}

// Texts at a path: a map from strings to strings, such as labels. It is a copy, and never nil.
func (o Object) Texts(path ...string) map[string]string {
	fields := o.Field(path...).GetStructValue().GetFields()
	out := make(map[string]string, len(fields))
	for k, v := range fields {
		out[k] = v.GetStringValue()
	}
	return out
}

// Read the field at a path into v, as encoding/json would. A field that is absent leaves v as it is.
func (o Object) Read(v any, path ...string) error {
	f := o.Field(path...)
	if f == nil {
		return nil
	}
	b, err := json.Marshal(f.AsInterface())
	if err != nil {
		return fmt.Errorf("cannot encode %v: %w", path, err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("cannot read %v: %w", path, err)
	}
	return nil
}

// Kind of the object.
func (o Object) Kind() string { return o.Text("kind") }

// APIVersion of the object.
func (o Object) APIVersion() string { return o.Text("apiVersion") }

// Name of the object.
func (o Object) Name() string { return o.Text("metadata", "name") }

// Namespace of the object, empty when its kind has none.
func (o Object) Namespace() string { return o.Text("metadata", "namespace") }

// UID of the object.
func (o Object) UID() string { return o.Text("metadata", "uid") }

// Label of the object, empty when it has none of that name.
func (o Object) Label(name string) string { return o.Text("metadata", "labels", name) }

// Terminating says whether the object is being deleted.
func (o Object) Terminating() bool { return o.Text("metadata", "deletionTimestamp") != "" }

// Created is when the object was created, in seconds since 1970, or 0 when that is not known.
func (o Object) Created() int64 {
	t, err := time.Parse(time.RFC3339, o.Text("metadata", "creationTimestamp"))
	if err != nil {
		return 0
	}
	return t.Unix()
}

// ControllerUID is the UID of the object that controls this one, empty when none does.
func (o Object) ControllerUID() string {
	for _, v := range o.Field("metadata", "ownerReferences").GetListValue().GetValues() {
		if ref := Of(v.GetStructValue()); ref.Field("controller").GetBoolValue() {
			return ref.Text("uid")
		}
	}
	return ""
}

// A Condition of an object's status.
type Condition struct {
	// Status is True, False or Unknown; empty when the object does not have the condition.
	Status string
	// Message of the condition.
	Message string
}

// Condition of a type.
func (o Object) Condition(conditionType string) Condition {
	for _, v := range o.Field("status", "conditions").GetListValue().GetValues() {
		if c := Of(v.GetStructValue()); c.Text("type") == conditionType {
			return Condition{Status: c.Text("status"), Message: c.Text("message")}
		}
	}
	return Condition{}
}
