// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write what happens to the scenarios of testdata instead of comparing it")

// TestScenarios plays the stories of testdata. A story is a sequence of paragraphs: lines that start with # are for readers, the
// others up to ---- are commands, and what follows is the set after them. The commands are
//
//	set replicas=3 unavailable=1 surge=1 template=A …   what is wanted; what is left out stays as it is
//	plan                    shows what is to do, and why
//	apply [nothing|VM…]     does all that the plan says, or only what it says of these VMs
//	run N                   does so many rounds in which all that is planned is done and works, or fewer if the set is complete
//	ready|broken|unknown|failed|lost|protected|deleted|gone|changed|snapshot|nosnapshot [VM…]  happens to these VMs, or to all that it can happen to
//	exists VM…              makes available VMs out of nothing
//	found VM…               adopts VMs that have no slot
//	wait N                  lets so many seconds pass
//
// VMs are named slot-revision after their birth.
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
			if diff := gocmp.Diff(string(b), got); diff != "" {
				t.Errorf("%s: -want, +got:\n%s", file, diff)
			}
		})
	}
}

// A story is a set that things happen to.
type story struct {
	t  *testing.T
	in Input
	// vms by name.
	vms map[string]*VM
	// born counts revisions, so that each is younger than those before.
	born map[string]int64
	// online lists the revisions between which VMs can be changed in place.
	online map[string]bool
	// snapshots that exist.
	snapshots map[Snapshot]bool
}

// play a scenario, and return it with what happened.
func play(t *testing.T, scenario string) string {
	t.Helper()
	s := &story{
		t: t, vms: map[string]*VM{}, born: map[string]int64{}, online: map[string]bool{}, snapshots: map[Snapshot]bool{},
		in: Input{Now: 1000, Spec: Spec{HistoryLimit: 10}},
	}
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
		for _, w := range rest {
			s.set(w)
		}
	case "plan":
		return s.plan()
	case "apply":
		s.apply(rest)
	case "run":
		return s.run(s.number(rest[0]))
	case "wait":
		s.in.Now += int64(s.number(rest[0]))
	case "exists":
		for _, name := range rest {
			vm := s.add(name)
			vm.Availability, vm.Since = Available, 0
		}
	case "found":
		for _, name := range rest {
			s.vms[name] = &VM{Name: name, Slot: NoSlot, Birth: "none", Availability: Available}
		}
	default:
		s.happen(verb, rest)
	}
	return nil
}

func (s *story) number(word string) int {
	n, err := strconv.Atoi(word)
	if err != nil {
		s.t.Fatalf("%q is no number", word)
	}
	return n
}

