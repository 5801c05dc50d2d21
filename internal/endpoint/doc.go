// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package endpoint keeps one open hypervisor for each config object and hands it to all who name that config.
//
// A Pool resolves a reference to a ProviderConfig or ClusterProviderConfig, reads the Secret it names, and opens the
// hypervisor with the dial function of its type. The hypervisor is opened anew when the config's spec or the Secret's data
// change, and closed when the config is gone. How to dial comes in from the provider's main: nothing here imports a
// hypervisor's library.
package endpoint
