// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

func (s story) showControlPlane(ctx context.Context) error {
	if err := s.show(ctx, "get", "pkg"); err != nil {
		return err
	}
	return s.show(ctx, "get", "clusterproviderconfigs")
}

// prepare clears away what an interrupted demo left, so that the story begins at its beginning.
func (s story) prepare(ctx context.Context) error {
	if _, err := s.kubectl.Run(ctx, "get", "namespace", namespace); err == nil {
		s.say("   The namespace is there from an earlier demo: it is deleted first, with all VMs in it.")
		if err := s.clear(ctx); err != nil {
			return err
		}
	}
	if err := s.show(ctx, "create", "namespace", namespace); err != nil {
		return err
	}
	for _, t := range s.tiers() {
		before, err := t.hypervisor.Traces(ctx)
		if err != nil {
			return err
		}
		t.before = before
		s.say("   %s sees %s.", t.tool, things(before))
	}
	return nil
}

func (s story) apply(ctx context.Context) error {
	for _, t := range s.tiers() {
		for _, m := range t.manifests {
			if err := s.show(ctx, "apply", "--filename", s.file(m)); err != nil {
				return err
			}
		}
	}
	return nil
}

// awaitCreation waits until each set has its VMs, and checks that it never has more of them.
func (s story) awaitCreation(ctx context.Context) error {
	err := s.each(ctx, func(ctx context.Context, t *tier) error {
		spec, err := s.spec(ctx, t)
		if err != nil {
			return err
		}
		n := replicas(spec)
		return s.follow(ctx, t, lab.Bounds{MaxExist: n, MaxPerHost: t.maxPerHost()}, settled{vms: n})
	})
	if err != nil {
		return err
	}
	for _, t := range s.tiers() {
		if err := s.awaitReady(ctx, t); err != nil {
			return err
		}
	}
	return s.show(ctx, "get", "vmset,virtualmachines,vmpp")
}

func (s story) showPlaces(ctx context.Context) error {
	for _, t := range s.tiers() {
		vms, err := t.hypervisor.VMs(ctx, t.prefix())
		if err != nil {
			return err
		}
		s.say("   %s:", t.tool)
		s.table(vms)
	}
	if s.kvm == nil {
		return nil
	}
	return s.askGuests(ctx, s.kvm)
}

// askGuests lets each guest of a tier say its own name, which proves that it booted and read its user data.
func (s story) askGuests(ctx context.Context, t *tier) error {
	guests, ok := t.hypervisor.(*lab.Libvirt)
	if !ok {
		return nil
	}
	vms, err := guests.VMs(ctx, t.prefix())
	if err != nil {
		return err
	}
	for _, vm := range vms {
		name, err := guests.AwaitGuest(ctx, vm, "hostname")
		if err != nil {
			return err
		}
		if err := s.holds(strings.TrimSpace(name) == vm.Name, fmt.Sprintf("guest %s knows its name", vm.Name), strings.TrimSpace(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s story) table(vms []lab.VM) {
	w := tabwriter.NewWriter(s.out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(w, "   NAME\tPOWER\tCPUS\tCLUSTER\tHOST\tDISK")
	for _, vm := range vms {
		power := "off"
		if vm.On {
			power = "on"
		}
		cluster := vm.Cluster
		if cluster == "" {
			cluster = "-"
		}
		_, _ = fmt.Fprintf(w, "   %s\t%s\t%d\t%s\t%s\t%s\n", vm.Name, power, vm.CPUs, cluster, vm.Host, vm.Disk)
	}
	_ = w.Flush()
}

// awaitReady waits until the control plane agrees with what was seen on the hypervisor.
func (s story) awaitReady(ctx context.Context, t *tier) error {
	return s.show(ctx, "wait", "--for=condition=Ready", "vmset/"+t.set, "--timeout="+stepTimeout.String())
}

// spec reads what the user asked for.
func (s story) spec(ctx context.Context, t *tier) (v1beta1.VMSetSpec, error) {
	out, err := s.kubectl.Run(ctx, "--namespace", namespace, "get", "vmset", t.set, "--output", "json")
	if err != nil {
		return v1beta1.VMSetSpec{}, err
	}
	var set v1beta1.VMSet
	if err := json.Unmarshal([]byte(out), &set); err != nil {
		return v1beta1.VMSetSpec{}, fmt.Errorf("cannot read VMSet %q: %w", t.set, err)
	}
	return set.Spec, nil
}

func replicas(spec v1beta1.VMSetSpec) int {
	if spec.Replicas == nil {
		return 1
	}
	return int(*spec.Replicas)
}

// budgets are how many VMs may be missing, and how many may be too many, by what the user asked for.
func budgets(spec v1beta1.VMSetSpec) (unavailable, surge int, err error) {
	if spec.UpdateStrategy == nil || spec.UpdateStrategy.RollingUpdate == nil {
		return 0, 0, fmt.Errorf("cannot know the budgets of a set without updateStrategy.rollingUpdate")
	}
	ru := spec.UpdateStrategy.RollingUpdate
	if unavailable, err = intstr.GetScaledValueFromIntOrPercent(ru.MaxUnavailable, replicas(spec), false); err != nil {
		return 0, 0, fmt.Errorf("cannot resolve maxUnavailable: %w", err)
	}
	if surge, err = intstr.GetScaledValueFromIntOrPercent(ru.MaxSurge, replicas(spec), true); err != nil {
		return 0, 0, fmt.Errorf("cannot resolve maxSurge: %w", err)
	}
	return unavailable, surge, nil
}

func (t *tier) prefix() string { return t.set + "-" }

func (t *tier) maxPerHost() int {
	if t.strict {
		return 1
	}
	return 0
}

func (s story) setCPUs(ctx context.Context, t *tier, cpus int) error {
	patch := `{"spec":{"template":{"spec":{"forProvider":{"resources":{"cpu":` + strconv.Itoa(cpus) + `}}}}}}`
	return s.show(ctx, "patch", "vmset", t.set, "--type=merge", "--patch="+patch)
}
