// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

package v1beta1_test

import (
	"encoding/json"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// Manifests that are right; the cases below change one thing each.
const (
	goodVM = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VirtualMachine
metadata: {name: web}
spec:
  providerConfigRef: {kind: ClusterProviderConfig, name: vsphere-prod}
  forProvider:
    classRef: {name: web-class}
    imageRef: {name: nginx-image}
    networks:
    - {name: primary, network: VM Network}
    disks:
    - {name: data, sizeGiB: 20}
    userData: {cloudInit: {inline: "#cloud-config"}}
    placement: {cluster: prod-cluster-1, folder: /Production/WebServers}
`
	goodClass = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMClass
metadata: {name: web-class}
spec: {cpu: 2, memoryMiB: 4096}
`
	goodSet = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMSet
metadata: {name: web-tier}
spec:
  replicas: 3
  selector: {matchLabels: {app: web-server}}
  template:
    metadata: {labels: {app: web-server}}
    spec:
      providerConfigRef: {kind: ClusterProviderConfig, name: vsphere-prod}
      forProvider:
        classRef: {name: web-class}
        imageRef: {name: nginx-image}
  placementRef: {name: production-policy}
  updateStrategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 1, maxSurge: 1}
`
	goodPolicy = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: VMPlacementPolicy
metadata: {name: production-policy}
spec:
  hard: {clusters: [prod-cluster-1, prod-cluster-2], hosts: [esxi-01]}
  soft: {folders: [/Production/WebServers]}
  antiAffinity: {hostAntiAffinity: true}
`
	goodVSphere = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: ClusterProviderConfig
metadata: {name: vsphere-prod}
spec:
  type: vsphere
  vsphere: {server: vcenter.example.org}
  credentialsSecretRef: {namespace: crossplane-system, name: vsphere-prod}
`
	goodLibvirt = `
apiVersion: infra.virtrigaud.io/v1beta1
kind: ProviderConfig
metadata: {name: lab}
spec:
  type: libvirt
  libvirt:
    hosts:
    - {name: kvm-01, uri: "qemu:///system"}
`
)

func TestAdmissionOfNewObjects(t *testing.T) {
	cases := map[string]struct {
		reason string
		base   string
		patch  string
		// want is a sentence of the refusal; empty when the object is admitted.
		want string
	}{
		"VM":                {reason: "A right VM is admitted.", base: goodVM},
		"VMClass":           {reason: "A right class is admitted.", base: goodClass},
		"VMSet":             {reason: "A right set is admitted.", base: goodSet},
		"VMPlacementPolicy": {reason: "A right policy is admitted.", base: goodPolicy},
		"VSphere":           {reason: "A right vSphere endpoint is admitted.", base: goodVSphere},
		"Libvirt":           {reason: "A right libvirt endpoint is admitted.", base: goodLibvirt},

		"VMWithoutSize": {
			reason: "Nobody says how big the VM is.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {classRef: null}}}`,
			want:   "set classRef, or both resources.cpu and resources.memoryMiB, so that the VM has a size",
		},
		"VMWithHalfASize": {
			reason: "Memory is still missing.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {classRef: null, resources: {cpu: 2}}}}`,
			want:   "set classRef, or both resources.cpu and resources.memoryMiB, so that the VM has a size",
		},
		"VMWithOwnSize": {
			reason: "A VM needs no class when it says its size itself.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {classRef: null, resources: {cpu: 2, memoryMiB: 512}}}}`,
		},
		"VMNegativeCPU": {
			reason: "A VM cannot have less than one CPU.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {resources: {cpu: -1}}}}`,
			want:   "spec.forProvider.resources.cpu in body should be greater than or equal to 1",
		},
		"VMNegativeMemory": {
			reason: "Memory cannot be negative.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {resources: {memoryMiB: -4096}}}}`,
			want:   "spec.forProvider.resources.memoryMiB in body should be greater than or equal to 4",
		},
		"VMNegativeDisk": {
			reason: "A disk cannot have a negative size.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {disks: [{name: data, sizeGiB: -20}]}}}`,
			want:   "spec.forProvider.disks[0].sizeGiB in body should be greater than or equal to 1",
		},
		"VMTwoDisksOfOneName": {
			reason: "A disk is known by its name.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {disks: [{name: data, sizeGiB: 20}, {name: data, sizeGiB: 30}]}}}`,
			want:   `spec.forProvider.disks[1]: Duplicate value: {"name":"data"}`,
		},
		"VMTwoNetworksOfOneName": {
			reason: "An interface is known by its name.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {networks: [{name: a, network: x}, {name: a, network: "y"}]}}}`,
			want:   `spec.forProvider.networks[1]: Duplicate value: {"name":"a"}`,
		},
		"VMUnknownDiskType": {
			reason: "There are two types of disk.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {disks: [{name: data, sizeGiB: 20, type: sparse}]}}}`,
			want:   `spec.forProvider.disks[0].type: Unsupported value: "sparse": supported values: "thin", "thick"`,
		},
		"VMBadDiskName": {
			reason: "A disk's name becomes part of names on the hypervisor.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {disks: [{name: "Data Disk", sizeGiB: 20}]}}}`,
			want:   `disks[0].name: Invalid value: "Data Disk": must consist of lower-case letters, digits and dashes`,
		},
		"VMBadMACAddress": {
			reason: "Only one way to write a MAC address can be compared.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {networks: [{name: a, network: x, macAddress: "52-54-00-12-34-56"}]}}}`,
			want:   "must be six lower-case hexadecimal pairs with colons between them, such as 52:54:00:12:34:56",
		},
		"VMUserDataTwice": {
			reason: "It would not be clear which one the guest gets.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {userData: {cloudInit: {inline: "#cloud-config", secretRef: {name: s, key: k}}}}}}`,
			want:   "set exactly one of inline and secretRef",
		},
		"VMUserDataEmpty": {
			reason: "User data without content is a mistake.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {userData: {cloudInit: {inline: null}}}}}`,
			want:   "set exactly one of inline and secretRef",
		},
		"VMWithoutImage": {
			reason: "A VM is made from something.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {imageRef: null}}}`,
			want:   "set imageRef, so that the VM can be made, or leave Create out of managementPolicies",
		},
		"VMRelativeFolder": {
			reason: "A folder is named from the root of the VM folder.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {placement: {folder: Production/WebServers}}}}`,
			want:   "must be a path that begins with a slash and does not end with one, such as /Production/WebServers",
		},
		"VMUnknownConfigKind": {
			reason: "There are two kinds of config.",
			base:   goodVM,
			patch:  `{spec: {providerConfigRef: {kind: Provider}}}`,
			want:   "providerConfigRef.kind must be ProviderConfig or ClusterProviderConfig",
		},
		"VMFieldOfAnotherAPI": {
			reason: "The field of the feature document has another name here, and must not be dropped in silence.",
			base:   goodVM,
			patch:  `{spec: {providerRef: {name: vsphere-prod}}}`,
			want:   "unknown fields: [spec.providerRef]",
		},

		"VMSecureBIOS": {
			reason: "Only UEFI knows secure boot.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {hardware: {firmware: {type: bios, secureBoot: true}}}}}`,
			want:   "secureBoot needs type uefi",
		},
		"VMNetworkAndBridge": {
			reason: "An interface is connected to one thing.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {networks: [{name: a, network: x, bridge: br0}]}}}`,
			want:   "set exactly one of network and bridge",
		},
		"VMAddress": {
			reason: "An address may have a prefix length or not.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {networks: [{name: a, network: x, ipAddress: 192.168.1.100/24, gateway: 192.168.1.1, dns: [8.8.8.8]}, {name: b, network: x, ipAddress: 192.168.1.101}]}}}`,
		},
		"VMBadAddress": {
			reason: "A typing error in an address is found before the VM is made.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {networks: [{name: a, network: x, ipAddress: 192.168.1.300}]}}}`,
			want:   "must be an IP address, with or without a prefix length, such as 192.168.1.100/24",
		},
		"VMGatewayAlone": {
			reason: "With DHCP the gateway comes from there.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {networks: [{name: a, network: x, gateway: 192.168.1.1}]}}}`,
			want:   "gateway needs ipAddress",
		},
		"VMRootDisk": {
			reason: "The image's disk can be made larger.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {disks: [{name: root, sizeGiB: 40}]}}}`,
		},
		"VMRootDiskElsewhere": {
			reason: "The image's disk is where the VM is.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {disks: [{name: root, sizeGiB: 40, datastore: other}]}}}`,
			want:   "the disk named root is the image's own",
		},
		"VMTwoDatastores": {
			reason: "A disk is in one place.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {placement: {datastore: a, datastoreCluster: b}}}}`,
			want:   "set at most one of datastore and datastoreCluster",
		},
		"VMTwoImages": {
			reason: "A VM is made from one thing.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {imageRef: {contentLibrary: {library: l, item: i}}}}}`,
			want:   "set exactly one of name and contentLibrary",
		},
		"VMObserved": {
			reason: "A VM that is only looked at needs neither image nor size.",
			base:   goodVM,
			patch:  `{spec: {managementPolicies: [Observe], forProvider: {imageRef: null, classRef: null}}}`,
		},
		"VMSysprepByCloudInit": {
			reason: "Sysprep is not cloud-init's.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {customization: {sysprep: {fullName: a, organization: b}}}}}`,
			want:   "set sysprep with type Sysprep, and only then",
		},
		"VMUserDataWithPrep": {
			reason: "Two would give the guest its name.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {customization: {type: LinuxPrep}}}}`,
			want:   "userData is for cloud-init: leave it out when customization.type is LinuxPrep or Sysprep",
		},
		"VMEmptyProbe": {
			reason: "A probe that asks nothing is a mistake.",
			base:   goodVM,
			patch:  `{spec: {forProvider: {readinessProbe: {}}}}`,
			want:   "set at least one of guestTools, ipAddress, tcp and http",
		},
		"ConfigThumbprint": {
			reason: "A SHA-1 fingerprint is not trusted.",
			base:   goodVSphere,
			patch:  `{spec: {vsphere: {thumbprint: "A9:4A:8F:E5:CC:B1:9B:A6:1C:4C:08:73:D3:91:E9:87:98:2F:BB:D3"}}}`,
			want:   "must be a SHA-256 fingerprint",
		},
		"ConfigEncodedURI": {
			reason: "What is forbidden cannot be written in another way.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu+ssh://kvm-01/system?c%6fmmand=/bin/sh"}]}, credentialsSecretRef: {name: s}}}`,
			want:   "must be the URI of a libvirt daemon",
		},
		"ConfigURIWithOption": {
			reason: "A host's name does not become an option of a program.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu+ssh://-oProxyCommand=x/system"}]}, credentialsSecretRef: {name: s}}}`,
			want:   "must be the URI of a libvirt daemon",
		},
		"ConfigRemote": {
			reason: "A host over the network is reached with a key.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu+ssh://root@kvm-01.example.org:22/system"}]}, credentialsSecretRef: {name: s}}}`,
		},
		"ConfigRemoteWithoutKey": {
			reason: "Without a key the host would not let us in.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu+tls://kvm-01/system"}]}}}`,
			want:   "an endpoint with libvirt hosts that are reached over the network needs credentialsSecretRef",
		},
		"ConfigURIWithCommand": {
			reason: "Whoever may write a config must not run commands in the provider.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu+ssh://kvm-01/system?command=/bin/sh"}]}}}`,
			want:   "must not name keys, certificates, commands or checks",
		},

		"ClassWithoutCPU": {
			reason: "Zero CPUs are no size.",
			base:   goodClass,
			patch:  `{spec: {cpu: 0}}`,
			want:   "spec.cpu in body should be greater than or equal to 1",
		},
		"ClassNegativeMemory": {
			reason: "Memory cannot be negative.",
			base:   goodClass,
			patch:  `{spec: {memoryMiB: -1}}`,
			want:   "spec.memoryMiB in body should be greater than or equal to 4",
		},

		"SetWithoutReplicas": {
			reason: "An autoscaler may own the number.",
			base:   goodSet,
			patch:  `{spec: {replicas: null}}`,
		},
		"SetNegativeReplicas": {
			reason: "There cannot be fewer than no VMs.",
			base:   goodSet,
			patch:  `{spec: {replicas: -1}}`,
			want:   "spec.replicas in body should be greater than or equal to 0",
		},
		"SetBothBudgetsZero": {
			reason: "Without any budget nothing can be replaced.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 0}}}}`,
			want:   "maxUnavailable and maxSurge cannot both be 0: nothing could ever be replaced",
		},
		"SetBothBudgetsZeroPercent": {
			reason: "A percentage of nothing is nothing.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: "0%", maxSurge: 0}}}}`,
			want:   "maxUnavailable and maxSurge cannot both be 0: nothing could ever be replaced",
		},
		"SetOneBudgetZero": {
			reason: "One budget is enough; the other has its default.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: null, maxSurge: 0}}}}`,
		},
		"SetBudgetsInPercent": {
			reason: "Budgets may be percentages up to all.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: "100%", maxSurge: "10%"}}}}`,
		},
		"SetTooManyPercent": {
			reason: "More than all VMs cannot be unavailable.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: "150%"}}}}`,
			want:   `maxUnavailable: Invalid value: "150%": must be a number from 0 to 1000 or a percentage from 0% to 100%`,
		},
		"SetTooMuchSurge": {
			reason: "A surge of more than all VMs is a typing error.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxSurge: "150%"}}}}`,
			want:   `maxSurge: Invalid value: "150%": must be a number from 0 to 1000 or a percentage from 0% to 100%`,
		},
		"SetNegativeBudget": {
			reason: "A budget cannot be negative.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: -1}}}}`,
			want:   "must be a number from 0 to 1000 or a percentage from 0% to 100%",
		},
		"SetBudgetWithoutUnit": {
			reason: "A number in quotes is neither a number nor a percentage.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {rollingUpdate: {maxUnavailable: "1"}}}}`,
			want:   "must be a number from 0 to 1000 or a percentage from 0% to 100%",
		},
		"SetUnknownStrategy": {
			reason: "There is one strategy.",
			base:   goodSet,
			patch:  `{spec: {updateStrategy: {type: Recreate}}}`,
			want:   `spec.updateStrategy.type: Unsupported value: "Recreate": supported values: "RollingUpdate"`,
		},
		"SetSelectorAmongOtherLabels": {
			reason: "VMs may have more labels than the selector asks for.",
			base:   goodSet,
			patch:  `{spec: {template: {metadata: {labels: {tier: front}}}}}`,
		},
		"SetSelectorMismatch": {
			reason: "A selector that selects none of the set's VMs is a mistake.",
			base:   goodSet,
			patch:  `{spec: {selector: {matchLabels: {app: database}}}}`,
			want:   "selector.matchLabels must be among template.metadata.labels",
		},
		"SetSelectorWithoutLabels": {
			reason: "VMs without labels cannot be selected.",
			base:   goodSet,
			patch:  `{spec: {template: {metadata: null}}}`,
			want:   "selector.matchLabels must be among template.metadata.labels",
		},
		"SetTemplateIsAVM": {
			reason: "A template is checked as the VM that it becomes.",
			base:   goodSet,
			patch:  `{spec: {template: {spec: {forProvider: {classRef: null}}}}}`,
			want:   "set classRef, or both resources.cpu and resources.memoryMiB, so that the VM has a size",
		},
		"SetNameTooLong": {
			reason: "The set's name is a label of its VMs.",
			base:   goodSet,
			patch:  `{metadata: {name: a-set-whose-name-is-longer-than-what-a-label-of-kubernetes-may-have}}`,
			want:   "metadata.name: Too long: may not be more than 63 bytes",
		},

		"PolicyOfObjects": {
			reason: "Anti-affinity may be an object.",
			base:   goodPolicy,
			patch:  `{spec: {antiAffinity: {hostAntiAffinity: {enabled: true, scope: strict, maxVMsPerHost: 2}, clusterAntiAffinity: false}}}`,
		},
		"PolicySameHostTwice": {
			reason: "Naming a host twice is a typing error.",
			base:   goodPolicy,
			patch:  `{spec: {hard: {hosts: [esxi-01, esxi-01]}}}`,
			want:   `spec.hard.hosts[1]: Duplicate value: "esxi-01"`,
		},

		"ConfigWithoutBlock": {
			reason: "An endpoint of type vsphere is described under vsphere.",
			base:   goodVSphere,
			patch:  `{spec: {vsphere: null}}`,
			want:   "set the block that type names (vsphere or libvirt), and only that one",
		},
		"ConfigWrongBlock": {
			reason: "The type says which block counts.",
			base:   goodLibvirt,
			patch:  `{spec: {type: vsphere, credentialsSecretRef: {name: s}}}`,
			want:   "set the block that type names (vsphere or libvirt), and only that one",
		},
		"ConfigBothBlocks": {
			reason: "A block that does not count is a mistake.",
			base:   goodVSphere,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu:///system"}]}}}`,
			want:   "set the block that type names (vsphere or libvirt), and only that one",
		},
		"ConfigWithoutCredentials": {
			reason: "A vCenter wants an account.",
			base:   goodVSphere,
			patch:  `{spec: {credentialsSecretRef: null}}`,
			want:   "an endpoint of type vsphere needs credentialsSecretRef",
		},
		"ConfigUnknownType": {
			reason: "There are two types.",
			base:   goodVSphere,
			patch:  `{spec: {type: proxmox}}`,
			want:   `spec.type: Unsupported value: "proxmox": supported values: "vsphere", "libvirt"`,
		},
		"ConfigUnknownURI": {
			reason: "Only drivers that are known to work are accepted.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "xen:///system"}]}}}`,
			want:   "must be the URI of a libvirt daemon: qemu:///system, qemu+unix:///system?socket=/path, qemu+tls://host/system, qemu+ssh://user@host/system or qemu+libssh://user@host/system",
		},
		"ConfigTwoHostsOfOneName": {
			reason: "Placement knows hosts by name.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: [{name: kvm-01, uri: "qemu:///system"}, {name: kvm-01, uri: "test:///default"}]}}}`,
			want:   `spec.libvirt.hosts[1]: Duplicate value: {"name":"kvm-01"}`,
		},
		"ConfigWithoutHosts": {
			reason: "A fleet has hosts.",
			base:   goodLibvirt,
			patch:  `{spec: {libvirt: {hosts: []}}}`,
			want:   "spec.libvirt.hosts in body should have at least 1 items",
		},
		"NamespacedConfigOfForeignSecret": {
			reason: "A tenant's config reads Secrets of its own namespace only.",
			base:   goodLibvirt,
			patch:  `{spec: {credentialsSecretRef: {namespace: kube-system, name: s}}}`,
			want:   "unknown fields: [spec.credentialsSecretRef.namespace]",
		},
	}
	server := newAPIServer(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := server.create(t.Context(), manifest(t, tc.base, tc.patch))
			compare(t, tc.reason, err, tc.want)
		})
	}
}

