// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// TestHostOutage takes the power from a host that has a VM.
func TestHostOutage(t *testing.T) {
	f := fleet(t)
	c := open(t, fleetConfig(f), hooks{})
	lost := newVM("lost", "kvm-01")
	create(t, c, lost)
	powerOn(t, c, lost.Identity)
	anywhere := lost.Identity
	anywhere.Host = ""

	var told atomic.Int64
	cancel := c.Subscribe(func(uuid string) {
		if uuid == "" {
			told.Add(1)
		}
	})
	defer cancel()
	if err := f.Kill(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the outage is noticed", func() bool {
		vm, err := c.ObserveVM(t.Context(), lost.Identity, "")
		if err == nil && vm.State != clients.VMPresent {
			t.Fatalf("a VM whose host is lost is reported as %q", vm.State)
		}
		return err != nil
	})
	calls := map[string]func() error{
		"ObserveVM":                              func() error { _, err := c.ObserveVM(t.Context(), lost.Identity, ""); return err },
		"ObserveVM, not pinned, last seen there": func() error { _, err := c.ObserveVM(t.Context(), anywhere, ""); return err },
		"ObserveVM of a VM that may be anywhere": func() error { _, err := c.ObserveVM(t.Context(), newVM("x", "").Identity, ""); return err },
		"CreateVM":                               func() error { _, err := c.CreateVM(t.Context(), lost); return err },
		"CreateVM of another there":              func() error { _, err := c.CreateVM(t.Context(), newVM("x", "kvm-01")); return err },
		"PowerOnVM":                              func() error { return c.PowerVM(t.Context(), lost.Identity, clients.ActionPowerOn) },
		"DeleteVM":                               func() error { return c.DeleteVM(t.Context(), lost.Identity, clients.DeleteOptions{}) },
	}
	for name, fn := range calls {
		if err := fn(); clients.ClassOf(err) != clients.Unreachable {
			t.Errorf("%s: want Unreachable, got %q: %v", name, clients.ClassOf(err), err)
		}
	}
	if told.Load() == 0 {
		t.Error("nobody was told to look at the VMs again")
	}
	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{unavailableHost, ""}, []string{inv.Hosts[0].Unavailable, inv.Hosts[1].Unavailable}); diff != "" {
		t.Errorf("unavailable hosts: -want, +got:\n%s", diff)
	}
	if inv.Hosts[0].MemoryMiB == 0 {
		t.Error("what a lost host is made of is forgotten")
	}

	other := newVM("other", "kvm-02")
	create(t, c, other)
	remove(t, c, other.Identity)

	if err := f.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the VM is found again, off", func() bool {
		vm, err := c.ObserveVM(t.Context(), lost.Identity, "")
		return err == nil && vm.State == clients.VMPresent && vm.PowerState == clients.PoweredOff
	})
	powerOn(t, c, lost.Identity)
	remove(t, c, lost.Identity)
	for _, h := range f.Hosts() {
		assertEmpty(t, h)
	}
}

