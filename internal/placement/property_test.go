// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// check runs a property in shards of a hundred problems, so that one run of the tests tries a thousand; -rapid.checks multiplies.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	for shard := range 10 {
		t.Run(fmt.Sprintf("shard %d", shard), rapid.MakeCheck(property))
	}
}

// drawProblem draws a small problem: of up to four hosts, three datastores, three VMs and five new ones, in which names are few,
// so that rules and VMs meet.
func drawProblem(t *rapid.T) problem {
	var p problem
	hosts := rapid.IntRange(1, 4).Draw(t, "hosts")
	for i := range hosts {
		p.Inv.Hosts = append(p.Inv.Hosts, drawHost(t, i))
	}
	taken := map[string]bool{} // host and datastore name
	for range rapid.IntRange(0, 3).Draw(t, "datastores") {
		p.Inv.Datastores = append(p.Inv.Datastores, drawDatastore(t, hosts, taken))
	}
	p.Rules = drawRules(t)
	for i := range rapid.IntRange(0, 3).Draw(t, "members") {
		p.Members = append(p.Members, drawMember(t, i))
	}
	p.Req.Names = names(rapid.IntRange(0, 5).Draw(t, "replicas"))
	p.Req.MemoryMiB = rapid.SampledFrom([]int64{0, 1, 2, 3}).Draw(t, "memory")
	p.Req.DiskGiB = rapid.SampledFrom([]int64{0, 1, 2, 3}).Draw(t, "disk")
	if rapid.IntRange(0, 9).Draw(t, "pinned") == 0 {
		p.Req.Pin = drawPlace(t)
	}
	return p
}

func hostName(i int) string { return fmt.Sprintf("esxi-%d", i) }

func drawHost(t *rapid.T, i int) Host {
	return Host{
		Name:          hostName(i),
		Cluster:       rapid.SampledFrom([]string{"", "c1", "c2"}).Draw(t, "cluster"),
		Zone:          rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "zone"),
		FreeMemoryMiB: rapid.Int64Range(-1, 8).Draw(t, "free memory"),
		Unavailable:   rapid.SampledFrom([]string{"", "", "", "", "maintenance"}).Draw(t, "unavailable"),
	}
}

func drawDatastore(t *rapid.T, hosts int, taken map[string]bool) Datastore {
	d := Datastore{
		Name:        rapid.SampledFrom([]string{"ssd-1", "ssd-2", "default"}).Draw(t, "datastore"),
		FreeGiB:     rapid.Int64Range(-1, 8).Draw(t, "free space"),
		Unavailable: rapid.SampledFrom([]string{"", "", "", "", "inactive"}).Draw(t, "unavailable"),
	}
	for i := range hosts {
		if key := hostName(i) + d.Name; !taken[key] && rapid.IntRange(0, 3).Draw(t, "mounted") > 0 {
			taken[key] = true
			d.Hosts = append(d.Hosts, hostName(i))
		}
	}
	return d
}

func drawPlace(t *rapid.T) Place {
	return Place{
		Cluster:   rapid.SampledFrom([]string{"", "c1", "c2"}).Draw(t, "in cluster"),
		Host:      rapid.SampledFrom([]string{"", "esxi-0", "esxi-1", "esxi-2", "gone"}).Draw(t, "on host"),
		Datastore: rapid.SampledFrom([]string{"", "ssd-1", "ssd-2", "default", "gone"}).Draw(t, "on datastore"),
	}
}

func drawMember(t *rapid.T, i int) Member {
	return Member{
		Name: fmt.Sprintf("old-%d", i), Place: drawPlace(t), Leaving: rapid.Bool().Draw(t, "leaving"),
		ReserveMemoryMiB: rapid.Int64Range(0, 2).Draw(t, "reserve memory"), ReserveDiskGiB: rapid.Int64Range(0, 2).Draw(t, "reserve disk"),
	}
}

func drawRules(t *rapid.T) Rules {
	return Rules{
		Hard: drawTargets(t, 5), Soft: drawTargets(t, 2),
		Host: drawSpread(t), Cluster: drawSpread(t), Datastore: drawSpread(t),
	}
}

