// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// startFleet returns a fleet that ends with the test. Where libvirt cannot run the test is skipped, unless
// VIRTRIGAUD_REQUIRE_LIBVIRT=1.
func startFleet(t *testing.T, dir string, hosts int) *Fleet {
	t.Helper()
	f, err := Start(t.Context(), Options{Dir: dir, Hosts: hosts, Log: t.Logf})
	if errors.Is(err, ErrUnavailable) && os.Getenv("VIRTRIGAUD_REQUIRE_LIBVIRT") != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return f
}

func virsh(t *testing.T, h Host, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "virsh", append([]string{"-q", "-c", h.URI}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("virsh %v on %s: %v: %s", args, h.Name, err, out)
	}
	return strings.TrimSpace(string(out))
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in time", what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// guestXML describes a guest that boots a copy of the base volume, and says on its console when it is ready.
func guestXML(disk, console string) string {
	return `<domain type='qemu'><name>guest</name><memory unit='MiB'>256</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='` + disk + `'/><target dev='vda' bus='virtio'/></disk>
    <interface type='network'><source network='default'/><model type='virtio'/></interface>
    <serial type='file'><source path='` + console + `'/><target port='0'/></serial>
  </devices></domain>`
}

func TestFleet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "fleet")
	f := startFleet(t, dir, 2)
	hosts := f.Hosts()
	inits := []process{f.state.Hosts[0].Init, f.state.Hosts[1].Init}

	for i, h := range hosts {
		if diff := cmp.Diff([]string{"kvm-01", "kvm-02"}[i], virsh(t, h, "hostname")); diff != "" {
			t.Errorf("the host knows its name: -want, +got:\n%s", diff)
		}
		if diff := cmp.Diff(BaseVolume, strings.Fields(virsh(t, h, "vol-list", Pool))[0]); diff != "" {
			t.Errorf("the base volume is in the pool: -want, +got:\n%s", diff)
		}
	}

	again, err := Start(t.Context(), Options{Dir: dir, Hosts: 2})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(inits, []process{again.state.Hosts[0].Init, again.state.Hosts[1].Init}); diff != "" {
		t.Errorf("a second start leaves running hosts alone: -want, +got:\n%s", diff)
	}

	disk, console := filepath.Join(hosts[0].PoolDir, "guest"), filepath.Join(dir, "console")
	definition := filepath.Join(dir, "guest.xml")
	if err := os.WriteFile(definition, []byte(guestXML(disk, console)), 0o600); err != nil {
		t.Fatal(err)
	}
	virsh(t, hosts[0], "vol-clone", "--pool", Pool, BaseVolume, "guest")
	virsh(t, hosts[0], "define", definition)
	virsh(t, hosts[0], "start", "guest")
	eventually(t, "the guest boots and gets an address", func() bool {
		raw, err := os.ReadFile(console)
		return err == nil && strings.Contains(string(raw), "TINY-LINUX-READY host=tiny-linux ip=192.168.122.")
	})
	if got := virsh(t, hosts[1], "list", "--all", "--name"); got != "" {
		t.Errorf("hosts do not see each other's guests: kvm-02 has %q", got)
	}

	if err := f.Crash(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := virsh(t, hosts[0], "domstate", "guest"); got != "running" {
		t.Errorf("the guest outlives a crash of libvirtd: it is %q", got)
	}

	if err := f.Kill(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), "virsh", "-c", hosts[0].URI, "version").Run(); err == nil {
		t.Error("a host without power answers")
	}
	virsh(t, hosts[1], "version")
	if err := f.Restart(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if got := virsh(t, hosts[0], "domstate", "guest"); got != "shut off" {
		t.Errorf("the guest of a host that lost power is off: it is %q", got)
	}
	eventually(t, "the network comes back by itself", func() bool {
		return virsh(t, hosts[0], "net-list", "--name") == Network
	})
}

func TestStop(t *testing.T) {
	// Longer than a socket's path may be.
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 20), "fleet")
	f := startFleet(t, dir, 1)
	init, run := f.state.Hosts[0].Init, f.state.RunDir
	virsh(t, f.Hosts()[0], "version")

	if err := Stop(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if init.alive() {
		t.Error("the host still runs")
	}
	for _, path := range []string{dir, run} {
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
	if err := Stop(t.Context(), dir); err != nil {
		t.Errorf("stopping what is stopped: %v", err)
	}
}

func TestProcessAlive(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p, err := identify(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		reason string
		p      process
		want   bool
	}{
		"Itself":      {"The process runs.", p, true},
		"OtherStart":  {"The PID was given to another process since.", process{PID: p.PID, Start: "1", Boot: p.Boot}, false},
		"OtherBoot":   {"The machine was started anew since.", process{PID: p.PID, Start: p.Start, Boot: "other"}, false},
		"NeverKnown":  {"There was no process yet.", process{}, false},
		"SystemsInit": {"PID 1 was never ours.", process{PID: 1, Start: p.Start, Boot: p.Boot}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.p.alive()); diff != "" {
				t.Errorf("\n%s\nalive(): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
	if err := p.kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.alive() {
		t.Error("a killed process is alive")
	}
}
