// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// privileges are what one needs for each call, beside what cloneNeeds and reconfigureNeeds say (vSphere Security, Required
// Privileges for Common Tasks; vSphere API, each method's "Required privileges").
func privileges() map[string]string {
	return map[string]string{
		"PowerOnVM_Task":                  "VirtualMachine.Interact.PowerOn",
		"PowerOffVM_Task":                 "VirtualMachine.Interact.PowerOff",
		"ShutdownGuest":                   "VirtualMachine.Interact.PowerOff",
		"ResetVM_Task":                    "VirtualMachine.Interact.Reset",
		"RebootGuest":                     "VirtualMachine.Interact.Reset",
		"SuspendVM_Task":                  "VirtualMachine.Interact.Suspend",
		"StandbyGuest":                    "VirtualMachine.Interact.Suspend",
		"Destroy_Task":                    "VirtualMachine.Inventory.Delete",
		"UnregisterVM":                    "VirtualMachine.Inventory.Unregister",
		"CreateVM_Task":                   "VirtualMachine.Inventory.Create",
		"MoveIntoFolder_Task":             "VirtualMachine.Inventory.Move",
		"CustomizeVM_Task":                "VirtualMachine.Provisioning.Customize",
		"MarkAsTemplate":                  "VirtualMachine.Provisioning.MarkAsTemplate",
		"MarkAsVirtualMachine":            "VirtualMachine.Provisioning.MarkAsVM",
		"CreateSnapshot_Task":             "VirtualMachine.State.CreateSnapshot",
		"CreateSnapshotEx_Task":           "VirtualMachine.State.CreateSnapshot",
		"RemoveSnapshot_Task":             "VirtualMachine.State.RemoveSnapshot",
		"RemoveAllSnapshots_Task":         "VirtualMachine.State.RemoveSnapshot",
		"ConsolidateVMDisks_Task":         "VirtualMachine.State.RemoveSnapshot",
		"RenameSnapshot":                  "VirtualMachine.State.RenameSnapshot",
		"RevertToSnapshot_Task":           "VirtualMachine.State.RevertToSnapshot",
		"RevertToCurrentSnapshot_Task":    "VirtualMachine.State.RevertToSnapshot",
		"RelocateVM_Task":                 "Resource.ColdMigrate",
		"CreateFolder":                    "Folder.Create",
		"ReconfigureComputeResource_Task": "Host.Inventory.EditCluster",
		"ImportVApp":                      "VApp.Import",
		"AddCustomFieldDef":               "Global.ManageCustomFields",
		"SetField":                        "Global.SetCustomField",
		"TerminateSession":                "Sessions.TerminateSession",
	}
}

// need is a privilege on an object.
type need struct {
	on        types.ManagedObjectReference
	privilege string
}

// needs returns what one needs for a call.
func (w *world) needs(m *simulator.Method) []need {
	switch req := m.Body.(type) {
	case *types.CloneVM_Task:
		return w.cloneNeeds(req)
	case *types.ReconfigVM_Task:
		return reconfigureNeeds(req)
	}
	if p := w.privileges[m.Name]; p != "" {
		return []need{{m.This, p}}
	}
	return nil
}

// cloneNeeds returns what one needs to clone a VM or deploy a template (vSphere Security, Deploy a virtual machine from a
// template).
func (w *world) cloneNeeds(req *types.CloneVM_Task) []need {
	source := "VirtualMachine.Provisioning.Clone"
	if vm, ok := w.reg.Get(req.This).(*simulator.VirtualMachine); ok && vm.Config.Template {
		source = "VirtualMachine.Provisioning.DeployTemplate"
	}
	needs := []need{{req.This, source}, {req.Folder, "VirtualMachine.Inventory.CreateFromExisting"}}
	if p := req.Spec.Location.Pool; p != nil {
		needs = append(needs, need{*p, "Resource.AssignVMToPool"})
	}
	if ds := req.Spec.Location.Datastore; ds != nil {
		needs = append(needs, need{*ds, "Datastore.AllocateSpace"})
	}
	if req.Spec.Customization != nil {
		needs = append(needs, need{req.This, "VirtualMachine.Provisioning.Customize"})
	}
	return needs
}