// drawTargets draws targets of which one list in some is not empty.
func drawTargets(t *rapid.T, oneIn int) Targets {
	draw := func(names ...string) []string {
		if rapid.IntRange(1, oneIn).Draw(t, "targets") != 1 {
			return nil
		}
		return rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, len(names), rapid.ID).Draw(t, "names")
	}
	return Targets{
		Clusters: draw("c1", "c2", "gone"), Hosts: draw("esxi-0", "esxi-1", "esxi-2", "gone"),
		Datastores: draw("ssd-1", "ssd-2", "default", "gone"), Zones: draw("a", "b", "gone"),
	}
}

func drawSpread(t *rapid.T) Spread {
	return Spread{Scope: rapid.SampledFrom([]Scope{Off, Preferred, Strict}).Draw(t, "scope"), Max: rapid.IntRange(0, 3).Draw(t, "max")}
}

func TestPlanKeepsRulesAndLimits(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		got := p.plan()
		for _, w := range p.chosen(got) {
			if w.host < 0 || w.store < 0 || !p.allowed(w) {
				t.Fatalf("a VM is where no rule lets it be:\n%+v\n%+v", p, got)
			}
		}
		if !p.legal(p.chosen(got)) {
			t.Fatalf("the VMs together pass a limit:\n%+v\n%+v", p, got)
		}
	})
}

func TestPlanIsOptimal(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		got := p.plan()
		if diff := cmp.Diff(p.best(), p.score(p.chosen(got))); diff != "" {
			t.Fatalf("another plan is better: -best, +got:\n%s\n%+v\n%+v", diff, p, got)
		}
	})
}

func TestPlanAnswersEachNameOnce(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		got := p.plan()
		var answered []string
		for _, a := range got.Assignments {
			answered = append(answered, a.Name)
		}
		for _, u := range got.Unplaced {
			if u.Reason == "" {
				t.Fatalf("%s is unplaced without a reason", u.Name)
			}
			answered = append(answered, u.Name)
		}
		if !slices.Equal(p.Req.Names, answered) {
			t.Fatalf("asked for %v, answered %v", p.Req.Names, answered)
		}
	})
}

// shuffled is the same problem, told in another order.
func shuffled(t *rapid.T, p problem) problem {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	p.Inv.Hosts = shuffle(r, p.Inv.Hosts)
	p.Inv.Datastores = shuffle(r, p.Inv.Datastores)
	for i := range p.Inv.Datastores {
		p.Inv.Datastores[i].Hosts = shuffle(r, p.Inv.Datastores[i].Hosts)
	}
	p.Members = shuffle(r, p.Members)
	for _, targets := range []*Targets{&p.Rules.Hard, &p.Rules.Soft} {
		targets.Clusters = shuffle(r, targets.Clusters)
		targets.Hosts = shuffle(r, targets.Hosts)
		targets.Datastores = shuffle(r, targets.Datastores)
		targets.Zones = shuffle(r, targets.Zones)
	}
	return p
}

func shuffle[T any](r *rand.Rand, in []T) []T {
	out := slices.Clone(in)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestPlanDoesNotDependOnOrder(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		q := shuffled(t, p)
		if diff := cmp.Diff(fmt.Sprintf("%#v", p.plan()), fmt.Sprintf("%#v", q.plan())); diff != "" {
			t.Fatalf("the same problem in another order has another plan:\n%s\n%+v", diff, p)
		}
		if diff := cmp.Diff(Qualify(p.Inv, p.Rules), Qualify(q.Inv, q.Rules)); diff != "" {
			t.Fatalf("the same inventory in another order qualifies otherwise:\n%s", diff)
		}
	})
}

func TestPlanDoesNotChangeItsInput(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		before := fmt.Sprintf("%#v", p)
		p.plan()
		if after := fmt.Sprintf("%#v", p); before != after {
			t.Fatalf("the input changed from\n%s\nto\n%s", before, after)
		}
	})
}

