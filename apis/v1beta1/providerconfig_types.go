// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"
)

// ProviderType names a kind of hypervisor.
// +kubebuilder:validation:Enum=vsphere;libvirt
type ProviderType string

// Provider types.
const (
	ProviderVSphere ProviderType = "vsphere"
	ProviderLibvirt ProviderType = "libvirt"
)

// Keys of the Secret that credentialsSecretRef names.
const (
	// SecretKeyUsername and SecretKeyPassword are a vCenter's account.
	SecretKeyUsername = "username"
	SecretKeyPassword = "password"
	// SecretKeySSHKey is the private key for libvirt hosts with an ssh URI, SecretKeyKnownHosts the keys that vouch for them,
	// in the format of OpenSSH.
	SecretKeySSHKey     = "ssh-privatekey"
	SecretKeyKnownHosts = "known_hosts"
	// SecretKeyTLSCert and SecretKeyTLSKey are the client's certificate for libvirt hosts with a tls URI, SecretKeyTLSCA the
	// authority that vouches for the hosts'. All PEM.
	SecretKeyTLSCert = "tls.crt"
	SecretKeyTLSKey  = "tls.key"
	SecretKeyTLSCA   = "ca.crt"
)

// VSphereEndpoint is one vCenter.
type VSphereEndpoint struct {
	// Server is the vCenter's address: "vcenter.example.org", "vcenter.example.org:8443" or "https://vcenter.example.org/sdk".
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Server string `json:"server"`

	// CABundle is one or more PEM certificates that vouch for the vCenter's, in addition to the system's.
	// +optional
	CABundle string `json:"caBundle,omitempty"`

	// Thumbprint is the SHA-256 fingerprint of the vCenter's certificate, as 32 hexadecimal pairs with colons between them.
	// A certificate with it is trusted, whoever signed it.
	// +optional
	// +kubebuilder:validation:MaxLength=95
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$')",message="must be a SHA-256 fingerprint: 32 hexadecimal pairs with colons between them, as openssl x509 -fingerprint -sha256 prints it"
	Thumbprint string `json:"thumbprint,omitempty"`

	// InsecureSkipTLSVerify accepts any certificate. Whoever can stand between the provider and the vCenter then can take
	// over the account: use it for trials only.
	// +optional
	InsecureSkipTLSVerify bool `json:"insecureSkipTLSVerify,omitempty"`

	// ZoneTagCategory is the vSphere tag category whose tags on hosts or clusters name their zone.
	// +optional
	// +kubebuilder:default=k8s-zone
	ZoneTagCategory string `json:"zoneTagCategory,omitempty"`
}

// A LibvirtHost is one hypervisor host of a libvirt endpoint.
type LibvirtHost struct {
	// Name by which placement knows the host.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// URI of the host's libvirt daemon: "qemu:///system" for the provider's own host, "qemu+tls://host/system" with the
	// certificates of credentialsSecretRef, or "qemu+ssh://user@host/system" with its key.
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^(qemu([+](unix|tls|ssh|libssh|libssh2))?|test)://([A-Za-z0-9_][A-Za-z0-9._-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*|[[][0-9A-Fa-f:]+[]])?(:[0-9]{1,5})?/[^%]*$')",message="must be the URI of a libvirt daemon: qemu:///system, qemu+unix:///system?socket=/path, qemu+tls://host/system, qemu+ssh://user@host/system or qemu+libssh://user@host/system"
	// +kubebuilder:validation:XValidation:rule="!self.matches('[?&](no_verify|no_tty|pkipath|keyfile|known_hosts|known_hosts_verify|command|netcat|proxy|sshauth)=')",message="must not name keys, certificates, commands or checks: they come from credentialsSecretRef, and checks cannot be turned off"
	URI string `json:"uri"`

	// Cluster the host counts to in placement.
	// +optional
	// +kubebuilder:default=default
	Cluster string `json:"cluster,omitempty"`

	// Zone the host counts to in placement.
	// +optional
	Zone string `json:"zone,omitempty"`
}

