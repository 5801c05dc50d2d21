// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/claim"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/placement"
)

// How long a response is good for. A set whose VMs change is woken by them as well, but Crossplane stops listening to sets that
// are woken too often, and does not make up for what it missed. A set that is idle then is looked at as often as one that is not,
// or a change of its claim would wait.
const (
	ttlUnderWay = 5 * time.Second
	ttlIdle     = time.Minute
)

// Conditions of a set.
const (
	conditionProgressing     = "Progressing"
	conditionPlaced          = "Placed"
	conditionRolloutComplete = "RolloutComplete"
)

// conditionResponsive is Crossplane's own: it is False while changes of a set and its VMs do not wake the set.
const conditionResponsive = "Responsive"

// Reasons of conditions and events.
const (
	reasonComplete   = "Complete"
	reasonRollingOut = "RollingOut"
	reasonScaling    = "Scaling"
	reasonWaiting    = "Waiting"
	reasonNoSurge    = "SurgeBlockedByPlacement"
	reasonPlaced     = "Placed"
	reasonNoPlace    = "NoPlace"
	reasonCreates    = "CreateVMs"
	reasonDeletes    = "DeleteVMs"
)

// report writes status, readiness, conditions, events and time to live of a response.
func report(rsp *fnv1.RunFunctionResponse, s set, d decision) error {
	reportProgressing(rsp, s, d)
	reportPlaced(rsp, d)
	reportComplete(rsp, s, d)
	reportEvents(rsp, d)

	ttl := ttlUnderWay
	if d.plan.Complete && d.blocked == nil && !s.deaf {
		ttl = ttlIdle
	}
	rsp.Meta.Ttl = durationpb.New(ttl)
	return reportStatus(rsp, s, d)
}

// reportStatus counts what exists now, which is before anything that this response asks for.
func reportStatus(rsp *fnv1.RunFunctionResponse, s set, d decision) error {
	c := d.plan.Counts
	//nolint:gosec // Far fewer VMs and budgets than 2^31.
	status := v1beta1.VMSetStatus{
		Replicas:            int32(c.Live),
		ReadyReplicas:       int32(c.Available),
		UpdatedReplicas:     int32(c.Updated),
		TerminatingReplicas: int32(c.Terminating),
		MaxUnavailable:      int32(s.rollout.MaxUnavailable),
		MaxSurge:            int32(s.rollout.MaxSurge),
		Revision:            s.rollout.Revision,
		Selector:            v1beta1.LabelVMSet + "=" + s.name,
	}
	ready := c.Serving == s.rollout.Replicas && c.Live == c.Serving
	return claim.Report(rsp, v1beta1.VMSetKind, status, ready)
}

func reportProgressing(rsp *fnv1.RunFunctionResponse, s set, d decision) {
	c := d.plan.Counts
	switch {
	case d.blocked != nil:
		response.ConditionFalse(rsp, conditionProgressing, d.blocked.reason).
			WithMessage(d.blocked.message + ", so no VM is made or deleted")
	case d.plan.Complete:
		response.ConditionFalse(rsp, conditionProgressing, reasonComplete).
			WithMessage(fmt.Sprintf("%d of %d VMs are in service", c.Serving, s.rollout.Replicas))
	case d.surgeBlocked(s):
		response.ConditionFalse(rsp, conditionProgressing, reasonNoSurge).
			WithMessage("There is no place for a VM beyond the wanted number, and maxUnavailable is 0, so no VM can be replaced: " +
				"allow maxUnavailable, add hosts or datastores, or loosen the placement policy")
	case c.Live > c.Updated:
		response.ConditionTrue(rsp, conditionProgressing, reasonRollingOut).WithMessage(progress(d))
	case c.Live != s.rollout.Replicas:
		response.ConditionTrue(rsp, conditionProgressing, reasonScaling).WithMessage(progress(d))
	default:
		response.ConditionTrue(rsp, conditionProgressing, reasonWaiting).WithMessage(progress(d))
	}
}

