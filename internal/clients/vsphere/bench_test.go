// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

const (
	benchVMs         = 200
	benchConcurrency = 8
)

// BenchmarkCreate creates and powers on VMs through the client and with a bare govmomi loop, on simulators of the same kind,
// and reports how many times as long the client takes.
func BenchmarkCreate(b *testing.B) {
	var ours, bare time.Duration
	for b.Loop() {
		ours += timeClient(b)
		bare += timeBare(b)
	}
	b.ReportMetric(float64(ours)/float64(b.N)/benchVMs/float64(time.Millisecond), "client-ms/VM")
	b.ReportMetric(float64(bare)/float64(b.N)/benchVMs/float64(time.Millisecond), "govmomi-ms/VM")
	b.ReportMetric(float64(ours)/float64(bare), "ratio")
}

// inParallel calls f for each VM, from as many goroutines as both sides have.
func inParallel(f func(i int)) {
	next := make(chan int)
	var wg sync.WaitGroup
	for range benchConcurrency {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range benchVMs {
		next <- i
	}
	close(next)
	wg.Wait()
}

// timeClient times the client, driven by its notifications as controllers are.
func timeClient(b *testing.B) time.Duration {
	b.Helper()
	s := newSite(b)
	c := s.connect()
	var mu sync.Mutex
	waiting := map[string]chan struct{}{}
	cancel := c.Subscribe(func(uuid string) {
		mu.Lock()
		defer mu.Unlock()
		if ch := waiting[uuid]; ch != nil {
			select {
			case ch <- struct{}{}:
			default:
			}
		}
	})
	defer cancel()
	ctx := context.Background()

	start := time.Now()
	inParallel(func(i int) {
		v := spec(fmt.Sprintf("web-%03d", i))
		changed := make(chan struct{}, 1)
		mu.Lock()
		waiting[v.UUID] = changed
		mu.Unlock()
		task, err := c.CreateVM(ctx, v)
		for on := false; err == nil; <-changed {
			var vm clients.VM
			vm, err = c.ObserveVM(ctx, v.Identity, task)
			switch {
			case err != nil || vm.State != clients.VMPresent:
			case vm.PowerState == clients.PoweredOn:
				return
			case !on:
				on = true
				err = c.PowerVM(ctx, v.Identity, clients.ActionPowerOn)
			}
		}
		b.Error(err)
	})
	elapsed := time.Since(start)
	if n := len(s.paths()); n != benchVMs {
		b.Errorf("there are %d VMs, want %d", n, benchVMs)
	}
	c.Close()
	s.server.Close()
	return elapsed
}

// timeBare times govmomi without anything around it: clone, wait, power on, wait.
func timeBare(b *testing.B) time.Duration {
	b.Helper()
	s := newSite(b)
	ctx := context.Background()
	f := find.NewFinder(s.admin.Client)
	template, err := f.VirtualMachine(ctx, "/prod-dc/vm/Templates/nginx-image")
	if err != nil {
		b.Fatal(err)
	}
	folder, err := f.Folder(ctx, "/prod-dc/vm")
	if err != nil {
		b.Fatal(err)
	}
	var hosts []*object.HostSystem
	if hosts, err = f.HostSystemList(ctx, "/prod-dc/host/*/*"); err != nil {
		b.Fatal(err)
	}
	pools := make([]types.ManagedObjectReference, len(hosts))
	for i, h := range hosts {
		pool, err := h.ResourcePool(ctx)
		if err != nil {
			b.Fatal(err)
		}
		pools[i] = pool.Reference()
	}
	datastore, err := f.Datastore(ctx, "ssd-datastore-1")
	if err != nil {
		b.Fatal(err)
	}
	ds := datastore.Reference()

	start := time.Now()
	inParallel(func(i int) {
		host := hosts[i%len(hosts)].Reference()
		v := spec(fmt.Sprintf("web-%03d", i))
		ref, err := result(template.Clone(ctx, folder, v.Name, types.VirtualMachineCloneSpec{
			Location: types.VirtualMachineRelocateSpec{Host: &host, Pool: &pools[i%len(pools)], Datastore: &ds},
			Config:   &types.VirtualMachineConfigSpec{InstanceUuid: v.UUID, NumCPUs: v.CPU, MemoryMB: v.MemoryMiB},
		}))
		if err == nil {
			_, err = result(object.NewVirtualMachine(s.admin.Client, ref).PowerOn(ctx))
		}
		if err != nil {
			b.Error(err)
		}
	})
	elapsed := time.Since(start)
	if n := len(s.paths()); n != benchVMs {
		b.Errorf("there are %d VMs, want %d", n, benchVMs)
	}
	s.server.Close()
	return elapsed
}

// result waits for a task and returns the object that came of it, if one did.
func result(task *object.Task, err error) (ref, error) {
	if err != nil {
		return ref{}, err
	}
	info, err := task.WaitForResult(context.Background())
	if err != nil {
		return ref{}, err
	}
	made, _ := info.Result.(ref)
	return made, nil
}
