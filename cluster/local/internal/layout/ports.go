// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
)

// Ports are chosen below the range from which Linux takes ports of outgoing connections (32768 and up), so that a
// component that is down for a moment finds its port still free.
const (
	firstPort = 20000
	lastPort  = 30000
	attempts  = 200
)

// Ports remembers which component listens where on 127.0.0.1.
type Ports struct {
	path string
	byID map[string]int
}

// LoadPorts returns the ports of this clone.
func (l Layout) LoadPorts() (*Ports, error) {
	p := &Ports{path: l.State("ports.json"), byID: map[string]int{}}
	if err := ReadJSON(p.path, &p.byID); err != nil {
		return nil, err
	}

	return p, nil
}

// Reserve gives each name a port that it keeps until the state is removed.
func (p *Ports) Reserve(names ...string) error {
	for _, n := range names {
		if _, ok := p.byID[n]; ok {
			continue
		}

		port, err := p.free()
		if err != nil {
			return fmt.Errorf("cannot find a port for %s: %w", n, err)
		}

		p.byID[n] = port
	}

	return WriteJSON(p.path, p.byID)
}

// Port returns the port of a reserved name, 0 if it was not reserved.
func (p *Ports) Port(name string) int { return p.byID[name] }

// Address returns the host:port of a reserved name.
func (p *Ports) Address(name string) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.byID[name]))
}

func (p *Ports) free() (int, error) {
	taken := make([]int, 0, len(p.byID))
	for _, port := range p.byID {
		taken = append(taken, port)
	}

	var last error

	for range attempts {
		port := firstPort + rand.IntN(lastPort-firstPort) //nolint:gosec // A port is not a secret.
		if slices.Contains(taken, port) {
			continue
		}

		lis, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))) //nolint:noctx // It returns at once.
		if err != nil {
			last = err
			continue
		}

		return port, lis.Close()
	}

	return 0, last
}
