// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/internal/endpoint"
)

// Metrics says how the endpoints are.
type Metrics struct {
	up  *prometheus.GaugeVec
	vms *prometheus.GaugeVec
}

var _ prometheus.Collector = &Metrics{}

// NewMetrics returns the metrics of endpoints, to be registered.
func NewMetrics() *Metrics {
	labels := []string{"kind", "namespace", "name", "provider_type"}
	return &Metrics{
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "virtrigaud_endpoint_up",
			Help: "Whether the hypervisor endpoint of a config can be used (1) or not (0).",
		}, labels),
		vms: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "virtrigaud_endpoint_vms",
			Help: "The number of VMs on the hosts of an endpoint, whoever made them.",
		}, labels),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.up.Describe(ch)
	m.vms.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.up.Collect(ch)
	m.vms.Collect(ch)
}

// set says how an endpoint is. Of one that is down the number of VMs is left as it was last known.
func (m *Metrics) set(ref endpoint.Ref, t v1beta1.ProviderType, f findings) {
	l := []string{ref.Kind, ref.Namespace, ref.Name, string(t)}
	if f.err != nil {
		m.up.WithLabelValues(l...).Set(0)
		return
	}
	m.up.WithLabelValues(l...).Set(1)
	n := int32(0)
	for _, h := range f.inventory.Hosts {
		n += h.VMs
	}
	m.vms.WithLabelValues(l...).Set(float64(n))
}

// forget drops an endpoint that is gone.
func (m *Metrics) forget(ref endpoint.Ref) {
	l := prometheus.Labels{"kind": ref.Kind, "namespace": ref.Namespace, "name": ref.Name}
	m.up.DeletePartialMatch(l)
	m.vms.DeletePartialMatch(l)
}
