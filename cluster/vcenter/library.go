// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/library"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/vcenter"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vmdk"
)

// A Library describes a content library with an image in each of the two forms that libraries have. Either may be empty.
//
// What is deployed from it has a name, a place and a size, but not the instance UUID and extra configuration that a clone can be
// given: a client that must find again what it asked for looks for the name in the folder, and marks the VM afterwards.
type Library struct {
	Name string
	// Datastore that holds the items.
	Datastore string
	// OVF is the name of an item that is an OVF package: one disk of 1 GiB, one interface.
	OVF string
	// Template is the name of an item that is a VM template, and From the path of the template that it is made from. The item is
	// also a template in the folder of that.
	Template, From string
}

// ProductionLibrary is a content library for Production, which has none.
func ProductionLibrary() Library {
	return Library{
		Name: "vm-images", Datastore: "images-datastore",
		OVF: "ubuntu-22-04-ovf", Template: "ubuntu-22-04-vmtx", From: "/Templates/ubuntu-22-04",
	}
}

// libraryDisk is the size in bytes of the disk of an OVF item.
const libraryDisk = gib

// libraries makes the content libraries.
func (s *Server) libraries(ctx context.Context, dcs []Datacenter) error {
	for _, dc := range dcs {
		if dc.Library.Name == "" {
			continue
		}
		if err := s.library(ctx, dc); err != nil {
			return fmt.Errorf("cannot make library %q: %w", dc.Library.Name, err)
		}
	}
	return nil
}

func (s *Server) library(ctx context.Context, dc Datacenter) error {
	c, err := s.Client(ctx)
	if err != nil {
		return err
	}
	defer c.Logout(ctx) //nolint:errcheck // The session ends with the server at the latest.
	rc := rest.NewClient(c.Client)
	if err := rc.Login(ctx, s.administrator()); err != nil {
		return fmt.Errorf("cannot log in: %w", err)
	}
	defer rc.Logout(ctx) //nolint:errcheck // The session ends with the server at the latest.

	finder := find.NewFinder(c.Client)
	ds, err := finder.Datastore(ctx, "/"+dc.Name+"/datastore/"+dc.Library.Datastore)
	if err != nil {
		return fmt.Errorf("cannot find datastore %q: %w", dc.Library.Datastore, err)
	}
	id, err := library.NewManager(rc).CreateLibrary(ctx, library.Library{
		Name: dc.Library.Name, Type: "LOCAL", Storage: []library.StorageBacking{{DatastoreID: ds.Reference().Value, Type: "DATASTORE"}},
	})
	if err != nil {
		return fmt.Errorf("cannot create it: %w", err)
	}
	if dc.Library.OVF != "" {
		if err := ovfItem(ctx, library.NewManager(rc), id, dc.Library.OVF); err != nil {
			return fmt.Errorf("cannot make item %q: %w", dc.Library.OVF, err)
		}
	}
	if dc.Library.Template == "" {
		return nil
	}
	vm, err := finder.VirtualMachine(ctx, "/"+dc.Name+"/vm"+dc.Library.From)
	if err != nil {
		return fmt.Errorf("cannot find template %q: %w", dc.Library.From, err)
	}
	folder, err := finder.Folder(ctx, "/"+dc.Name+"/vm"+filepath.Dir(dc.Library.From))
	if err != nil {
		return fmt.Errorf("cannot find the folder of template %q: %w", dc.Library.From, err)
	}
	pool, err := finder.ResourcePool(ctx, "/"+dc.Name+"/host/"+dc.Clusters[0].Name+"/Resources")
	if err != nil {
		return fmt.Errorf("cannot find a resource pool: %w", err)
	}
	_, err = vcenter.NewManager(rc).CreateTemplate(ctx, vcenter.Template{
		Library: id, Name: dc.Library.Template, SourceVM: vm.Reference().Value,
		Placement: &vcenter.Placement{Folder: folder.Reference().Value, ResourcePool: pool.Reference().Value},
	})
	if err != nil {
		return fmt.Errorf("cannot make item %q: %w", dc.Library.Template, err)
	}
	return nil
}

// ovfItem uploads an OVF package.
func ovfItem(ctx context.Context, m *library.Manager, lib, name string) error {
	item, err := m.CreateLibraryItem(ctx, library.Item{Name: name, Type: library.ItemTypeOVF, LibraryID: lib})
	if err != nil {
		return fmt.Errorf("cannot create the item: %w", err)
	}
	session, err := m.CreateLibraryItemUpdateSession(ctx, library.Session{LibraryItemID: item})
	if err != nil {
		return fmt.Errorf("cannot begin the upload: %w", err)
	}
	disk, err := emptyDisk()
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{{name + ".ovf", fmt.Appendf(nil, envelope, name, len(disk), libraryDisk)}, {name + "-disk.vmdk", disk}} {
		update, err := m.AddLibraryItemFile(ctx, session, library.UpdateFile{Name: f.name, SourceType: "PUSH", Size: int64(len(f.data))})
		if err != nil {
			return fmt.Errorf("cannot add file %q: %w", f.name, err)
		}
		u, err := url.Parse(update.UploadEndpoint.URI)
		if err != nil {
			return fmt.Errorf("cannot upload file %q: %w", f.name, err)
		}
		upload := soap.DefaultUpload
		upload.ContentLength = int64(len(f.data))
		if err := m.Upload(ctx, bytes.NewReader(f.data), u, &upload); err != nil {
			return fmt.Errorf("cannot upload file %q: %w", f.name, err)
		}
	}
	if err := m.CompleteLibraryItemUpdateSession(ctx, session); err != nil {
		return fmt.Errorf("cannot complete the upload: %w", err)
	}
	return nil
}

