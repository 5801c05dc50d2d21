// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	fnv1 "github.com/crossplane/function-sdk-go/proto/v1"
	"github.com/crossplane/function-sdk-go/response"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/function/object"
)

// A simulation is a control plane in memory. It does to a claim what Crossplane does, with its bad manners: it deletes before it
// makes, in random order, may stop anywhere, and forgets a VM as soon as its deletion begins. The function keeps nothing
// between passes, so each pass is also one after a restart.
type simulation struct {
	t   *testing.T
	rnd *rand.Rand

	replicas, cpus        int
	maxUnavailable, surge int
	// strict says that no two VMs may share a host.
	strict bool
	// surroundings is a request without VMs.
	surroundings *fnv1.RunFunctionRequest

	// vms by name, and the resource references of the claim.
	vms  map[string]*simulatedVM
	refs map[string]bool
	// faults may be switched off, so that what is begun can end.
	faults bool
}

// A simulatedVM is a VM object of the control plane and the machine behind it.
type simulatedVM struct {
	resource string
	object   *structpb.Struct
	ready    string
	seen     bool
	leaving  bool
}

func (v *simulatedVM) place() string {
	return object.Of(v.object).Text("spec", "forProvider", "placement", "host")
}

func (s *simulation) request(resolved bool) *fnv1.RunFunctionRequest {
	xr := claimOf(s.replicas, s.cpus)
	rolling := xr.GetFields()["spec"].GetStructValue().GetFields()["updateStrategy"].GetStructValue().GetFields()["rollingUpdate"].GetStructValue().GetFields()
	rolling["maxUnavailable"] = structpb.NewNumberValue(float64(s.maxUnavailable))
	rolling["maxSurge"] = structpb.NewNumberValue(float64(s.surge))

	req := proto.CloneOf(s.surroundings)
	req.GetObserved().GetComposite().Resource = xr
	req.GetObserved().Resources = map[string]*fnv1.Resource{}
	if !resolved {
		req.RequiredResources = nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.vms)) {
		v := s.vms[name]
		res := &fnv1.Resource{Resource: s.observed(v)}
		if s.refs[v.resource] {
			req.Observed.Resources[v.resource] = res
		}
		if resolved {
			req.RequiredResources[machinesRequirement].Items = append(req.RequiredResources[machinesRequirement].Items, res)
		}
	}
	return req
}

// observed is a VM with its status, and with what the API server and Crossplane add.
func (s *simulation) observed(v *simulatedVM) *structpb.Struct {
	o := proto.CloneOf(v.object)
	metadata := o.GetFields()["metadata"].GetStructValue().GetFields()
	metadata["namespace"] = structpb.NewStringValue("shop")
	metadata["ownerReferences"] = fromYAML(fmt.Sprintf("o: [{kind: VMSet, name: web, uid: %s, controller: true}]", setUID)).GetFields()["o"]
	if v.leaving {
		metadata["deletionTimestamp"] = structpb.NewStringValue("2026-01-02T00:00:00Z")
	}
	status := fromYAML("atProvider: {}")
	if v.seen {
		status.GetFields()["atProvider"] = object.Of(o).Field("spec", "forProvider", "placement")
	}
	if v.ready != "" {
		status.GetFields()["conditions"] = fromYAML(fmt.Sprintf("c: [{type: Ready, status: '%s'}]", v.ready)).GetFields()["c"]
	}
	o.GetFields()["status"] = structpb.NewStructValue(status)
	return o
}