// reconfigureNeeds returns what one needs for a change of a VM, which the API tells for each property of the spec.
func reconfigureNeeds(req *types.ReconfigVM_Task) []need {
	var needs []need
	add := func(changed bool, privilege string) {
		if changed {
			needs = append(needs, need{req.This, privilege})
		}
	}
	s := req.Spec
	add(s.NumCPUs != 0 || s.CpuHotAddEnabled != nil || s.CpuHotRemoveEnabled != nil, "VirtualMachine.Config.CPUCount")
	add(s.MemoryMB != 0 || s.MemoryHotAddEnabled != nil, "VirtualMachine.Config.Memory")
	add(s.Name != "", "VirtualMachine.Config.Rename")
	add(s.Annotation != "", "VirtualMachine.Config.Annotation")
	add(len(s.ExtraConfig) > 0, "VirtualMachine.Config.AdvancedConfig")
	add(s.InstanceUuid != "" || s.Uuid != "" || s.Firmware != "" || s.BootOptions != nil || s.Flags != nil, "VirtualMachine.Config.Settings")
	for _, c := range s.DeviceChange {
		change := c.GetVirtualDeviceConfigSpec()
		_, isDisk := change.Device.(*types.VirtualDisk)
		switch op := change.Operation; {
		case isDisk && op == types.VirtualDeviceConfigSpecOperationAdd:
			add(true, "VirtualMachine.Config.AddNewDisk")
		case isDisk && op == types.VirtualDeviceConfigSpecOperationRemove:
			add(true, "VirtualMachine.Config.RemoveDisk")
		case isDisk:
			add(true, "VirtualMachine.Config.DiskExtend")
		case op == types.VirtualDeviceConfigSpecOperationEdit:
			add(true, "VirtualMachine.Config.EditDevice")
		default:
			add(true, "VirtualMachine.Config.AddRemoveDevice")
		}
	}
	return needs
}

// forbid returns the fault that the account of a session may not make a call.
func (w *world) forbid(ctx *simulator.Context, m *simulator.Method) types.BaseMethodFault {
	for _, n := range w.needs(m) {
		if !w.accounts.may(ctx.Session.UserName, n.privilege) {
			return &types.NoPermission{Object: &n.on, PrivilegeId: n.privilege}
		}
	}
	return nil
}

// An authorization answers calls to the authorization manager in vcsim's place, which grants everything to everybody.
type authorization struct{ shim }

// granted says which of some privileges an account has on some objects.
func (a *authorization) granted(username string, on []types.ManagedObjectReference, ids []string) []types.EntityPrivilege {
	all := make([]types.EntityPrivilege, 0, len(on))
	for _, ref := range on {
		e := types.EntityPrivilege{Entity: ref}
		for _, id := range ids {
			e.PrivAvailability = append(e.PrivAvailability, types.PrivilegeAvailability{PrivId: id, IsGranted: a.world.accounts.may(username, id)})
		}
		all = append(all, e)
	}
	return all
}

// HasPrivilegeOnEntities says what the account of a session may do.
func (a *authorization) HasPrivilegeOnEntities(ctx *simulator.Context, req *types.HasPrivilegeOnEntities) soap.HasFault {
	username := ctx.Session.UserName
	if s, ok := a.world.sessionOwner(ctx, req.SessionId); ok {
		username = s
	}
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{Returnval: a.granted(username, req.Entity, req.PrivId)}}
}

// HasUserPrivilegeOnEntities says what an account may do.
func (a *authorization) HasUserPrivilegeOnEntities(_ *simulator.Context, req *types.HasUserPrivilegeOnEntities) soap.HasFault {
	return &methods.HasUserPrivilegeOnEntitiesBody{Res: &types.HasUserPrivilegeOnEntitiesResponse{
		Returnval: a.granted(req.UserName, req.Entities, req.PrivId),
	}}
}

// FetchUserPrivilegeOnEntities returns all that an account may do.
func (a *authorization) FetchUserPrivilegeOnEntities(_ *simulator.Context, req *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	res := &types.FetchUserPrivilegeOnEntitiesResponse{}
	var ids []string
	if manager, ok := a.world.reg.Get(req.This).(*simulator.AuthorizationManager); ok {
		for _, role := range manager.RoleList {
			if role.Name != "Admin" {
				continue
			}
			for _, id := range role.Privilege {
				if a.world.accounts.may(req.UserName, id) {
					ids = append(ids, id)
				}
			}
		}
	}
	for _, ref := range req.Entities {
		res.Returnval = append(res.Returnval, types.UserPrivilegeResult{Entity: ref, Privileges: ids})
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{Res: res}
}

// sessionOwner returns the account that a session belongs to.
func (w *world) sessionOwner(ctx *simulator.Context, key string) (string, bool) {
	m, ok := ctx.Session.Get(w.reg.SessionManager().Self).(*simulator.SessionManager)
	if !ok {
		return "", false
	}
	for _, s := range m.SessionList {
		if s.Key == key {
			return s.UserName, true
		}
	}
	return "", false
}
