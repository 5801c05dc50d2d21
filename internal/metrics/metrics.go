// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics says what the provider does with VMs and how hypervisors take it, by the names that operators watch.
package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// outcomeSuccess is the outcome, or class, of what went well.
const outcomeSuccess = "success"

// Metrics of VMs and of the calls and tasks behind them. Use New.
type Metrics struct {
	reconfigures *prometheus.CounterVec
	calls        *prometheus.CounterVec
	tasks        *prometheus.HistogramVec
}

var _ prometheus.Collector = &Metrics{}

// New returns the metrics, to be registered.
func New() *Metrics {
	return &Metrics{
		reconfigures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "virtrigaud_vm_reconfigure_total",
			Help: "The number of changes of VMs' hardware that ended, by outcome.",
		}, []string{"provider_type", "outcome"}),
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "virtrigaud_hypervisor_calls_total",
			Help: "The number of calls to hypervisors, by method and outcome: success or the class of the error.",
		}, []string{"provider_type", "method", "outcome"}),
		tasks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "virtrigaud_task_duration_seconds",
			Help:    "How long tasks on VMs took from their start to their end, by outcome: success or the class of the error.",
			Buckets: []float64{0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600},
		}, []string{"provider_type", "task", "outcome"}),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.reconfigures.Describe(ch)
	m.calls.Describe(ch)
	m.tasks.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.reconfigures.Collect(ch)
	m.calls.Collect(ch)
	m.tasks.Collect(ch)
}

// Reconfigured counts a change of a VM's hardware that ended.
func (m *Metrics) Reconfigured(providerType, outcome string) {
	m.reconfigures.WithLabelValues(providerType, outcome).Inc()
}

// Recorder returns what hypervisors of a type report to.
func (m *Metrics) Recorder(providerType string) clients.Recorder {
	return recorder{metrics: m, providerType: providerType}
}

type recorder struct {
	metrics      *Metrics
	providerType string
}

// Call implements clients.Recorder.
func (r recorder) Call(method string, class clients.Class) {
	r.metrics.calls.WithLabelValues(r.providerType, method, outcome(class)).Inc()
}

// Task implements clients.Recorder.
func (r recorder) Task(kind clients.TaskKind, took time.Duration, class clients.Class) {
	r.metrics.tasks.WithLabelValues(r.providerType, string(kind), outcome(class)).Observe(took.Seconds())
}

func outcome(c clients.Class) string {
	if c == "" {
		return outcomeSuccess
	}
	return string(c)
}
