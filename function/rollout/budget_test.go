// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/intstr"
	"pgregory.net/rapid"
)

func TestResolve(t *testing.T) {
	type want struct {
		unavailable, surge int
		err                string
	}
	number := func(n int) *intstr.IntOrString { v := intstr.FromInt32(int32(n)); return &v }
	text := func(s string) *intstr.IntOrString { v := intstr.FromString(s); return &v }
	cases := map[string]struct {
		reason      string
		replicas    int
		unavailable *intstr.IntOrString
		surge       *intstr.IntOrString
		want        want
	}{
		"Defaults":        {reason: "A quarter is allowed, rounded to the careful side of availability.", replicas: 10, want: want{unavailable: 2, surge: 3}},
		"Numbers":         {reason: "Numbers are taken as they are.", replicas: 3, unavailable: number(2), surge: number(0), want: want{unavailable: 2}},
		"Rounding":        {reason: "Half a VM that may be missing is none, half a VM too many is one.", replicas: 1, unavailable: text("50%"), surge: text("50%"), want: want{surge: 1}},
		"BothZero":        {reason: "Nothing could be replaced, so one may be missing.", replicas: 3, unavailable: number(0), surge: text("0%"), want: want{unavailable: 1}},
		"RoundedToZero":   {reason: "What is rounded down to nothing leaves nothing to replace with, so one may be missing.", replicas: 3, unavailable: text("10%"), surge: number(0), want: want{unavailable: 1}},
		"All":             {reason: "All may be replaced at once.", replicas: 7, unavailable: text("100%"), surge: text("100%"), want: want{unavailable: 7, surge: 7}},
		"NoReplicas":      {reason: "A set of nothing has the budgets of a set of one.", replicas: 0, want: want{surge: 1}},
		"TooMuch":         {reason: "More than all is refused.", replicas: 3, surge: text("150%"), want: want{err: `maxSurge is "150%", but must be a number from 0 or a percentage from 0% to 100%`}},
		"NoPercentage":    {reason: "A word is refused.", replicas: 3, unavailable: text("half"), want: want{err: `maxUnavailable is "half", but must be a number from 0 or a percentage from 0% to 100%`}},
		"Negative":        {reason: "Less than nothing is refused.", replicas: 3, unavailable: number(-1), want: want{err: `maxUnavailable is "-1", but must be a number from 0 or a percentage from 0% to 100%`}},
		"NumberInQuotes":  {reason: "A number in quotes is no percentage.", replicas: 3, unavailable: text("2"), want: want{err: `maxUnavailable is "2", but must be a number from 0 or a percentage from 0% to 100%`}},
		"PercentNegative": {reason: "A negative percentage is refused.", replicas: 3, unavailable: text("-5%"), want: want{err: `maxUnavailable is "-5%", but must be a number from 0 or a percentage from 0% to 100%`}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := want{}
			u, s, err := Resolve(tc.replicas, tc.unavailable, tc.surge)
			got.unavailable, got.surge = u, s
			if err != nil {
				got.err = err.Error()
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("%s\nResolve(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestResolveProperties is I17: budgets are never both 0 and never shrink while replicas grow.
func TestResolveProperties(t *testing.T) {
	budget := rapid.Custom(func(t *rapid.T) *intstr.IntOrString {
		v := intstr.FromInt32(rapid.Int32Range(0, 1000).Draw(t, "number"))
		if rapid.Bool().Draw(t, "percentage") {
			v = intstr.FromString(rapid.StringMatching(`(100|[1-9]?[0-9])%`).Draw(t, "text"))
		}
		return &v
	})
	rapid.Check(t, func(t *rapid.T) {
		unavailable, surge := budget.Draw(t, "maxUnavailable"), budget.Draw(t, "maxSurge")
		n := rapid.IntRange(0, 1000).Draw(t, "replicas")
		u, s, err := Resolve(n, unavailable, surge)
		if err != nil {
			t.Fatal(err)
		}
		more, moreSurge, err := Resolve(n+1, unavailable, surge)
		if err != nil {
			t.Fatal(err)
		}
		if u+s == 0 || u > more || s > moreSurge {
			t.Fatalf("%d replicas have the budgets %d and %d, %d have %d and %d", n, u, s, n+1, more, moreSurge)
		}
	})
}

func TestResolvePartitionAndMaxUnhealthy(t *testing.T) {
	value := func(s string) *intstr.IntOrString { v := intstr.Parse(s); return &v }
	partition, unhealthy := ResolvePartition, ResolveMaxUnhealthy
	cases := map[string]struct {
		reason   string
		resolve  func(int, *intstr.IntOrString) (int, error)
		replicas int
		value    *intstr.IntOrString
		want     int
		wantErr  bool
	}{
		"NoPartition":       {reason: "Everything is updated.", resolve: partition, replicas: 3, want: 0},
		"PartitionNumber":   {reason: "A number is taken as it is.", resolve: partition, replicas: 3, value: value("2"), want: 2},
		"PartitionTooLarge": {reason: "No more can stay than there are.", resolve: partition, replicas: 3, value: value("7"), want: 3},
		"PartitionUp":       {reason: "Half of five that stay are three.", resolve: partition, replicas: 5, value: value("50%"), want: 3},
		"PartitionCanary":   {reason: "99% leave one canary however few VMs there are.", resolve: partition, replicas: 3, value: value("99%"), want: 2},
		"PartitionOneOld":   {reason: "1% keeps one VM.", resolve: partition, replicas: 3, value: value("1%"), want: 1},
		"PartitionAll":      {reason: "100% updates nothing.", resolve: partition, replicas: 3, value: value("100%"), want: 3},
		"PartitionNone":     {reason: "0% updates everything.", resolve: partition, replicas: 3, value: value("0%"), want: 0},
		"PartitionWord":     {reason: "A word is refused.", resolve: partition, replicas: 3, value: value("some"), wantErr: true},
		"NoMaxUnhealthy":    {reason: "40% may be sick.", resolve: unhealthy, replicas: 10, want: 4},
		"UnhealthyDown":     {reason: "A percentage is rounded down.", resolve: unhealthy, replicas: 7, value: value("50%"), want: 3},
		"UnhealthyOne":      {reason: "A single VM is always replaced.", resolve: unhealthy, replicas: 2, want: 1},
		"UnhealthyNone":     {reason: "Unless none is asked for.", resolve: unhealthy, replicas: 9, value: value("0%"), want: 0},
		"UnhealthyWord":     {reason: "A word is refused.", resolve: unhealthy, replicas: 9, value: value("few"), wantErr: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := tc.resolve(tc.replicas, tc.value)
			if got != tc.want || (err != nil) != tc.wantErr {
				t.Errorf("%s\ngot %d, %v, want %d, error %t", tc.reason, got, err, tc.want, tc.wantErr)
			}
		})
	}
}
