// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

func (s story) showSpread(ctx context.Context) error {
	for _, t := range s.tiers() {
		vms, err := t.hypervisor.VMs(ctx, t.prefix())
		if err != nil {
			return err
		}
		s.table(vms)
		tally := lab.Count(vms)
		if t.strict {
			err := lab.Bounds{MaxExist: len(vms), MaxPerHost: 1}.Check(tally)
			if err := s.holds(err == nil, "no host has two VMs of "+t.set, fmt.Sprint(tally.ByHost)); err != nil {
				return err
			}
			continue
		}
		if err := s.evenSpread(ctx, t, tally); err != nil {
			return err
		}
	}
	return nil
}

// evenSpread checks that a tier is where the hard rules of its policy say, and spread over all of it.
func (s story) evenSpread(ctx context.Context, t *tier, tally lab.Tally) error {
	for _, c := range []struct {
		what, path string
		count      map[string]int
	}{
		{"hosts", ".spec.hard.hosts", tally.ByHost},
		{"datastores", ".spec.hard.datastores", tally.ByDisk},
	} {
		allowed, err := s.policyNames(ctx, c.path)
		if err != nil {
			return err
		}
		within := 0
		for _, place := range allowed {
			within += c.count[place]
		}
		promise := fmt.Sprintf("%s is on the policy's %s %s only, as even as can be", t.set, c.what, strings.Join(allowed, ", "))
		if err := s.holds(within == tally.Exist && lab.Uneven(allowed, c.count) <= 1, promise, fmt.Sprint(c.count)); err != nil {
			return err
		}
	}
	return nil
}

// policyNames reads a list of names from the placement policy that the user wrote.
func (s story) policyNames(ctx context.Context, path string) ([]string, error) {
	out, err := s.kubectl.Run(ctx, "--namespace", namespace, "get", "vmpp", webPolicy, "--output", "jsonpath={"+path+"[*]}")
	return strings.Fields(out), err
}