func TestSoftRulesNeverBlock(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		with := len(p.plan().Assignments)
		p.Rules.Soft = Targets{}
		for _, s := range []*Spread{&p.Rules.Host, &p.Rules.Cluster, &p.Rules.Datastore} {
			if s.Scope == Preferred {
				s.Scope = Off
			}
		}
		if without := len(p.plan().Assignments); with != without {
			t.Fatalf("%d VMs placed with soft rules, %d without:\n%+v", with, without, p)
		}
	})
}

// loosened draws one way to make a problem easier: a place more, room more, or a rule less.
func loosened(t *rapid.T, p problem) problem {
	p.Inv.Hosts, p.Inv.Datastores = slices.Clone(p.Inv.Hosts), slices.Clone(p.Inv.Datastores)
	host := &p.Inv.Hosts[rapid.IntRange(0, len(p.Inv.Hosts)-1).Draw(t, "host to loosen")]
	ways := []func(){
		func() {
			p.Inv.Datastores = append(p.Inv.Datastores, Datastore{Name: "new", Hosts: []string{host.Name}, FreeGiB: 9})
		},
		func() { host.FreeMemoryMiB = Unlimited },
		func() { host.Unavailable = "" },
		func() { p.Rules.Hard.Hosts = nil },
		func() { p.Rules.Hard.Zones = nil },
		func() { p.Rules.Hard.Clusters = nil },
		func() { p.Rules.Hard.Datastores = nil },
		func() { p.Rules.Host.Max = max(p.Rules.Host.Max, 1) + 1 },
		func() { p.Rules.Host.Scope = Preferred },
		func() { p.Rules.Cluster.Scope = Off },
		func() { p.Rules.Datastore.Scope = Off },
		func() { p.Req.Pin = Place{} },
		func() {
			p.Inv.Hosts = append(p.Inv.Hosts, Host{Name: "new", Cluster: "c1", FreeMemoryMiB: 8})
			for i := range p.Inv.Datastores[:min(1, len(p.Inv.Datastores))] {
				p.Inv.Datastores[i].Hosts = append(slices.Clip(p.Inv.Datastores[i].Hosts), "new")
			}
		},
	}
	rapid.SampledFrom(ways).Draw(t, "way")()
	return p
}

func TestMoreRoomNeverPlacesLess(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		q := loosened(t, p)
		if before, after := len(p.plan().Assignments), len(q.plan().Assignments); after < before {
			t.Fatalf("%d VMs placed, and %d after it was made easier:\n%+v\n%+v", before, after, p, q)
		}
	})
}

func TestLeavingVMsDoNotSteer(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		for _, s := range []*Spread{&p.Rules.Host, &p.Rules.Cluster, &p.Rules.Datastore} {
			if s.Scope == Strict {
				s.Scope = Preferred
			}
		}
		q := p
		q.Members = nil
		for i := range p.Members {
			m := &p.Members[i]
			m.ReserveMemoryMiB, m.ReserveDiskGiB = 0, 0
			if !m.Leaving {
				q.Members = append(q.Members, *m)
			}
		}
		if diff := cmp.Diff(q.plan(), p.plan()); diff != "" {
			t.Fatalf("VMs that leave change where new ones go: -without, +with:\n%s\n%+v", diff, p)
		}
	})
}

func TestPlanningOnChangesNothing(t *testing.T) {
	check(t, func(t *rapid.T) {
		p := drawProblem(t)
		first := p.plan()
		p.Members, p.Req.Names = slices.Clone(p.Members), nil
		for _, a := range first.Assignments {
			p.Members = append(p.Members, Member{
				Name: a.Name, Place: a.Place, ReserveMemoryMiB: p.Req.MemoryMiB, ReserveDiskGiB: p.Req.DiskGiB,
			})
		}
		for _, u := range first.Unplaced {
			p.Req.Names = append(p.Req.Names, u.Name)
		}
		if diff := cmp.Diff(Result{Unplaced: first.Unplaced}, p.plan()); diff != "" {
			t.Fatalf("the VMs left out get another answer once the others exist: -first, +then:\n%s\n%+v", diff, p)
		}
	})
}
