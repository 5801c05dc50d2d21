// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package debian installs missing Debian packages, where this is a Debian machine and we may.
package debian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// installed is what dpkg says of a package that is there.
const installed = "install ok installed"

// ErrNotRoot says that packages are missing and that only root can install them. Its message holds the command.
var ErrNotRoot = errors.New("only root can install Debian packages")

// Missing returns those of the packages that are not installed. On a machine without dpkg nothing is missing: there
// the programs themselves say what they lack.
func Missing(ctx context.Context, packages []string) ([]string, error) {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		return nil, nil //nolint:nilerr // Not a Debian machine.
	}

	args := append([]string{"--show", "--showformat=${Package}\t${Status}\n"}, packages...)
	cmd := exec.CommandContext(ctx, "dpkg-query", args...)

	// It exits with 1 when it does not know one of them, and prints the others all the same.
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return nil, fmt.Errorf("cannot ask which packages are installed: %w", err)
	}

	return missing(packages, string(out)), nil
}

// missing returns the packages that a listing of lines "package<TAB>status" does not call installed.
func missing(packages []string, listing string) []string {
	have := map[string]bool{}

	for line := range strings.Lines(listing) {
		name, status, _ := strings.Cut(strings.TrimSpace(line), "\t")
		have[name] = have[name] || status == installed
	}

	var absent []string

	for _, p := range packages {
		if !have[p] {
			absent = append(absent, p)
		}
	}

	return absent
}

// Command returns what a person types to install packages.
func Command(packages []string) string {
	return "apt-get update && apt-get install --no-install-recommends --yes " + strings.Join(packages, " ")
}

// Install installs packages. It returns ErrNotRoot when we may not.
func Install(ctx context.Context, packages []string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("%w; run: %s", ErrNotRoot, Command(packages))
	}

	for _, args := range [][]string{
		{"update"},
		append([]string{"install", "--no-install-recommends", "--yes"}, packages...),
	} {
		cmd := exec.CommandContext(ctx, "apt-get", args...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")

		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot run apt-get %s: %w: %s", args[0], err, out)
		}
	}

	return nil
}
