// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// vmsOf lists a hypervisor's VMs that belong to the object of this name: a VM, or the VMs of a set.
func (w *world) vmsOf(h lab.Hypervisor, name string) []lab.VM {
	w.Helper()
	all, err := h.VMs(w.Context(), name)
	if err != nil {
		w.Fatal(err)
	}
	var vms []lab.VM
	for _, vm := range all {
		if vm.Name == name || strings.HasPrefix(vm.Name, name+"-") {
			vms = append(vms, vm)
		}
	}
	return vms
}

// createTemplate makes a template on the vCenter, which goes with the test.
func (w *world) createTemplate(name string) {
	w.Helper()
	vm, err := w.vcenter.CreateTemplate(w.Context(), name)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := w.vcenter.Destroy(context.WithoutCancel(w.Context()), vm); err != nil {
			w.Errorf("cannot remove the template: %v", err)
		}
	})
}

// createNetwork makes a network on the vCenter, which goes with the test.
func (w *world) createNetwork(name string) {
	w.Helper()
	if err := w.vcenter.CreateNetwork(w.Context(), name); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		if err := w.vcenter.DeleteNetwork(context.WithoutCancel(w.Context()), name); err != nil {
			w.Errorf("cannot remove the network: %v", err)
		}
	})
}

// undo removes something from a libvirt host when a test is over.
func (w *world) undo(how func(ctx context.Context, host, name string) error, host, name string) {
	if err := how(context.WithoutCancel(w.Context()), host, name); err != nil {
		w.Errorf("cannot remove %s from host %s: %v", name, host, err)
	}
}

// socketOf returns the path of the socket in a libvirt URI.
func socketOf(t *testing.T, uri string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	socket := u.Query().Get("socket")
	if socket == "" {
		t.Fatalf("The URI %q names no socket.", uri)
	}
	return socket
}

// foreignCA is a certificate authority that vouches for nobody here.
func (w *world) foreignCA() []byte {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "somebody else"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IsCA:         true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		w.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
