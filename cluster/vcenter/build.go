// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package vcenter

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vapi/tags"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/types"
)

const gib = int64(1) << 30

// A builder builds one datacenter, through the API of the simulator before it serves anybody.
type builder struct {
	client  *vim25.Client
	reg     *simulator.Registry
	home    string
	spec    Datacenter
	folders *object.DatacenterFolders
	hosts   []*object.HostSystem
	// inFolder are the folders by their path below the VM folder.
	inFolder map[string]*object.Folder
}

// build builds the datacenters.
func (s *Server) build(ctx context.Context, dcs []Datacenter) error {
	c, err := vim25.NewClient(ctx, s.model.Service)
	if err != nil {
		return fmt.Errorf("cannot connect: %w", err)
	}
	home := ""
	for _, o := range s.model.Map().OptionManager().Setting {
		if v := o.GetOptionValue(); v.Key == "vcsim.home" {
			home = fmt.Sprint(v.Value)
		}
	}
	for _, dc := range dcs {
		b := &builder{client: c, reg: s.model.Map(), home: home, spec: dc, inFolder: map[string]*object.Folder{}}
		if err := b.build(ctx); err != nil {
			return fmt.Errorf("cannot build datacenter %q: %w", dc.Name, err)
		}
	}
	return nil
}

func (b *builder) build(ctx context.Context) error {
	dc, err := object.NewRootFolder(b.client).CreateDatacenter(ctx, b.spec.Name)
	if err != nil {
		return fmt.Errorf("cannot create the datacenter: %w", err)
	}
	if b.folders, err = dc.Folders(ctx); err != nil {
		return fmt.Errorf("cannot find the datacenter's folders: %w", err)
	}
	for _, step := range []func(context.Context) error{b.clusters, b.network, b.otherNetworks, b.datastores, b.vmFolders, b.templates, b.pods} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// clusters adds clusters and their hosts.
func (b *builder) clusters(ctx context.Context) error {
	for _, c := range b.spec.Clusters {
		cluster, err := b.folders.HostFolder.CreateCluster(ctx, c.Name, types.ClusterConfigSpecEx{})
		if err != nil {
			return fmt.Errorf("cannot create cluster %q: %w", c.Name, err)
		}
		for _, name := range c.Hosts {
			task, err := cluster.AddHost(ctx, types.HostConnectSpec{HostName: name}, true, nil, nil)
			if err != nil {
				return fmt.Errorf("cannot add host %q: %w", name, err)
			}
			info, err := task.WaitForResult(ctx)
			if err != nil {
				return fmt.Errorf("cannot add host %q: %w", name, err)
			}
			ref, ok := info.Result.(types.ManagedObjectReference)
			if !ok {
				return fmt.Errorf("cannot add host %q: no host came of it", name)
			}
			b.size(ref)
			b.hosts = append(b.hosts, object.NewHostSystem(b.client, ref))
		}
	}
	return nil
}

// size gives a host the capacity of our hosts.
func (b *builder) size(ref types.ManagedObjectReference) {
	host, ok := b.reg.Get(ref).(*simulator.HostSystem)
	if !ok {
		return
	}
	host.Summary.Hardware.NumCpuCores = HostCPUs
	host.Summary.Hardware.NumCpuThreads = HostCPUs
	host.Summary.Hardware.MemorySize = HostMemoryGiB * gib
	host.Hardware.CpuInfo.NumCpuCores = HostCPUs
	host.Hardware.CpuInfo.NumCpuThreads = HostCPUs
	host.Hardware.MemorySize = HostMemoryGiB * gib
}

// network adds the distributed switch and its port groups.
func (b *builder) network(ctx context.Context) error {
	if b.spec.Switch == "" {
		return nil
	}
	config := &types.VMwareDVSConfigSpec{DVSConfigSpec: types.DVSConfigSpec{Name: b.spec.Switch}}
	task, err := b.folders.NetworkFolder.CreateDVS(ctx, types.DVSCreateSpec{ConfigSpec: config})
	if err != nil {
		return fmt.Errorf("cannot create switch %q: %w", b.spec.Switch, err)
	}
	info, err := task.WaitForResult(ctx)
	if err != nil {
		return fmt.Errorf("cannot create switch %q: %w", b.spec.Switch, err)
	}
	ref, ok := info.Result.(types.ManagedObjectReference)
	if !ok {
		return fmt.Errorf("cannot create switch %q: no switch came of it", b.spec.Switch)
	}
	dvs := object.NewDistributedVirtualSwitch(b.client, ref)
	members := &types.DVSConfigSpec{}
	for _, h := range b.hosts {
		members.Host = append(members.Host, types.DistributedVirtualSwitchHostMemberConfigSpec{
			Operation: string(types.ConfigSpecOperationAdd), Host: h.Reference(),
		})
	}
	if task, err = dvs.Reconfigure(ctx, members); err == nil {
		err = task.Wait(ctx)
	}
	if err != nil {
		return fmt.Errorf("cannot add hosts to switch %q: %w", b.spec.Switch, err)
	}
	for _, name := range b.spec.PortGroups {
		task, err := dvs.AddPortgroup(ctx, []types.DVPortgroupConfigSpec{{
			Name: name, Type: string(types.DistributedVirtualPortgroupPortgroupTypeEarlyBinding), NumPorts: 128,
		}})
		if err == nil {
			err = task.Wait(ctx)
		}
		if err != nil {
			return fmt.Errorf("cannot add port group %q: %w", name, err)
		}
	}
	return nil
}

// datastores adds datastores to all hosts.
func (b *builder) datastores(ctx context.Context) error {
	for _, d := range b.spec.Datastores {
		dir := path.Join(b.home, b.spec.Name, d.Name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("cannot make a directory for datastore %q: %w", d.Name, err)
		}
		var ref types.ManagedObjectReference
		for _, h := range b.hosts {
			system, err := h.ConfigManager().DatastoreSystem(ctx)
			if err != nil {
				return fmt.Errorf("cannot find the datastores of host %q: %w", h.Name(), err)
			}
			ds, err := system.CreateLocalDatastore(ctx, d.Name, dir)
			if err != nil {
				return fmt.Errorf("cannot create datastore %q: %w", d.Name, err)
			}
			if ref.Value == "" {
				// vcsim returns the datastore's reference to the first host only.
				ref = ds.Reference()
			}
		}
		if ds, ok := b.reg.Get(ref).(*simulator.Datastore); ok {
			ds.Summary.Capacity = d.CapacityGiB * gib
			ds.Summary.FreeSpace = d.CapacityGiB * gib
			ds.Info.GetDatastoreInfo().FreeSpace = ds.Summary.FreeSpace
		}
	}
	return nil
}

// vmFolders adds the folders for VMs.
func (b *builder) vmFolders(ctx context.Context) error {
	for _, p := range b.spec.Folders {
		at, parent := "", b.folders.VmFolder
		for _, name := range strings.Split(strings.Trim(p, "/"), "/") {
			at += "/" + name
			if b.inFolder[at] == nil {
				f, err := parent.CreateFolder(ctx, name)
				if err != nil {
					return fmt.Errorf("cannot create folder %q: %w", at, err)
				}
				b.inFolder[at] = f
			}
			parent = b.inFolder[at]
		}
	}
	return nil
}

// tagZones tags clusters with their zone.
func (s *Server) tagZones(ctx context.Context, dcs []Datacenter) error {
	c, err := s.anonymous(ctx)
	if err != nil {
		return err
	}
	rc := rest.NewClient(c)
	if err := rc.Login(ctx, s.administrator()); err != nil {
		return fmt.Errorf("cannot log in: %w", err)
	}
	defer rc.Logout(ctx) //nolint:errcheck // The session ends with the server at the latest.
	m := tags.NewManager(rc)
	category, err := m.CreateCategory(ctx, &tags.Category{
		Name: ZoneCategory, Cardinality: "SINGLE", AssociableTypes: []string{"ClusterComputeResource", "HostSystem"},
	})
	if err != nil {
		return fmt.Errorf("cannot create the category: %w", err)
	}
	zones := map[string]string{}
	for _, cluster := range clustersOf(dcs) {
		if cluster.Zone == "" {
			continue
		}
		if zones[cluster.Zone] == "" {
			id, err := m.CreateTag(ctx, &tags.Tag{Name: cluster.Zone, CategoryID: category})
			if err != nil {
				return fmt.Errorf("cannot create tag %q: %w", cluster.Zone, err)
			}
			zones[cluster.Zone] = id
		}
		for _, e := range s.model.Map().All("ClusterComputeResource") {
			if e.Entity().Name != cluster.Name {
				continue
			}
			if err := m.AttachTag(ctx, zones[cluster.Zone], e.Reference()); err != nil {
				return fmt.Errorf("cannot tag cluster %q: %w", cluster.Name, err)
			}
		}
	}
	return nil
}

// clustersOf returns the clusters of all datacenters.
func clustersOf(dcs []Datacenter) []Cluster {
	var all []Cluster
	for _, dc := range dcs {
		all = append(all, dc.Clusters...)
	}
	return all
}
