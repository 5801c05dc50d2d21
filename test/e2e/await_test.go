// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// lookEvery is the pause between two looks at an object.
const lookEvery = 500 * time.Millisecond

// await looks until it sees what is wanted, and fails the test with what it saw last when that does not come.
func (w *world) await(what string, look func() (seen string, ok bool)) {
	w.Helper()
	deadline := time.Now().Add(patience)
	for {
		seen, ok := look()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("waited in vain for: %s\nlast seen: %s", what, seen)
		}
		select {
		case <-w.Context().Done():
			w.Fatalf("stopped while waiting for: %s\nlast seen: %s", what, seen)
		case <-time.After(lookEvery):
		}
	}
}

// A condition of an object's status.
type condition struct {
	Type, Status, Reason, Message string
	ObservedGeneration            int64
}

func (c condition) String() string {
	return fmt.Sprintf("%s=%s (%s) %s", c.Type, c.Status, c.Reason, c.Message)
}

// conditions reads the conditions of an object of any kind.
func (w *world) conditions(o client.Object) []condition {
	w.Helper()
	gvk, err := apiutil.GVKForObject(o, w.kube.Scheme())
	if err != nil {
		w.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	u.SetGroupVersionKind(gvk)
	if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(o), u); err != nil {
		w.Fatalf("cannot get %s %s: %v", gvk.Kind, o.GetName(), err)
	}
	list, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	var all []condition
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			continue
		}
		text := func(key string) string { s, _, _ := unstructured.NestedString(m, key); return s }
		generation, _, _ := unstructured.NestedInt64(m, "observedGeneration")
		all = append(all, condition{text("type"), text("status"), text("reason"), text("message"), generation})
	}
	return all
}

// awaitReady waits until an object is Ready, and Synced where it has that condition.
func (w *world) awaitReady(o client.Object) {
	w.Helper()
	w.await(fmt.Sprintf("%T %s is Ready", o, o.GetName()), func() (string, bool) {
		all := w.conditions(o)
		ready := false
		for _, c := range all {
			ready = ready || c.Type == "Ready" && c.Status == "True"
			if c.Type == "Synced" && c.Status != "True" {
				return fmt.Sprint(all), false
			}
		}
		return fmt.Sprint(all), ready
	})
}

// awaitTrouble waits until a condition that is not True speaks of all the given words, in its reason or its message.
func (w *world) awaitTrouble(o client.Object, words ...string) {
	w.Helper()
	w.await(fmt.Sprintf("%T %s says what is wrong, with the words %q", o, o.GetName(), words), func() (string, bool) {
		all := w.conditions(o)
		for _, c := range all {
			if c.Status != "True" && containsAll(c.String(), words) {
				return "", true
			}
		}
		return fmt.Sprint(all), false
	})
}

func containsAll(s string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(strings.ToLower(s), strings.ToLower(word)) {
			return false
		}
	}
	return true
}

// awaitGone waits until an object does not exist.
func (w *world) awaitGone(o client.Object) {
	w.Helper()
	w.await(fmt.Sprintf("%T %s is gone", o, o.GetName()), func() (string, bool) {
		gone := !w.exists(o)
		return "it still exists", gone
	})
}

// awaitVMs waits until a hypervisor shows VMs, whose names start with the namespace's, as wanted.
func (w *world) awaitVMs(h lab.Hypervisor, what string, wanted func([]lab.VM) bool) []lab.VM {
	w.Helper()
	var vms []lab.VM
	w.await("the hypervisor shows "+what, func() (string, bool) {
		vms = w.vms(h)
		return fmt.Sprintf("%s: %v", lab.Count(vms), vms), wanted(vms)
	})
	return vms
}

// vms lists a hypervisor's VMs whose names start with the namespace's.
func (w *world) vms(h lab.Hypervisor) []lab.VM {
	w.Helper()
	vms, err := h.VMs(w.Context(), w.ns)
	if err != nil {
		w.Fatal(err)
	}
	return vms
}

// running says whether there are n VMs, all powered on and with the given number of CPUs.
func running(n, cpus int) func([]lab.VM) bool {
	return func(vms []lab.VM) bool {
		t := lab.Count(vms)
		return t.Exist == n && t.On == n && t.ByCPUs[cpus] == n
	}
}

// awaitSet waits until a set is at rest with its present template: the counts in its status and its conditions agree.
func (w *world) awaitSet(set *v1beta1.VMSet, replicas int32) {
	w.Helper()
	w.await(fmt.Sprintf("VMSet %s has %d ready, updated VMs and no others", set.Name, replicas), func() (string, bool) {
		w.get(set)
		s := set.Status
		return fmt.Sprintf("%+v", s), s.Replicas == replicas && s.ReadyReplicas == replicas && s.UpdatedReplicas == replicas && s.TerminatingReplicas == 0
	})
	w.awaitReady(set)
}

// tail returns the last n lines of a text.
func tail(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