// emptyDisk returns a disk image in the format of OVF packages.
func emptyDisk() ([]byte, error) {
	dir, err := os.MkdirTemp("", "vcenter-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a directory for a disk image: %w", err)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "disk.vmdk")
	w, err := vmdk.NewStreamOptimizedWriter(name, libraryDisk)
	if err != nil {
		return nil, fmt.Errorf("cannot create a disk image: %w", err)
	}
	if err := w.Write(strings.NewReader("")); err != nil {
		return nil, fmt.Errorf("cannot write a disk image: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot write a disk image: %w", err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read a disk image: %w", err)
	}
	return data, nil
}

// envelope is an OVF descriptor; to be filled in are the name, the size of the disk's file, and the size of the disk.
const envelope = `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData" xmlns:vssd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData">
  <References><File ovf:href="%[1]s-disk.vmdk" ovf:id="file1" ovf:size="%[2]d"/></References>
  <DiskSection><Info>Disks</Info><Disk ovf:capacity="%[3]d" ovf:capacityAllocationUnits="byte" ovf:diskId="disk1" ovf:fileRef="file1" ovf:format="http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized"/></DiskSection>
  <NetworkSection><Info>Networks</Info><Network ovf:name="VM Network"><Description>The network</Description></Network></NetworkSection>
  <VirtualSystem ovf:id="%[1]s">
    <Info>A VM</Info>
    <Name>%[1]s</Name>
    <OperatingSystemSection ovf:id="101"><Info>Linux</Info></OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>Hardware</Info>
      <System><vssd:ElementName>Hardware</vssd:ElementName><vssd:InstanceID>0</vssd:InstanceID><vssd:VirtualSystemType>vmx-13</vssd:VirtualSystemType></System>
      <Item><rasd:AllocationUnits>hertz * 10^6</rasd:AllocationUnits><rasd:ElementName>1 CPU</rasd:ElementName><rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</rasd:ResourceType><rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>
      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:ElementName>Memory</rasd:ElementName><rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</rasd:ResourceType><rasd:VirtualQuantity>1024</rasd:VirtualQuantity></Item>
      <Item><rasd:Address>0</rasd:Address><rasd:ElementName>SCSI</rasd:ElementName><rasd:InstanceID>3</rasd:InstanceID><rasd:ResourceSubType>VirtualSCSI</rasd:ResourceSubType><rasd:ResourceType>6</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>0</rasd:AddressOnParent><rasd:ElementName>Disk</rasd:ElementName><rasd:HostResource>ovf:/disk/disk1</rasd:HostResource><rasd:InstanceID>4</rasd:InstanceID><rasd:Parent>3</rasd:Parent><rasd:ResourceType>17</rasd:ResourceType></Item>
      <Item><rasd:AddressOnParent>7</rasd:AddressOnParent><rasd:AutomaticAllocation>true</rasd:AutomaticAllocation><rasd:Connection>VM Network</rasd:Connection><rasd:ElementName>Network adapter</rasd:ElementName><rasd:InstanceID>5</rasd:InstanceID><rasd:ResourceSubType>VmxNet3</rasd:ResourceSubType><rasd:ResourceType>10</rasd:ResourceType></Item>
    </VirtualHardwareSection>
  </VirtualSystem>
</Envelope>
`

// deploysTemplate says whether a REST call deploys a VM from a VM template in a library.
func deploysTemplate(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/vcenter/vm-template/library-items/") && r.URL.Query().Get("action") == "deploy"
}

// deployTemplate serves the deployment of a VM template. vcsim leaves another template; what a vCenter deploys is a VM.
func (f *restFront) deployTemplate(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var req struct {
		Spec struct {
			Placement struct {
				ResourcePool string `json:"resource_pool"`
				Host         string `json:"host"`
			} `json:"placement"`
			PoweredOn bool `json:"powered_on"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(body, &req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	reply := &recorder{header: http.Header{}, status: http.StatusOK}
	f.forward(reply, r)

	var made struct {
		Value string `json:"value"`
	}
	if reply.status == http.StatusOK && json.Unmarshal(reply.body.Bytes(), &made) == nil {
		pool := types.ManagedObjectReference{Type: "ResourcePool", Value: req.Spec.Placement.ResourcePool}
		f.world.deployed(types.ManagedObjectReference{Type: "VirtualMachine", Value: made.Value}, pool, req.Spec.PoweredOn)
	}
	for k, v := range reply.header {
		w.Header()[k] = v
	}
	w.WriteHeader(reply.status)
	w.Write(reply.body.Bytes()) //nolint:errcheck,gosec // The client has gone.
}

// deployed makes a VM of the template that vcsim deployed.
func (w *world) deployed(ref, pool types.ManagedObjectReference, powerOn bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	vm, ok := w.reg.Get(ref).(*simulator.VirtualMachine)
	if !ok {
		return
	}
	if w.reg.Get(pool) == nil {
		if cl, ok := w.reg.Get(w.clusterOf(vm)).(*simulator.ClusterComputeResource); ok {
			pool = *cl.ResourcePool
		}
	}
	vm.MarkAsVirtualMachine(&types.MarkAsVirtualMachine{This: ref, Pool: pool})
	if powerOn {
		ctx := *w.ctx
		ctx.Session = &simulator.Session{}
		// If it cannot be powered on, the VM is there, and off.
		w.powerOn(&ctx, vm)
	}
	w.touch(ref)
	w.finish()
}

// recorder keeps a response.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) WriteHeader(status int)      { r.status = status }
