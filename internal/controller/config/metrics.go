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
	up          *prometheus.GaugeVec
	vms         *prometheus.GaugeVec
	sessions    *prometheus.GaugeVec
	wanted      *prometheus.GaugeVec
	lastContact *prometheus.GaugeVec
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
		sessions: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "virtrigaud_endpoint_sessions",
			Help: "The number of sessions or connections that are established with an endpoint.",
		}, labels),
		wanted: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "virtrigaud_endpoint_sessions_wanted",
			Help: "The number of sessions or connections that there should be with an endpoint.",
		}, labels),
		lastContact: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "virtrigaud_endpoint_last_contact_timestamp_seconds",
			Help: "When an endpoint last said how it is: what is known of its VMs is as old as that.",
		}, labels),
	}
}

// all returns the metrics one by one.
func (m *Metrics) all() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.up, m.vms, m.sessions, m.wanted, m.lastContact}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, g := range m.all() {
		g.Describe(ch)
	}
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	for _, g := range m.all() {
		g.Collect(ch)
	}
}

// set says how an endpoint is. Of one that is down the number of VMs is left as it was last known.
func (m *Metrics) set(ref endpoint.Ref, t v1beta1.ProviderType, f findings) {
	l := []string{ref.Kind, ref.Namespace, ref.Name, string(t)}
	m.sessions.WithLabelValues(l...).Set(float64(f.health.Sessions))
	m.wanted.WithLabelValues(l...).Set(float64(f.health.WantedSessions))
	if !f.health.LastContact.IsZero() {
		m.lastContact.WithLabelValues(l...).Set(float64(f.health.LastContact.UnixMilli()) / 1000)
	}
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
	for _, g := range m.all() {
		g.DeletePartialMatch(l)
	}
}
