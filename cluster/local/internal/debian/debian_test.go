// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package debian

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMissing(t *testing.T) {
	cases := map[string]struct {
		reason   string
		packages []string
		listing  string
		want     []string
	}{
		"AllThere": {
			reason:   "Installed packages are not missing.",
			packages: []string{"cpio", "mtools"},
			listing:  "cpio\tinstall ok installed\nmtools\tinstall ok installed\n",
		},
		"Unknown": {
			reason:   "A package that dpkg does not list is missing.",
			packages: []string{"cpio", "mtools"},
			listing:  "cpio\tinstall ok installed\n",
			want:     []string{"mtools"},
		},
		"Removed": {
			reason:   "A package of which only the configuration is left is missing.",
			packages: []string{"cpio"},
			listing:  "cpio\tdeinstall ok config-files\n",
			want:     []string{"cpio"},
		},
		"TwoArchitectures": {
			reason:   "A package that is installed for one architecture is there.",
			packages: []string{"libc6"},
			listing:  "libc6\tinstall ok installed\nlibc6\tdeinstall ok config-files\n",
		},
	}

	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, missing(tc.packages, tc.listing)); diff != "" {
				t.Errorf("%s\nmissing(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