// LibvirtEndpoint is a fleet of libvirt hosts.
type LibvirtEndpoint struct {
	// Hosts of the fleet.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Hosts []LibvirtHost `json:"hosts"`

	// DomainType says what runs the guests' instructions: the host's processor (kvm), QEMU's emulation (qemu), or the first
	// where the host has it (auto).
	// +optional
	// +kubebuilder:default=auto
	// +kubebuilder:validation:Enum=auto;kvm;qemu
	DomainType string `json:"domainType,omitempty"`
}

// Endpoint says which hypervisor to talk to, and how.
// +kubebuilder:validation:XValidation:rule="has(self.vsphere) == (self.type == 'vsphere') && has(self.libvirt) == (self.type == 'libvirt')",message="set the block that type names (vsphere or libvirt), and only that one"
type Endpoint struct {
	// Type of the hypervisor.
	Type ProviderType `json:"type"`

	// VSphere is the vCenter of an endpoint of type vsphere.
	// +optional
	VSphere *VSphereEndpoint `json:"vsphere,omitempty"`

	// Libvirt names the hosts of an endpoint of type libvirt.
	// +optional
	Libvirt *LibvirtEndpoint `json:"libvirt,omitempty"`
}

// ProviderConfigSpec is a hypervisor endpoint of one namespace.
// +kubebuilder:validation:XValidation:rule="self.type != 'vsphere' || has(self.credentialsSecretRef)",message="an endpoint of type vsphere needs credentialsSecretRef"
// +kubebuilder:validation:XValidation:rule="self.type != 'libvirt' || has(self.credentialsSecretRef) || !has(self.libvirt) || !self.libvirt.hosts.exists(h, h.uri.matches('^qemu[+](tls|ssh|libssh|libssh2)://'))",message="an endpoint with libvirt hosts that are reached over the network needs credentialsSecretRef"
type ProviderConfigSpec struct {
	Endpoint `json:",inline"`

	// CredentialsSecretRef names the Secret of this namespace with the account: keys username and password for vsphere,
	// ssh-privatekey and known_hosts, or tls.crt, tls.key and ca.crt, for libvirt hosts that are reached over the network.
	// +optional
	CredentialsSecretRef *xpv2.LocalSecretReference `json:"credentialsSecretRef,omitempty"`
}

// ClusterProviderConfigSpec is a hypervisor endpoint that every namespace may use.
// +kubebuilder:validation:XValidation:rule="self.type != 'vsphere' || has(self.credentialsSecretRef)",message="an endpoint of type vsphere needs credentialsSecretRef"
// +kubebuilder:validation:XValidation:rule="self.type != 'libvirt' || has(self.credentialsSecretRef) || !has(self.libvirt) || !self.libvirt.hosts.exists(h, h.uri.matches('^qemu[+](tls|ssh|libssh|libssh2)://'))",message="an endpoint with libvirt hosts that are reached over the network needs credentialsSecretRef"
type ClusterProviderConfigSpec struct {
	Endpoint `json:",inline"`

	// CredentialsSecretRef names the Secret with the account: keys username and password for vsphere, ssh-privatekey and
	// known_hosts, or tls.crt, tls.key and ca.crt, for libvirt hosts that are reached over the network.
	// +optional
	CredentialsSecretRef *xpv2.SecretReference `json:"credentialsSecretRef,omitempty"`
}

