// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"strings"
)

// Libvirt is an administrator's view of all libvirt hosts.
type Libvirt struct {
	hosts []LibvirtHost
}

var _ Hypervisor = &Libvirt{}

// NewLibvirt returns a view of the local cluster's libvirt hosts, which must be of mode qemu.
func NewLibvirt(e Env) (*Libvirt, error) {
	if e.Libvirt != LibvirtQEMU {
		return nil, fmt.Errorf("cannot look into libvirt hosts of mode %q from outside the provider", e.Libvirt)
	}
	if _, err := exec.LookPath("virsh"); err != nil {
		return nil, fmt.Errorf("cannot find virsh (Debian package libvirt-clients): %w", err)
	}
	return &Libvirt{hosts: e.LibvirtHosts}, nil
}

// virsh runs commands one after the other on a host and returns what they print. It fails when the last one does.
func (l *Libvirt) virsh(ctx context.Context, host string, commands ...string) (string, error) {
	for _, h := range l.hosts {
		if h.Name == host {
			cmd := exec.CommandContext(ctx, "virsh", "--quiet", "--connect", h.URI, strings.Join(commands, "; "))
			cmd.Env = append(os.Environ(), "LC_ALL=C")
			return output(cmd)
		}
	}
	return "", fmt.Errorf("cannot run virsh: there is no libvirt host %q", host)
}

// VMs lists the domains whose name starts with prefix, by name.
func (l *Libvirt) VMs(ctx context.Context, prefix string) ([]VM, error) {
	var vms []VM
	for _, h := range l.hosts {
		out, err := l.virsh(ctx, h.Name, "list --all --uuid --name", "domstats --state --vcpu --block")
		if err != nil {
			return nil, err
		}
		for _, vm := range parseDomains(h.Name, out) {
			if strings.HasPrefix(vm.Name, prefix) {
				vms = append(vms, vm)
			}
		}
	}
	sort.Slice(vms, func(i, j int) bool { return vms[i].Name < vms[j].Name })
	return vms, nil
}

// parseDomains reads lines "UUID name", followed by blocks of "Domain: 'name'" and "key=value". Domains that are in only one
// of the two, because they came or went in between, are left to the next look.
func parseDomains(host, out string) []VM {
	ids := map[string]string{}
	var vms []VM
	for line := range strings.Lines(out) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "Domain: "); ok {
			name = strings.Trim(name, "'")
			vms = append(vms, VM{Name: name, ID: ids[name], Host: host})
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && len(vms) > 0 {
			setStat(&vms[len(vms)-1], key, value)
			continue
		}
		if f := strings.Fields(line); len(f) == 2 {
			ids[f[1]] = f[0]
		}
	}
	known := vms[:0]
	for _, vm := range vms {
		if vm.ID != "" {
			known = append(known, vm)
		}
	}
	return known
}

// Values of state.state, https://libvirt.org/html/libvirt-libvirt-domain.html#virDomainState
const (
	stateRunning = "1"
	stateBlocked = "2"
)

func setStat(vm *VM, key, value string) {
	switch key {
	case "state.state":
		vm.On = value == stateRunning || value == stateBlocked
	case "vcpu.current":
		vm.CPUs, _ = strconv.Atoi(value)
	case "block.0.path":
		vm.Disk = value
	}
}

// Traces names the domains and the volumes of all storage pools.
func (l *Libvirt) Traces(ctx context.Context) ([]string, error) {
	var traces []string
	for _, h := range l.hosts {
		domains, err := l.virsh(ctx, h.Name, "list --all --name")
		if err != nil {
			return nil, err
		}
		for _, d := range strings.Fields(domains) {
			traces = append(traces, fmt.Sprintf("%s: domain %s", h.Name, d))
		}
		pools, err := l.virsh(ctx, h.Name, "pool-list --name")
		if err != nil {
			return nil, err
		}
		for _, p := range strings.Fields(pools) {
			volumes, err := l.virsh(ctx, h.Name, "pool-refresh "+p, "vol-list "+p)
			if err != nil {
				return nil, err
			}
			traces = append(traces, volumeTraces(h.Name, p, volumes)...)
		}
	}
	sort.Strings(traces)
	return traces, nil
}

// volumeTraces reads lines "name  path", leaving out what pool-refresh says.
func volumeTraces(host, pool, out string) []string {
	var traces []string
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 2 && strings.HasPrefix(f[1], "/") {
			traces = append(traces, fmt.Sprintf("%s: volume %s/%s", host, pool, f[0]))
		}
	}
	return traces
}

// RemoveVolumes removes storage volumes that Traces named.
func (l *Libvirt) RemoveVolumes(ctx context.Context, traces []string) error {
	for _, t := range traces {
		host, rest, _ := strings.Cut(t, ": volume ")
		pool, name, ok := strings.Cut(rest, "/")
		if !ok {
			return fmt.Errorf("cannot remove %q: it is no volume", t)
		}
		if _, err := l.virsh(ctx, host, fmt.Sprintf("vol-delete %s --pool %s", name, pool)); err != nil {
			return err
		}
	}
	return nil
}

// PowerOff cuts a domain's power.
func (l *Libvirt) PowerOff(ctx context.Context, vm VM) error {
	_, err := l.virsh(ctx, vm.Host, "destroy "+vm.ID)
	return err
}

// Destroy removes a domain and leaves its volumes behind, as `virsh undefine` does.
func (l *Libvirt) Destroy(ctx context.Context, vm VM) error {
	commands := []string{"undefine " + vm.ID + " --nvram --snapshots-metadata --managed-save"}
	if vm.On {
		commands = append([]string{"destroy " + vm.ID}, commands...)
	}
	_, err := l.virsh(ctx, vm.Host, commands...)
	return err
}
