// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/find"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/vcenter"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// TestCallBudget states what creations cost, and that observing costs nothing.
func TestCallBudget(t *testing.T) {
	const n = 50
	s := newSite(t)
	c := s.connect()
	before := s.server.Calls()
	var specs []clients.VMSpec
	tasks := map[string]clients.TaskRef{}
	for i := range n {
		v := spec(fmt.Sprintf("web-%02d", i))
		task, err := c.CreateVM(t.Context(), v)
		if err != nil {
			t.Fatal(err)
		}
		specs = append(specs, v)
		tasks[v.UUID] = task
	}
	for _, v := range specs {
		s.await("the VM to be there, without asking the vCenter", func() bool {
			c.mu.RLock()
			defer c.mu.RUnlock()
			return len(c.cache.find(v.UUID)) == 1 && c.work.running(v.UUID) == nil
		})
		if err := c.PowerVM(t.Context(), v.Identity, clients.ActionPowerOn); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range specs {
		s.await("the VM to be on", func() bool {
			vm, err := c.ObserveVM(t.Context(), v.Identity, tasks[v.UUID])
			return err == nil && vm.State == clients.VMPresent && vm.PowerState == clients.PoweredOn && len(vm.IPAddresses) == 1
		})
	}
	got := s.calls(before)
	delete(got, "WaitForUpdatesEx") // As many as there are changes, at most.
	want := map[string]int{"FindAllByUuid": n, "CloneVM_Task": n, "PowerOnVM_Task": n, "ModifyListView": 2 * n}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls of %d creations, each with power on: -want, +got:\n%s", n, diff)
	}

	before = s.server.Calls()
	for range 3 {
		for _, v := range specs {
			if vm, err := c.ObserveVM(t.Context(), v.Identity, tasks[v.UUID]); err != nil || vm.State != clients.VMPresent {
				t.Fatalf("ObserveVM: %v, %v", vm.State, err)
			}
		}
		if _, err := c.Inventory(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// Looking at each VM past the client takes long enough for a feed that does not wait to be seen.
	s.vms()
	got = s.calls(before)
	if waits := got["WaitForUpdatesEx"]; waits > 2 {
		t.Errorf("an idle feed made %d calls, want none after the last changes", waits)
	}
	delete(got, "WaitForUpdatesEx")
	if len(got) != 0 {
		t.Errorf("observing %d VMs made calls: %v", n, got)
	}
}

// powerByHand changes a VM's power past our client.
func (s *site) powerByHand(name string, on bool) {
	s.t.Helper()
	vm, err := find.NewFinder(s.admin.Client).VirtualMachine(s.t.Context(), "/prod-dc/vm/"+name)
	if err != nil {
		s.t.Fatal(err)
	}
	change := vm.PowerOff
	if on {
		change = vm.PowerOn
	}
	task, err := change(s.t.Context())
	if err == nil {
		err = task.Wait(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestSubscribe(t *testing.T) {
	s := newSite(t)
	c := s.connect()
	s.create(c, spec("web-1"))
	s.create(c, spec("web-2"))

	var mu sync.Mutex
	var heard []string
	cancel := c.Subscribe(func(uuid string) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, uuid)
	})
	hears := func(uuid string) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return slices.Contains(heard, uuid)
		}
	}
	s.powerByHand("web-1", true)
	s.await("the change by hand to be heard of", hears(spec("web-1").UUID))
	s.await("its effect", func() bool {
		vm, err := c.ObserveVM(t.Context(), spec("web-1").Identity, "")
		return err == nil && vm.PowerState == clients.PoweredOn
	})
	if hears(spec("web-2").UUID)() {
		t.Error("a VM that did not change was heard of")
	}

	session, err := c.ready()
	if err != nil {
		t.Fatal(err)
	}
	session.resync()
	s.await("all to be looked at again", hears(""))

	cancel()
	mu.Lock()
	heard = nil
	mu.Unlock()
	s.await("the client to be in sync again", func() bool { return c.Check(t.Context()) == nil })
	s.powerByHand("web-1", false)
	s.await("the change by hand", func() bool {
		vm, err := c.ObserveVM(t.Context(), spec("web-1").Identity, "")
		return err == nil && vm.PowerState == clients.PoweredOff
	})
	mu.Lock()
	defer mu.Unlock()
	if len(heard) != 0 {
		t.Errorf("heard of %v after the end of the subscription", heard)
	}
}

// TestCallBudgetOfOthers states what creations cost that take more than a clone.
func TestCallBudgetOfOthers(t *testing.T) {
	dc := vcenter.Production()
	dc.Library = vcenter.ProductionLibrary()
	dc.DatastoreClusters = []vcenter.DatastoreCluster{{Name: "ssd", Datastores: []string{"ssd-datastore-1", "ssd-datastore-2"}}}
	clone := map[string]int{"FindAllByUuid": 1, "CloneVM_Task": 1, "ModifyListView": 1}
	with := func(more map[string]int) map[string]int {
		all := maps.Clone(clone)
		maps.Copy(all, more)
		return all
	}
	cases := map[string]struct {
		reason string
		change func(*clients.VMSpec)
		want   map[string]int
	}{
		"Plain":   {"A plain VM takes three calls.", func(*clients.VMSpec) {}, clone},
		"Folders": {"Each missing folder takes one more.", func(v *clients.VMSpec) { v.Placement.Folder = "/A/B" }, with(map[string]int{"CreateFolder": 2})},
		"Pod":     {"A datastore cluster takes one more.", func(v *clients.VMSpec) { v.Placement.DatastoreCluster = "ssd" }, with(map[string]int{"RecommendDatastores": 1})},
		"OVF": {"An item of a library is found, deployed, and configured.", func(v *clients.VMSpec) { v.Image = ovf("").Image }, map[string]int{
			"FindAllByUuid": 1, "ReconfigVM_Task": 1,
			"POST /rest/com/vmware/content/library?~action=find": 1, "POST /rest/com/vmware/content/library/item?~action=find": 1,
			"GET /rest/com/vmware/content/library/item/id:{id}": 1, deployment: 1,
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, dc)
			c := s.connect()
			before := s.server.Calls()
			v := spec("web-1")
			tc.change(&v)
			if _, err := c.CreateVM(t.Context(), v); err != nil {
				t.Fatal(err)
			}
			s.await("the VM to be there, without asking the vCenter", func() bool {
				c.mu.RLock()
				defer c.mu.RUnlock()
				return len(c.cache.find(v.UUID)) == 1 && c.work.running(v.UUID) == nil
			})
			got := s.calls(before)
			delete(got, "WaitForUpdatesEx") // As many as there are changes, at most.
			if v.Image.Library != "" {
				// The simulator's own services make calls of their own.
				maps.DeleteFunc(got, func(call string, _ int) bool { return tc.want[call] == 0 })
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestIdleBudget states what 200 VMs cost while nothing happens. A minute is half a second here: the feed waits for one
// second instead of two minutes, and the refresh comes every five seconds instead of every ten minutes.
func TestIdleBudget(t *testing.T) {
	const n, minute = 200, time.Second / 2
	s := newSite(t)
	first := s.connect()
	ids := s.fleet(first, n)
	first.Close()
	c, err := New(s.config(), Options{MinBackoff: time.Millisecond, MaxWait: time.Second, Refresh: 10 * minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	s.await("the client to be in sync", func() bool { return c.Check(t.Context()) == nil })

	before, start := total(s.server.Calls()), time.Now()
	observations := 0
	for time.Since(start) < 11*minute {
		for _, id := range ids {
			if vm, err := c.ObserveVM(t.Context(), id, ""); err != nil || vm.State != clients.VMPresent {
				t.Fatalf("ObserveVM: %q, %v", vm.State, err)
			}
			observations++
		}
		time.Sleep(minute / 10)
	}
	minutes := float64(time.Since(start)) / float64(minute)
	if got := total(s.server.Calls()) - before; float64(got) > 2*minutes {
		t.Errorf("%d observations in %.1f minutes took %d calls, want at most 2 a minute", observations, minutes, got)
	}
}

// total returns how many calls there were.
func total(calls map[string]int) int {
	sum := 0
	for _, n := range calls {
		sum += n
	}
	return sum
}

// fleet makes many VMs and waits until they are there.
func (s *site) fleet(c *Client, n int) []clients.Identity {
	s.t.Helper()
	ids := make([]clients.Identity, n)
	var wg sync.WaitGroup
	next := make(chan int)
	for range benchConcurrency {
		wg.Go(func() {
			for i := range next {
				v := spec(fmt.Sprintf("web-%04d", i))
				ids[i] = v.Identity
				if _, err := c.CreateVM(context.Background(), v); err != nil {
					s.t.Errorf("CreateVM(%q): %v", v.Name, err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, id := range ids {
		s.settle(c, id)
	}
	return ids
}
