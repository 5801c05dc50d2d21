// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package libvirthosts

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// Guest image's files: the script that builds it, and what goes into it.
//
//go:embed guest
var guestFiles embed.FS

// GuestImage returns the path of the bootable guest image, a qcow2 file of some 17 MB. It is built when the user's cache
// directory does not have it yet, which takes about 15 seconds and downloads Debian packages. It must not be changed.
func GuestImage(ctx context.Context, log func(format string, args ...any)) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("cannot find the cache directory: %w", err)
	}
	key, err := guestImageKey()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "provider-virtrigaud")
	path := filepath.Join(dir, "guest-image-"+key+".qcow2")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := checkRequirements(imageRequirements()); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cannot create the cache directory: %w", err)
	}
	unlock, err := lockFile(filepath.Join(dir, "guest-image.lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil { // somebody else built it while we waited
		return path, nil
	}
	log("building the guest image %s", path)
	return path, buildGuestImage(ctx, path)
}

// guestImageKey changes when anything that the image is built from by us does.
func guestImageKey() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(guestFiles, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := guestFiles.ReadFile(path)
		fmt.Fprintf(sum, "%s %d\n", path, len(content))
		sum.Write(content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12], err
}

// buildGuestImage leaves a complete image at path, or none.
func buildGuestImage(ctx context.Context, path string) error {
	work, err := os.MkdirTemp(filepath.Dir(path), "guest-image-build-")
	if err != nil {
		return fmt.Errorf("cannot build the guest image: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.CopyFS(work, guestFiles); err != nil {
		return fmt.Errorf("cannot build the guest image: %w", err)
	}
	var output bytes.Buffer
	built := filepath.Join(work, "image.qcow2")
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(work, "guest", "build.sh"), built)
	cmd.Env = append(os.Environ(), "TMPDIR="+work, "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cannot build the guest image: %w\n%s", err, output.Bytes())
	}
	return os.Rename(built, path)
}

// lockFile waits until it holds the lock that a file stands for. The lock ends with unlock or with the process.
func lockFile(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	return func() { _ = f.Close() }, nil
}
