// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"strings"
	"testing"
)

func TestBoundsCheck(t *testing.T) {
	two := []VM{{Name: "a", On: true, CPUs: 2, Host: "h1"}, {Name: "b", On: false, CPUs: 4, Host: "h1"}}
	cases := map[string]struct {
		reason string
		bounds Bounds
		want   string
	}{
		"Kept":        {reason: "Exactly at each bound is within.", bounds: Bounds{MaxExist: 2, MinOn: 1, MaxPerHost: 2}},
		"AnyPerHost":  {reason: "Without a maximum per host any number may share one.", bounds: Bounds{MaxExist: 2}},
		"TooMany":     {reason: "More than N + maxSurge.", bounds: Bounds{MaxExist: 1}, want: "2 VMs exist and at most 1 may"},
		"TooFewOn":    {reason: "Powered off does not count.", bounds: Bounds{MaxExist: 2, MinOn: 2}, want: "1 VMs are powered on and at least 2 must be"},
		"SharedHost":  {reason: "The host is named.", bounds: Bounds{MaxExist: 2, MaxPerHost: 1}, want: "host h1 has 2 VMs"},
		"TellsCounts": {reason: "The whole tally is told.", bounds: Bounds{}, want: "exist 2, available 1, 1 with 2 CPUs, 1 with 4 CPUs, h1: 2"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := tc.bounds.Check(Count(two))
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("%s\n%v", tc.reason, err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("%s\nwant error with %q, got %v", tc.reason, tc.want, err)
			}
		})
	}
}

func TestUneven(t *testing.T) {
	cases := map[string]struct {
		reason string
		places []string
		count  map[string]int
		want   int
	}{
		"Even":     {reason: "2, 1, 1 on three hosts is as even as can be.", places: []string{"a", "b", "c"}, count: map[string]int{"a": 2, "b": 1, "c": 1}, want: 1},
		"LeftOut":  {reason: "A host without any VM counts.", places: []string{"a", "b", "c"}, count: map[string]int{"a": 2, "b": 2}, want: 2},
		"NoPlaces": {reason: "Nothing to be uneven about.", want: 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Uneven(tc.places, tc.count); got != tc.want {
				t.Errorf("%s\nwant %d, got %d", tc.reason, tc.want, got)
			}
		})
	}
}
