// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package claim writes what a function says of the claim itself into its response.
package claim

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
)

// Report the status and the readiness of a claim of this project. Fields of the status that earlier functions of the pipeline
// set, and that this one does not, stay. An error means that the status cannot be encoded.
func Report(rsp *fnv1.RunFunctionResponse, kind string, status any, ready bool) error {
	fields, err := encode(status)
	if err != nil {
		return err
	}
	if rsp.GetDesired() == nil {
		rsp.Desired = &fnv1.State{}
	}
	if rsp.GetDesired().GetComposite() == nil {
		rsp.Desired.Composite = &fnv1.Resource{}
	}
	composite := rsp.GetDesired().GetComposite()
	if composite.GetResource().GetFields() == nil {
		composite.Resource = &structpb.Struct{Fields: map[string]*structpb.Value{}}
	}
	xr := composite.GetResource().GetFields()
	xr["apiVersion"] = structpb.NewStringValue(v1beta1.GroupVersion().String())
	xr["kind"] = structpb.NewStringValue(kind)
	if earlier := xr["status"].GetStructValue().GetFields(); earlier != nil {
		for name, value := range fields.GetFields() {
			earlier[name] = value
		}
	} else {
		xr["status"] = structpb.NewStructValue(fields)
	}

	composite.Ready = fnv1.Ready_READY_FALSE
	if ready {
		composite.Ready = fnv1.Ready_READY_TRUE
	}
	return nil
}

func encode(v any) (*structpb.Struct, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the status: %w", err)
	}
	s := &structpb.Struct{}
	if err := protojson.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("cannot encode the status: %w", err)
	}
	return s, nil
}
