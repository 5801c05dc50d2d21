// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

func TestClassify(t *testing.T) {
	call := func(f types.BaseMethodFault) error {
		s := &soap.Fault{Code: "ServerFaultCode"}
		s.Detail.Fault = f
		return fmt.Errorf("cannot call: %w", soap.WrapSoapFault(s))
	}
	failed := func(f types.BaseMethodFault) error {
		return task.Error{LocalizedMethodFault: &types.LocalizedMethodFault{Fault: f}}
	}
	cause := &types.SystemError{}
	cause.FaultCause = &types.LocalizedMethodFault{Fault: &types.NoDiskSpace{}}

	cases := map[string]struct {
		reason string
		err    error
		want   clients.Class
	}{
		"Session":    {"An ended session is no refusal, although NotAuthenticated is a kind of NoPermission.", call(&types.NotAuthenticated{}), clients.Unreachable},
		"Permission": {"A missing permission is a refusal.", call(&types.NoPermission{}), clients.Unauthorized},
		"Login":      {"So is a wrong password.", call(&types.InvalidLogin{}), clients.Unauthorized},
		"Busy":       {"Another task is under way.", call(&types.TaskInProgress{}), clients.Busy},
		"Family":     {"A member of a family counts as the family.", failed(&types.InsufficientCpuResourcesFault{}), clients.Capacity},
		"Member":     {"A member is looked for before its family: NicSettingMismatch.", failed(&types.NicSettingMismatch{}), clients.Invalid},
		"Cause":      {"A fault that says nothing has a cause that does.", failed(cause), clients.Capacity},
		"Duplicate":  {"A name that is taken.", failed(&types.DuplicateName{}), clients.Conflict},
		"Argument":   {"A request that is refused as it stands.", call(&types.InvalidArgument{}), clients.Invalid},
		"Unknown":    {"A fault that nobody has heard of.", call(&types.GenericVmConfigFault{}), clients.Unknown},
		"Transport":  {"What is no fault did not come from the vCenter.", errors.New("EOF"), clients.Unreachable},
		"Classified": {"What has a class keeps it.", clients.NewError(clients.Conflict, "VM", errors.New("x")), clients.Conflict},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := clients.ClassOf(classify(tc.err)); got != tc.want {
				t.Errorf("%s\nclassify(%v) is of class %q, want %q", tc.reason, tc.err, got, tc.want)
			}
		})
	}
}
