// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Kubectl runs kubectl against the local cluster.
type Kubectl struct {
	path, kubeconfig string
}

// NewKubectl finds kubectl: the local cluster's own when it has one, else the one in PATH.
func NewKubectl(e Env) (Kubectl, error) {
	own := filepath.Join(e.Dir, "bin", "kubectl")
	if _, err := os.Stat(own); err == nil {
		return Kubectl{path: own, kubeconfig: e.Kubeconfig}, nil
	}
	path, err := exec.LookPath("kubectl")
	if err != nil {
		return Kubectl{}, fmt.Errorf("cannot find kubectl, neither as %s nor in PATH: %w", own, err)
	}
	return Kubectl{path: path, kubeconfig: e.Kubeconfig}, nil
}

// Run returns what kubectl writes to its standard output. What it writes to its standard error is part of the error.
func (k Kubectl) Run(ctx context.Context, args ...string) (string, error) {
	return k.RunWith(ctx, "", args...)
}

// RunWith is Run with a standard input, such as a manifest for `apply -f -`.
func (k Kubectl) RunWith(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, k.path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+k.kubeconfig)
	cmd.Stdin = strings.NewReader(stdin)
	return output(cmd)
}

// output runs a command and returns its standard output; its standard error is part of the error.
func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("cannot run %s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err,
			strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
