// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/mo"
)

// BenchmarkObserve observes all of many VMs out of the cache, and reports how many times as long as that a bare retrieval of the
// same properties of the same VMs takes, how much memory the client holds for each VM, and what a complete synchronisation takes
// of it.
func BenchmarkObserve(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := newSite(b)
			maker := s.connect()
			ids := s.fleet(maker, n)
			maker.Close()

			before := heap()
			c := s.connect()
			held := heap() - before
			bare := s.timeRetrieval(b)
			start := time.Now()
			loops := 0
			for b.Loop() {
				for _, id := range ids {
					if _, err := c.ObserveVM(context.Background(), id, ""); err != nil {
						b.Fatal(err)
					}
				}
				loops++
			}
			each := time.Since(start) / time.Duration(loops)
			b.ReportMetric(float64(each)/float64(n)/float64(time.Microsecond), "us/VM")
			b.ReportMetric(float64(bare)/float64(n)/float64(time.Microsecond), "govmomi-us/VM")
			b.ReportMetric(float64(each)/float64(bare), "ratio")
			b.ReportMetric(float64(held)/float64(n)/1024, "KiB/VM")
		})
	}
}

// heap returns how much memory is in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// timeRetrieval times govmomi reading the properties that the feed has, of all VMs at once.
func (s *site) timeRetrieval(b *testing.B) time.Duration {
	b.Helper()
	var refs []ref
	var folder mo.Folder
	pc := property.DefaultCollector(s.admin.Client)
	f, err := find.NewFinder(s.admin.Client).Folder(context.Background(), "/prod-dc/vm")
	if err == nil {
		err = pc.RetrieveOne(context.Background(), f.Reference(), []string{"childEntity"}, &folder)
	}
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range folder.ChildEntity {
		if r.Type == "VirtualMachine" {
			refs = append(refs, r)
		}
	}
	start := time.Now()
	var vms []mo.VirtualMachine
	if err := pc.Retrieve(context.Background(), refs, vmProperties(), &vms); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}
