// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// manyVMs makes VMs on two hosts of the test driver, whose pools have room for half of them each.
func manyVMs(t *testing.T, n int) (*Client, []clients.Identity) {
	t.Helper()
	c := open(t, testHosts(t, "a", "b"), hooks{})
	ids := make([]clients.Identity, n)
	for i := range ids {
		spec := newVM(fmt.Sprintf("vm-%03d", i), []string{"a", "b"}[i%2])
		create(t, c, spec)
		ids[i] = spec.Identity
	}
	return c, ids
}

// TestCallBudget observes 100 VMs again and again: that calls nothing. A comparison in bulk calls a few times for the host,
// and once for each of a fixed number of domains, however many there are.
func TestCallBudget(t *testing.T) {
	c, ids := manyVMs(t, 100)
	assertNoCalls(t, c, ids[:10]...)
	h := c.hosts[0]
	refresh := func() int64 {
		before := h.calls.Load()
		if err := h.refreshAll(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		return h.calls.Load() - before
	}
	refresh() // the first looks at what events brought and no listing did
	// The node, the files of the pools, the pools, the networks, the domains; and the pools again, for the event of the second.
	const perHost = 6
	for range 3 {
		if got := refresh(); got > perHost+looksPerRefresh {
			t.Errorf("a comparison of 50 domains makes %d calls, want at most %d and %d looks", got, perHost, looksPerRefresh)
		}
	}
}

// BenchmarkObserve tells how long it takes virsh to describe 100 domains, one process each, for each time that a client
// observes them.
func BenchmarkObserve(b *testing.B) {
	const n = 100
	if testing.Short() {
		b.Skip("needs real libvirt hosts")
	}
	realHosts.once.Do(startFleet)
	if realHosts.err != nil {
		b.Skip(realHosts.err)
	}
	h := realHosts.fleet.Hosts()[0]
	ids := make([]clients.Identity, n)
	for i := range ids {
		name := fmt.Sprintf("bench-%03d", i)
		file := b.TempDir() + "/domain.xml"
		raw := "<domain type='qemu'><name>" + name + "</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
		if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
			b.Fatal(err)
		}
		if out, err := exec.Command("virsh", "-c", h.URI, "define", file).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		b.Cleanup(func() { _ = exec.Command("virsh", "-c", h.URI, "undefine", name).Run() })
	}
	c := newClient(fleetConfig(realHosts.fleet), Options{RefreshInterval: time.Hour}, hooks{})
	b.Cleanup(c.Close)
	for c.hosts[0].ready() != nil {
		time.Sleep(50 * time.Millisecond)
	}
	for i := range ids {
		uuid, err := c.FindVM(b.Context(), fmt.Sprintf("kvm-01/bench-%03d", i))
		if err != nil {
			b.Fatal(err)
		}
		ids[i] = clients.Identity{UUID: uuid, Host: "kvm-01"}
	}
	began := time.Now()
	for i := range ids {
		if err := exec.Command("virsh", "-c", h.URI, "dumpxml", fmt.Sprintf("bench-%03d", i)).Run(); err != nil {
			b.Fatal(err)
		}
	}
	forked := time.Since(began)
	b.ResetTimer()
	for b.Loop() {
		for _, id := range ids {
			if _, err := c.ObserveVM(b.Context(), id, ""); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(forked)/(float64(b.Elapsed())/float64(b.N)), "virsh/observation")
}
