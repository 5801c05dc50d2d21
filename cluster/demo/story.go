// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

const (
	// namespace of the team that plays the demo.
	namespace = "team-a"
	// webPolicy is the placement policy of web-tier.
	webPolicy = "production-policy"
	// stepTimeout bounds each step. It is generous: QEMU without KVM on a small machine takes its time.
	stepTimeout = 10 * time.Minute
)

// A tier is a VMSet of the story and the hypervisor it lives on.
type tier struct {
	// set is the VMSet's name, with which its VMs' names begin.
	set string
	// manifests below the examples folder: what the set needs, then the set.
	manifests []string
	// tool is the program that an administrator of this hypervisor would use.
	tool       string
	hypervisor lab.Hypervisor
	// strict says that the set's policy lets no host have two of its VMs.
	strict bool
	// before is everything that was on the hypervisor before the story began.
	before []string
}

func webTier(vcenter *lab.VCenter) *tier {
	return &tier{
		set:        "web-tier",
		manifests:  []string{"placement-policy.yaml", "vmclass.yaml", "vmset.yaml"},
		tool:       "vCenter",
		hypervisor: vcenter,
	}
}

func kvmTier(guests *lab.Libvirt) *tier {
	return &tier{
		set:        "kvm-tier",
		manifests:  []string{"libvirt/vmset.yaml"},
		tool:       "virsh",
		hypervisor: guests,
		strict:     true,
	}
}

// story is what the demo tells, and what it tells it with.
type story struct {
	out      io.Writer
	kubectl  lab.Kubectl
	examples string
	web      *tier
	// kvm is nil when there are no real libvirt hosts; withoutGuests then says why.
	kvm           *tier
	withoutGuests string
}

// tiers of the story that can be told here.
func (s story) tiers() []*tier {
	if s.kvm == nil {
		return []*tier{s.web}
	}
	return []*tier{s.web, s.kvm}
}

// tell plays all steps, and stops at the first that is not as promised.
func (s story) tell(ctx context.Context) error {
	steps := []struct {
		title string
		play  func(context.Context) error
	}{
		{"The control plane: Crossplane with our three packages, and two hypervisor endpoints", s.showControlPlane},
		{"A namespace for the team, and a look at what is on the hypervisors before", s.prepare},
		{"Apply a placement policy and a VMSet for each hypervisor", s.apply},
		{"Wait until all VMs run", s.awaitCreation},
		{"Where each VM runs, as the hypervisors say themselves", s.showPlaces},
		{"Scale web-tier to 4", s.scale},
		{"Change web-tier's template from 2 to 4 CPUs: a rolling replacement", s.rollWeb},
		{"Change kvm-tier's template from 1 to 2 CPUs: real guests are replaced", s.rollKVM},
		{"No host of the strict policy has two VMs, and web-tier is spread evenly", s.showSpread},
		{"Delete everything: nothing is left on either hypervisor", s.remove},
	}
	if s.withoutGuests != "" {
		s.say("%s", s.withoutGuests)
	}
	for i, step := range steps {
		s.say("\n==> %d/%d %s", i+1, len(steps), step.title)
		if err := s.play(ctx, step.play); err != nil {
			return fmt.Errorf("step %d, %q: %w", i+1, step.title, err)
		}
	}
	s.say("\nAll of it was true.")
	return nil
}

func (s story) play(ctx context.Context, step func(context.Context) error) error {
	within, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	err := step(within)
	if err != nil && ctx.Err() == nil {
		s.diagnose(ctx)
	}
	return err
}

// diagnose shows what a reader needs to find out why a step failed.
func (s story) diagnose(ctx context.Context) {
	s.say("\nThis is not as promised. What the control plane says:")
	for _, args := range []string{
		"get vmset,vmpp,virtualmachines -o wide",
		"describe vmset",
		"get events --sort-by=.lastTimestamp",
	} {
		if err := s.show(ctx, strings.Fields(args)...); err != nil {
			s.say("   %v", err)
		}
	}
}

func (s story) say(format string, args ...any) { _, _ = fmt.Fprintf(s.out, format+"\n", args...) }

// holds tells a promise that was kept, or returns an error that says what was seen instead.
func (s story) holds(kept bool, promise, seen string) error {
	if !kept {
		return fmt.Errorf("expected: %s; seen: %s", promise, seen)
	}
	s.say("   OK: %s (%s)", promise, seen)
	return nil
}

// show runs kubectl in the team's namespace and shows command and output.
func (s story) show(ctx context.Context, args ...string) error {
	out, err := s.kubectl.Run(ctx, append([]string{"--namespace", namespace}, args...)...)
	if err != nil {
		return err
	}
	s.say("   $ kubectl %s", strings.Join(args, " "))
	for line := range strings.Lines(out) {
		s.say("   %s", strings.TrimRight(line, "\n"))
	}
	return nil
}

// each plays a step for all tiers at the same time, as their administrators would.
func (s story) each(ctx context.Context, step func(context.Context, *tier) error) error {
	tiers := s.tiers()
	errs := make(chan error, len(tiers))
	for _, t := range tiers {
		go func() { errs <- step(ctx, t) }()
	}
	var all []error
	for range tiers {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

func (s story) file(manifest string) string {
	return filepath.Join(s.examples, filepath.FromSlash(manifest))
}
