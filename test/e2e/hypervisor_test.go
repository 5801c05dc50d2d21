// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"strings"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// rule is an anti-affinity rule as its user writes it.
func rule(json string) *apiextensionsv1.JSON { return &apiextensionsv1.JSON{Raw: []byte(json)} }

// traces names everything that is on a hypervisor.
func (w *world) traces(h lab.Hypervisor) []string {
	w.Helper()
	traces, err := h.Traces(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return traces
}

// assertTraces checks that everything on a hypervisor is as it was before.
func (w *world) assertTraces(h lab.Hypervisor, before []string) {
	w.Helper()
	if diff := cmp.Diff(before, w.traces(h)); diff != "" {
		w.Errorf("Nothing must be left on the hypervisor. -before, +after:\n%s", diff)
	}
}

// imageDigests returns the SHA-256 of the base image on each libvirt host.
func (w *world) imageDigests(guests *lab.Libvirt) map[string]string {
	w.Helper()
	digests := map[string]string{}
	for _, h := range w.env.LibvirtHosts {
		digest, err := guests.VolumeDigest(w.Context(), h.Name, libvirtImage)
		if err != nil {
			w.Fatal(err)
		}
		digests[h.Name] = digest
	}
	return digests
}

// assertGuest checks what a command prints inside a guest, as soon as the guest's agent answers.
func (w *world) assertGuest(guests *lab.Libvirt, vm lab.VM, command, want string) {
	w.Helper()
	w.await("guest "+vm.Name+" answers "+want+" to "+command, func() (string, bool) {
		out, err := guests.GuestExec(w.Context(), vm, "/bin/sh", "-c", command)
		if err != nil {
			return err.Error(), false
		}
		return out, strings.TrimSpace(out) == want
	})
}
