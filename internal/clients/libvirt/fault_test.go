// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// createThroughFaults does what a controller does until a VM is there, whatever goes wrong with its host meanwhile.
func createThroughFaults(t *testing.T, c *Client, spec clients.VMSpec) {
	t.Helper()
	eventually(t, spec.Name+" is there", func() bool {
		vm, err := c.ObserveVM(t.Context(), spec.Identity, "")
		if err == nil && vm.State == clients.VMAbsent {
			_, err = c.CreateVM(t.Context(), spec)
		}
		if class := clients.ClassOf(err); err != nil && class != clients.Unreachable && class != clients.Busy {
			t.Fatal(err)
		}
		return err == nil && vm.State == clients.VMPresent
	})
}

// TestDaemonKilledDuringCreate kills libvirtd between any two steps of a creation.
func TestDaemonKilledDuringCreate(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	fast := secondPool(t, h, "fast")
	for _, last := range []string{"claim", "root", "disk data", "seed", "autostart"} {
		t.Run(last, func(t *testing.T) {
			spec := newVM("web", "kvm-01")
			spec.Firmware, spec.Libvirt.Autostart = clients.UEFI, true
			spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 1, Datastore: "fast"}}
			crash := sync.OnceFunc(func() {
				if err := f.Crash(t.Context(), 0); err != nil {
					t.Error(err)
				}
				if err := f.Restart(t.Context(), 0); err != nil {
					t.Error(err)
				}
				// Only what is autostarted comes back by itself, and the test's pool is not.
				_ = exec.Command("virsh", "-q", "-c", h.URI, "pool-create-as", "fast", "dir", "--target", fast).Run()
			})
			c := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
				if step == last {
					crash()
				}
				return nil
			}})
			createThroughFaults(t, c, spec)
			if diff := cmp.Diff([]string{"web"}, domains(t, h)); diff != "" {
				t.Errorf("there is one VM: -want, +got:\n%s", diff)
			}
			if diff := cmp.Diff(want(rootVolume(spec.UUID), seedVolume(spec.UUID)), volumes(t, h)); diff != "" {
				t.Errorf("it has its volumes and no others: -want, +got:\n%s", diff)
			}
			if diff := cmp.Diff([]string{filepath.Join(fast, dataVolume(spec.UUID, spec.Disks[0]))}, filesIn(t, fast)); diff != "" {
				t.Errorf("it has its volume in the other pool: -want, +got:\n%s", diff)
			}
			remove(t, c, spec.Identity)
			assertEmpty(t, h)
			assertNothing(t, "volumes of the second pool", filesIn(t, fast))
			assertNothing(t, "files of the firmware", firmwareFiles(t, h))
		})
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestDaemonKilledDuringCopy kills libvirtd while it copies an image.
func TestDaemonKilledDuringCopy(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	image := filepath.Join(h.PoolDir, "large")
	content := make([]byte, 256<<20)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(image, content, 0o600); err != nil {
		t.Fatal(err)
	}
	virsh(t, h, "pool-refresh", "default")
	t.Cleanup(func() { _ = exec.Command("virsh", "-q", "-c", h.URI, "vol-delete", "--pool", "default", "large").Run() })

	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	spec.Image.Name = "large"
	if _, err := c.CreateVM(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(h.PoolDir, rootVolume(spec.UUID))
	eventually(t, "the copy has begun", func() bool {
		info, err := os.Stat(root)
		return err == nil && info.Size() > 1<<20
	})
	if err := f.Crash(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	createThroughFaults(t, c, spec)
	if out, err := exec.Command("qemu-img", "compare", image, root).CombinedOutput(); err != nil {
		t.Errorf("the VM's disk is the image: %v: %s", err, out)
	}
	remove(t, c, spec.Identity)
	virsh(t, h, "vol-delete", "--pool", "default", "large")
	assertEmpty(t, h)
}

// TestDiskFull has a pool run full while a VM is made in it.
func TestDiskFull(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	dir := t.TempDir()
	inHost := func(args ...string) {
		t.Helper()
		if out, err := f.Command(t.Context(), 0, args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, out)
		}
	}
	inHost("mount", "-t", "tmpfs", "-o", "size=64m", "small", dir)
	virsh(t, h, "pool-create-as", "small", "dir", "--target", dir)
	t.Cleanup(func() { destroyPool(h, "small") })
	other := []clients.Disk{{Name: "data", SizeGiB: 1, Thick: true, Format: formatRaw, Datastore: "small"}}

	cases := map[string]struct {
		reason string
		change func(*clients.VMSpec)
		// fill is the step before which somebody fills the pool.
		fill string
	}{
		"Copy":  {reason: "The pool runs full before the image was copied.", change: func(s *clients.VMSpec) { s.Placement.Datastore = "small" }, fill: "claim"},
		"Seed":  {reason: "The pool runs full before the guest's data was written.", change: func(s *clients.VMSpec) { s.Placement.Datastore = "small"; s.Linked = true }, fill: "root"},
		"Thick": {reason: "The pool is too small from the start.", change: func(s *clients.VMSpec) { s.Disks = other }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			spec := newVM("web", "kvm-01")
			tc.change(&spec)
			c := open(t, fleetConfig(f), hooks{afterStep: func(_, step string) error {
				if step == tc.fill {
					_ = f.Command(t.Context(), 0, "dd", "if=/dev/zero", "of="+filepath.Join(dir, "theirs"), "bs=64k").Run()
				}
				return nil
			}})
			_, err := c.CreateVM(t.Context(), spec)
			if tc.fill != "" {
				if err != nil {
					t.Fatal(err)
				}
				eventually(t, "it has failed", func() bool {
					vm := observe(t, c, spec.Identity)
					err = vm.Failure
					return vm.State == clients.VMAbsent && vm.Failure != nil
				})
				inHost("rm", filepath.Join(dir, "theirs"))
			}
			if got := clients.ClassOf(err); got != clients.Capacity {
				t.Errorf("\n%s\nwant Capacity, got %q: %v", tc.reason, got, err)
			}
			assertEmpty(t, h)
			out, err := f.Command(t.Context(), 0, "ls", dir).Output()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("", string(out)); diff != "" {
				t.Errorf("\n%s\nleft in the pool: -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestTwice has somebody define a VM on a second host: whose it is then is not for us to choose.
func TestTwice(t *testing.T) {
	f := fleet(t)
	first, second := f.Hosts()[0], f.Hosts()[1]
	c := open(t, fleetConfig(f), hooks{})
	spec := newVM("web", "kvm-01")
	create(t, c, spec)
	file := filepath.Join(t.TempDir(), "domain.xml")
	if err := os.WriteFile(file, []byte(virsh(t, first, "dumpxml", "--inactive", "web")), 0o600); err != nil {
		t.Fatal(err)
	}
	virsh(t, second, "define", file)
	eventually(t, "it is seen", func() bool {
		_, err := c.ObserveVM(t.Context(), spec.Identity, "")
		return clients.ClassOf(err) == clients.Conflict
	})
	calls := map[string]func() error{
		"CheckVM":  func() error { return c.CheckVM(t.Context(), spec) },
		"CreateVM": func() error { _, err := c.CreateVM(t.Context(), spec); return err },
		"PowerVM":  func() error { return c.PowerVM(t.Context(), spec.Identity, clients.ActionPowerOn) },
		"DeleteVM": func() error { return c.DeleteVM(t.Context(), spec.Identity, clients.DeleteOptions{}) },
	}
	for name, fn := range calls {
		if err := fn(); clients.ClassOf(err) != clients.Conflict {
			t.Errorf("%s: want Conflict, got %q: %v", name, clients.ClassOf(err), err)
		}
	}
	virsh(t, second, "undefine", "web")
	eventually(t, "it is known again", func() bool {
		vm, err := c.ObserveVM(t.Context(), spec.Identity, "")
		return err == nil && vm.State == clients.VMPresent
	})
	if _, err := os.Stat(filepath.Join(first.PoolDir, rootVolume(spec.UUID))); err != nil {
		t.Errorf("the VM's disk is still there: %v", err)
	}
	remove(t, c, spec.Identity)
	for _, h := range []libvirthosts.Host{first, second} {
		assertEmpty(t, h)
	}
}