// set one thing that is wanted.
func (s *story) set(word string) {
	key, value, _ := strings.Cut(word, "=")
	spec := &s.in.Spec
	ints := map[string]*int{
		"replicas": &spec.Replicas, "start": &spec.Start, "unavailable": &spec.MaxUnavailable, "surge": &spec.MaxSurge,
		"batch": &spec.MaxCreates, "inflight": &spec.MaxInFlight, "partition": &spec.Partition, "history": &spec.HistoryLimit,
		"strategy": (*int)(&spec.Strategy), "order": (*int)(&spec.Order), "scaledown": (*int)(&spec.ScaleDown),
		"snapshots": (*int)(&spec.Snapshots),
	}
	seconds := map[string]*int64{"minready": &spec.MinReadySeconds, "deadline": &spec.ProgressDeadlineSeconds}
	bools := map[string]*bool{"paused": &spec.Paused, "autorollback": &spec.AutoRollback, "keepidentity": &spec.KeepIdentity}
	limits := map[string]**int{"disruptions": &s.in.Limits.Disruptions, "addresses": &s.in.Limits.Addresses, "places": &s.in.Limits.Places}
	words := map[string]int{
		"RollingUpdate": int(RollingUpdate), "InPlaceIfPossible": int(InPlaceIfPossible), "OnDelete": int(OnDelete), "Recreate": int(Recreate),
		"LowestFirst": int(LowestFirst), "HighestFirst": int(HighestFirst),
		"HighestSlotFirst": int(HighestSlotFirst), "UnavailableFirst": int(UnavailableFirst), "NewestFirst": int(NewestFirst), "OldestFirst": int(OldestFirst),
		"None": int(NoSnapshots), "Remove": int(RemoveSnapshots), "Keep": int(KeepSnapshots),
	}
	n, known := words[value]
	switch {
	case key == "template":
		spec.Revision = value
		if s.born[value] == 0 {
			s.born[value] = int64(len(s.born) + 1)
		}
	case key == "rollbackto":
		spec.RollbackTo = value
	case key == "names":
		spec.ScaleDownNames = strings.FieldsFunc(value, func(r rune) bool { return r == ',' })
	case key == "online":
		s.online[value] = true
	case key == "healing":
		after, most, _ := strings.Cut(value, ",")
		spec.SelfHealing = &SelfHealing{UnhealthyAfter: int64(s.number(after)), MaxUnhealthy: s.number(most)}
	case bools[key] != nil:
		*bools[key] = value == "true"
	case limits[key] != nil && value == "none":
		*limits[key] = nil
	case limits[key] != nil:
		n := s.number(value)
		*limits[key] = &n
	case seconds[key] != nil:
		*seconds[key] = int64(s.number(value))
	case ints[key] != nil && known:
		*ints[key] = n
	case ints[key] != nil:
		*ints[key] = s.number(value)
	default:
		s.t.Fatalf("cannot set %q", word)
	}
}

// next plan, and what is remembered for the one after.
func (s *story) next() Plan {
	in := s.in
	target := Target(in.Spec, in.Memory)
	in.VMs = nil
	for _, vm := range s.vms {
		seen := *vm
		pair := []string{vm.Revision, target}
		slices.Sort(pair)
		if s.online[strings.Join(pair, "")] {
			seen.Change, seen.Differs = InPlace, []string{"resources.cpus"}
		}
		for snapshot, ready := range s.snapshots {
			if snapshot.VM == vm.Name {
				snapshot.Ready = ready
				seen.Snapshots = append(seen.Snapshots, snapshot)
			}
		}
		in.VMs = append(in.VMs, seen)
	}
	return Next(in)
}

func (s *story) plan() []string {
	p := s.next()
	out := p.Words(20)
	for _, snapshot := range p.Snapshots {
		if _, taken := s.snapshots[snapshot]; !taken {
			out = append(out, fmt.Sprintf("snapshot %s before %s", snapshot.VM, snapshot.For))
		}
	}
	for _, snapshot := range sortedSnapshots(s.snapshots) {
		if !slices.Contains(p.Snapshots, snapshot) {
			out = append(out, fmt.Sprintf("remove the snapshot of %s before %s", snapshot.VM, snapshot.For))
		}
	}
	if p.RollsBack {
		out = append(out, "rolls back from "+p.Target)
	}
	if p.DeadlineExceeded {
		out = append(out, "progress deadline exceeded")
	}
	if p.Deadline > 0 {
		out = append(out, fmt.Sprintf("again in %d s", p.Deadline-s.in.Now))
	}
	if p.Complete {
		out = append(out, "complete")
	}
	return out
}

func sortedSnapshots(m map[Snapshot]bool) []Snapshot {
	return slices.SortedFunc(maps.Keys(m), func(a, b Snapshot) int { return cmp.Or(cmp.Compare(a.VM, b.VM), cmp.Compare(a.For, b.For)) })
}

func (s *story) run(rounds int) []string {
	var out []string
	for round := range rounds {
		if round > 0 {
			out = append(out, s.String())
		}
		out = append(out, s.plan()...)
		complete := s.next().Complete
		s.apply(nil)
		if complete {
			break
		}
		s.in.Now++
		for _, verb := range []string{"gone", "changed", "ready", "snapshot"} {
			s.happen(verb, nil)
		}
	}
	return out
}

