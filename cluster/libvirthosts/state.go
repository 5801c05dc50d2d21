// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

const (
	stateFile = "state.json"
	lockName  = "lock"
)

// A state is what a fleet writes down, so that a later process finds its hosts and stops them and nothing else.
type state struct {
	// RunDir holds the hosts' sockets. It is a directory of its own where the fleet's is too long a path for a socket.
	RunDir string       `json:"runDir"`
	Hosts  []*hostState `json:"hosts"`
}

// A hostState is one host of a fleet.
type hostState struct {
	Name string `json:"name"`
	// UUID by which libvirt knows the host.
	UUID string `json:"uuid"`
	// Init is the first process of the host's namespaces.
	Init process `json:"init"`
}

// loadState returns the state of the fleet in a directory, nil when there is none.
func loadState(dir string) (*state, error) {
	raw, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the hosts' state: %w", err)
	}
	s := &state{}
	if err := json.Unmarshal(raw, s); err != nil {
		return nil, fmt.Errorf("cannot parse the hosts' state: %w", err)
	}
	return s, nil
}

// save writes the state, so that it is always complete on disk.
func (s *state) save(dir string) error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the hosts' state: %w", err)
	}
	path := filepath.Join(dir, stateFile)
	if err := os.WriteFile(path+".new", raw, 0o600); err != nil {
		return fmt.Errorf("cannot write the hosts' state: %w", err)
	}
	return os.Rename(path+".new", path)
}
