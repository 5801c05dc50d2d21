// Copyright 2026 The provider-virtrigaud Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package rollout

// raceDetector says that the tests run slowly.
const raceDetector = true
