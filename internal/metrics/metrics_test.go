// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestMetrics(t *testing.T) {
	m := New()
	m.Reconfigured("vsphere", "success")
	m.Reconfigured("vsphere", "success")
	r := m.Recorder("libvirt")
	r.Call("virDomainCreate", "")
	r.Call("virDomainCreate", clients.Busy)
	r.Task(clients.TaskCreate, 3*time.Second, "")

	want := []string{
		"virtrigaud_hypervisor_calls_total{method=virDomainCreate,outcome=Busy,provider_type=libvirt} 1",
		"virtrigaud_hypervisor_calls_total{method=virDomainCreate,outcome=success,provider_type=libvirt} 1",
		"virtrigaud_task_duration_seconds{outcome=success,provider_type=libvirt,task=Create} 3",
		"virtrigaud_vm_reconfigure_total{outcome=success,provider_type=vsphere} 2",
	}
	if diff := cmp.Diff(want, series(t, m)); diff != "" {
		t.Errorf("The metrics have the names and labels that the documentation promises: -want, +got:\n%s", diff)
	}
}

// series returns all that c collects, one line each: a counter's value, a histogram's sum.
func series(t *testing.T, c prometheus.Collector) []string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			value := m.GetCounter().GetValue() + m.GetHistogram().GetSampleSum()
			lines = append(lines, fmt.Sprintf("%s{%s} %g", f.GetName(), strings.Join(labels, ","), value))
		}
	}
	return lines
}