func TestAdmissionOfChanges(t *testing.T) {
	const remedy = " cannot be changed on an existing VM: make a new VirtualMachine, or change the template of its VMSet"
	cases := map[string]struct {
		reason string
		base   string
		patch  string
		want   string
	}{
		"VMLabel":         {reason: "Labels may change.", base: goodVM, patch: `{metadata: {labels: {a: b}}}`},
		"VMPolicies":      {reason: "Management policies may change.", base: goodVM, patch: `{spec: {managementPolicies: [Observe]}}`},
		"VMImage":         {reason: "A VM keeps its image.", base: goodVM, patch: `{spec: {forProvider: {imageRef: {name: other}}}}`, want: "imageRef" + remedy},
		"VMLinked":        {reason: "A copy does not become an overlay.", base: goodVM, patch: `{spec: {forProvider: {linked: true}}}`, want: "linked" + remedy},
		"VMNotLinked":     {reason: "Saying what is the case anyway is no change.", base: goodVM, patch: `{spec: {forProvider: {linked: false}}}`},
		"VMClass":         {reason: "A VM may get another size.", base: goodVM, patch: `{spec: {forProvider: {classRef: {name: other}}}}`},
		"VMResources":     {reason: "A VM may get another size.", base: goodVM, patch: `{spec: {forProvider: {resources: {cpu: 4}}}}`},
		"VMDiskGrows":     {reason: "A disk grows.", base: goodVM, patch: `{spec: {forProvider: {disks: [{name: data, sizeGiB: 30}]}}}`},
		"VMDiskShrinks":   {reason: "What a guest has written is not cut off.", base: goodVM, patch: `{spec: {forProvider: {disks: [{name: data, sizeGiB: 10}]}}}`, want: "sizeGiB of a disk cannot be made smaller"},
		"VMDiskAdded":     {reason: "A disk may be added.", base: goodVM, patch: `{spec: {forProvider: {disks: [{name: data, sizeGiB: 20}, {name: logs, sizeGiB: 5}]}}}`},
		"VMNoDisks":       {reason: "A disk may be detached.", base: goodVM, patch: `{spec: {forProvider: {disks: null}}}`},
		"VMNetworks":      {reason: "An interface may be connected elsewhere.", base: goodVM, patch: `{spec: {forProvider: {networks: [{name: primary, network: other}]}}}`},
		"VMUserData":      {reason: "The guest may be given other data.", base: goodVM, patch: `{spec: {forProvider: {userData: {cloudInit: {inline: other}}}}}`},
		"VMPower":         {reason: "A VM is switched off.", base: goodVM, patch: `{spec: {forProvider: {powerState: OffGraceful}}}`},
		"VMCustomization": {reason: "A guest is customized once.", base: goodVM, patch: `{spec: {forProvider: {customization: {hostname: other}}}}`, want: "customization cannot be changed on an existing VM: a guest is customized at its first boot"},
		"VMPlacement":     {reason: "A VM is not moved yet.", base: goodVM, patch: `{spec: {forProvider: {placement: {cluster: other}}}}`, want: "placement" + remedy},
		"VMConfig":        {reason: "A VM stays at its endpoint.", base: goodVM, patch: `{spec: {providerConfigRef: {name: other}}}`, want: "providerConfigRef cannot be changed on an existing VM: a VM does not move between hypervisor endpoints"},
		"ClassSize":       {reason: "VMs are resized with their class.", base: goodClass, patch: `{spec: {cpu: 4}}`},
		"ClassFirmware":   {reason: "An installed system does not start with another firmware.", base: goodClass, patch: `{spec: {firmware: {type: uefi}}}`, want: "firmware of a class cannot be changed"},
		"SetReplicas":     {reason: "A set is scaled.", base: goodSet, patch: `{spec: {replicas: 4}}`},
		"SetTemplate":     {reason: "A change of the template replaces VMs.", base: goodSet, patch: `{spec: {template: {spec: {forProvider: {resources: {cpu: 4}}}}}}`},
		"SetPolicy":       {reason: "A set may be placed anew.", base: goodSet, patch: `{spec: {placementRef: {name: other}}}`},
		"SetSelector":     {reason: "People and programs rely on the selector.", base: goodSet, patch: `{spec: {selector: {matchLabels: {tier: a}}, template: {metadata: {labels: {tier: a}}}}}`, want: "selector cannot be changed: make a new VMSet"},
		"SetNoSel":        {reason: "Taking the selector away changes it.", base: goodSet, patch: `{spec: {selector: null}}`, want: "selector cannot be changed: make a new VMSet"},
		"PolicyHosts":     {reason: "A policy may change.", base: goodPolicy, patch: `{spec: {hard: {hosts: [esxi-02]}}}`},
		"ConfigServer":    {reason: "A vCenter may move.", base: goodVSphere, patch: `{spec: {vsphere: {server: other.example.org}}}`},
		"ConfigType": {
			reason: "VMs of the old type would be lost from sight.",
			base:   goodVSphere,
			patch:  `{spec: {type: libvirt, vsphere: null, libvirt: {hosts: [{name: kvm-01, uri: "qemu:///system"}]}}}`,
			want:   "type cannot be changed: the VMs of this endpoint would be lost from sight; make a new config",
		},
	}
	server := newAPIServer(t)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			stored, err := server.create(t.Context(), manifest(t, tc.base, ""))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, tc.reason, server.update(t.Context(), stored, manifest(t, tc.base, tc.patch)), tc.want)
		})
	}
}

