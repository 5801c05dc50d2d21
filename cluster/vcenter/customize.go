// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"cmp"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// hostNameForm is what a guest accepts as its name: "letters, numbers and hyphens, 63 characters" (vSphere API,
// CustomizationFixedName).
var hostNameForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// CustomizeVMTask starts to prepare the customization of a VM, which its next power-on carries out.
func (m *machine) CustomizeVMTask(ctx *simulator.Context, req *types.CustomizeVM_Task) soap.HasFault {
	ref, fault := m.task(ctx, req.This, "customize", func(vm *simulator.VirtualMachine) (types.AnyType, types.BaseMethodFault) {
		return nil, m.world.prepare(vm, req.Spec)
	})
	return &methods.CustomizeVM_TaskBody{Res: &types.CustomizeVM_TaskResponse{Returnval: ref}, Fault_: fault}
}

// cloneCustomization returns how a clone is to be customized, nil if it is not: "This value is ignored if a template is being
// created" (vSphere API, VirtualMachineCloneSpec.customization).
func cloneCustomization(spec types.VirtualMachineCloneSpec) *types.CustomizationSpec {
	if spec.Template {
		return nil
	}
	return spec.Customization
}

// checkCloneCustomization returns why a clone cannot be customized as asked for, nil if it can.
func checkCloneCustomization(spec types.VirtualMachineCloneSpec, config types.VirtualMachineConfigSpec) types.BaseMethodFault {
	c := cloneCustomization(spec)
	if c == nil {
		return nil
	}
	nics := 0
	for _, d := range config.DeviceChange {
		if _, ok := d.GetVirtualDeviceConfigSpec().Device.(types.BaseVirtualEthernetCard); ok {
			nics++
		}
	}
	return checkCustomization(*c, config.GuestId, nics)
}

// prepare lets a VM's next power-on customize its guest: "CustomizationPending if the VM is already to be customized" and
// "InvalidPowerState if the virtual machine is not powered off" (vSphere API, CustomizeVM_Task).
func (w *world) prepare(vm *simulator.VirtualMachine, spec types.CustomizationSpec) types.BaseMethodFault {
	if fault := requirePower(vm, off); fault != nil {
		return fault
	}
	if vm.Config.Template {
		return &types.NotSupported{}
	}
	if vm.Config.Tools != nil && vm.Config.Tools.PendingCustomization != "" {
		return &types.CustomizationPending{}
	}
	if fault := checkCustomization(spec, vm.Config.GuestId, len(vm.Guest.Net)); fault != nil {
		return fault
	}
	w.await(vm, spec)
	return nil
}

// await notes that a VM's next power-on customizes its guest.
func (w *world) await(vm *simulator.VirtualMachine, spec types.CustomizationSpec) {
	id := uuid.NewString()
	w.customizations[id] = spec
	w.pending(vm, id, types.GuestInfoCustomizationStatusTOOLSDEPLOYPKG_PENDING, "")
}

// pending tells how far the customization of a VM is.
func (w *world) pending(vm *simulator.VirtualMachine, id string, status types.GuestInfoCustomizationStatus, reason string) {
	tools := types.ToolsConfigInfo{}
	if vm.Config.Tools != nil {
		tools = *vm.Config.Tools
	}
	tools.PendingCustomization = id
	info := &types.GuestInfoCustomizationInfo{CustomizationStatus: string(status), ErrorMsg: reason}
	if id == "" {
		info.EndTime = types.NewTime(time.Now())
	}
	vm.Config.Tools, vm.Guest.CustomizationInfo = &tools, info
	w.touch(vm.Self)
}

// checkCustomization returns why a guest cannot be customized like that, nil if it can. "NicSettingMismatch: the number of
// network interfaces in the customization specification does not match that of the VM" (vSphere API).
func checkCustomization(spec types.CustomizationSpec, guestID string, nics int) types.BaseMethodFault {
	if n := len(spec.NicSettingMap); n != nics {
		return &types.NicSettingMismatch{NumberOfNicsInSpec: int32(n), NumberOfNicsInVM: int32(nics)} //nolint:gosec // They are few.
	}
	for _, nic := range spec.NicSettingMap {
		ip, ok := nic.Adapter.Ip.(*types.CustomizationFixedIp)
		if !ok {
			continue
		}
		address, err := netip.ParseAddr(ip.IpAddress)
		if err != nil {
			return invalid("spec.nicSettingMap.adapter.ip.ipAddress")
		}
		if mask, err := netip.ParseAddr(nic.Adapter.SubnetMask); address.Is4() && (err != nil || !mask.Is4()) {
			return invalid("spec.nicSettingMap.adapter.subnetMask")
		}
	}
	windows := strings.HasPrefix(guestID, "win")
	switch id := spec.Identity.(type) {
	case *types.CustomizationLinuxPrep:
		if windows {
			return &types.UncustomizableGuest{UncustomizableGuestOS: guestID}
		}
		return checkName(id.HostName, "spec.identity.hostName")
	case *types.CustomizationSysprep:
		if !windows {
			return &types.UncustomizableGuest{UncustomizableGuestOS: guestID}
		}
		if id.UserData.FullName == "" || id.UserData.OrgName == "" {
			return invalid("spec.identity.userData")
		}
		return checkName(id.UserData.ComputerName, "spec.identity.userData.computerName")
	}
	return nil
}

