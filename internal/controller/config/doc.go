// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config reconciles ProviderConfigs and ClusterProviderConfigs.
//
// Each kind has two controllers. The one of crossplane-runtime counts the config's users and keeps it while there are any.
// The one here (connection.go) checks the connection to the hypervisor and writes what is known of it to the status: a Ready
// condition, capabilities, and the inventory that placement chooses from. What is written is decided in status.go, on plain
// values.
package config