// reconcile the claim once, and tell whether the set is at rest.
func (s *simulation) reconcile() (atRest bool) {
	resolved := !s.faults || s.rnd.IntN(10) > 0
	req := s.request(resolved)
	rsp := response.To(proto.CloneOf(req), response.DefaultTTL)
	if err := Run(req, rsp); err != nil {
		s.t.Fatalf("Run(...): %v", err)
	}
	if !resolved {
		if len(rsp.GetDesired().GetResources()) != len(req.GetObserved().GetResources()) {
			s.t.Fatalf("a set was changed before its requirements were resolved")
		}
		return false
	}
	desired := rsp.GetDesired().GetResources()
	available, existing := s.available(), len(s.vms)

	stop := -1
	if s.faults && s.rnd.IntN(3) == 0 {
		stop = s.rnd.IntN(len(desired) + 2)
	}
	s.apply(req, desired, stop)

	if got, want := s.available(), min(available, s.replicas-s.maxUnavailable); got < want {
		s.t.Fatalf("a pass took %d available VMs to %d, and %d must stay", available, got, want)
	}
	if got, most := len(s.vms), max(existing, s.replicas+s.surge); got > most {
		s.t.Fatalf("a pass took %d VMs to %d, and %d may exist", existing, got, most)
	}
	return rsp.GetMeta().GetTtl().AsDuration() == ttlIdle
}

// apply what is desired, and stop after so many steps unless that is negative.
func (s *simulation) apply(req *fnv1.RunFunctionRequest, desired map[string]*fnv1.Resource, stop int) {
	steps := 0
	stopped := func() bool {
		steps++
		return stop >= 0 && steps > stop
	}
	byResource := map[string]*simulatedVM{}
	for _, v := range s.vms {
		if s.refs[v.resource] {
			byResource[v.resource] = v
		}
	}
	for _, key := range s.shuffled(maps.Keys(req.GetObserved().GetResources())) {
		if desired[key] != nil {
			continue
		}
		if stopped() {
			return // Before the references are written.
		}
		byResource[key].leaving = true
	}
	s.refs = map[string]bool{}
	for key := range desired {
		s.refs[key] = true
	}
	for _, key := range s.shuffled(maps.Keys(desired)) {
		if stopped() {
			return
		}
		o := desired[key].GetResource()
		name := object.Of(o).Name()
		v, exists := s.vms[name]
		if !exists {
			v = &simulatedVM{resource: key}
			s.vms[name] = v
		}
		if exists && v.place() != object.Of(o).Text("spec", "forProvider", "placement", "host") {
			s.t.Fatalf("%s was told to move from %s", name, v.place())
		}
		v.object = o
	}
}

