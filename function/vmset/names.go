// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vmset

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// revisionLength of a revision in hexadecimal digits.
const revisionLength = 8

// maxNameLength of a VM's name, which is also its name on the hypervisor and often that of its guest.
const maxNameLength = 63

// Revision of a template: the first 8 hexadecimal digits of the SHA-256 of its spec as canonical JSON (no white space, keys in
// order). The spec is taken as it comes in the request and not as this release's Go type understands it, so that a release which
// adds a field does not replace every VM. Any change of the spec that Crossplane reports is a new revision, and going back to an
// earlier spec is going back to its revision. Metadata of the template has no part in it.
func Revision(templateSpec *structpb.Value) (string, error) {
	b, err := json.Marshal(templateSpec.AsInterface()) // Maps come out in the order of their keys.
	if err != nil {
		return "", fmt.Errorf("cannot encode spec.template.spec: %w", err)
	}
	return digest(b, revisionLength), nil
}

func digest(b []byte, length int) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])[:length]
}

// machineName of the VM of a slot and revision. The name of a set that would make it too long is shortened, and told from
// others that begin alike by a digest.
func machineName(set string, slot int, revision string) string {
	suffix := fmt.Sprintf("-%d-%s", slot, revision)
	if longest := maxNameLength - len(suffix); len(set) > longest {
		d := "-" + digest([]byte(set), 5)
		set = strings.TrimRight(set[:longest-len(d)], "-.") + d
	}
	return set + suffix
}

// resourceName is the composition resource name of the VM of a slot and revision.
func resourceName(slot int, revision string) string {
	return fmt.Sprintf("vm-%d-%s", slot, revision)
}

// parseResourceName tells the slot and revision of a composition resource name, if it is one of ours.
func parseResourceName(name string) (slot int, revision string, ok bool) {
	rest, ok := strings.CutPrefix(name, "vm-")
	if !ok {
		return 0, "", false
	}
	digits, revision, ok := strings.Cut(rest, "-")
	if !ok || revision == "" {
		return 0, "", false
	}
	slot, err := strconv.Atoi(digits)
	if err != nil || slot < 0 || resourceName(slot, revision) != name {
		return 0, "", false
	}
	return slot, revision, true
}