// checkName returns why a guest cannot be called that, nil if it can.
func checkName(name types.BaseCustomizationName, property string) types.BaseMethodFault {
	switch n := name.(type) {
	case nil:
		return invalid(property)
	case *types.CustomizationFixedName:
		if !hostNameForm.MatchString(n.Name) {
			return invalid(property)
		}
	}
	return nil
}

// identify settles what a VM's guest is when it boots: what it was customized to, or else what its guest data say.
func (w *world) identify(vm *simulator.VirtualMachine) {
	if g := w.guest(vm.Self); g.Tools == ToolsRunning {
		w.customize(vm, g)
	}
	id, ok := w.customized[vm.Self]
	if !ok {
		id, ok = cloudInit(vm.Config, vm.Guest.Net)
	}
	delete(w.identities, vm.Self)
	if ok {
		w.identities[vm.Self] = id
	}
}

// customize carries out the customization that a VM waits for, if it does. It "takes effect at the first power-on".
func (w *world) customize(vm *simulator.VirtualMachine, g Guest) {
	if vm.Config.Tools == nil || vm.Config.Tools.PendingCustomization == "" {
		return
	}
	pending := vm.Config.Tools.PendingCustomization
	spec, ok := w.customizations[pending]
	if !ok {
		return
	}
	event := types.CustomizationEvent{VmEvent: w.vmEvent(vm)}
	w.post(&types.CustomizationStartedEvent{CustomizationEvent: event})
	if g.FailsCustomization {
		reason := "The guest could not apply the customization."
		w.pending(vm, "", types.GuestInfoCustomizationStatusTOOLSDEPLOYPKG_FAILED, reason)
		w.post(&types.CustomizationFailed{CustomizationEvent: event, Reason: reason})
		return
	}
	w.customized[vm.Self] = identityOf(vm, spec)
	w.pending(vm, "", types.GuestInfoCustomizationStatusTOOLSDEPLOYPKG_SUCCEEDED, "")
	w.post(&types.CustomizationSucceeded{CustomizationEvent: event})
}

// identityOf returns what a customization makes of a VM's guest.
func identityOf(vm *simulator.VirtualMachine, spec types.CustomizationSpec) guestIdentity {
	id := guestIdentity{static: true, addresses: map[int][]string{}}
	switch i := spec.Identity.(type) {
	case *types.CustomizationLinuxPrep:
		id.hostName = nameOf(vm, i.HostName)
		if i.Domain != "" {
			id.hostName += "." + i.Domain
		}
	case *types.CustomizationSysprep:
		id.hostName = nameOf(vm, i.UserData.ComputerName)
	}
	for i, nic := range spec.NicSettingMap {
		id.addresses[i] = []string{leased}
		if ip, ok := nic.Adapter.Ip.(*types.CustomizationFixedIp); ok {
			id.addresses[i] = []string{ip.IpAddress}
		}
	}
	return id
}

// nameOf returns the name that a guest gets.
func nameOf(vm *simulator.VirtualMachine, name types.BaseCustomizationName) string {
	switch n := name.(type) {
	case *types.CustomizationFixedName:
		return n.Name
	case *types.CustomizationPrefixName:
		return cmp.Or(n.Base, vm.Name) + "-" + vm.Config.InstanceUuid[:4]
	default:
		return vm.Name
	}
}

// vmEvent returns what all events of a VM tell.
func (w *world) vmEvent(vm *simulator.VirtualMachine) types.VmEvent {
	event := types.VmEvent{Event: types.Event{
		Vm: &types.VmEventArgument{EntityEventArgument: types.EntityEventArgument{Name: vm.Name}, Vm: vm.Self},
	}}
	if host, ok := w.reg.Get(*vm.Runtime.Host).(*simulator.HostSystem); ok {
		event.Host = &types.HostEventArgument{EntityEventArgument: types.EntityEventArgument{Name: host.Name}, Host: host.Self}
	}
	return event
}

// post records an event.
func (w *world) post(event types.BaseEvent) {
	ctx := *w.ctx
	ctx.Session = &simulator.Session{}
	w.reg.EventManager().PostEvent(&ctx, &types.PostEvent{EventToPost: event})
}
