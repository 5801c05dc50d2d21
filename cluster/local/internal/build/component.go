// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package build makes the programs of the control plane from their Go modules, once per version and machine.
package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
)

// kubernetesModule is the folder of the Go module that Kubernetes is built from. It is apart from this program's own,
// because Crossplane is made of the libraries of another release of Kubernetes.
const kubernetesModule = "kubernetes"

// A Component is a program of the control plane.
type Component struct {
	// Name of the program.
	Name string
	// From is the folder of the Go module that requires Module, below the folder of this program.
	From string
	// Package is its main package.
	Package string
	// Module that the package's version is taken from.
	Module string
	// LinkerFlag sets a string variable; %s stands for the version.
	LinkerFlag string
	// Patches are applied to copies of the module's files.
	Patches []Patch
}

// A Patch replaces text of one source file.
type Patch struct {
	// File within the module.
	File string
	// Old text, which must occur exactly once.
	Old string
	// New text.
	New string
}

// Etcd returns the data store of the API server.
func Etcd() Component {
	return Component{
		Name:    "etcd",
		From:    kubernetesModule,
		Package: "./etcd",
		Module:  "go.etcd.io/etcd/server/v3",
	}
}

// KubeAPIServer returns the API server.
func KubeAPIServer() Component { return kubernetes("kube-apiserver") }

// KubeControllerManager returns the controllers of Kubernetes' own kinds.
func KubeControllerManager() Component { return kubernetes("kube-controller-manager") }

// Kubectl returns the command line client.
func Kubectl() Component { return kubernetes("kubectl") }

func kubernetes(name string) Component {
	return Component{
		Name:    name,
		From:    kubernetesModule,
		Package: "k8s.io/kubernetes/cmd/" + name,
		Module:  "k8s.io/kubernetes",
		// Without it clients cannot parse the server's version.
		LinkerFlag: "k8s.io/component-base/version.gitVersion=%s",
	}
}

// Crossplane returns Crossplane core, which also is its RBAC manager.
//
// Crossplane is meant for a container and listens for metrics and health probes on every address of the machine, which
// no flag can change. On a shared machine that is not ours to open, and the RBAC manager's port 8080 is often taken.
func Crossplane() Component {
	const core = "cmd/crossplane/core/core.go"

	return Component{
		Name:       "crossplane",
		From:       ".",
		Package:    "github.com/crossplane/crossplane/v2/cmd/crossplane",
		Module:     "github.com/crossplane/crossplane/v2",
		LinkerFlag: "github.com/crossplane/crossplane-runtime/v2/pkg/version.version=%s",
		Patches: []Patch{
			{File: core, Old: `fmt.Sprintf(":%d", c.MetricsPort)`, New: `fmt.Sprintf("127.0.0.1:%d", c.MetricsPort)`},
			{File: core, Old: `fmt.Sprintf(":%d", c.HealthProbePort)`, New: `fmt.Sprintf("127.0.0.1:%d", c.HealthProbePort)`},
			{
				File: "cmd/crossplane/rbac/rbac.go",
				Old:  "PprofBindAddress: c.Profile,",
				New:  "PprofBindAddress: c.Profile,\n\t\tMetrics: metricsserver.Options{BindAddress: \"0\"},",
			},
			{
				File: "cmd/crossplane/rbac/rbac.go",
				Old:  "ctrl \"sigs.k8s.io/controller-runtime\"\n",
				New:  "ctrl \"sigs.k8s.io/controller-runtime\"\n\tmetricsserver \"sigs.k8s.io/controller-runtime/pkg/metrics/server\"\n",
			},
		},
	}
}

// recipe identifies how a component is built, apart from its version: another recipe must not find the old result.
func (c Component) recipe() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %s %q %q", runtime.GOOS, runtime.GOARCH, c.Package, c.LinkerFlag, c.Patches)

	return hex.EncodeToString(h.Sum(nil))[:8]
}

// file returns the name of the built program.
func (c Component) file(version string) string {
	return fmt.Sprintf("%s-%s-%s", c.Name, version, c.recipe())
}
