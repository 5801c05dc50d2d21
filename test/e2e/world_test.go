// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/crossplane-contrib/provider-virtrigaud/apis/v1beta1"
	"github.com/crossplane-contrib/provider-virtrigaud/cluster/lab"
)

// patience is how long a test waits for something that must come. It is generous: nothing is asserted about durations.
const patience = 5 * time.Minute

// envFile returns the path of the file in which `make up` wrote down how to reach the local cluster: $VIRTRIGAUD_ENV, or the
// one of this clone.
func envFile() string {
	if path := os.Getenv("VIRTRIGAUD_ENV"); path != "" {
		return path
	}
	return filepath.Join("..", "..", ".local", "env")
}

// A world is a test's namespace on the local cluster, with the hypervisors beside it.
type world struct {
	*testing.T
	env     lab.Env
	kube    client.Client
	kubectl lab.Kubectl
	vcenter *lab.VCenter
	// ns is the namespace's name. Names of VMs begin with it, so that tests do not see each other's.
	ns string
}

// newWorld makes a namespace and removes it, with all VMs in it, when the test is over.
func newWorld(t *testing.T, ns string) *world {
	t.Helper()
	w := &world{T: t, ns: ns}
	var err error
	if w.env, err = lab.LoadEnv(envFile()); err != nil {
		t.Fatal(err)
	}
	if w.kubectl, err = lab.NewKubectl(w.env); err != nil {
		t.Fatal(err)
	}
	if w.kube, err = newClient(w.env.Kubeconfig); err != nil {
		t.Fatal(err)
	}
	if w.vcenter, err = lab.NewVCenter(t.Context(), w.env); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.vcenter.Close(context.WithoutCancel(t.Context())) })

	if w.exists(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}) {
		w.removeVMs(t.Context())
		w.run(t.Context(), "delete", "namespace", ns, "--ignore-not-found")
	}
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}})
	t.Cleanup(func() {
		w.tidy()
		w.run(context.WithoutCancel(t.Context()), "delete", "namespace", ns, "--wait=false")
	})
	return w
}

func newClient(kubeconfig string) (client.Client, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	cfg.QPS, cfg.Burst = 100, 200
	s := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(s); err != nil {
		return nil, err
	}
	if err := v1beta1.AddToScheme(s); err != nil {
		return nil, err
	}
	return client.New(cfg, client.Options{Scheme: s})
}

// guests returns the view of the libvirt hosts, or skips the test where they cannot run.
func (w *world) guests() *lab.Libvirt {
	w.Helper()
	if w.env.Libvirt != lab.LibvirtQEMU {
		w.Skipf("There are no real libvirt hosts: this local cluster's are of mode %q.", w.env.Libvirt)
	}
	guests, err := lab.NewLibvirt(w.env)
	if err != nil {
		w.Fatal(err)
	}
	return guests
}

// with returns the same world for a subtest.
func (w *world) with(t *testing.T) *world {
	t.Helper()
	sub := *w
	sub.T = t
	return &sub
}

func (w *world) create(o client.Object) {
	w.Helper()
	if err := w.kube.Create(w.Context(), o); err != nil {
		w.Fatalf("cannot create %T %s: %v", o, o.GetName(), err)
	}
}

func (w *world) delete(o client.Object) {
	w.Helper()
	if err := client.IgnoreNotFound(w.kube.Delete(w.Context(), o)); err != nil {
		w.Fatalf("cannot delete %T %s: %v", o, o.GetName(), err)
	}
}

func (w *world) get(o client.Object) {
	w.Helper()
	if err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		w.Fatalf("cannot get %T %s: %v", o, o.GetName(), err)
	}
}

func (w *world) exists(o client.Object) bool {
	w.Helper()
	err := w.kube.Get(w.Context(), client.ObjectKeyFromObject(o), o)
	if client.IgnoreNotFound(err) != nil {
		w.Fatalf("cannot get %T %s: %v", o, o.GetName(), err)
	}
	return err == nil
}

// change changes an object as it is now. It sends the difference only, as `kubectl patch` does, so that what the Go types do not
// know is left alone.
func change[T client.Object](w *world, o T, how func(T)) {
	w.Helper()
	w.get(o)
	before, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		w.Fatalf("cannot copy %T", o)
	}
	how(o)
	if err := w.kube.Patch(w.Context(), o, client.MergeFrom(before)); err != nil {
		w.Fatalf("cannot change %T %s: %v", o, o.GetName(), err)
	}
}

// tidy removes the VMs of a test that is over. If it failed, what there is to learn from them is logged before.
func (w *world) tidy() {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.Context()), patience)
	defer cancel()
	if w.Failed() {
		w.diagnose(ctx)
	}
	w.removeVMs(ctx)
}

// removeVMs deletes all sets and VMs of the test's namespace, and waits until they are gone.
func (w *world) removeVMs(ctx context.Context) {
	w.Helper()
	w.run(ctx, "delete", "vmset", "--all", "-n", w.ns, "--timeout="+patience.String())
	w.run(ctx, "delete", "virtualmachines", "--all", "-n", w.ns, "--timeout="+patience.String())
}

// run runs kubectl and returns what it prints; that it fails is an error of the test.
func (w *world) run(ctx context.Context, args ...string) string {
	w.Helper()
	out, err := w.kubectl.Run(ctx, args...)
	if err != nil {
		w.Error(err)
	}
	return out
}

// diagnose logs what a reader needs to find out why a test failed.
func (w *world) diagnose(ctx context.Context) {
	for _, args := range [][]string{
		{"get", "vmset,vmpp,virtualmachines,providerconfigs.infra.virtrigaud.io", "-n", w.ns, "-o", "yaml", "--show-managed-fields=false"},
		{"get", "events", "-n", w.ns, "--sort-by=.lastTimestamp"},
	} {
		w.Logf("kubectl %v:\n%s", args, tail(w.run(ctx, args...), 400))
	}
	logs, _ := filepath.Glob(filepath.Join(w.env.Dir, "logs", "*.log"))
	for _, file := range logs {
		switch filepath.Base(file) {
		case "provider.log", "function.log":
			content, _ := os.ReadFile(file)
			w.Logf("%s:\n%s", filepath.Base(file), tail(string(content), 60))
		}
	}
}
