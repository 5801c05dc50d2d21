// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"libvirt.org/go/libvirt"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// testHosts returns a fleet of hosts of libvirt's built-in test driver: no daemon, no QEMU, and nothing outside the process.
func testHosts(t *testing.T, names ...string) Config {
	t.Helper()
	if _, err := LibraryVersion(); err != nil && os.Getenv("VIRTRIGAUD_REQUIRE_LIBVIRT") != "1" {
		t.Skip(err)
	}
	const node = `<node>
  <cpu><mhz>2000</mhz><model>x86_64</model><active>8</active><nodes>1</nodes><sockets>1</sockets><cores>8</cores><threads>1</threads></cpu>
  <memory>16777216</memory>
  <network><name>default</name><forward mode='nat'/><ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip></network>
  <pool type='dir'><name>default</name><target><path>/default</path></target>
    <volume type='file'><name>large</name><capacity unit='MiB'>2500</capacity><target><path>/default/large</path><format type='qcow2'/></target></volume>
    <volume type='file'><name>tiny-linux</name><capacity unit='GiB'>1</capacity><allocation unit='GiB'>1</allocation><target><path>/default/tiny-linux</path><format type='qcow2'/></target></volume>
  </pool>
</node>`
	cfg := Config{}
	for _, name := range names {
		file := filepath.Join(t.TempDir(), name+".xml")
		if err := os.WriteFile(file, []byte(node), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg.Hosts = append(cfg.Hosts, Host{Name: name, URI: "test://" + file, Cluster: "test"})
	}
	return cfg
}

func TestTestDriver(t *testing.T) {
	c := open(t, testHosts(t, "a", "b"), hooks{})
	if err := c.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	spec := newVM("web-1", "b")
	spec.CPU, spec.MemoryMiB = 2, 2048
	spec.Disks = []clients.Disk{{Name: "data", SizeGiB: 5, Thick: true}}
	create(t, c, spec)
	powerOn(t, c, spec.Identity)
	var vm clients.VM
	eventually(t, "the guest has an address", func() bool {
		vm = observe(t, c, spec.Identity)
		return len(vm.IPAddresses) > 0
	})
	want := clients.VM{
		State: clients.VMPresent, Owner: spec.Owner, ID: "b/web-1", Name: "web-1", PowerState: clients.PoweredOn, CPU: 2, MemoryMiB: 2048,
		Placement:   clients.Placement{Cluster: "test", Host: "b", Datastore: "default"},
		IPAddresses: vm.IPAddresses,
		Networks:    []clients.NetworkObservation{{Network: "default", MACAddress: macAddress(spec.UUID, 0), IPAddresses: vm.IPAddresses}},
		Disks:       []clients.DiskObservation{{Name: clients.RootDisk, SizeGiB: 1, Datastore: "default"}, {Name: "data", SizeGiB: 5, Datastore: "default"}},
	}
	if diff := cmp.Diff(want, asSpecified(vm)); diff != "" {
		t.Errorf("a VM is observed as it was asked for: -want, +got:\n%s", diff)
	}

	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantInv := clients.Inventory{
		Clusters: []string{"test"},
		Hosts: []clients.Host{
			{Name: "a", Cluster: "test", CPUs: 8, MemoryMiB: 16384},
			{Name: "b", Cluster: "test", CPUs: 8, MemoryMiB: 16384, AllocatedMemoryMiB: 2048, VMs: 1},
		},
	}
	if diff := cmp.Diff(wantInv.Hosts, inv.Hosts); diff != "" {
		t.Errorf("the inventory counts what VMs were given: -want, +got:\n%s", diff)
	}
	if diff := cmp.Diff(wantInv.Clusters, inv.Clusters); diff != "" {
		t.Errorf("clusters: -want, +got:\n%s", diff)
	}

	remove(t, c, spec.Identity)
	h := c.hosts[1]
	if got := h.ownVolumes(spec.UUID); len(got) > 0 {
		t.Errorf("volumes are left: %v", got)
	}
}

// defineTheirs makes a domain that is not ours on the host of a connection, and returns when the client knows of it.
func defineTheirs(t *testing.T, h *host, name string) {
	t.Helper()
	raw := `<domain type='test'><name>` + name + `</name><memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>`
	err := work(t.Context(), h, "DomainDefineXML", func(conn *libvirt.Connect) error {
		d, err := conn.DomainDefineXML(raw)
		if err != nil {
			return err
		}
		return d.Free()
	})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the client knows of "+name, func() bool {
		inv, _ := h.inventory()
		return inv.VMs > 0
	})
}

