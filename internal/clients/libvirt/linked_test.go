// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// TestLinkedClones makes, writes to, grows and deletes twenty overlays of one image in random order.
func TestLinkedClones(t *testing.T) {
	f := fleet(t)
	h := f.Hosts()[0]
	before := checksum(t, h)
	c := open(t, fleetConfig(f), hooks{})
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewSource(seed))

	specs := make([]clients.VMSpec, 20)
	for i := range specs {
		specs[i] = newVM(fmt.Sprintf("clone-%02d", i), "kvm-01")
		specs[i].Linked = true
		if i%2 == 0 {
			specs[i].Disks = []clients.Disk{{Name: clients.RootDisk, SizeGiB: 1}}
		}
	}
	root := func(s clients.VMSpec) string { return filepath.Join(h.PoolDir, rootVolume(s.UUID)) }
	img := func(program string, args ...string) {
		t.Helper()
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v: %s", program, args, err, out)
		}
	}
	steps := []func(i int){
		func(i int) { create(t, c, specs[i]) },
		func(i int) {
			img("qemu-io", "-f", "qcow2", "-c", fmt.Sprintf("write -P %d 0 1M", i+1), root(specs[i]))
		},
		func(i int) {
			if err := c.hosts[0].grow(t.Context(), "default", rootVolume(specs[i].UUID), 2*gib); err != nil {
				t.Fatal(err)
			}
		},
		func(i int) { remove(t, c, specs[i].Identity) },
	}
	done := make([]int, len(specs))
	for left := len(specs) * len(steps); left > 0; {
		i := random.Intn(len(specs))
		if done[i] == len(steps) {
			continue
		}
		steps[done[i]](i)
		done[i]++
		left--
		// The neighbour is as it was.
		if n := random.Intn(len(specs)); done[n] > 1 && done[n] < len(steps) {
			img("qemu-img", "check", "-q", root(specs[n]))
			img("qemu-io", "-r", "-f", "qcow2", "-c", fmt.Sprintf("read -P %d 0 1M", n+1), root(specs[n]))
		}
		if _, err := os.Stat(root(specs[i])); (err == nil) != (done[i] < len(steps)) {
			t.Fatalf("after %d steps the overlay of %s: %v", done[i], specs[i].Name, err)
		}
	}
	if diff := cmp.Diff(before, checksum(t, h)); diff != "" {
		t.Errorf("the image has changed: -before, +after:\n%s", diff)
	}
	assertEmpty(t, h)
}
