// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package main is function-virtrigaud, a Crossplane composition function: it expands VMSets into VirtualMachines and says what
// VMPlacementPolicies come to. It keeps no state, so any number of it can run.
package main

import (
	"context"

	"github.com/crossplane/crossplane-runtime/v2/pkg/logging"
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
	"github.com/crossplane-contrib/provider-virtrigaud/function/vmplacementpolicy"
	"github.com/crossplane-contrib/provider-virtrigaud/function/vmset"
)

// A Function composes the claims of this project.
type Function struct {
	fnv1.UnimplementedFunctionRunnerServiceServer

	log logging.Logger
}

// RunFunction composes a claim. It passes on what earlier functions of the pipeline desire, and leaves claims of other kinds
// alone. What is wrong with a claim is a fatal result and never an error, which is for broken connections.
func (f *Function) RunFunction(_ context.Context, req *fnv1.RunFunctionRequest) (*fnv1.RunFunctionResponse, error) {
	rsp := response.To(req, response.DefaultTTL)
	xr := object.Of(req.GetObserved().GetComposite().GetResource())
	log := f.log.WithValues("kind", xr.Kind(), "namespace", xr.Namespace(), "name", xr.Name(), "tag", req.GetMeta().GetTag())

	if xr.APIVersion() != v1beta1.GroupVersion().String() {
		log.Debug("Skipping a resource of another API version", "apiVersion", xr.APIVersion())
		return rsp, nil
	}

	var err error
	switch xr.Kind() {
	case v1beta1.VMSetKind:
		err = vmset.Run(req, rsp)
	case v1beta1.VMPlacementPolicyKind:
		err = vmplacementpolicy.Run(req, rsp)
	default:
		log.Debug("Skipping a resource of another kind")
		return rsp, nil
	}
	if err != nil {
		log.Info("Cannot compose resource", "error", err)
		response.Fatal(rsp, err)
		return rsp, nil
	}

	for _, r := range rsp.GetResults() {
		log.Info(r.GetMessage(), "reason", r.GetReason())
	}
	log.Debug("Composed resource", "composed", len(rsp.GetDesired().GetResources()), "ttl", rsp.GetMeta().GetTtl().AsDuration())
	return rsp, nil
}
