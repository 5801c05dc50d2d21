// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"time"

	"github.com/go-logr/logr"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// DomainType says what runs the guests' instructions.
type DomainType string

// Domain types.
const (
	// DomainTypeAuto is KVM on each host where a guest was seen to start with it, and QEMU elsewhere.
	DomainTypeAuto DomainType = "auto"
	// DomainTypeKVM is the host's processor.
	DomainTypeKVM DomainType = "kvm"
	// DomainTypeQEMU is QEMU's emulation.
	DomainTypeQEMU DomainType = "qemu"
)

// A Host is one hypervisor host of a fleet.
type Host struct {
	// Name by which placement knows the host.
	Name string
	// URI of the host's libvirt daemon, such as "qemu:///system".
	URI string
	// Cluster the host counts to in placement.
	Cluster string
	// Zone the host counts to in placement; empty for none.
	Zone string
}

// Config is a fleet of libvirt hosts.
type Config struct {
	// Hosts of the fleet, with unique names.
	Hosts []Host
	// DomainType of new VMs; empty is DomainTypeAuto.
	DomainType DomainType
	// TLS is what hosts with a qemu+tls URI are reached with.
	TLS TLS
	// SSH is what hosts with a qemu+ssh or qemu+libssh URI are reached with.
	SSH SSH
}

// TLS is how a client and the hosts prove to each other who they are, all as PEM.
type TLS struct {
	// Cert and Key are the client's certificate and its private key. Both are empty for hosts that ask for none.
	Cert, Key []byte
	// CA vouches for the hosts' certificates, and nothing else does.
	CA []byte
}

// SSH is how a client and the hosts prove to each other who they are.
type SSH struct {
	// Key is the private key of the account, without a passphrase.
	Key []byte
	// KnownHosts are the keys of the hosts, as in OpenSSH's file of that name. A host that is not in it is not talked to.
	KnownHosts []byte
}

// Options of a Client.
type Options struct {
	// Log is told what happens in the background. The zero Logger discards.
	Log logr.Logger
	// RefreshInterval is how often each host is compared with the cache, in case an event was lost. Default 5 minutes.
	RefreshInterval time.Duration
	// Recorder is told of each call and each task. Default none.
	Recorder clients.Recorder
}

const (
	defaultRefreshInterval = 5 * time.Minute
	// callTimeout bounds a call that libvirt answers from memory.
	callTimeout = 15 * time.Second
	// dialTimeout is after how long a host that does not answer is called unreachable. The attempt goes on.
	dialTimeout = 10 * time.Second
	// A daemon that answers nothing for keepAliveSeconds * keepAliveCount is gone.
	keepAliveSeconds = 4
	keepAliveCount   = 3
	// settleTimeout is how long the first observations wait for the first connections.
	settleTimeout = 3 * time.Second
	// Time between attempts to connect.
	minBackoff = 500 * time.Millisecond
	maxBackoff = 30 * time.Second
	// coalesce is how long events are gathered before what they are about is looked at.
	coalesce = 50 * time.Millisecond
	// workConnections bounds the calls that take long and are under way on one host.
	workConnections = 3
	// copySlots bounds the volumes that one host copies at a time. It is less than workConnections, so that VMs can be
	// started meanwhile.
	copySlots = 2
)
