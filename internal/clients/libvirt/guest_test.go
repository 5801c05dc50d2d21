// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/libvirthosts"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// guestExec runs a command in a guest through its agent, and returns what it printed.
func guestExec(t *testing.T, h libvirthosts.Host, domain, command string) string {
	t.Helper()
	agent := func(request any, answer any) {
		raw, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(virsh(t, h, "qemu-agent-command", domain, string(raw))), answer); err != nil {
			t.Fatal(err)
		}
	}
	var started struct{ Return struct{ PID int } }
	agent(map[string]any{"execute": "guest-exec", "arguments": map[string]any{
		"path": "/bin/sh", "arg": []string{"-c", command}, "capture-output": true,
	}}, &started)
	var status struct {
		Return struct {
			Exited bool
			Out    string `json:"out-data"`
		}
	}
	eventually(t, command, func() bool {
		agent(map[string]any{"execute": "guest-exec-status", "arguments": map[string]any{"pid": started.Return.PID}}, &status)
		return status.Return.Exited
	})
	out, err := base64.StdEncoding.DecodeString(status.Return.Out)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func checksum(t *testing.T, h libvirthosts.Host) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.PoolDir, libvirthosts.BaseVolume))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// TestGuests makes one VM by copy and one as an overlay, and looks at them from inside.
func TestGuests(t *testing.T) {
	f := fleet(t)
	hosts := f.Hosts()
	before := []string{checksum(t, hosts[0]), checksum(t, hosts[1])}
	c := open(t, fleetConfig(f), hooks{})

	full := newVM("full", "kvm-01")
	full.CPU, full.MemoryMiB = 2, 320
	full.GuestData.UserData = "#cloud-config\nruncmd:\n  - echo made for $(hostname) > /root/first-boot\n"
	full.Disks = []clients.Disk{{Name: "data", SizeGiB: 2}, {Name: "log", SizeGiB: 1, Thick: true}}
	linked := newVM("linked", "kvm-02")
	linked.Linked = true
	linked.Image.Name = "default/" + libvirthosts.BaseVolume
	linked.Networks = []clients.Network{{Name: "primary", Network: "default", MACAddress: "52:54:00:aa:bb:cc"}}

	seen := map[string]clients.VM{}
	for _, spec := range []clients.VMSpec{full, linked} {
		create(t, c, spec)
		powerOn(t, c, spec.Identity)
	}
	for i, spec := range []clients.VMSpec{full, linked} {
		eventually(t, "the agent of "+spec.Name+" answers and it has an address", func() bool {
			seen[spec.Name] = observe(t, c, spec.Identity)
			return len(seen[spec.Name].IPAddresses) > 0 && strings.Contains(virsh(t, hosts[i], "dumpxml", spec.Name), "state='connected'")
		})
	}

	vm := seen["full"]
	want := clients.VM{
		State: clients.VMPresent, Owner: full.Owner, ID: "kvm-01/full", Name: "full", PowerState: clients.PoweredOn, CPU: 2, MemoryMiB: 320,
		Placement:   clients.Placement{Cluster: "kvm-cluster", Host: "kvm-01", Datastore: "default"},
		IPAddresses: []string{guestExec(t, hosts[0], "full", "ip -4 -o addr show eth0 | awk '{print $4}' | cut -d/ -f1")},
		Networks:    []clients.NetworkObservation{{Network: "default", MACAddress: guestExec(t, hosts[0], "full", "cat /sys/class/net/eth0/address"), IPAddresses: vm.IPAddresses}},
		Disks:       []clients.DiskObservation{{Name: clients.RootDisk, SizeGiB: 1, Datastore: "default"}, {Name: "data", SizeGiB: 2, Datastore: "default"}, {Name: "log", SizeGiB: 1, Datastore: "default"}},
	}
	if diff := cmp.Diff(want, asSpecified(vm)); diff != "" {
		t.Errorf("the VM is observed as its guest is: -want, +got:\n%s", diff)
	}
	inGuest := map[string]struct{ host, vm, command, want string }{
		"name of the copy":       {"kvm-01", "full", "hostname", "full"},
		"user data of the copy":  {"kvm-01", "full", "cat /root/first-boot", "made for full"},
		"instance of the copy":   {"kvm-01", "full", "cat /var/lib/cloud/instance-id", full.UUID},
		"CPUs of the copy":       {"kvm-01", "full", "nproc", "2"},
		"memory of the copy":     {"kvm-01", "full", "awk '/MemTotal/ {print ($2 > 250000 && $2 <= 327680)}' /proc/meminfo", "1"},
		"data disk, in sectors":  {"kvm-01", "full", "cat /sys/block/vdb/size", "4194304"},
		"data disk's name":       {"kvm-01", "full", "cat /sys/block/vdb/serial", "data"},
		"seed cannot be written": {"kvm-01", "full", "cat /sys/block/vdd/ro", "1"},
		"name of the overlay":    {"kvm-02", "linked", "hostname", "linked"},
		"MAC of the overlay":     {"kvm-02", "linked", "cat /sys/class/net/eth0/address", "52:54:00:aa:bb:cc"},
	}
	for name, tc := range inGuest {
		i := map[string]int{"kvm-01": 0, "kvm-02": 1}[tc.host]
		if diff := cmp.Diff(tc.want, guestExec(t, hosts[i], tc.vm, tc.command)); diff != "" {
			t.Errorf("%s: -want, +got:\n%s", name, diff)
		}
	}
	if xml := virsh(t, hosts[1], "vol-dumpxml", "--pool", "default", rootVolume(linked.UUID)); !strings.Contains(xml, "<backingStore>") {
		t.Errorf("the linked VM's disk is an overlay, but is:\n%s", xml)
	}
	if xml := virsh(t, hosts[0], "vol-dumpxml", "--pool", "default", rootVolume(full.UUID)); strings.Contains(xml, "<backingStore>") {
		t.Errorf("the other VM's disk is a copy, but is:\n%s", xml)
	}

	assertNoCalls(t, c, full.Identity, linked.Identity)

	for _, spec := range []clients.VMSpec{full, linked} {
		remove(t, c, spec.Identity)
	}
	for i, h := range hosts {
		assertEmpty(t, h)
		if diff := cmp.Diff(before[i], checksum(t, h)); diff != "" {
			t.Errorf("the base volume of %s has changed: -before, +after:\n%s", h.Name, diff)
		}
	}
}

// assertNoCalls fails when observing costs calls into libvirt once nothing changes any more.
func assertNoCalls(t *testing.T, c *Client, ids ...clients.Identity) {
	t.Helper()
	calls := func() (n int64) {
		for _, h := range c.hosts {
			n += h.calls.Load()
		}
		return n
	}
	eventually(t, "nobody looks for addresses any more", func() bool {
		for _, h := range c.hosts {
			if due, wait := h.search.next(); len(due) > 0 || wait < 60*60*1e9 {
				return false
			}
		}
		return true
	})
	eventually(t, "what was begun before is done", func() bool {
		n := calls()
		time.Sleep(4 * coalesce)
		return n == calls()
	})
	before := calls()
	for range 1000 {
		for _, id := range ids {
			observe(t, c, id)
		}
	}
	if diff := cmp.Diff(before, calls()); diff != "" {
		t.Errorf("calls into libvirt while 1000 observations were made: -before, +after:\n%s", diff)
	}
}