// progress says in one sentence what is done in this pass, and what is waited for.
func progress(d decision) string {
	var parts []string
	if n := len(d.creations); n > 0 {
		parts = append(parts, fmt.Sprintf("%s to be made", vms(n)))
	}
	if n := len(d.plan.Deletes); n > 0 {
		parts = append(parts, fmt.Sprintf("%s to be deleted", vms(n)))
	}
	if n := len(d.unplaced); n > 0 {
		parts = append(parts, fmt.Sprintf("%s without a place", vms(n)))
	}
	return sentence(append(parts, d.plan.Notes...))
}

func reportPlaced(rsp *fnv1.RunFunctionResponse, d decision) {
	switch {
	case d.blocked != nil:
		response.ConditionUnknown(rsp, conditionPlaced, d.blocked.reason).WithMessage(d.blocked.message)
	case len(d.unplaced) > 0:
		response.ConditionFalse(rsp, conditionPlaced, reasonNoPlace).WithMessage(unplaced(d.unplaced))
	default:
		response.ConditionTrue(rsp, conditionPlaced, reasonPlaced).WithMessage("Every VM that is made now has a place")
	}
}

// unplaced VMs and why, each reason once.
func unplaced(us []placement.Unplaced) string {
	names := map[string][]string{}
	var reasons []string
	for _, u := range us {
		if names[u.Reason] == nil {
			reasons = append(reasons, u.Reason)
		}
		names[u.Reason] = append(names[u.Reason], u.Name)
	}
	parts := make([]string, 0, len(reasons))
	for _, r := range reasons {
		parts = append(parts, fmt.Sprintf("no place for %s: %s", strings.Join(names[r], ", "), r))
	}
	return sentence(parts)
}

func reportComplete(rsp *fnv1.RunFunctionResponse, s set, d decision) {
	c := d.plan.Counts
	message := fmt.Sprintf("%d of %d VMs are of revision %s and available", c.Serving, s.rollout.Replicas, s.rollout.Revision)
	if d.plan.Complete {
		response.ConditionTrue(rsp, conditionRolloutComplete, reasonComplete).WithMessage(message)
		return
	}
	if n := c.Live + c.Terminating - c.Serving; n > 0 {
		message = fmt.Sprintf("%s, and %s to go or to become so", message, vms(n))
	}
	response.ConditionFalse(rsp, conditionRolloutComplete, reasonRollingOut).WithMessage(message)
}

// reportEvents tells what is done in this pass. A pass that does nothing tells nothing.
func reportEvents(rsp *fnv1.RunFunctionResponse, d decision) {
	if d.blocked != nil {
		return
	}
	if len(d.creations) > 0 {
		made := make([]string, 0, len(d.creations))
		for _, c := range d.creations {
			made = append(made, fmt.Sprintf("%s on %s", c.name, where(c.place)))
		}
		response.Normalf(rsp, "Makes %s", strings.Join(made, ", ")).WithReason(reasonCreates)
	}
	names := map[string][]string{}
	var reasons []string
	for _, del := range d.plan.Deletes {
		if names[del.Reason] == nil {
			reasons = append(reasons, del.Reason)
		}
		names[del.Reason] = append(names[del.Reason], del.Name)
	}
	for _, r := range reasons {
		response.Normalf(rsp, "Deletes %s: %s", strings.Join(names[r], ", "), r).WithReason(reasonDeletes)
	}
}

// where a place is, for people.
func where(p placement.Place) string {
	if p.Datastore == "" {
		return p.Host
	}
	return p.Host + " and " + p.Datastore
}

// sentence of several parts, without an end.
func sentence(parts []string) string {
	s := strings.Join(parts, "; ")
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func vms(n int) string {
	if n == 1 {
		return "1 VM"
	}
	return fmt.Sprintf("%d VMs", n)
}