func (s *simulation) shuffled(keys func(func(string) bool)) []string {
	out := slices.Sorted(keys)
	s.rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (s *simulation) available() int {
	n := 0
	for _, v := range s.vms {
		if v.ready == "True" && !v.leaving {
			n++
		}
	}
	return n
}

// live lets the hypervisor and fate work on one VM at random.
func (s *simulation) live() {
	names := slices.Sorted(maps.Keys(s.vms))
	if len(names) == 0 {
		return
	}
	name := names[s.rnd.IntN(len(names))]
	v := s.vms[name]
	switch {
	case v.leaving:
		delete(s.vms, name)
	case s.faults && s.rnd.IntN(12) == 0:
		v.ready = []string{"False", "Unknown"}[s.rnd.IntN(2)]
	case s.faults && s.rnd.IntN(25) == 0:
		v.leaving = true // Someone deletes it.
	case !v.seen:
		v.seen, v.ready = true, "False"
	default:
		v.ready = "True"
	}
}

// settle lets what is begun end, and checks that the set is as it is wanted then.
func (s *simulation) settle() {
	s.faults = false
	for passes := 0; !s.reconcile(); passes++ {
		if passes > 60*(s.replicas+4) {
			s.t.Fatalf("the set is not as it is wanted after %d passes without a fault", passes)
		}
		for range 1 + len(s.vms)/2 {
			s.live()
		}
	}
	slots := map[string]bool{}
	hosts := map[string]int{}
	for name, v := range s.vms {
		o := object.Of(v.object)
		slots[o.Label(v1beta1.LabelSlot)] = true
		hosts[v.place()]++
		if o.Label(v1beta1.LabelRevision) != revisionOf(s.cpus) || v.ready != "True" || v.leaving {
			s.t.Errorf("%s is left: ready %q, leaving %t", name, v.ready, v.leaving)
		}
	}
	if len(s.vms) != s.replicas || len(slots) != s.replicas {
		s.t.Fatalf("%d VMs in %d slots are left of %d replicas", len(s.vms), len(slots), s.replicas)
	}
	for slot := range s.replicas {
		if !slots[fmt.Sprint(slot)] {
			s.t.Errorf("slot %d is empty", slot)
		}
	}
	if s.strict && len(hosts) != s.replicas {
		s.t.Errorf("VMs share hosts: %v", hosts)
	}
	rsp, err := run(s.t, s.request(true))
	if err != nil {
		s.t.Fatal(err)
	}
	if rsp.GetDesired().GetComposite().GetReady() != fnv1.Ready_READY_TRUE || rsp.GetMeta().GetTtl().AsDuration() != ttlIdle || len(rsp.GetResults()) > 0 {
		s.t.Errorf("the set is as it is wanted, and is not at rest: %v", rsp)
	}
}

// TestSimulation takes sets through a life of changes, faults and half-done passes.
func TestSimulation(t *testing.T) {
	cases := map[string]struct {
		reason string
		policy string
		// unavailable and surge are the budgets.
		unavailable, surge int
		// changes of replicas and CPUs, with some passes between them.
		changes [][2]int
	}{
		"RollingReplacement": {
			reason:      "A change of the template replaces every VM within the budgets.",
			policy:      preferred,
			unavailable: 1, surge: 1,
			changes: [][2]int{{3, 2}, {3, 4}},
		},
		"OnlySurge": {
			reason: "Without a budget of unavailable VMs none is missed at any time.",
			policy: preferred,
			surge:  1, unavailable: 0,
			changes: [][2]int{{4, 2}, {4, 4}, {2, 4}},
		},
		"OnlyUnavailable": {
			reason:      "Without a surge there are never more VMs than replicas.",
			policy:      preferred,
			unavailable: 2, surge: 0,
			changes: [][2]int{{5, 2}, {5, 4}, {7, 4}},
		},
		"BackAndForth": {
			reason:      "Going back to the template before takes up the VMs that are left of it.",
			policy:      preferred,
			unavailable: 1, surge: 2,
			changes: [][2]int{{6, 2}, {6, 4}, {6, 2}},
		},
		"ThreeTemplates": {
			reason:      "A template that changes while an earlier change is rolled out leaves nothing of it.",
			policy:      preferred,
			unavailable: 2, surge: 2,
			changes: [][2]int{{6, 2}, {6, 4}, {6, 8}, {3, 8}},
		},
		"UpAndDown": {
			reason:      "A set is scaled to any size and back while it is rolled out.",
			policy:      preferred,
			unavailable: 1, surge: 1,
			changes: [][2]int{{2, 2}, {8, 2}, {0, 4}, {25, 4}, {3, 2}},
		},
		"AsManyAsHosts": {
			reason:      "One VM per host, and as many as there are hosts: VMs make room for each other.",
			policy:      strict,
			unavailable: 1, surge: 1,
			changes: [][2]int{{3, 2}, {3, 4}, {3, 2}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := usual(claimOf(0, 0))
			r.policy = fmt.Sprintf(policyYAML, tc.policy)
			surroundings := r.proto()
			for seed := range uint64(6) {
				s := &simulation{
					t:              t,
					rnd:            rand.New(rand.NewPCG(seed, 1)),
					maxUnavailable: tc.unavailable,
					surge:          tc.surge,
					strict:         tc.policy == strict,
					surroundings:   surroundings,
					vms:            map[string]*simulatedVM{},
					refs:           map[string]bool{},
				}
				for i, change := range tc.changes {
					s.replicas, s.cpus = change[0], change[1]
					if i == 0 {
						s.settle()
						continue
					}
					s.faults = true
					for range s.rnd.IntN(40) {
						s.reconcile()
						s.live()
					}
				}
				s.settle()
				if t.Failed() {
					t.Fatalf("%s (seed %d)", tc.reason, seed)
				}
			}
		})
	}
}
