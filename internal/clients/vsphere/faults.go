// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vsphere

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/task"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/crossplane-contrib/provider-virtrigaud/internal/clients"
)

// A kind of fault, and the class of error it is.
type kind struct {
	is    func(types.BaseMethodFault) bool
	class clients.Class
}

// of says whether a fault is of a type, or of a family when T is an interface.
func of[T any](f types.BaseMethodFault) bool {
	_, ok := f.(T)
	return ok
}

// kinds are the faults we know, the first that fits counting. Families stand behind their members.
// https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/ describes each.
func kinds() []kind {
	return []kind{
		// A session that has ended says nothing of permissions; the client logs in again.
		{of[*types.NotAuthenticated], clients.Unreachable},

		{of[types.BaseInvalidLogin], clients.Unauthorized},
		{of[types.BaseNoPermission], clients.Unauthorized},

		// An object that is gone was changed or removed meanwhile: look again.
		{of[*types.ManagedObjectNotFound], clients.Busy},
		{of[types.BaseTaskInProgress], clients.Busy},
		{of[*types.ConcurrentAccess], clients.Busy},
		{of[*types.MethodDisabled], clients.Busy},
		{of[*types.RequestCanceled], clients.Busy},
		{of[types.BaseHostCommunication], clients.Unreachable},
		{of[types.BaseHostConnectFault], clients.Unreachable},

		{of[*types.DuplicateName], clients.Conflict},
		{of[*types.AlreadyExists], clients.Conflict},
		{of[*types.FileAlreadyExists], clients.Conflict},

		{of[types.BaseInsufficientResourcesFault], clients.Capacity},
		{of[*types.NoDiskSpace], clients.Capacity},
		{of[*types.NoCompatibleHost], clients.Capacity},
		{of[*types.OutOfBounds], clients.Capacity},

		{of[*types.MethodNotFound], clients.Unsupported},
		{of[types.BaseNotSupported], clients.Unsupported},
		{of[*types.RestrictedVersion], clients.Unsupported},

		{of[*types.InvalidPowerState], clients.Busy},
		{of[*types.CpuHotPlugNotSupported], clients.Invalid},
		{of[*types.MemoryHotPlugNotSupported], clients.Invalid},
		{of[types.BaseInvalidVmConfig], clients.Invalid},
		{of[types.BaseVirtualHardwareCompatibilityIssue], clients.Invalid},
		{of[*types.ToolsUnavailable], clients.Unsupported},
		{of[*types.NicSettingMismatch], clients.Invalid},
		{of[types.BaseInvalidState], clients.Busy},
		{of[types.BaseInvalidArgument], clients.Invalid},
		{of[*types.InvalidName], clients.Invalid},
		{of[types.BaseInvalidDatastore], clients.Invalid},
	}
}

// classOfFault returns the class of the first known fault in an error's tree.
func classOfFault(err any) (class clients.Class, isFault bool) {
	class = clients.Unknown
	fault.In(err, func(f types.BaseMethodFault, _ string, _ []types.LocalizableMessage) bool {
		isFault = true
		for _, k := range kinds() {
			if k.is(f) {
				class = k.class
				return true
			}
		}
		return false
	})
	return class, isFault
}

// classify gives an error of govmomi its class. What is no fault of the vCenter kept us from reaching it.
func classify(err error) error {
	if err == nil || clients.ClassOf(err) != clients.Unknown {
		return err
	}
	if isUntrusted(err) {
		return clients.NewError(clients.Untrusted, "", err)
	}
	if class, isFault := classOfFault(err); isFault {
		return clients.NewError(class, "", err)
	}
	return clients.NewError(clients.Unreachable, "", err)
}

// failure returns why a task failed. The fault's message is the vCenter's.
func failure(p purpose, f *types.LocalizedMethodFault) error {
	class, _ := classOfFault(f)
	err := fmt.Errorf("cannot %s the VM: %w", p, task.Error{LocalizedMethodFault: f})
	if p == toReconfigure && isPowerState(err) {
		class = clients.Invalid
	}
	return clients.NewError(class, "VM", err)
}

// isUntrusted says whether a certificate could not be verified.
func isUntrusted(err error) bool {
	var verification *tls.CertificateVerificationError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &invalid) || soap.IsCertificateUntrusted(err)
}

// isSessionLost says whether the vCenter does not know our session any more.
func isSessionLost(err error) bool {
	return err != nil && fault.Is(err, &types.NotAuthenticated{})
}

// isUnknownOutcome says whether a call may have been carried out although it failed: it was no fault of the vCenter.
func isUnknownOutcome(err error) bool { return err != nil && !soap.IsSoapFault(err) }

// isGone says whether an object does not exist any more.
func isGone(err error) bool { return err != nil && fault.Is(err, &types.ManagedObjectNotFound{}) }

// isPowerState says whether something cannot be done in the VM's present power state.
func isPowerState(err error) bool { return err != nil && fault.Is(err, &types.InvalidPowerState{}) }

// isAlready says whether a VM was not changed because it has that power state.
func isAlready(err error, state types.VirtualMachinePowerState) bool {
	var f *types.InvalidPowerState
	if err == nil {
		return false
	}
	_, ok := fault.As(err, &f)
	return ok && f.ExistingState == state
}

// duplicateOf returns the object whose name a task or call wanted to use, if it failed for that.
func duplicateOf(err error) (ref, bool) {
	var f *types.DuplicateName
	if err == nil {
		return ref{}, false
	}
	if _, ok := fault.As(err, &f); !ok {
		return ref{}, false
	}
	return f.Object, true
}
