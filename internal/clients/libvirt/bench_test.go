// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
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

const (
	createVMs         = 6
	createConcurrency = workConnections
)

// BenchmarkCreate makes overlays of the base image and starts their VMs, through the client and with a bare libvirt loop of the
// same concurrency on the same host, and reports how many times as long the client takes.
func BenchmarkCreate(b *testing.B) {
	if testing.Short() {
		b.Skip("needs real libvirt hosts")
	}
	realHosts.once.Do(startFleet)
	if realHosts.err != nil {
		b.Skip(realHosts.err)
	}
	c := newClient(fleetConfig(realHosts.fleet), Options{RefreshInterval: time.Hour}, hooks{})
	b.Cleanup(c.Close)
	for c.hosts[0].ready() != nil {
		time.Sleep(50 * time.Millisecond)
	}
	model := benchVM("bench-pattern")
	makeAndStart(b, c, []clients.VMSpec{model})
	raw := descriptionOf(b, c, model)
	discardAll(b, c, []clients.VMSpec{model})

	var ours, bare time.Duration
	for b.Loop() {
		specs := make([]clients.VMSpec, createVMs)
		for i := range specs {
			specs[i] = benchVM(fmt.Sprintf("bench-%d", i))
		}
		began := time.Now()
		makeAndStart(b, c, specs)
		ours += time.Since(began)
		discardAll(b, c, specs)

		began = time.Now()
		domains := makeBare(b, c.hosts[0].URI, raw, model)
		bare += time.Since(began)
		for _, remove := range domains {
			remove()
		}
	}
	b.ReportMetric(float64(ours)/float64(bare), "ratio")
}

func benchVM(name string) clients.VMSpec {
	spec := newVM(name, "kvm-01")
	spec.Linked = true
	return spec
}

// makeAndStart makes VMs and starts them, each as soon as it is there.
func makeAndStart(b *testing.B, c *Client, specs []clients.VMSpec) {
	b.Helper()
	var wg sync.WaitGroup
	for _, spec := range specs {
		wg.Go(func() {
			if _, err := c.CreateVM(b.Context(), spec); err != nil {
				b.Error(err)
				return
			}
			for began := time.Now(); time.Since(began) < eventuallyTimeout; time.Sleep(5 * time.Millisecond) {
				vm, err := c.ObserveVM(b.Context(), spec.Identity, "")
				switch {
				case err != nil || vm.Failure != nil:
					b.Error(err, vm.Failure)
					return
				case vm.PowerState == clients.PoweredOn && vm.State == clients.VMPresent:
					return
				case vm.State == clients.VMPresent:
					_ = c.PowerVM(b.Context(), spec.Identity, clients.ActionPowerOn)
				}
			}
			b.Errorf("%s was not started in time", spec.Name)
		})
	}
	wg.Wait()
}

// discardAll removes VMs.
func discardAll(b *testing.B, c *Client, specs []clients.VMSpec) {
	b.Helper()
	for _, spec := range specs {
		for began := time.Now(); time.Since(began) < eventuallyTimeout; time.Sleep(20 * time.Millisecond) {
			if vm, err := c.ObserveVM(b.Context(), spec.Identity, ""); err == nil && vm.State == clients.VMAbsent {
				break
			}
			_ = c.DeleteVM(b.Context(), spec.Identity, clients.DeleteOptions{})
		}
	}
}

// descriptionOf returns the description of a VM's domain.
func descriptionOf(b *testing.B, c *Client, spec clients.VMSpec) string {
	b.Helper()
	raw, err := ask(b.Context(), c.hosts[0], "DomainGetXMLDesc", func(conn *libvirt.Connect) (string, error) {
		d, err := conn.LookupDomainByUUIDString(spec.UUID)
		if err != nil {
			return "", err
		}
		defer func() { _ = d.Free() }()
		return d.GetXMLDesc(libvirt.DOMAIN_XML_INACTIVE)
	})
	if err != nil {
		b.Fatal(err)
	}
	return raw
}

// makeBare makes and starts domains that are described like another, and returns how to remove each.
func makeBare(b *testing.B, uri, raw string, model clients.VMSpec) []func() {
	b.Helper()
	next := make(chan string)
	removals := make(chan func(), createVMs)
	var wg sync.WaitGroup
	for range createConcurrency {
		conn, err := libvirt.NewConnect(uri)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _, _ = conn.Close() })
		wg.Go(func() {
			for id := range next {
				remove, err := makeBareOne(conn, id, strings.ReplaceAll(strings.ReplaceAll(raw, model.UUID, id), model.Name, "bare-"+id))
				if err != nil {
					b.Error(err)
					continue
				}
				removals <- remove
			}
		})
	}
	for range createVMs {
		next <- uuid.NewString()
	}
	close(next)
	wg.Wait()
	close(removals)
	var all []func()
	for r := range removals {
		all = append(all, r)
	}
	return all
}

func makeBareOne(conn *libvirt.Connect, id, raw string) (remove func(), err error) {
	pool, err := conn.LookupStoragePoolByName("default")
	if err != nil {
		return nil, err
	}
	base, err := pool.LookupStorageVolByName(libvirthosts.BaseVolume)
	if err != nil {
		return nil, err
	}
	path, err := base.GetPath()
	if err != nil {
		return nil, err
	}
	info, err := base.GetInfo()
	if err != nil {
		return nil, err
	}
	vol, err := pool.StorageVolCreateXML(fmt.Sprintf("<volume><name>%s</name><capacity>%d</capacity><target><format type='qcow2'/></target>"+
		"<backingStore><path>%s</path><format type='qcow2'/></backingStore></volume>", rootVolume(id), info.Capacity, path), 0)
	if err != nil {
		return nil, err
	}
	// The guest's data, as large as ours and empty.
	seed, err := pool.StorageVolCreateXML(fmt.Sprintf("<volume><name>%s</name><capacity>65536</capacity><target><format type='raw'/></target></volume>", seedVolume(id)), 0)
	if err != nil {
		return nil, err
	}
	d, err := conn.DomainDefineXML(raw)
	if err != nil {
		return nil, err
	}
	if err := d.Create(); err != nil {
		return nil, err
	}
	return func() {
		_ = d.Destroy()
		_ = d.Undefine()
		_ = vol.Delete(0)
		_ = seed.Delete(0)
	}, nil
}
