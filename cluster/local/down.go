// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/local/internal/runtimes"
)

// downCommand stops everything.
type downCommand struct{}

// stopOrder is that of the names; who starts or uses another one comes first. Names that are not here come before.
func stopOrder() []string {
	return []string{
		processAgent, runtimes.ProcessProvider, runtimes.ProcessFunction,
		"crossplane-rbac-manager", "crossplane", "kube-controller-manager", "kube-apiserver", "etcd", "vcenter",
	}
}

// Run implements the command. What cannot be stopped is reported at the end, and its state is kept for another try.
func (*downCommand) Run(ctx context.Context, s *site) error {
	unlock, err := s.layout.Lock()
	if err != nil {
		return err
	}

	defer unlock()

	names, err := s.processes.Names()
	if err != nil {
		return err
	}

	var problems []error

	for _, name := range inStopOrder(names) {
		if r, ok := s.processes.Running(name); ok {
			s.console.Step("Stopping %s (process %d)", name, r.PID)
		}

		problems = append(problems, s.processes.Stop(ctx, name))
	}

	s.console.Step("Stopping libvirt hosts")

	problems = append(problems, s.hypervisors().StopLibvirt(ctx))
	if err := errors.Join(problems...); err != nil {
		return err
	}

	s.console.Step("Removing state; logs stay in %s, built programs in the cache", s.layout.Logs())

	return s.layout.Remove()
}

func inStopOrder(names []string) []string {
	order := stopOrder()
	sorted := slices.Clone(names)

	slices.SortFunc(sorted, func(a, b string) int {
		if d := slices.Index(order, a) - slices.Index(order, b); d != 0 {
			return d
		}

		return strings.Compare(a, b)
	})

	return sorted
}
