// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what happens to the scenarios of testdata instead of comparing it")

// TestScenarios plays the stories of testdata. A story is a sequence of paragraphs: lines that start with # are for readers, the
// others up to ---- are commands, and what follows is the set after them. The commands are
//
//	set replicas=3 unavailable=1 surge=1 template=A batch=20   what is wanted; what is left out stays as it is
//	plan                    shows what is to do, and why
//	apply [slot-revision…]  does all that the plan says, or only what it says of these VMs
//	ready|broken|unknown|deleted|gone [slot-revision…]  happens to these VMs, or to all that it can happen to
//	exists slot-revision…   makes available VMs out of nothing
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(b))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(b), got); diff != "" {
				t.Errorf("%s: -want, +got:\n%s", file, diff)
			}
		})
	}
}

// A story is a set that things happen to.
type story struct {
	t    *testing.T
	spec Spec
	vms  map[string]*VM
	// born counts revisions, so that each is younger than those before.
	born map[string]int64
}

// play a scenario, and return it with what happened.
func play(t *testing.T, scenario string) string {
	t.Helper()
	s := &story{t: t, vms: map[string]*VM{}, born: map[string]int64{}}
	var out []string
	for _, paragraph := range strings.Split(strings.TrimSpace(scenario), "\n\n") {
		var shown []string
		commands := 0
		for _, line := range strings.Split(paragraph, "\n") {
			if line == "----" {
				break
			}
			out = append(out, line)
			if strings.HasPrefix(line, "#") {
				continue
			}
			commands++
			shown = append(shown, s.do(strings.Fields(line))...)
		}
		if commands > 0 {
			out = append(append(append(out, "----"), shown...), s.String())
		}
		out = append(out, "")
	}
	return strings.Join(out[:len(out)-1], "\n") + "\n"
}

func (s *story) do(words []string) []string {
	switch verb, rest := words[0], words[1:]; verb {
	case "set":
		s.set(rest)
	case "plan":
		return s.plan()
	case "apply":
		s.apply(rest)
	case "exists":
		for _, name := range rest {
			s.add(name).Availability = Available
		}
	default:
		s.happen(verb, rest)
	}
	return nil
}

func (s *story) set(words []string) {
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		n, err := strconv.Atoi(value)
		if err != nil && key != "template" {
			s.t.Fatalf("%s: %v", w, err)
		}
		switch key {
		case "replicas":
			s.spec.Replicas = n
		case "unavailable":
			s.spec.MaxUnavailable = n
		case "surge":
			s.spec.MaxSurge = n
		case "batch":
			s.spec.MaxCreates = n
		case "template":
			s.spec.Revision = value
			if s.born[value] == 0 {
				s.born[value] = int64(len(s.born) + 1)
			}
		default:
			s.t.Fatalf("cannot set %q", key)
		}
	}
}

func (s *story) next() Plan {
	vms := make([]VM, 0, len(s.vms))
	for _, vm := range s.vms {
		vms = append(vms, *vm)
	}
	return Next(s.spec, vms)
}

func (s *story) plan() []string {
	p := s.next()
	var out []string
	for _, slot := range p.Creates {
		out = append(out, fmt.Sprintf("create %d-%s", slot, s.spec.Revision))
	}
	for _, d := range p.Deletes {
		out = append(out, fmt.Sprintf("delete %s: %s", d.Name, d.Reason))
	}
	for _, n := range p.Notes {
		out = append(out, "note: "+n)
	}
	if p.Complete {
		out = append(out, "complete")
	}
	return out
}

func (s *story) apply(only []string) {
	p := s.next()
	picked := func(name string) bool { return len(only) == 0 || slices.Contains(only, name) }
	for _, d := range p.Deletes {
		if picked(d.Name) {
			s.vms[d.Name].Terminating = true
		}
	}
	for _, slot := range p.Creates {
		if name := fmt.Sprintf("%d-%s", slot, s.spec.Revision); picked(name) {
			s.add(name).Availability = Unavailable
		}
	}
}

func (s *story) add(name string) *VM {
	slot, revision, _ := strings.Cut(name, "-")
	n, err := strconv.Atoi(slot)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	s.vms[name] = &VM{Name: name, Slot: n, Revision: revision, Created: s.born[revision]}
	return s.vms[name]
}

func (s *story) happen(verb string, names []string) {
	if len(names) == 0 {
		for name := range s.vms {
			names = append(names, name)
		}
	}
	for _, name := range names {
		vm := s.vms[name]
		switch {
		case vm == nil:
			s.t.Fatalf("there is no %s", name)
		case verb == "gone" && vm.Terminating:
			delete(s.vms, name)
		case verb == "gone" || vm.Terminating:
		case verb == "ready":
			vm.Availability = Available
		case verb == "broken":
			vm.Availability = Unavailable
		case verb == "unknown":
			vm.Availability = Unknown
		case verb == "deleted":
			vm.Terminating = true
		default:
			s.t.Fatalf("there is no command %q", verb)
		}
	}
}

// String lists the VMs: * is available, ? unknown, x being deleted, nothing not available.
func (s *story) String() string {
	var out []string
	for name, vm := range s.vms {
		switch {
		case vm.Terminating:
			name += "x"
		case vm.Availability == Available:
			name += "*"
		case vm.Availability == Unknown:
			name += "?"
		}
		out = append(out, name)
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "= no VMs"
	}
	return "= " + strings.Join(out, " ")
}
