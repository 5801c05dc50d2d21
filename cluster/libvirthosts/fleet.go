// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/uuid"
)

// Options of a fleet.
type Options struct {
	// Dir is where the hosts keep their state, logs and volumes. One directory is one fleet.
	Dir string
	// Hosts is how many hosts there should be, at least 1. Hosts that are there already are kept.
	Hosts int
	// Remote lets the hosts be reached over the network too. Optional.
	Remote *Remote
	// Log is told what takes time. Optional.
	Log func(format string, args ...any)
}

// A Host of a fleet.
type Host struct {
	// Name is also its host name: "kvm-01".
	Name string
	// URI by which libvirt clients on this machine reach it.
	URI string
	// PoolDir is the directory of its storage pool.
	PoolDir string
}

// A Fleet is a number of libvirt hosts. Its methods must not be called concurrently.
type Fleet struct {
	dir   string
	state *state
	log   func(format string, args ...any)
}

// Start returns a fleet whose hosts answer and are provisioned. What runs already is left as it is. It returns
// ErrUnavailable where hosts cannot run; what a first start left behind then is removed again.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	if o.Hosts < 1 {
		return nil, fmt.Errorf("cannot start %d hosts", o.Hosts)
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: root is needed to give each host its own namespaces", ErrUnavailable)
	}
	required := hostRequirements()
	if o.Remote != nil && len(o.Remote.SSHKey) > 0 {
		required = append(required, sshRequirements()...)
	}
	if err := checkRequirements(required); err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = func(string, ...any) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot create the hosts' directory: %w", err)
	}
	unlock, err := lockFile(filepath.Join(dir, lockName))
	if err != nil {
		return nil, err
	}
	defer unlock()

	f, first, err := open(dir, o.Hosts, log)
	if err != nil {
		return nil, err
	}
	image, err := GuestImage(ctx, log)
	if err != nil {
		return nil, err
	}
	if err := f.up(ctx, image, o.Remote); err != nil {
		if first && errors.Is(err, ErrUnavailable) {
			err = errors.Join(err, f.down(context.WithoutCancel(ctx)))
		}
		return nil, err
	}
	return f, nil
}

// Stop ends the fleet in a directory and removes what it kept there. No fleet there is no error.
func Stop(ctx context.Context, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	s, err := loadState(dir)
	if err != nil || s == nil {
		return err
	}
	unlock, err := lockFile(filepath.Join(dir, lockName))
	if err != nil {
		return err
	}
	defer unlock()
	return (&Fleet{dir: dir, state: s}).down(ctx)
}

// open returns the fleet of a directory, with hosts added to its state until there are n, and whether this is its first
// start.
func open(dir string, n int, log func(string, ...any)) (f *Fleet, first bool, err error) {
	s, err := loadState(dir)
	if err != nil {
		return nil, false, err
	}
	first = s == nil
	if first {
		s = &state{RunDir: filepath.Join(dir, "run")}
	}
	for i := len(s.Hosts) + 1; i <= n; i++ {
		s.Hosts = append(s.Hosts, &hostState{Name: fmt.Sprintf("kvm-%02d", i), UUID: uuid.NewString()})
	}
	f = &Fleet{dir: dir, state: s, log: log}
	if err := f.chooseRunDir(); err != nil {
		return nil, false, err
	}
	return f, first, s.save(dir)
}

// chooseRunDir moves the sockets below /tmp when their paths would be too long for a socket.
func (f *Fleet) chooseRunDir() error {
	longest := f.host(len(f.state.Hosts) - 1).socket()
	if len(longest) <= maxSocketPath {
		return nil
	}
	run, err := os.MkdirTemp("/tmp", "libvirthosts-")
	if err != nil {
		return fmt.Errorf("cannot make a directory for sockets, as %q is longer than the %d bytes of a socket's path: %w", longest, maxSocketPath, err)
	}
	f.state.RunDir = run
	return nil
}

