// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/intstr"
)

// defaultBudget is the budget of a field that is left out.
const defaultBudget = 25 // percent

// Resolve turns the two budgets of an update strategy into numbers of VMs: a percentage of maxUnavailable is rounded down, one
// of maxSurge up. Either is 25% when nil. They never both come out as 0, which would allow no replacement: then maxUnavailable
// is 1. A set of no replicas has the budgets of a set of one, so that neither shrinks while replicas grow. A value that is
// neither a number from 0 nor a percentage from 0% to 100% is an error.
func Resolve(replicas int, maxUnavailable, maxSurge *intstr.IntOrString) (unavailable, surge int, err error) {
	n := max(replicas, 1)
	if unavailable, err = resolve(n, maxUnavailable, 0); err != nil {
		return 0, 0, fmt.Errorf("maxUnavailable %w", err)
	}
	if surge, err = resolve(n, maxSurge, 99); err != nil {
		return 0, 0, fmt.Errorf("maxSurge %w", err)
	}
	if unavailable == 0 && surge == 0 {
		unavailable = 1
	}
	return unavailable, surge, nil
}

// resolve a budget. The hundredths of a VM in roundUp are added before rounding down.
func resolve(replicas int, budget *intstr.IntOrString, roundUp int) (int, error) {
	percent := defaultBudget
	switch {
	case budget == nil:
	case budget.Type == intstr.Int && budget.IntVal >= 0:
		return int(budget.IntVal), nil
	default:
		digits, ok := strings.CutSuffix(budget.StrVal, "%")
		p, err := strconv.Atoi(digits)
		if !ok || err != nil || p < 0 || p > 100 {
			return 0, fmt.Errorf("is %q, but must be a number from 0 or a percentage from 0%% to 100%%", budget.String())
		}
		percent = p
	}
	return (replicas*percent + roundUp) / 100, nil
}

// ResolvePartition turns a partition into a number of VMs: a percentage is rounded up, but between 0% and 100% of two VMs or more
// at least one is updated and at least one is not. It is 0 when nil, and never more than replicas. Errors are those of Resolve.
func ResolvePartition(replicas int, partition *intstr.IntOrString) (int, error) {
	if partition == nil {
		return 0, nil
	}
	p, err := resolve(replicas, partition, 99)
	if err != nil {
		return 0, fmt.Errorf("partition %w", err)
	}
	if partition.Type == intstr.String && partition.StrVal != "100%" && replicas > 1 {
		p = min(p, replicas-1)
	}
	return min(p, replicas), nil
}

// ResolveMaxUnhealthy turns the number of VMs that may be sick at a time into one: a percentage is rounded down. It is 40% when
// nil, and never less than one, or a single VM would not be replaced. Errors are those of Resolve.
func ResolveMaxUnhealthy(replicas int, most *intstr.IntOrString) (int, error) {
	if most == nil {
		fallback := intstr.FromString("40%")
		most = &fallback
	}
	n, err := resolve(replicas, most, 0)
	if err != nil {
		return 0, fmt.Errorf("maxUnhealthy %w", err)
	}
	if most.Type == intstr.String && most.StrVal != "0%" {
		n = max(n, 1)
	}
	return n, nil
}
