// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kdomanski/iso9660"
	"libvirt.org/go/libvirt"
)

// seedLabel is the volume label by which cloud-init knows a NoCloud disk.
const seedLabel = "cidata"

// seedImage returns an ISO 9660 image with the data that cloud-init's NoCloud source reads. Each VM is an instance of its
// own, so that its first boot is one.
func seedImage(uuid, name, userData string) ([]byte, error) {
	w, err := iso9660.NewWriter()
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Cleanup() }()
	host, err := json.Marshal(name) // quoted as JSON, and so as YAML
	if err != nil {
		return nil, err
	}
	files := []struct{ name, content string }{
		{"meta-data", fmt.Sprintf("instance-id: %s\nlocal-hostname: %s\n", uuid, host)},
		{"user-data", userData},
	}
	for _, f := range files {
		if err := w.AddFile(strings.NewReader(f.content), f.name); err != nil {
			return nil, err
		}
	}
	image := &bytes.Buffer{}
	err = w.WriteTo(image, seedLabel)
	return image.Bytes(), err
}

// upload fills a volume.
func upload(conn *libvirt.Connect, v *libvirt.StorageVol, content []byte) error {
	stream, err := conn.NewStream(0)
	if err != nil {
		return err
	}
	defer func() { _ = stream.Free() }()
	if err := v.Upload(stream, 0, uint64(len(content)), 0); err != nil {
		return err
	}
	left := bytes.NewBuffer(content)
	if err := stream.SendAll(func(_ *libvirt.Stream, n int) ([]byte, error) { return left.Next(n), nil }); err != nil {
		_ = stream.Abort()
		return err
	}
	return stream.Finish()
}
