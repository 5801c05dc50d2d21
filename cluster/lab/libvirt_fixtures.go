// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// defaultPool is the storage pool that every libvirt host of the local cluster has.
const defaultPool = "default"

// CreateForeign defines a domain without a disk on the first host.
func (l *Libvirt) CreateForeign(ctx context.Context, name string) (VM, error) {
	host := l.hosts[0].Name
	err := l.define(ctx, host, "define", fmt.Sprintf(
		"<domain type='qemu'><name>%s</name><memory unit='MiB'>32</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>", name))
	if err != nil {
		return VM{}, err
	}
	id, err := l.virsh(ctx, host, "domuuid "+name)
	if err != nil {
		return VM{}, err
	}
	return VM{Name: name, ID: strings.TrimSpace(id), Host: host, CPUs: 1}, nil
}

// CreateNetwork makes an isolated network, with addresses, on a host.
func (l *Libvirt) CreateNetwork(ctx context.Context, host, name string) error {
	err := l.define(ctx, host, "net-define", fmt.Sprintf("<network><name>%s</name><ip address='192.168.150.1' netmask='255.255.255.0'>"+
		"<dhcp><range start='192.168.150.2' end='192.168.150.99'/></dhcp></ip></network>", name))
	if err != nil {
		return err
	}
	_, err = l.virsh(ctx, host, "net-start "+name)
	return err
}

// DeleteNetwork removes a network from a host.
func (l *Libvirt) DeleteNetwork(ctx context.Context, host, name string) error {
	_, err := l.virsh(ctx, host, "net-destroy "+name, "net-undefine "+name)
	return err
}

// CopyVolume makes a volume of the pool "default" anew under another name.
func (l *Libvirt) CopyVolume(ctx context.Context, host, from, to string) error {
	_, err := l.virsh(ctx, host, fmt.Sprintf("vol-clone --pool %s %s %s", defaultPool, from, to))
	return err
}

// DeleteVolume removes a volume of the pool "default".
func (l *Libvirt) DeleteVolume(ctx context.Context, host, name string) error {
	_, err := l.virsh(ctx, host, fmt.Sprintf("vol-delete --pool %s %s", defaultPool, name))
	return err
}

// define hands an XML document to a virsh command that wants it as a file.
func (l *Libvirt) define(ctx context.Context, host, command, xml string) error {
	file, err := os.CreateTemp("", "define-*.xml")
	if err != nil {
		return fmt.Errorf("cannot make a temporary file: %w", err)
	}
	defer func() { _ = os.Remove(file.Name()) }()
	if _, err := file.WriteString(xml); err != nil {
		return fmt.Errorf("cannot write XML: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("cannot write XML: %w", err)
	}
	_, err = l.virsh(ctx, host, command+" "+file.Name())
	return err
}

// VolumeDigest returns the SHA-256 of the content of a volume of the pool "default", in hexadecimal.
func (l *Libvirt) VolumeDigest(ctx context.Context, host, name string) (string, error) {
	dir, err := os.MkdirTemp("", "volume-")
	if err != nil {
		return "", fmt.Errorf("cannot make a temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	file := filepath.Join(dir, "content")
	if _, err := l.virsh(ctx, host, fmt.Sprintf("vol-download --pool %s %s %s", defaultPool, name, file)); err != nil {
		return "", err
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("cannot read the downloaded volume: %w", err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}