// Capabilities is what can be asked of an endpoint today.
type Capabilities struct {
	// SupportsReconfigureOnline says whether CPU and memory of a running VM can be changed.
	SupportsReconfigureOnline bool `json:"supportsReconfigureOnline"`
	// SupportsDiskExpansionOnline says whether a disk of a running VM can grow.
	SupportsDiskExpansionOnline bool `json:"supportsDiskExpansionOnline"`
	// SupportsSnapshots says whether snapshots can be taken.
	SupportsSnapshots bool `json:"supportsSnapshots"`
	// SupportsMemorySnapshots says whether snapshots can include memory.
	SupportsMemorySnapshots bool `json:"supportsMemorySnapshots"`
	// SupportsLinkedClones says whether a VM's disk can be an overlay of its image.
	SupportsLinkedClones bool `json:"supportsLinkedClones"`
	// SupportsImageImport says whether images can be imported.
	SupportsImageImport bool `json:"supportsImageImport"`
	// SupportsGuestCustomization says whether guests can be customized without cloud-init.
	SupportsGuestCustomization bool `json:"supportsGuestCustomization"`
	// SupportsContentLibraries says whether VMs can be made from items of content libraries.
	SupportsContentLibraries bool `json:"supportsContentLibraries"`
	// SupportsTags says whether VMs can have tags and custom attributes.
	SupportsTags bool `json:"supportsTags"`
	// SupportsSecureBoot says whether VMs can start signed systems only.
	SupportsSecureBoot bool `json:"supportsSecureBoot"`
	// SupportsTPM says whether VMs can have a trusted platform module.
	SupportsTPM bool `json:"supportsTPM"`
	// SupportedFirmware are the values that a firmware's type may have.
	// +listType=atomic
	SupportedFirmware []FirmwareType `json:"supportedFirmware,omitempty"`
	// SupportedDiskControllers are the values that a disk's controller may have.
	// +listType=atomic
	SupportedDiskControllers []DiskController `json:"supportedDiskControllers,omitempty"`
	// MissingPrivileges are privileges that the account lacks, with what cannot be done without them.
	// +listType=atomic
	MissingPrivileges []string `json:"missingPrivileges,omitempty"`
	// SupportedDiskTypes are the values that a disk's type may have.
	// +listType=atomic
	SupportedDiskTypes []DiskType `json:"supportedDiskTypes,omitempty"`
	// SupportedNetworkTypes are the models of network interface that VMs get.
	// +listType=atomic
	SupportedNetworkTypes []string `json:"supportedNetworkTypes,omitempty"`
}

// An InventoryHost is a host as placement sees it.
type InventoryHost struct {
	// Name of the host.
	Name string `json:"name"`
	// Cluster the host is in.
	Cluster string `json:"cluster,omitempty"`
	// Zone the host is in.
	Zone string `json:"zone,omitempty"`
	// CPUs is the number of logical processors.
	CPUs int32 `json:"cpus,omitempty"`
	// MemoryMiB is the memory that VMs can have, in MiB.
	MemoryMiB int64 `json:"memoryMiB,omitempty"`
	// AllocatedMemoryMiB is the memory that the host's VMs were given, running or not, in MiB.
	AllocatedMemoryMiB int64 `json:"allocatedMemoryMiB,omitempty"`
	// VMs is how many VMs the host has.
	VMs int32 `json:"vms,omitempty"`
	// Unavailable says why nothing can be placed on the host: "maintenance", "disconnected". Empty when it can.
	Unavailable string `json:"unavailable,omitempty"`
}

// An InventoryDatastore is a datastore or storage pool as placement sees it.
type InventoryDatastore struct {
	// Name of the datastore. Pools of several libvirt hosts may share a name.
	Name string `json:"name"`
	// Hosts that can use the datastore.
	// +listType=atomic
	Hosts []string `json:"hosts,omitempty"`
	// CapacityGiB is its size in GiB.
	CapacityGiB int64 `json:"capacityGiB,omitempty"`
	// FreeGiB is its free space in GiB, rounded down coarsely so that it seldom changes.
	FreeGiB int64 `json:"freeGiB,omitempty"`
	// Unavailable says why nothing can be placed on the datastore: "maintenance", "inactive". Empty when it can.
	Unavailable string `json:"unavailable,omitempty"`
}