func TestCreateVMErrors(t *testing.T) {
	cases := map[string]struct {
		reason  string
		change  func(*clients.VMSpec)
		class   clients.Class
		subject string
	}{
		"Image": {
			reason: "The image does not exist.",
			change: func(s *clients.VMSpec) { s.Image.Name = "nowhere" }, class: clients.NotFound, subject: "Image",
		},
		"ImageOfPool": {
			reason: "The image does not exist in the pool that it names.",
			change: func(s *clients.VMSpec) { s.Image.Name = "nowhere/tiny-linux" }, class: clients.NotFound, subject: "Image",
		},
		"Network": {
			reason: "One of the networks does not exist.",
			change: func(s *clients.VMSpec) { s.Networks = []clients.Network{{Network: "default"}, {Network: "dmz"}} }, class: clients.NotFound, subject: "Network",
		},
		"Datastore": {
			reason: "The pool does not exist.",
			change: func(s *clients.VMSpec) { s.Placement.Datastore = "ssd" }, class: clients.NotFound, subject: "Datastore",
		},
		"Host": {
			reason: "The host is not of the fleet.",
			change: func(s *clients.VMSpec) { s.Placement.Host = "z" }, class: clients.NotFound, subject: "Host",
		},
		"HostOfOtherCluster": {
			reason: "The host is not of the cluster.",
			change: func(s *clients.VMSpec) { s.Placement.Cluster = "other" }, class: clients.NotFound, subject: "Host",
		},
		"Cluster": {
			reason: "No host is of the cluster.",
			change: func(s *clients.VMSpec) { s.Placement = clients.Placement{Cluster: "other"} }, class: clients.NotFound, subject: "Cluster",
		},
		"ForeignName": {
			reason: "A domain of somebody else has the name.",
			change: func(s *clients.VMSpec) { s.Name = "theirs" }, class: clients.Conflict, subject: "VM",
		},
		"SmallerRoot": {
			reason: "The first disk cannot be smaller than the image's.",
			change: func(s *clients.VMSpec) {
				s.Image.Name = "large"
				s.Disks = []clients.Disk{{Name: clients.RootDisk, SizeGiB: 2}}
			}, class: clients.Invalid, subject: "Image",
		},
		"DatastoreOfDisk": {
			reason: "The pool of a data disk does not exist.",
			change: func(s *clients.VMSpec) { s.Disks = []clients.Disk{{Name: "data", SizeGiB: 1, Datastore: "ssd"}} }, class: clients.NotFound, subject: "Datastore",
		},
		"NoRoom": {
			reason: "The pool has not the space that a thick disk takes at once.",
			change: func(s *clients.VMSpec) { s.Disks = []clients.Disk{{Name: "data", SizeGiB: 100000, Thick: true}} }, class: clients.Capacity, subject: "Datastore",
		},
		"NoMemory": {
			reason: "The host has less memory than the VM needs.",
			change: func(s *clients.VMSpec) { s.MemoryMiB = 32768 }, class: clients.Capacity, subject: "Host",
		},
		"UEFI": {
			reason: "The host has no UEFI firmware.",
			change: func(s *clients.VMSpec) { s.Firmware = clients.UEFI }, class: clients.Unsupported,
		},
		"TPM": {
			reason: "The host has no TPM to emulate.",
			change: func(s *clients.VMSpec) { s.TPM = true }, class: clients.Unsupported,
		},
		"Machine": {
			reason: "The host has no such type of machine.",
			change: func(s *clients.VMSpec) { s.Libvirt.Machine = "vax" }, class: clients.Unsupported,
		},
		"CPUModel": {
			reason: "The host cannot run guests with such a processor.",
			change: func(s *clients.VMSpec) { s.Libvirt.CPUModel = "EPYC-Turin" }, class: clients.Unsupported,
		},
		"NVMe": {
			reason: "Disks cannot be attached to NVMe.",
			change: func(s *clients.VMSpec) { s.Disks = []clients.Disk{{Name: "data", SizeGiB: 1, Controller: "nvme"}} }, class: clients.Unsupported,
		},
		"Model": {
			reason: "An interface of vSphere.",
			change: func(s *clients.VMSpec) {
				s.Networks = []clients.Network{{Name: "a", Network: "default", Model: "VMXNET3"}}
			}, class: clients.Unsupported,
		},
		"Sysprep": {
			reason: "Windows is customized by VMware Tools.",
			change: func(s *clients.VMSpec) { s.GuestData.Prep = clients.PrepWindows }, class: clients.Unsupported,
		},
		"Library": {
			reason: "There are no content libraries.",
			change: func(s *clients.VMSpec) { s.Image = clients.Image{Library: "l", Item: "i"} }, class: clients.Unsupported, subject: "Image",
		},
		"UserData": {
			reason: "A host whose volumes cannot be filled cannot hand over user data.",
			change: func(s *clients.VMSpec) { s.GuestData.UserData = "#cloud-config" }, class: clients.Unsupported,
		},
	}
	c := open(t, testHosts(t, "a"), hooks{})
	defineTheirs(t, c.hosts[0], "theirs")
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			spec := newVM("web", "a")
			tc.change(&spec)
			calls := c.hosts[0].calls.Load()
			if err := c.CheckVM(t.Context(), spec); clients.ClassOf(err) != tc.class || clients.SubjectOf(err) != tc.subject {
				t.Errorf("\n%s\nCheckVM(...): want class %q of %q, got %q of %q: %v", tc.reason, tc.class, tc.subject, clients.ClassOf(err), clients.SubjectOf(err), err)
			}
			if diff := cmp.Diff(calls, c.hosts[0].calls.Load()); diff != "" && tc.subject != "Image" && tc.class != clients.Capacity {
				t.Errorf("\n%s\nCheckVM(...) asks the cache only: calls -before, +after:\n%s", tc.reason, diff)
			}
			_, err := c.CreateVM(t.Context(), spec)
			if clients.ClassOf(err) != tc.class || clients.SubjectOf(err) != tc.subject {
				t.Errorf("\n%s\nCreateVM(...): want class %q of %q, got %q of %q: %v", tc.reason, tc.class, tc.subject, clients.ClassOf(err), clients.SubjectOf(err), err)
			}
		})
	}
}