// TestDaemonCrash kills libvirtd under a running VM, and has the VM switched off as soon as it is back.
func TestDaemonCrash(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[1]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-02")
	create(t, c, spec)
	powerOn(t, c, spec.Identity)
	if err := f.Crash(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := f.Restart(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	_ = exec.CommandContext(t.Context(), "virsh", "-c", h.URI, "destroy", "web").Run() // libvirtd may have given it up
	eventually(t, "what happened meanwhile is seen", func() bool {
		vm, err := c.ObserveVM(t.Context(), spec.Identity, "")
		if err == nil && vm.State != clients.VMPresent {
			t.Fatalf("the VM is reported as %q", vm.State)
		}
		return err == nil && vm.PowerState == clients.PoweredOff
	})
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
}

// TestDaemonHangs has a daemon accept connections and answer nothing.
func TestDaemonHangs(t *testing.T) {
	f := fleet(t)
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	create(t, c, spec)
	if err := f.Freeze(0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Thaw(0) })
	if _, err := c.CreateVM(t.Context(), newVM("x", "kvm-01")); clients.ClassOf(err) != clients.Unreachable {
		t.Errorf("a call that gets no answer: want Unreachable, got %q: %v", clients.ClassOf(err), err)
	}
	eventually(t, "the host is given up", func() bool { return c.hosts[0].ready() != nil })
	if _, err := c.ObserveVM(t.Context(), spec.Identity, ""); clients.ClassOf(err) != clients.Unreachable {
		t.Errorf("want Unreachable, got %q: %v", clients.ClassOf(err), err)
	}
	other := newVM("other", "kvm-02")
	create(t, c, other)
	remove(t, c, other.Identity)

	if err := f.Thaw(0); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the host is connected again", func() bool { return c.hosts[0].ready() == nil })
	remove(t, c, spec.Identity)
	assertEmpty(t, f.Hosts()[0])
}

// TestEvents has somebody change a VM: that is seen without anybody asking.
func TestEvents(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	create(t, c, spec)
	steps := []struct {
		reason string
		do     func()
		want   func(clients.VM) bool
	}{
		{
			"Somebody starts it.", func() { virsh(t, h, "start", "web") },
			func(vm clients.VM) bool { return vm.PowerState == clients.PoweredOn },
		},
		{
			"Somebody suspends it.", func() { virsh(t, h, "suspend", "web") },
			func(vm clients.VM) bool { return vm.PowerState == clients.Suspended },
		},
		{
			"We resume it.", func() { powerOn(t, c, spec.Identity) },
			func(vm clients.VM) bool { return vm.PowerState == clients.PoweredOn },
		},
		{
			"Somebody switches it off.", func() { virsh(t, h, "destroy", "web") },
			func(vm clients.VM) bool { return vm.PowerState == clients.PoweredOff },
		},
		{
			"Somebody defines it with another processor.", func() { redefine(t, h, "web", "<vcpu placement='static'>1</vcpu>", "<vcpu>2</vcpu>") },
			func(vm clients.VM) bool { return vm.CPU == 2 },
		},
		{
			"Somebody removes it.", func() { virsh(t, h, "undefine", "web", "--remove-all-storage") },
			func(vm clients.VM) bool { return vm.State == clients.VMAbsent },
		},
	}
	for _, s := range steps {
		told := make(chan struct{}, 100)
		cancel := c.Subscribe(func(uuid string) {
			if uuid == spec.UUID {
				told <- struct{}{}
			}
		})
		s.do()
		eventually(t, s.reason, func() bool { return s.want(observe(t, c, spec.Identity)) })
		cancel()
		if len(told) == 0 {
			t.Errorf("%s Nobody was told.", s.reason)
		}
	}
	assertEmpty(t, h)
}

// TestLostEvents has somebody change a VM in a way of which libvirt does not tell: the next comparison in bulk finds it.
func TestLostEvents(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	c := newClient(fleetConfig(f), Options{RefreshInterval: 200 * time.Millisecond}, hooks{})
	t.Cleanup(c.Close)
	eventually(t, "it is connected", func() bool { return c.hosts[0].ready() == nil })
	spec := newVM("web", "kvm-01")
	create(t, c, spec)
	virsh(t, h, "setmem", "web", "128M", "--config")
	eventually(t, "the memory is seen", func() bool { return observe(t, c, spec.Identity).MemoryMiB == 128 })
	remove(t, c, spec.Identity)
	assertEmpty(t, h)
}

// redefine defines a domain with a part of its definition replaced.
func redefine(t *testing.T, h libvirthosts.Host, name, old, replacement string) {
	t.Helper()
	before := virsh(t, h, "dumpxml", "--inactive", name)
	after := strings.Replace(before, old, replacement, 1)
	if before == after {
		t.Fatalf("%q is not in:\n%s", old, before)
	}
	virsh(t, h, "define", writeFile(t, after))
}

// writeFile returns the name of a file with some content.
func writeFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "domain.xml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
