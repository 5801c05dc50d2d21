// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package reconfigure

import (
	"slices"
	"strings"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// networksKnown says whether the observation tells which interface is which. Of a VM that was made before names were recorded
// it does not, and then nothing may be added: it may be there already.
func networksKnown(vm clients.VM) bool {
	return len(vm.Networks) == 0 || slices.ContainsFunc(vm.Networks, func(n clients.NetworkObservation) bool { return n.Name != "" })
}

func networkOf(vm clients.VM, name string) (clients.NetworkObservation, bool) {
	i := slices.IndexFunc(vm.Networks, func(n clients.NetworkObservation) bool { return n.Name == name })
	if i < 0 {
		return clients.NetworkObservation{}, false
	}
	return vm.Networks[i], true
}

func newNetworks(s clients.VMSpec, vm clients.VM) []difference {
	if !networksKnown(vm) {
		return nil
	}
	var ds []difference
	for _, want := range s.Networks {
		if _, ok := networkOf(vm, want.Name); ok {
			continue
		}
		ds = append(ds, difference{
			of: want.Name, to: target(want), blocked: plugged(vm, vm.Plug.Networks),
			apply: func(c *clients.Change) { c.AddNetworks = append(c.AddNetworks, want) },
		})
	}
	return ds
}

// oldNetworks are those of ours that are asked for no more. A VM that asks for none keeps what it has.
func oldNetworks(s clients.VMSpec, vm clients.VM) []difference {
	if len(s.Networks) == 0 {
		return nil
	}
	var ds []difference
	for _, have := range vm.Networks {
		if have.Name == "" || slices.ContainsFunc(s.Networks, func(n clients.Network) bool { return n.Name == have.Name }) {
			continue
		}
		ds = append(ds, difference{
			of: have.Name, from: source(have), blocked: plugged(vm, vm.Plug.Networks),
			apply: func(c *clients.Change) { c.RemoveNetworks = append(c.RemoveNetworks, have.Name) },
		})
	}
	return ds
}

func connections(s clients.VMSpec, vm clients.VM) []difference {
	var ds []difference
	for _, want := range s.Networks {
		have, ok := networkOf(vm, want.Name)
		if !ok || have.Network == "" && have.Bridge == "" || connected(want, have) {
			continue
		}
		ds = append(ds, difference{
			of: want.Name, from: source(have), to: target(want), blocked: plugged(vm, vm.Plug.Networks),
			apply: func(c *clients.Change) { c.UpdateNetworks = append(c.UpdateNetworks, want) },
		})
	}
	return ds
}

// connected says whether an interface is connected to what is asked. A network can be asked for by its inventory path and be
// reported by its name, or the other way round.
func connected(want clients.Network, have clients.NetworkObservation) bool {
	if want.Bridge != "" {
		return want.Bridge == have.Bridge
	}
	return want.Network == have.Network ||
		have.Network != "" && (strings.HasSuffix(want.Network, "/"+have.Network) || strings.HasSuffix(have.Network, "/"+want.Network))
}

func models(s clients.VMSpec, vm clients.VM) []difference {
	return eachNetwork(s, vm, func(want clients.Network, have clients.NetworkObservation) (from, to string) {
		return have.Model, want.Model
	})
}

func macAddresses(s clients.VMSpec, vm clients.VM) []difference {
	return eachNetwork(s, vm, func(want clients.Network, have clients.NetworkObservation) (from, to string) {
		return have.MACAddress, want.MACAddress
	})
}

// eachNetwork compares what is decided when an interface is made. What is not asked, or not told, is no difference.
func eachNetwork(s clients.VMSpec, vm clients.VM, compare func(clients.Network, clients.NetworkObservation) (from, to string)) []difference {
	var ds []difference
	for _, want := range s.Networks {
		have, ok := networkOf(vm, want.Name)
		if !ok {
			continue
		}
		if from, to := compare(want, have); from != "" && to != "" && !strings.EqualFold(from, to) {
			ds = append(ds, difference{of: want.Name, from: from, to: to, never: whyNetMade})
		}
	}
	return ds
}

// target returns what an interface is to be connected to, for people.
func target(n clients.Network) string {
	if n.Bridge != "" {
		return "bridge " + n.Bridge
	}
	return n.Network
}

// source returns what an interface is connected to, for people.
func source(n clients.NetworkObservation) string {
	if n.Network == "" {
		return "bridge " + n.Bridge
	}
	return n.Network
}
