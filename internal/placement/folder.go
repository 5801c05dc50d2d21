// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package placement

import (
	"fmt"
	"slices"
	"strings"
)

// chooseFolder returns the folder of new VMs: the one they ask for, else the first soft one, else the first hard one, of those
// that exist and that the hard rules allow. Soft folders are a wish, so that none of them existing is no folder. When a hard one
// is needed and there is none, ok is false and why says so.
func chooseFolder(exist []string, rules Rules, pin string) (folder string, ok bool, why string) {
	hard := newFilter(rules.Hard.Folders)
	usable := func(f string) bool { return slices.Contains(exist, f) && hard.has(f) }
	if pin != "" {
		switch {
		case !slices.Contains(exist, pin):
			return "", false, fmt.Sprintf("placement.folder %q does not exist", pin)
		case !hard.has(pin):
			return "", false, fmt.Sprintf("placement.folder %q is not in hard.folders", pin)
		}
		return pin, true, ""
	}
	for _, f := range slices.Concat(rules.Soft.Folders, rules.Hard.Folders) {
		if usable(f) {
			return f, true, ""
		}
	}
	if hard == nil {
		return "", true, ""
	}
	if len(exist) == 0 {
		return "", false, "hard.folders cannot be met: the endpoint has no folders"
	}
	return "", false, fmt.Sprintf("hard.folders cannot be met: none of %s exists", strings.Join(rules.Hard.Folders, ", "))
}
