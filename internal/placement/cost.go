// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

// A goal is one thing that Plan makes as small as it can. An earlier goal counts before any later one.
type goal int

const (
	unevenHosts goal = iota
	unevenDatastores
	unevenClusters
	missedSoft
	usedMemory
	usedSpace
	hostRank
	datastoreRank

	goals = int(iota)
)

// A cost is what a unit of flow adds to each goal. Costs are ordered lexicographically.
type cost [goals]int64

func (c cost) plus(d cost) cost {
	for i := range c {
		c[i] += d[i]
	}
	return c
}

func (c cost) minus(d cost) cost {
	for i := range c {
		c[i] -= d[i]
	}
	return c
}

func (c *cost) less(d *cost) bool {
	for i := range c {
		if c[i] != d[i] {
			return c[i] < d[i]
		}
	}
	return false
}