func (s *story) apply(only []string) {
	p := s.next()
	s.in.Memory = p.Memory
	picked := func(name string) bool { return len(only) == 0 || slices.Contains(only, name) }
	for _, d := range p.Deletes {
		if picked(d.Name) {
			s.vms[d.Name].Terminating = true
		}
	}
	for _, u := range p.Updates {
		if vm := s.vms[u.Name]; picked(u.Name) {
			vm.Birth, vm.Revision, vm.Updating = cmp.Or(vm.Birth, vm.Revision), u.Revision, true
		}
	}
	for _, k := range p.Keeps {
		s.vms[k.Name].Slot, s.vms[k.Name].Revision = k.Slot, k.Revision
	}
	for _, c := range p.Creates {
		name := fmt.Sprintf("%d-%s", c.Slot, c.Revision)
		if c.Copy > 0 {
			name += fmt.Sprintf("-%d", c.Copy)
		}
		if picked(name) {
			vm := s.add(name)
			vm.Availability, vm.Since, vm.Copy = Unavailable, s.in.Now, c.Copy
		}
	}
	for snapshot := range s.snapshots {
		if !slices.Contains(p.Snapshots, snapshot) {
			delete(s.snapshots, snapshot)
		}
	}
	for _, snapshot := range p.Snapshots {
		if _, taken := s.snapshots[snapshot]; !taken {
			s.snapshots[snapshot] = false
		}
	}
}

func (s *story) add(name string) *VM {
	parts := strings.Split(name, "-")
	s.vms[name] = &VM{Name: name, Slot: s.number(parts[0]), Revision: parts[1], Created: s.born[parts[1]]}
	return s.vms[name]
}

// happenings to VMs that exist and are not being deleted.
var happenings = map[string]func(*VM){
	"ready":     func(vm *VM) { vm.Availability = Available },
	"broken":    func(vm *VM) { vm.Availability = Unavailable },
	"unknown":   func(vm *VM) { vm.Availability = Unknown },
	"failed":    func(vm *VM) { vm.Failed = true },
	"lost":      func(vm *VM) { vm.Lost = true },
	"protected": func(vm *VM) { vm.Protected = true },
	"changed":   func(vm *VM) { vm.Updating = false },
	"deleted":   func(vm *VM) { vm.Terminating = true },
}

func (s *story) happen(verb string, names []string) {
	if len(names) == 0 {
		for name := range s.vms {
			names = append(names, name)
		}
	}
	for _, name := range names {
		vm := s.vms[name]
		switch f := happenings[verb]; {
		case vm == nil:
			s.t.Fatalf("there is no %s", name)
		case verb == "snapshot":
			for snapshot := range s.snapshots {
				s.snapshots[snapshot] = s.snapshots[snapshot] || snapshot.VM == name
			}
		case verb == "gone":
			if vm.Terminating {
				delete(s.vms, name)
			}
		case f == nil:
			s.t.Fatalf("there is no command %q", verb)
		case !vm.Terminating:
			was := vm.Availability
			f(vm)
			if vm.Availability != was {
				vm.Since = s.in.Now
			}
		}
	}
}

// String lists the VMs: * is available, ? unknown, ~ being changed, ! failed or lost, x being deleted, nothing not available. One
// that is not what its name says has its slot and revision in brackets.
func (s *story) String() string {
	var out []string
	for name, vm := range s.vms {
		shown := name
		if vm.Slot != NoSlot && !strings.HasPrefix(name+"-", fmt.Sprintf("%d-%s-", vm.Slot, vm.Revision)) {
			shown += fmt.Sprintf("[%d-%s]", vm.Slot, vm.Revision)
		}
		switch {
		case vm.Terminating:
			shown += "x"
		case vm.Failed, vm.Lost:
			shown += "!"
		case vm.Updating:
			shown += "~"
		case vm.Availability == Available:
			shown += "*"
		case vm.Availability == Unknown:
			shown += "?"
		}
		out = append(out, shown)
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "= no VMs"
	}
	return "= " + strings.Join(out, " ")
}
