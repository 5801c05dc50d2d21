// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is a hypervisor that shows one list of VMs after the other, and the last one for ever.
type script struct {
	Hypervisor
	looks [][]VM
}

func (s *script) VMs(context.Context, string) ([]VM, error) {
	now := s.looks[0]
	if len(s.looks) > 1 {
		s.looks = s.looks[1:]
	}
	return now, nil
}

func TestFollow(t *testing.T) {
	off, on := VM{Name: "a"}, VM{Name: "a", On: true}
	h := &script{looks: [][]VM{nil, nil, {off}, {off}, {on}}}
	var seen []int
	err := Follow(t.Context(), h, "", func(vms []VM) (bool, error) {
		tally := Count(vms)
		seen = append(seen, tally.Exist*10+tally.On)
		return tally.On == 1, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 10, 11}, seen); diff != "" {
		t.Errorf("Each change is seen once, and the end is the end.\n-want, +got:\n%s", diff)
	}
}

func TestFollowGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := Follow(ctx, &script{looks: [][]VM{{{Name: "a", Host: "h9"}}}}, "", func([]VM) (bool, error) { return false, nil })
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "h9: 1") {
		t.Errorf("Who gives up should tell what was seen last, got: %v", err)
	}
}
