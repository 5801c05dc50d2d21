// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// A LibvirtMode says what the local cluster's libvirt hosts are.
type LibvirtMode string

// Libvirt modes.
const (
	// LibvirtQEMU hosts run real QEMU guests.
	LibvirtQEMU LibvirtMode = "qemu"
	// LibvirtTest hosts are libvirt's built-in test driver. It lives inside the provider's process and nobody else can see it.
	LibvirtTest LibvirtMode = "test"
	// LibvirtNone means that there are no libvirt hosts.
	LibvirtNone LibvirtMode = "none"
)

// A LibvirtHost is one libvirt daemon.
type LibvirtHost struct {
	// Name by which placement knows the host.
	Name string
	// URI of its daemon.
	URI string
}

// Env is a running local cluster, as `make up` wrote it down.
type Env struct {
	// Dir holds the cluster's files: bin, logs, run.
	Dir string
	// Kubeconfig is the path of the administrator's kubeconfig.
	Kubeconfig string
	// VCenterURL is the vCenter's SDK address with an administrator's user name and password.
	VCenterURL string
	// VCenterCA is the path of the certificates that vouch for the vCenter's.
	VCenterCA string
	// Libvirt says what the libvirt hosts are.
	Libvirt LibvirtMode
	// LibvirtHosts in order of their names.
	LibvirtHosts []LibvirtHost
}

// LoadEnv reads an env file of lines KEY=VALUE, with or without "export" and quotes.
func LoadEnv(path string) (Env, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Env{}, fmt.Errorf("cannot resolve %q: %w", path, err)
	}
	vars, err := readVars(path)
	if errors.Is(err, os.ErrNotExist) {
		return Env{}, fmt.Errorf("cannot read %q: no local cluster is running here, start one with `make up`", path)
	}
	if err != nil {
		return Env{}, err
	}
	e := Env{
		Dir:        filepath.Dir(path),
		Kubeconfig: vars["KUBECONFIG"],
		VCenterURL: vars["GOVC_URL"],
		VCenterCA:  vars["GOVC_TLS_CA_CERTS"],
		Libvirt:    LibvirtMode(vars["VIRTRIGAUD_LIBVIRT"]),
	}
	for k, v := range vars {
		if name, ok := strings.CutPrefix(k, "LIBVIRT_URI_"); ok {
			e.LibvirtHosts = append(e.LibvirtHosts, LibvirtHost{Name: strings.ToLower(strings.ReplaceAll(name, "_", "-")), URI: v})
		}
	}
	sort.Slice(e.LibvirtHosts, func(i, j int) bool { return e.LibvirtHosts[i].Name < e.LibvirtHosts[j].Name })
	return e, e.validate(path)
}

func (e Env) validate(path string) error {
	for _, v := range []struct{ key, value string }{{"KUBECONFIG", e.Kubeconfig}, {"GOVC_URL", e.VCenterURL}} {
		if v.value == "" {
			return fmt.Errorf("cannot use %q: it does not set %s", path, v.key)
		}
	}
	switch e.Libvirt {
	case LibvirtTest, LibvirtNone:
		return nil
	case LibvirtQEMU:
		if len(e.LibvirtHosts) == 0 {
			return fmt.Errorf("cannot use %q: it sets no LIBVIRT_URI_<host> although there are libvirt hosts", path)
		}
		return nil
	default:
		return fmt.Errorf("cannot use %q: VIRTRIGAUD_LIBVIRT is %q, neither qemu, test nor none", path, e.Libvirt)
	}
}

func readVars(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot open env file: %w", err)
	}
	defer func() { _ = f.Close() }()

	vars := map[string]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(lines.Text()), "export "))
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		vars[key] = strings.Trim(value, `'"`)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("cannot read env file %q: %w", path, err)
	}
	return vars, nil
}
