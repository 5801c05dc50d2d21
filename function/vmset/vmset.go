// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
)

// Run one pass over a set. The response must come with what earlier functions desire; Run adds to it. An error means that the
// claim cannot be understood, and that nothing may be changed.
func Run(req *fnv1.RunFunctionRequest, rsp *fnv1.RunFunctionResponse) error {
	// Whatever happens below, the VMs that exist stay unless one is deleted by name.
	observed := observedMachines(req.GetObserved())
	for _, m := range observed {
		keep(rsp, set{}, m, object.Object{})
	}

	s, err := parseSet(object.Of(req.GetObserved().GetComposite().GetResource()))
	if err != nil {
		return err
	}

	// Crossplane calls again with what is required, until that does not change any more.
	rsp.Requirements = requirements(s)
	around, blocked := survey(s, req.GetRequiredResources())

	machines := merge(s, observed, around.machines)
	d := decide(s, machines, around, blocked)
	for _, m := range machines {
		switch {
		case m.resource == "":
			// Crossplane has let go of it. Asking for it again would be asking to make it again.
		case d.deleted[m.Name]:
			delete(rsp.GetDesired().GetResources(), m.resource)
		case m.Terminating && blocked == nil:
			// Someone else deleted it. Its slot is filled when it is gone.
			delete(rsp.GetDesired().GetResources(), m.resource)
		default:
			keep(rsp, s, m, around.class)
		}
	}
	for _, c := range d.creations {
		create(rsp, s, c, around.class)
	}
	return report(rsp, s, d)
}