// compare checks that an object was admitted when no refusal is wanted, and refused with the wanted sentence otherwise.
func compare(t *testing.T, reason string, err error, want string) {
	t.Helper()
	switch {
	case err == nil && want != "":
		t.Errorf("%s: must be refused with %q, was admitted", reason, want)
	case err != nil && want == "":
		t.Errorf("%s: must be admitted, was refused: %v", reason, err)
	case err != nil && !strings.Contains(err.Error(), want):
		t.Errorf("%s: must be refused with\n%s\nwas refused with\n%v", reason, want, err)
	}
}

// manifest returns a manifest with a JSON merge patch, written as YAML, applied.
func manifest(t *testing.T, base, patch string) *unstructured.Unstructured {
	t.Helper()
	doc, change := map[string]any{}, map[string]any{}
	if err := yaml.Unmarshal([]byte(base), &doc); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(patch), &change); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(merge(doc, change))
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(raw); err != nil {
		t.Fatal(err)
	}
	return u
}

func merge(doc, patch map[string]any) map[string]any {
	for k, v := range patch {
		child, isMap := v.(map[string]any)
		inner, hasMap := doc[k].(map[string]any)
		switch {
		case v == nil:
			delete(doc, k)
		case isMap && hasMap:
			doc[k] = merge(inner, child)
		default:
			doc[k] = v
		}
	}
	return doc
}
