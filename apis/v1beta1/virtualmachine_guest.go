// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1

import xpv2 "github.com/crossplane/crossplane/apis/v2/core/v2"

// CloudInit is user data for cloud-init or a compatible program in the guest.
// +kubebuilder:validation:XValidation:rule="has(self.inline) != has(self.secretRef)",message="set exactly one of inline and secretRef"
type CloudInit struct {
	// Inline user data, such as a #cloud-config document. Use secretRef for anything confidential.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=65536
	Inline *string `json:"inline,omitempty"`

	// SecretRef names the Secret of this namespace, and the key in it, that holds the user data.
	// +optional
	SecretRef *xpv2.LocalSecretKeySelector `json:"secretRef,omitempty"`
}

// UserData is handed to the guest. A change is handed over too; what the guest makes of it is the guest's affair: cloud-init
// looks at most of it at the first boot only.
type UserData struct {
	// CloudInit user data: guestinfo properties on vSphere, a NoCloud seed on libvirt.
	CloudInit CloudInit `json:"cloudInit"`
}

// CustomizationType names who applies a customization in the guest.
// +kubebuilder:validation:Enum=CloudInit;LinuxPrep;Sysprep
type CustomizationType string

// Customization types.
const (
	// CustomizeByCloudInit hands hostname and addresses to cloud-init.
	CustomizeByCloudInit CustomizationType = "CloudInit"
	// CustomizeByLinuxPrep has VMware Tools apply them at the first boot, for Linux images without cloud-init. vSphere only.
	CustomizeByLinuxPrep CustomizationType = "LinuxPrep"
	// CustomizeBySysprep has VMware Tools run Sysprep at the first boot of a Windows image. vSphere only.
	CustomizeBySysprep CustomizationType = "Sysprep"
)

// Sysprep is what Windows asks for at its first boot.
// +kubebuilder:validation:XValidation:rule="!(has(self.workgroup) && has(self.joinDomain))",message="set at most one of workgroup and joinDomain"
type Sysprep struct {
	// FullName of the owner.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	FullName string `json:"fullName"`

	// Organization of the owner.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Organization string `json:"organization"`

	// ProductKeySecretRef names the Secret, and the key in it, that holds the product key.
	// +optional
	ProductKeySecretRef *xpv2.LocalSecretKeySelector `json:"productKeySecretRef,omitempty"`

	// AdminPasswordSecretRef names the Secret, and the key in it, that holds the administrator's password.
	// +optional
	AdminPasswordSecretRef *xpv2.LocalSecretKeySelector `json:"adminPasswordSecretRef,omitempty"`

	// TimeZone is Microsoft's number of the time zone, such as 85 for GMT.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=300
	TimeZone *int32 `json:"timeZone,omitempty"`

	// Workgroup to be in.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Workgroup *string `json:"workgroup,omitempty"`

	// JoinDomain joins a domain.
	// +optional
	JoinDomain *JoinDomain `json:"joinDomain,omitempty"`

	// RunOnce are commands for the first log-in.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=1024
	RunOnce []string `json:"runOnce,omitempty"`
}

// JoinDomain is how a Windows guest joins a domain.
type JoinDomain struct {
	// Domain to join.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Domain string `json:"domain"`

	// Username of the account that may join.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Username string `json:"username"`

	// PasswordSecretRef names the Secret, and the key in it, that holds the account's password.
	PasswordSecretRef xpv2.LocalSecretKeySelector `json:"passwordSecretRef"`
}

// Customization makes a copy of an image a machine of its own: its name, and with the VM's networks its addresses.
// +kubebuilder:validation:XValidation:rule="has(self.sysprep) == (has(self.type) && self.type == 'Sysprep')",fieldPath=".sysprep",message="set sysprep with type Sysprep, and only then"
type Customization struct {
	// Type says who applies it in the guest.
	// +optional
	// +kubebuilder:default=CloudInit
	Type CustomizationType `json:"type,omitempty"`

	// Hostname of the guest; the VM's name when it is left out.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$')",message="must be one label of a host name: letters, digits and dashes"
	Hostname *string `json:"hostname,omitempty"`

	// Domain of the guest, such as "example.org".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=190
	Domain *string `json:"domain,omitempty"`

	// TimeZone of a Linux guest, such as "Europe/Berlin".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	TimeZone *string `json:"timeZone,omitempty"`

	// Sysprep is what Windows asks for.
	// +optional
	Sysprep *Sysprep `json:"sysprep,omitempty"`
}

// TCPProbe succeeds when a connection to the guest can be made.
type TCPProbe struct {
	// Port to connect to.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`
}

// HTTPProbe succeeds when the guest answers a GET with a status from 200 to 399.
type HTTPProbe struct {
	// Port to connect to.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port"`

	// Path to ask for.
	// +optional
	// +kubebuilder:default="/"
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="must begin with a slash"
	Path string `json:"path,omitempty"`

	// Scheme to use. The certificate of https is not checked, as with a Pod's probe.
	// +optional
	// +kubebuilder:default=http
	// +kubebuilder:validation:Enum=http;https
	Scheme string `json:"scheme,omitempty"`
}

// ReadinessProbe says when a running VM is ready. What is set must all hold. The probes over the network are made from the
// provider, to the VM's first address.
// +kubebuilder:validation:XValidation:rule="(has(self.guestTools) && self.guestTools) || (has(self.ipAddress) && self.ipAddress) || has(self.tcp) || has(self.http)",message="set at least one of guestTools, ipAddress, tcp and http"
type ReadinessProbe struct {
	// GuestTools wants VMware Tools or the QEMU guest agent to run.
	// +optional
	GuestTools bool `json:"guestTools,omitempty"`

	// IPAddress wants an address of the guest to be known.
	// +optional
	IPAddress bool `json:"ipAddress,omitempty"`

	// TCP wants a port to accept connections.
	// +optional
	TCP *TCPProbe `json:"tcp,omitempty"`

	// HTTP wants a request to be answered.
	// +optional
	HTTP *HTTPProbe `json:"http,omitempty"`

	// PeriodSeconds is how often the guest is asked, in seconds.
	// +optional
	// +kubebuilder:default=10
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3600
	PeriodSeconds int32 `json:"periodSeconds,omitempty"`

	// TimeoutSeconds is how long an answer may take, in seconds.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=60
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`

	// SuccessThreshold is how many answers in a row make the VM ready.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	SuccessThreshold int32 `json:"successThreshold,omitempty"`

	// FailureThreshold is how many failures in a row make a ready VM not ready.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
}
