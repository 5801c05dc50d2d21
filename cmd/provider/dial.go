// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/go-logr/logr"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/libvirt"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients/vsphere"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/metrics"
)

// dialers returns how to open each type of hypervisor.
func dialers(log logr.Logger, m *metrics.Metrics) map[v1beta1.ProviderType]endpoint.Dial {
	return map[v1beta1.ProviderType]endpoint.Dial{
		v1beta1.ProviderVSphere: func(e v1beta1.Endpoint, c endpoint.Credentials) (clients.Hypervisor, error) {
			return dialVSphere(e.VSphere, c, log.WithName("vsphere"), m.Recorder(string(v1beta1.ProviderVSphere)))
		},
		v1beta1.ProviderLibvirt: func(e v1beta1.Endpoint, c endpoint.Credentials) (clients.Hypervisor, error) {
			return dialLibvirt(e.Libvirt, c, log.WithName("libvirt"), m.Recorder(string(v1beta1.ProviderLibvirt)))
		},
	}
}

func dialVSphere(e *v1beta1.VSphereEndpoint, c endpoint.Credentials, log logr.Logger, r clients.Recorder) (clients.Hypervisor, error) {
	if e == nil {
		return nil, noBlock(v1beta1.ProviderVSphere)
	}
	h, err := vsphere.New(vsphere.Config{
		Server:                e.Server,
		Username:              c.Username,
		Password:              c.Password,
		CABundle:              e.CABundle,
		Thumbprint:            e.Thumbprint,
		InsecureSkipTLSVerify: e.InsecureSkipTLSVerify,
		ZoneTagCategory:       e.ZoneTagCategory,
	}, vsphere.Options{Log: log, Recorder: r})
	if err != nil {
		return nil, err
	}
	return h, nil
}

func dialLibvirt(e *v1beta1.LibvirtEndpoint, c endpoint.Credentials, log logr.Logger, r clients.Recorder) (clients.Hypervisor, error) {
	if e == nil {
		return nil, noBlock(v1beta1.ProviderLibvirt)
	}
	cfg := libvirt.Config{
		DomainType: libvirt.DomainType(e.DomainType),
		TLS:        libvirt.TLS{Cert: []byte(c.TLSCert), Key: []byte(c.TLSKey), CA: []byte(c.TLSCA)},
		SSH:        libvirt.SSH{Key: []byte(c.SSHKey), KnownHosts: []byte(c.KnownHosts)},
	}
	for _, h := range e.Hosts {
		cfg.Hosts = append(cfg.Hosts, libvirt.Host{Name: h.Name, URI: h.URI, Cluster: h.Cluster, Zone: h.Zone})
	}
	return libvirt.New(cfg, libvirt.Options{Log: log, Recorder: r}), nil
}

// noBlock is the error of a config whose type names a block that is not there. Admission refuses such a config.
func noBlock(t v1beta1.ProviderType) error {
	return clients.NewError(clients.Invalid, "", fmt.Errorf("the endpoint is of type %q but has no block %q", t, t))
}
