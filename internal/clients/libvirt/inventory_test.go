// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A tally counts what a Recorder is told.
type tally struct {
	mu    sync.Mutex
	calls map[string]int
	tasks map[clients.TaskKind]int
}

func (c *tally) Call(method string, class clients.Class) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[method+string(class)]++
}

func (c *tally) Task(kind clients.TaskKind, _ time.Duration, class clients.Class) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tasks[kind+clients.TaskKind(class)]++
}

func (c *tally) of(method string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls[method]
}

func TestRecorder(t *testing.T) {
	told := &tally{calls: map[string]int{}, tasks: map[clients.TaskKind]int{}}
	c := newClient(testHosts(t, "a"), Options{RefreshInterval: time.Hour, Recorder: told}, hooks{})
	defer c.Close()
	eventually(t, "it is connected", func() bool { return c.Check(t.Context()) == nil })
	spec := newVM("web", "a")
	create(t, c, spec)
	remove(t, c, spec.Identity)

	// The copy of the image and no volume besides, the incomplete and the complete definition.
	want := map[string]int{"StorageVolCreateXMLFrom": 1, "StorageVolCreateXML": 0, "DomainDefineXML": 2, "DomainUndefineFlags": 1}
	got := map[string]int{}
	for method := range want {
		got[method] = told.of(method)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls that were counted: -want, +got:\n%s", diff)
	}
	told.mu.Lock()
	defer told.mu.Unlock()
	if diff := cmp.Diff(map[clients.TaskKind]int{clients.TaskCreate: 1, clients.TaskDelete: 1}, told.tasks); diff != "" {
		t.Errorf("tasks that were counted: -want, +got:\n%s", diff)
	}
}

func TestCapabilities(t *testing.T) {
	c := open(t, fleetConfig(fleet(t)), hooks{})
	got, err := c.Capabilities(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got.Snapshots, got.MemorySnapshots, got.ImageImport = false, false, false
	want := clients.Capabilities{
		ReconfigureOnline: true, DiskExpansionOnline: true, LinkedClones: true, SecureBoot: true, TPM: true, Bridges: true,
		Firmware:        []string{"bios", "uefi"},
		DiskControllers: []string{"virtio", "scsi", "sata"},
		DiskFormats:     []string{"qcow2", "raw"},
		DiskTypes:       []string{"thin", "thick"},
		NetworkTypes:    []string{"VIRTIO", "E1000", "E1000E", "RTL8139"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the hosts can do: -want, +got:\n%s", diff)
	}
}

func TestHeadroom(t *testing.T) {
	cases := map[string]struct {
		reason    string
		spec      clients.VMSpec
		hardware  hardware
		cpus      int32
		memoryMiB int64
	}{
		"None":    {reason: "A VM that shall not grow has no headroom.", spec: clients.VMSpec{CPU: 2, MemoryMiB: 1024}, cpus: 2, memoryMiB: 1024},
		"Usual":   {reason: "Twice its size, when it does not say.", spec: clients.VMSpec{CPU: 2, MemoryMiB: 1024, HotAdd: &clients.HotAdd{CPU: true, Memory: true}}, cpus: 4, memoryMiB: 2048},
		"OnlyCPU": {reason: "Memory is not asked for.", spec: clients.VMSpec{CPU: 2, MemoryMiB: 1024, HotAdd: &clients.HotAdd{CPU: true, MaxCPU: 16}}, cpus: 16, memoryMiB: 1024},
		"Bounded": {
			reason: "Headroom that nobody asked for is never why a VM cannot be made.", hardware: hardware{maxCPUs: 12},
			spec: clients.VMSpec{CPU: 8, MemoryMiB: 1024, HotAdd: &clients.HotAdd{CPU: true}}, cpus: 12, memoryMiB: 1024,
		},
		"TooLittle": {
			reason: "A VM has at least its size.", cpus: 8, memoryMiB: 1024,
			spec: clients.VMSpec{CPU: 8, MemoryMiB: 1024, HotAdd: &clients.HotAdd{CPU: true, Memory: true, MaxCPU: 4, MaxMemoryMiB: 512}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.spec.HotAdd = tc.hardware.boundHeadroom(tc.spec)
			if diff := cmp.Diff([]int64{int64(tc.cpus), tc.memoryMiB}, []int64{int64(maxCPUs(tc.spec)), maxMemoryMiB(tc.spec)}); diff != "" {
				t.Errorf("\n%s\nCPUs and MiB: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
