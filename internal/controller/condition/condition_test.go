// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestNotReady(t *testing.T) {
	cases := map[string]struct {
		reason string
		err    error
		want   xpv2.Condition
	}{
		"Unreachable": {
			reason: "Nothing is known of a VM whose endpoint does not answer.",
			err:    clients.NewError(clients.Unreachable, "", errors.New("cannot dial vcenter")),
			want:   xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionUnknown, Reason: "Unreachable", Message: "Cannot dial vcenter"},
		},
		"NotFoundNamesItsSubject": {
			reason: "The reason says what is missing, also through wrapping.",
			err:    fmt.Errorf("cannot create VM: %w", clients.NewError(clients.NotFound, "Image", errors.New("no template \"x\""))),
			want:   xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "ImageNotFound", Message: "Cannot create VM: no template \"x\""},
		},
		"Unclassified": {
			reason: "An error without a class has the caller's reason.",
			err:    errors.New("boom\n  and more"),
			want:   xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "CreateFailed", Message: "Boom and more"},
		},
		"Capacity": {
			reason: "Other classes are reasons as they are.",
			err:    clients.NewError(clients.Capacity, "Host", errors.New("no room")),
			want:   xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "Capacity", Message: "No room"},
		},
		"Long": {
			reason: "A message is of bounded length.",
			err:    errors.New(strings.Repeat("X", 3*maxMessage)),
			want:   xpv2.Condition{Type: xpv2.TypeReady, Status: corev1.ConditionFalse, Reason: "CreateFailed", Message: strings.Repeat("X", maxMessage)},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := NotReady(tc.err, "CreateFailed")
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(xpv2.Condition{}, "LastTransitionTime")); diff != "" {
				t.Errorf("\n%s\nNotReady(...): -want, +got:\n%s", tc.reason, diff)
			}
		})
	}
}