func TestPlacement(t *testing.T) {
	c := open(t, testHosts(t, "a", "b"), hooks{})
	var hosts []string
	for _, name := range []string{"one", "two", "three", "four"} {
		spec := newVM(name, "")
		create(t, c, spec)
		hosts = append(hosts, observe(t, c, spec.Identity).Placement.Host)
	}
	if diff := cmp.Diff([]string{"a", "b", "a", "b"}, hosts); diff != "" {
		t.Errorf("VMs without a placement go where most memory is left: -want, +got:\n%s", diff)
	}
}

func TestAbsence(t *testing.T) {
	cfg := testHosts(t, "a")
	cfg.Hosts = append(cfg.Hosts, Host{Name: "down", URI: "qemu:///system?socket=/nowhere/libvirt-sock", Cluster: "test"})
	c := newClient(cfg, Options{}, hooks{})
	t.Cleanup(c.Close)
	eventually(t, "a is connected", func() bool { return c.hosts[0].ready() == nil })

	cases := map[string]struct {
		reason string
		host   string
		last   string
		task   clients.TaskRef
		want   clients.Class
	}{
		"OnConnectedHost": {reason: "The one host that may have the VM says that it has not.", host: "a"},
		"MadeOnConnected": {reason: "The VM was to be made on the connected host.", task: "a"},
		"OnLostHost":      {reason: "The one host that may have the VM does not answer.", host: "down", want: clients.Unreachable},
		"MadeOnLostHost":  {reason: "The VM was to be made on the host that does not answer.", task: "down", want: clients.Unreachable},
		"MigratedByHand":  {reason: "The VM was last seen on another host than it was made on.", host: "a", last: "down", want: clients.Unreachable},
		"Anywhere":        {reason: "The VM may be on the host that does not answer.", want: clients.Unreachable},
		"OnUnknownHost":   {reason: "The host was taken out of the fleet, with whatever VMs it has.", host: "z", want: clients.NotFound},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			id := newVM("web", tc.host).Identity
			id.LastHost = tc.last
			vm, err := c.ObserveVM(t.Context(), id, tc.task)
			if got := clients.ClassOf(err); got != tc.want {
				t.Errorf("\n%s\nObserveVM(...): want class %q, got %q: %v", tc.reason, tc.want, got, err)
			}
			if err == nil && vm.State != clients.VMAbsent {
				t.Errorf("\n%s\nObserveVM(...): want %q, got %q", tc.reason, clients.VMAbsent, vm.State)
			}
		})
	}

	inv, err := c.Inventory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(inv.Hosts, func(h clients.Host) bool { return h.Name == "down" })
	if diff := cmp.Diff(unavailableHost, inv.Hosts[i].Unavailable); diff != "" {
		t.Errorf("a host that does not answer is unavailable: -want, +got:\n%s", diff)
	}
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("a fleet is usable when one of its hosts is: %v", err)
	}
}