// Hosts of the fleet, sorted by name.
func (f *Fleet) Hosts() []Host {
	out := make([]Host, len(f.state.Hosts))
	for i := range f.state.Hosts {
		h := f.host(i)
		out[i] = Host{Name: h.Name, URI: h.uri(), PoolDir: h.poolDir()}
	}
	return out
}

// Stop ends the hosts with all their guests and removes what they kept.
func (f *Fleet) Stop(ctx context.Context) error { return f.down(ctx) }

// Kill takes the power from host i: its daemon and all its guests end at once.
func (f *Fleet) Kill(ctx context.Context, i int) error { return f.host(i).Init.kill(ctx) }

// Crash kills the daemon of host i and leaves its guests. The host starts the daemon again after a second.
func (f *Fleet) Crash(ctx context.Context, i int) error { return f.host(i).crash(ctx) }

// Freeze stops the daemon of host i where it is: connections are accepted and nothing is answered. Its guests run on.
func (f *Fleet) Freeze(i int) error { return f.host(i).signal(syscall.SIGSTOP) }

// Thaw has the daemon of host i go on after Freeze.
func (f *Fleet) Thaw(i int) error { return f.host(i).signal(syscall.SIGCONT) }

// Restart gives host i its power back after Kill, and returns when it answers.
func (f *Fleet) Restart(ctx context.Context, i int) error {
	h := f.host(i)
	if !h.Init.alive() {
		if err := f.powerOn(h); err != nil {
			return err
		}
	}
	return h.await(ctx)
}

func (f *Fleet) host(i int) *host {
	s := f.state.Hosts[i]
	return &host{hostState: s, dir: filepath.Join(f.dir, s.Name), run: filepath.Join(f.state.RunDir, s.Name)}
}

// powerOn starts a host and writes down that it did, before anything else can go wrong.
func (f *Fleet) powerOn(h *host) error {
	if err := h.powerOn(); err != nil {
		return err
	}
	return f.state.save(f.dir)
}

// up makes every host run, answer and have what a host has.
func (f *Fleet) up(ctx context.Context, image string, r *Remote) error {
	for i := range f.state.Hosts {
		h := f.host(i)
		if !h.Init.alive() {
			f.log("starting libvirt host %s", h.Name)
			if err := h.prepare(r); err != nil {
				return err
			}
			if err := f.shareCapabilities(h); err != nil {
				return err
			}
			if err := f.powerOn(h); err != nil {
				return err
			}
		}
		if err := h.await(ctx); err != nil {
			return err
		}
		// Makes libvirt start QEMU to see what it can do, and so proves that it runs at all.
		if _, err := h.virsh(ctx, "domcapabilities", "--virttype", "qemu"); err != nil {
			return fmt.Errorf("%w: QEMU does not run: %w", ErrUnavailable, err)
		}
		if err := h.provision(ctx, image); err != nil {
			return err
		}
	}
	return nil
}

// shareCapabilities spares a host the seconds in which libvirt asks QEMU what it can do, when the first host did already.
func (f *Fleet) shareCapabilities(h *host) error {
	const sub = "cache/qemu/capabilities"
	from, to := filepath.Join(f.host(0).dir, sub), filepath.Join(h.dir, sub)
	if _, err := os.Stat(from); err != nil || from == to {
		return nil //nolint:nilerr // There is nothing to share yet.
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	return os.CopyFS(to, os.DirFS(from))
}

// down ends the hosts and removes what they kept, the state last: until then it can be tried again.
func (f *Fleet) down(ctx context.Context) error {
	for i := range f.state.Hosts {
		h := f.host(i)
		if err := h.Init.kill(ctx); err != nil {
			return err
		}
		if err := os.RemoveAll(h.dir); err != nil {
			return fmt.Errorf("cannot remove host %q: %w", h.Name, err)
		}
	}
	for _, path := range []string{f.state.RunDir, filepath.Join(f.dir, stateFile), filepath.Join(f.dir, lockName)} {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("cannot remove the hosts' state: %w", err)
		}
	}
	// The directory itself may hold what is not ours.
	_ = os.Remove(f.dir)
	return nil
}
