// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// realHosts is the fleet that the tests of this package share. It is started by the first that needs it.
var realHosts struct {
	once  sync.Once
	dir   string
	fleet *libvirthosts.Fleet
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if realHosts.dir != "" {
		if err := libvirthosts.Stop(context.Background(), realHosts.dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		_ = os.RemoveAll(realHosts.dir)
	}
	os.Exit(code)
}

// fleet returns real libvirt hosts. Where they cannot run the test is skipped, unless VIRTRIGAUD_REQUIRE_LIBVIRT=1.
func fleet(t *testing.T) *libvirthosts.Fleet {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real libvirt hosts")
	}
	realHosts.once.Do(startFleet)
	if errors.Is(realHosts.err, libvirthosts.ErrUnavailable) && os.Getenv("VIRTRIGAUD_REQUIRE_LIBVIRT") != "1" {
		t.Skip(realHosts.err)
	}
	if realHosts.err != nil {
		t.Fatal(realHosts.err)
	}
	return realHosts.fleet
}

// startFleet starts the hosts for all tests. They outlive the test that is the first to need them.
func startFleet() {
	if realHosts.dir, realHosts.err = os.MkdirTemp("", "libvirt-client-"); realHosts.err != nil {
		return
	}
	realHosts.fleet, realHosts.err = libvirthosts.Start(context.Background(), libvirthosts.Options{Dir: realHosts.dir, Hosts: 2})
}

// fleetConfig returns the fleet as a ProviderConfig would name it.
func fleetConfig(f *libvirthosts.Fleet) Config {
	var cfg Config
	for i, h := range f.Hosts() {
		cfg.Hosts = append(cfg.Hosts, Host{Name: h.Name, URI: h.URI, Cluster: "kvm-cluster", Zone: []string{"zone-a", "zone-b"}[i%2]})
	}
	return cfg
}

// open returns a client that is connected to all hosts, and ends with the test.
func open(t *testing.T, cfg Config, hk hooks) *Client {
	t.Helper()
	// No comparison in bulk during a test: what is seen comes from events.
	c := newClient(cfg, Options{RefreshInterval: time.Hour}, hk)
	t.Cleanup(c.Close)
	for _, h := range c.hosts {
		eventually(t, h.Name+" is connected", func() bool { return h.ready() == nil })
	}
	return c
}

// eventuallyTimeout is how long a busy machine has for what takes an idle one seconds.
const eventuallyTimeout = 3 * time.Minute

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(eventuallyTimeout)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in time", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// newVM returns the specification of a small VM on a host.
func newVM(name, host string) clients.VMSpec {
	return clients.VMSpec{
		Identity:  clients.Identity{UUID: uuid.NewString(), Owner: uuid.NewString(), Name: name, Namespace: "default", Host: host},
		Image:     clients.Image{Name: libvirthosts.BaseVolume},
		CPU:       1,
		MemoryMiB: 256,
		Placement: clients.Placement{Host: host},
	}
}

// observe returns what the client says of a VM; an error fails the test.
func observe(t *testing.T, c *Client, id clients.Identity) clients.VM {
	t.Helper()
	vm, err := c.ObserveVM(t.Context(), id, "")
	if err != nil {
		t.Fatalf("cannot observe %s: %v", id.Name, err)
	}
	return vm
}

// create does what a controller does until a VM is there.
func create(t *testing.T, c *Client, spec clients.VMSpec) clients.VM {
	t.Helper()
	var vm clients.VM
	eventually(t, spec.Name+" is there", func() bool {
		vm = observe(t, c, spec.Identity)
		if vm.Failure != nil {
			t.Fatalf("cannot create %s: %v", spec.Name, vm.Failure)
		}
		if vm.State == clients.VMAbsent {
			if _, err := c.CreateVM(t.Context(), spec); err != nil {
				t.Fatalf("cannot create %s: %v", spec.Name, err)
			}
		}
		return vm.State == clients.VMPresent
	})
	return vm
}

// powerOn does what a controller does until a VM runs.
func powerOn(t *testing.T, c *Client, id clients.Identity) {
	t.Helper()
	eventually(t, id.Name+" runs", func() bool {
		vm := observe(t, c, id)
		if vm.Failure != nil {
			t.Fatalf("cannot start %s: %v", id.Name, vm.Failure)
		}
		if vm.State == clients.VMPresent && vm.PowerState != clients.PoweredOn {
			if err := c.PowerVM(t.Context(), id, clients.ActionPowerOn); err != nil {
				t.Fatalf("cannot start %s: %v", id.Name, err)
			}
		}
		return vm.State == clients.VMPresent && vm.PowerState == clients.PoweredOn
	})
}

// remove does what a controller does until a VM is gone.
func remove(t *testing.T, c *Client, id clients.Identity) {
	t.Helper()
	eventually(t, id.Name+" is gone", func() bool {
		vm := observe(t, c, id)
		if vm.Failure != nil && vm.State == clients.VMPresent {
			t.Fatalf("cannot delete %s: %v", id.Name, vm.Failure)
		}
		if vm.State == clients.VMAbsent {
			return true
		}
		if err := c.DeleteVM(t.Context(), id, clients.DeleteOptions{}); err != nil {
			t.Fatalf("cannot delete %s: %v", id.Name, err)
		}
		return false
	})
}

// virsh asks a host, not the client under test.
func virsh(t *testing.T, h libvirthosts.Host, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "virsh", append([]string{"-q", "-c", h.URI}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("virsh %v on %s: %v: %s", args, h.Name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// domains returns the names of all domains of a host.
func domains(t *testing.T, h libvirthosts.Host) []string {
	t.Helper()
	return strings.Fields(virsh(t, h, "list", "--all", "--name"))
}

// volumes returns the names of all files in a host's pool.
func volumes(t *testing.T, h libvirthosts.Host) []string {
	t.Helper()
	entries, err := os.ReadDir(h.PoolDir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// assertEmpty fails when a host has anything but its base volume.
func assertEmpty(t *testing.T, h libvirthosts.Host) {
	t.Helper()
	if diff := cmp.Diff([]string{libvirthosts.BaseVolume}, volumes(t, h)); diff != "" {
		t.Errorf("volumes that are left on %s: -want, +got:\n%s", h.Name, diff)
	}
	if left := domains(t, h); len(left) > 0 {
		t.Errorf("domains that are left on %s: %v", h.Name, left)
	}
}

// want returns the names of a pool's files: the base volume and those given.
func want(names ...string) []string {
	names = append(names, libvirthosts.BaseVolume)
	slices.Sort(names)
	return names
}

// define makes a domain that is not ours.
func define(t *testing.T, h libvirthosts.Host, name string, disks ...string) {
	t.Helper()
	var devices strings.Builder
	for i, d := range disks {
		fmt.Fprintf(&devices, `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='vd%c' bus='virtio'/></disk>`, d, 'a'+i)
	}
	file := filepath.Join(t.TempDir(), "domain.xml")
	raw := `<domain type='qemu'><name>` + name + `</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><devices>` + devices.String() + `</devices></domain>`
	if err := os.WriteFile(file, []byte(raw), 0o600); err != nil {
		t.Fatal(err)
	}
	virsh(t, h, "define", file)
	t.Cleanup(func() { _ = exec.Command("virsh", "-c", h.URI, "undefine", name).Run() })
}

// destroyPool ends a storage pool of a test.
func destroyPool(h libvirthosts.Host, name string) {
	_ = exec.Command("virsh", "-q", "-c", h.URI, "pool-destroy", name).Run()
}
