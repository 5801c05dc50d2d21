// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// remove deletes what the story made and checks that each hypervisor is as it was before.
func (s story) remove(ctx context.Context) error {
	for _, t := range s.tiers() {
		if err := s.show(ctx, "delete", "vmset", t.set); err != nil {
			return err
		}
	}
	err := s.each(ctx, func(ctx context.Context, t *tier) error {
		vms, err := t.hypervisor.VMs(ctx, t.prefix())
		if err != nil {
			return err
		}
		return s.follow(ctx, t, lab.Bounds{MaxExist: len(vms)}, settled{vms: 0})
	})
	if err != nil {
		return err
	}
	if err := s.clear(ctx); err != nil {
		return err
	}
	for _, t := range s.tiers() {
		after, err := t.hypervisor.Traces(ctx)
		if err != nil {
			return err
		}
		promise := "nothing is on the hypervisor, by " + t.tool + ", that was not there before"
		if diff := cmp.Diff(t.before, after); diff != "" {
			return fmt.Errorf("expected: %s; seen (-before, +after):\n%s", promise, diff)
		}
		if err := s.holds(true, promise, things(after)); err != nil {
			return err
		}
	}
	return nil
}

// things counts traces in words.
func things(traces []string) string {
	return fmt.Sprintf("%d things in all, counting VMs, templates, folders on datastores and volumes", len(traces))
}

// clear deletes the namespace, the VMs in it first, so that what they refer to is there until they are gone.
func (s story) clear(ctx context.Context) error {
	for _, args := range [][]string{
		{"delete", "vmset", "--all"},
		{"delete", "virtualmachines", "--all"},
		{"delete", "namespace", namespace},
	} {
		if err := s.show(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}