// Inventory is what placement chooses from.
type Inventory struct {
	// Clusters of the endpoint.
	// +listType=atomic
	Clusters []string `json:"clusters,omitempty"`
	// Hosts of the endpoint, sorted by name.
	// +listType=atomic
	Hosts []InventoryHost `json:"hosts,omitempty"`
	// Datastores or storage pools of the endpoint, sorted by name.
	// +listType=atomic
	Datastores []InventoryDatastore `json:"datastores,omitempty"`
	// Folders for VMs, sorted. vSphere only.
	// +listType=atomic
	Folders []string `json:"folders,omitempty"`
}

// ProviderConfigStatus is what is known of an endpoint.
type ProviderConfigStatus struct {
	xpv2.ProviderConfigStatus `json:",inline"`

	// Capabilities is what can be asked of the endpoint.
	// +optional
	Capabilities *Capabilities `json:"capabilities,omitempty"`

	// Inventory is what placement chooses from. It is written when it changes materially, at most every 30 seconds.
	// +optional
	Inventory *Inventory `json:"inventory,omitempty"`
}

// A ProviderConfig is a hypervisor endpoint for the VMs of its namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,provider,virtrigaud}
// +kubebuilder:printcolumn:name="TYPE",type="string",JSONPath=".spec.type"
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="REASON",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="SECRET-NAME",type="string",JSONPath=".spec.credentialsSecretRef.name",priority=1
// +kubebuilder:validation:XValidation:rule="self.spec.type == oldSelf.spec.type",fieldPath=".spec.type",message="type cannot be changed: the VMs of this endpoint would be lost from sight; make a new config"
type ProviderConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ProviderConfigSpec   `json:"spec"`
	Status ProviderConfigStatus `json:"status,omitempty"`
}

// ProviderConfigList is a list of ProviderConfigs.
// +kubebuilder:object:root=true
type ProviderConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ProviderConfig `json:"items"`
}

// A ClusterProviderConfig is a hypervisor endpoint for the VMs of every namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories={crossplane,provider,virtrigaud}
// +kubebuilder:printcolumn:name="TYPE",type="string",JSONPath=".spec.type"
// +kubebuilder:printcolumn:name="READY",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].status"
// +kubebuilder:printcolumn:name="REASON",type="string",JSONPath=".status.conditions[?(@.type=='Ready')].reason"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
// +kubebuilder:printcolumn:name="SECRET-NAME",type="string",JSONPath=".spec.credentialsSecretRef.name",priority=1
// +kubebuilder:validation:XValidation:rule="self.spec.type == oldSelf.spec.type",fieldPath=".spec.type",message="type cannot be changed: the VMs of this endpoint would be lost from sight; make a new config"
type ClusterProviderConfig struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	Spec   ClusterProviderConfigSpec `json:"spec"`
	Status ProviderConfigStatus      `json:"status,omitempty"`
}

// ClusterProviderConfigList is a list of ClusterProviderConfigs.
// +kubebuilder:object:root=true
type ClusterProviderConfigList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterProviderConfig `json:"items"`
}

// A ProviderConfigUsage says that a managed resource uses a ProviderConfig or ClusterProviderConfig.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Namespaced,categories={crossplane,provider,virtrigaud}
// +kubebuilder:printcolumn:name="CONFIG-NAME",type="string",JSONPath=".providerConfigRef.name"
// +kubebuilder:printcolumn:name="RESOURCE-KIND",type="string",JSONPath=".resourceRef.kind"
// +kubebuilder:printcolumn:name="RESOURCE-NAME",type="string",JSONPath=".resourceRef.name"
// +kubebuilder:printcolumn:name="AGE",type="date",JSONPath=".metadata.creationTimestamp"
type ProviderConfigUsage struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	xpv2.TypedProviderConfigUsage `json:",inline"`
}

// ProviderConfigUsageList is a list of ProviderConfigUsages.
// +kubebuilder:object:root=true
type ProviderConfigUsageList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ProviderConfigUsage `json:"items"`
}
